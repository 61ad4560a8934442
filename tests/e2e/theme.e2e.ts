import { expect, test } from './support/fixtures.ts';

test('a remembered theme is there before anything else of the page runs', async ({ context, server }) => {
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByRole('radio', { name: 'Dark' }).check();
  await page.route(/\/assets\/.*\.js$/, (route) => route.abort());
  await page.reload();
  const background = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  expect(background).toBe('rgb(19, 22, 24)');
  await expect(page.locator('meta[name="theme-color"][media="all"]')).toHaveAttribute('content', '#131618');
});
