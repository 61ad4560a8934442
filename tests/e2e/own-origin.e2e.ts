import { expect, openCluster, test } from './support/fixtures.ts';

test('nothing is asked of any other origin, and the page’s policy forbids nothing that it does', async ({
  context,
  server,
}) => {
  const urls = new Set<string>();
  const problems: string[] = [];
  context.on('request', (request) => urls.add(request.url()));
  context.on('page', (page) => page.on('websocket', (socket) => urls.add(socket.url())));
  context.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });

  const [tab] = await openCluster(context, server.url, 2);
  if (tab === undefined) throw new Error('two tabs');
  const { page } = tab;
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  for (const name of ['Dark', 'Light', 'System']) await page.getByRole('radio', { name }).check();
  await page.getByLabel('Key', { exact: true }).fill('k');
  await page.getByLabel('Value', { exact: true }).fill('v');
  for (const name of ['Put', 'Get']) await button(name).click();
  await page.getByLabel('Set absent').check();
  await button('Add row').click();
  await page.getByLabel('Filter keys').fill('k');
  await page.getByText('Add a rule').click();
  await button('Add rule').click();
  await button('Edit rule drop-1').click();
  await button('Cancel').click();
  await button('Heal all').click();
  await button('QR code').click();
  await expect(page.getByRole('img', { name: /^QR code/ })).toBeVisible();
  await button('Close').click();
  await button('Wipe storage').click();
  await button('Cancel').click();
  await button('Snapshot').click();
  await button('Dismiss').click();
  await button('Run test').click();
  await expect(page.getByRole('status', { name: 'Result' })).toHaveText(/read-after-write\s+passed/);

  const { host } = new URL(server.url);
  const foreign = [...urls].filter((url) => new URL(url).host !== host && !/^(data|blob):/.test(url));
  expect(urls.size).toBeGreaterThan(5);
  expect([...urls].some((url) => url.startsWith('ws:'))).toBe(true);
  expect(foreign).toEqual([]);
  expect(problems).toEqual([]);
});
