import type { Locator, Page } from '@playwright/test';
import { agreedLeader, expect, openCluster, test, type Tab } from './support/fixtures.ts';

async function looked(tabs: readonly Tab[]): Promise<Page> {
  const [first] = tabs;
  if (first === undefined) throw new Error('no tabs');
  await first.page.bringToFront();
  await first.page.setViewportSize({ width: 1280, height: 900 });
  return first.page;
}

const grid = (page: Page): Locator => page.getByRole('grid', { name: 'Logs of all members' });
const cell = (page: Page, text: string | RegExp): Locator => grid(page).getByRole('gridcell', { name: text });

test('the grid shows every member’s log, what is committed, and what only one of them has', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const page = await looked(tabs);
  const leader = await agreedLeader(tabs);
  // The last entries that a new cluster appends by itself.
  await expect.poll(async () => (await leader.status()).registers.ready.length).toBe(3);
  const { name, term } = await leader.status();
  const written = await leader.put('colour', 'teal');
  if (written.outcome !== 'ok') throw new Error(written.reason);
  for (const member of ['A', 'B', 'C'])
    await expect(
      cell(page, new RegExp(`^${member}, entry ${written.index}, term ${term}, applied`)),
    ).toBeVisible();

  await cell(page, new RegExp(`^A, entry ${written.index},`)).click();
  await expect(page.locator('tabraft-logs .opened')).toContainText('"teal"');

  // It has no majority any more: what it appends stays its own.
  await page.evaluate((isolated) => window.tabraft.faults.preset('isolate', isolated ?? ''), name);
  void leader.put('colour', 'lost', 20_000).catch(() => undefined);
  const next = written.index + 1;
  const others = ['A', 'B', 'C'].filter((member) => member !== name);
  await expect(
    cell(page, new RegExp(`^${name}, entry ${next}, term ${term}, not (committed|durable yet)`)),
  ).toBeVisible();
  for (const member of others)
    await expect(cell(page, new RegExp(`^${member}, entry ${next}, term ${term},`))).toHaveCount(0);
  await agreedLeader(tabs.filter((tab) => tab !== leader));
  await page.evaluate(() => window.tabraft.faults.clear());
  // The others' entry takes its place.
  for (const member of ['A', 'B', 'C'])
    await expect(
      cell(page, new RegExp(`^${member}, entry ${next}, term (?!${term},)\\d+, applied`)),
    ).toBeVisible();
});

test('thousands of entries: a bounded number of cells, walked by keyboard', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const page = await looked(tabs);
  const leader = await agreedLeader(tabs);
  await leader.page.evaluate(async () => {
    for (let batch = 0; batch < 30; batch += 1)
      await Promise.all(Array.from({ length: 100 }, (_, at) => window.tabraft.raft.put(`key-${at}`, 'v')));
  });
  const { lastIndex } = await leader.status();
  expect(lastIndex).toBeGreaterThan(3000);
  // It follows the newest entry.
  await page.getByRole('button', { name: 'Logs', exact: true }).click();
  await expect(cell(page, new RegExp(`^A, entry ${lastIndex},`))).toBeInViewport();
  expect(await grid(page).getByRole('gridcell').count()).toBeLessThan(400);

  await cell(page, new RegExp(`^B, entry ${lastIndex},`)).click();
  await page.keyboard.press('Home');
  const focused = (text: string): Promise<boolean> =>
    cell(page, new RegExp(`^${text},`)).evaluate((element) => element.matches(':focus'));
  await expect.poll(() => focused('B, entry 1')).toBe(true);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('PageDown');
  await expect.poll(() => focused('C, entry 21')).toBe(true);
  await expect(cell(page, /^C, entry 21,/)).toBeInViewport();
  // Whoever has scrolled away is left there, whatever comes.
  await leader.put('one', 'more');
  await expect.poll(async () => (await leader.status()).lastIndex).toBeGreaterThan(lastIndex);
  await expect(cell(page, /^C, entry 21,/)).toBeInViewport();
  await page.keyboard.press('End');
  await expect(cell(page, new RegExp(`^C, entry ${lastIndex + 1},`))).toBeInViewport();
  expect(await grid(page).getByRole('gridcell').count()).toBeLessThan(400);
});
