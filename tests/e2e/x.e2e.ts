import { expect, openCluster, test } from './support/fixtures.ts';
test('shots', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const [first] = tabs;
  if (first === undefined) throw new Error('x');
  const errors: string[] = [];
  first.page.on('console', (m) => {
    if (m.type() === 'error') errors.push(m.text());
  });
  first.page.on('pageerror', (e) => errors.push(String(e)));
  await first.page.bringToFront();
  await first.page.setViewportSize({ width: 1280, height: 900 });
  for (let i = 0; i < 10; i += 1) await first.put(`k${i}`, 'v');
  await first.page.evaluate(() =>
    window.tabraft.faults.set({ id: 'drops', kind: 'drop', from: 'B', to: 'A', probability: 0.5 }),
  );
  await first.page.waitForTimeout(2500);
  await first.page.screenshot({ path: '/tmp/shot-1280.png', fullPage: true });
  await first.page.emulateMedia({ colorScheme: 'dark' });
  await first.page.waitForTimeout(600);
  await first.page.getByRole('button', { name: /^B/ }).first().click();
  await first.page.screenshot({ path: '/tmp/shot-dark.png', fullPage: true });
  await first.page.setViewportSize({ width: 390, height: 844 });
  await first.page.waitForTimeout(600);
  await first.page.screenshot({ path: '/tmp/shot-390.png', fullPage: true });
  console.log(errors);
  expect(errors).toEqual([]);
});
