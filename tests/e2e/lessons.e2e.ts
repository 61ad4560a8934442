import type { BrowserContext, Locator, Page } from '@playwright/test';
import { LESSONS } from '../../src/lessons/catalog.ts';
import {
  agreedLeader,
  expect,
  openCluster,
  openTabs,
  test,
  type Tab,
  type TestServer,
} from './support/fixtures.ts';

interface Reader {
  readonly page: Page;
  readonly tabs: readonly Tab[];
  /** Where the lesson is read. */
  readonly own: string;
  readonly leader: string;
  readonly others: readonly string[];
}

/** Three tabs, and the lesson begun in that of the leader or of another one. */
async function begin(
  context: BrowserContext,
  server: TestServer,
  title: string,
  where: 'leader' | 'follower',
): Promise<Reader> {
  const tabs = await openCluster(context, server.url, 3);
  const leading = await agreedLeader(tabs);
  const tab = where === 'leader' ? leading : tabs.find((other) => other !== leading);
  if (tab === undefined) throw new Error('three tabs');
  const [own = '', leader = ''] = [(await tab.status()).name, (await leading.status()).name].map(String);
  const { page } = tab;
  await page.bringToFront();
  await page.getByRole('button', { name: `Begin: ${title}`, exact: true }).click();
  const others = ['A', 'B', 'C'].filter((name) => name !== leader);
  return { page, tabs, own, leader, others };
}

const lesson = (page: Page): Locator => page.locator('tabraft-lesson');
/** What has been seen so far, one text a step. */
const seen = (page: Page): Locator => lesson(page).locator('.seen');

/** The button gets the focus by itself, and is pressed by keyboard. */
async function press(page: Page, name: RegExp | string): Promise<void> {
  const button = lesson(page).getByRole('button', { name, exact: typeof name === 'string' });
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
}

async function answer(page: Page, name: string): Promise<void> {
  await lesson(page)
    .getByRole('group', { name: 'Answers' })
    .getByRole('button', { name, exact: true })
    .click();
}

/** Presses whatever comes next, and tries one answer after the other, until the lesson is over. */
async function goOn(page: Page): Promise<void> {
  const over = lesson(page).locator('.over');
  const next = lesson(page).locator('wa-button.next');
  for (;;) {
    await expect(over.or(next).first()).toBeVisible();
    if (await over.isVisible()) return;
    const count = await seen(page).count();
    const answers = await lesson(page)
      .getByRole('group', { name: 'Answers' })
      .locator('wa-button')
      .allInnerTexts();
    if (answers.length === 0) await next.click();
    for (const name of answers) {
      await answer(page, name);
      const wrong = lesson(page)
        .locator('.wrong')
        .filter({ hasText: `${name}: Not so.` });
      await expect(wrong.or(seen(page).nth(count))).toBeVisible();
      if (await seen(page).nth(count).isVisible()) break;
    }
    await expect(seen(page)).toHaveCount(count + 1);
  }
}

/** It was seen to its end, its rules are gone, and whoever it stopped is back. */
async function expectHealed(
  { page, tabs }: Reader,
  end = /Done That was it\. All is healed\./,
): Promise<void> {
  await expect(lesson(page)).toContainText(end);
  const first = await Promise.all(tabs.map((tab) => tab.page.evaluate(() => window.tabraft.faults.list())));
  expect(first).toEqual([[], [], []]);
  for (const tab of tabs) await tab.ready();
  await agreedLeader(tabs);
  const { states } = await page.evaluate(() => window.tabraft.raft.states());
  expect(Object.keys(states)).toEqual([]);
}

test('a leader dies: the reader finds the new one, after a wrong guess', async ({ context, server }) => {
  // Its own tab leads, and so hands over first.
  const reader = await begin(context, server, 'A leader dies', 'leader');
  const { page, tabs } = reader;
  await press(page, /^Kill [ABC]$/);
  await expect(seen(page)).toHaveText([/fell silent.*the term is \d+ now/]);
  const alive: Tab[] = [];
  for (const tab of tabs) if ((await tab.status()).role !== 'stopped') alive.push(tab);
  expect(alive.length).toBe(2);
  const leading = await (await agreedLeader(alive)).status();
  const dead = ['A', 'B', 'C'].find((name) => alive.every((tab) => tab !== tabs['ABC'.indexOf(name)])) ?? '';
  await answer(page, dead);
  await expect(lesson(page)).toContainText(`${dead}: Not so. ${dead} is dead`);
  await answer(page, String(leading.name));
  await expect(seen(page).nth(1)).toContainText(`Right. ${leading.name} was elected in term ${leading.term}`);
  await press(page, 'Write');
  await expect(seen(page).nth(2)).toContainText(/entry \d+, of term \d+, on the disks of [ABC] and [ABC]/);
  await press(page, `Bring ${dead} back`);
  await expect(seen(page).nth(3)).toContainText(new RegExp(`^${dead} follows ${leading.name} in term`));
  await expectHealed(reader);
  await lesson(page).getByRole('button', { name: 'All lessons' }).click();
  await expect(page.locator('tabraft-lessons li').filter({ hasText: 'A leader dies' })).toContainText('seen');
  await page.reload();
  await expect(page.locator('tabraft-lessons')).toContainText('1 of 6 seen');
});

for (const where of ['leader', 'follower'] as const)
  test(`a partition, and two leaders, read in the tab of a ${where}`, async ({ context, server }) => {
    const reader = await begin(context, server, 'A partition, and two leaders', where);
    const { page, leader, tabs } = reader;
    await press(page, 'Split the network');
    await expect(seen(page)).toHaveText([/^Two leaders: [ABC] in term \d+, and [ABC] in term \d+\./]);
    const both = await Promise.all(tabs.map((tab) => tab.status()));
    const leaders = both.filter(({ role }) => role === 'leader').map(({ name, term }) => ({ name, term }));
    expect(leaders.length).toBe(2);
    expect(new Set(leaders.map(({ term }) => term)).size).toBe(2);
    const young = leaders.find(({ name }) => name !== leader);
    const old = leaders.find(({ name }) => name === leader);
    await answer(page, 'Both');
    await expect(lesson(page)).toContainText('Both: Not so.');
    await answer(page, `${young?.name ?? ''}, in term ${young?.term ?? 0}`);
    await expect(seen(page).nth(1)).toContainText(`Right. ${young?.name} committed entry`);
    await press(page, 'Heal');
    await expect(seen(page).nth(2)).toContainText(`of term ${old?.term ?? 0} is gone`);
    await expectHealed(reader);
  });

test('a write that is lost, and one that is not', async ({ context, server }) => {
  const reader = await begin(context, server, 'A write that is lost, and one that is not', 'follower');
  const { page, leader } = reader;
  await press(page, 'Make the first write');
  await expect(seen(page)).toHaveText([/^“ok”: entry \d+ of term \d+ is on the disks of/]);
  await press(page, `Cut ${leader} off, and make the second write`);
  await expect(seen(page).nth(1)).toContainText(
    `in the log of ${leader} alone. Its client was told “unknown”`,
  );
  await answer(page, 'Neither');
  await expect(lesson(page)).toContainText('Neither: Not so.');
  await answer(page, 'The first only');
  await expect(seen(page).nth(2)).toContainText('Right. The first reads “here”, the second nothing.');
  await expectHealed(reader);
});

for (const where of ['leader', 'follower'] as const)
  test(`Figure 8, read in the tab of a ${where}`, async ({ context, server }) => {
    const reader = await begin(context, server, 'Figure 8', where);
    const { page, own } = reader;
    await press(page, `Cut ${own} off, and write`);
    await expect(seen(page)).toHaveText([/^\(a\) Entry \d+, of term \d+, is in the log of/]);
    await press(page, 'Let them elect');
    await expect(seen(page).nth(1)).toContainText(/^\(b\) [ABC] leads in term \d+/);
    await press(page, `Bring ${own} back`);
    await expect(seen(page).nth(2)).toContainText(/^\(c\) [ABC] leads in term \d+/);
    const { role, commitIndex, lastIndex } = await page.evaluate(() => window.tabraft.status());
    expect(role).toBe('leader');
    expect(lastIndex).toBe(commitIndex + 2);
    await answer(page, 'Yes');
    await expect(lesson(page)).toContainText('Yes: Not so.');
    await answer(page, 'No');
    await expect(seen(page).nth(3)).toContainText(`commit index stays at ${commitIndex}`);
    await press(page, `Let entry ${commitIndex + 2} through`);
    await expect(seen(page).nth(4)).toContainText(`commit index is ${commitIndex + 2}`);
    await press(page, 'Heal');
    await expect(seen(page).nth(5)).toContainText(/has given way to that of term/);
    await expectHealed(reader);
  });

test('a stale read, and one that is not', async ({ context, server }) => {
  const reader = await begin(context, server, 'A stale read, and one that is not', 'follower');
  const { page, own } = reader;
  await press(page, 'Set it to blue');
  await expect(seen(page)).toHaveText([/^Entry \d+ is applied at A, B and C\.$/]);
  await press(page, 'Set it to green');
  await expect(seen(page).nth(1)).toContainText(`The log of ${own} ends at`);
  await answer(page, 'Green');
  await expect(lesson(page)).toContainText('Green: Not so.');
  await answer(page, 'Blue');
  await expect(seen(page).nth(2)).toContainText(/The local read said “blue” after .* said “green”/);
  await expectHealed(reader);
});

test('Raft and ABD under the same fault', async ({ context, server }) => {
  const reader = await begin(context, server, 'Raft and ABD under the same fault', 'follower');
  const { page, leader } = reader;
  await press(page, 'Write with both');
  await expect(seen(page)).toHaveText([/^Raft took .*s, ABD .*s\.$/]);
  await answer(page, 'Raft');
  await expect(lesson(page)).toContainText('Raft: Not so.');
  await answer(page, 'ABD');
  await expect(seen(page).nth(1)).toContainText(/Raft took .*: first [ABC] had to be elected, in term \d+/);
  await press(page, `Write at ${leader}`);
  await expect(seen(page).nth(2)).toContainText(/Raft: “(unknown|failed)”. ABD: “(unknown|failed)”/);
  await press(page, 'Heal');
  await expectHealed(reader);
});

test('all six, one after the other, in a browser as a person runs it: the other tabs are hidden', async ({
  realBrowser,
  server,
}) => {
  // A minute at rest; six lessons on a machine that does other things as well take their time.
  test.setTimeout(600_000);
  const tabs = await openTabs(realBrowser, server.url, 3);
  await agreedLeader(tabs);
  const page = tabs[2]?.page;
  if (page === undefined) throw new Error('three tabs');
  const hidden = tabs.map((tab) => tab.page.evaluate(() => document.visibilityState));
  expect(await Promise.all(hidden)).toEqual(['hidden', 'hidden', 'visible']);
  await page.getByRole('button', { name: 'Begin: A leader dies' }).click();
  for (const [at, { title }] of LESSONS.entries()) {
    await expect(lesson(page).getByRole('heading', { name: title, exact: true })).toBeVisible();
    await goOn(page);
    await expect(lesson(page)).toContainText('Done That was it. All is healed.');
    await expect(page.locator('tabraft-lessons')).toContainText(`${at + 1} of 6 seen`);
    const next = lesson(page).getByRole('button', { name: /^Next: / });
    if (at + 1 < LESSONS.length) await next.click();
    else await expect(next).toHaveCount(0);
  }
});

test('a lesson that is left in the middle is healed, and so is one whose tab goes', async ({
  context,
  server,
}) => {
  const reader = await begin(context, server, 'A partition, and two leaders', 'follower');
  const { page, tabs, leader } = reader;
  await press(page, 'Split the network');
  await expect(seen(page)).toHaveCount(1);
  // The others know of it, and keep out of the way.
  const other = tabs.find((tab) => tab.page !== page);
  if (other === undefined) throw new Error('three tabs');
  await expect
    .poll(() => other.page.evaluate(() => window.tabraft.tests.run('read-after-write').catch(String)))
    .toContain('runs a test or a lesson');
  await lesson(page).getByRole('button', { name: 'Leave' }).click();
  await expectHealed(reader, /You left\. All is healed\./);

  await lesson(page).getByRole('button', { name: 'Once more' }).click();
  await press(page, 'Split the network');
  await expect(seen(page)).toHaveCount(1);
  await page.close();
  const rest = tabs.filter((tab) => tab.page !== page);
  await expect
    .poll(() => Promise.all(rest.map((tab) => tab.page.evaluate(() => window.tabraft.faults.list()))))
    .toEqual([[], []]);
  expect(leader).toMatch(/^[ABC]$/);
  await agreedLeader(rest);
});

test('a lesson leaves what the person has set alone, and says what it lacks', async ({ context, server }) => {
  const [first, second] = await openCluster(context, server.url, 2);
  if (first === undefined || second === undefined) throw new Error('two tabs');
  const { page } = first;
  const lessons = page.locator('tabraft-lessons');
  await expect(lessons).toContainText('this cluster has 2. Open one more tab');
  await expect(lessons.getByRole('button', { name: 'Begin: Figure 8' })).toBeDisabled();
  const [third] = await openCluster(context, server.url, 1);
  if (third === undefined) throw new Error('a third tab');
  await agreedLeader([first, second, third]);
  await page.evaluate(() =>
    window.tabraft.faults.set({ id: 'mine', kind: 'delay', from: 'A', to: 'B', delayMs: [1, 2] }),
  );
  await expect(lessons).toContainText('Fault rules are in force');
  await page.evaluate(() => window.tabraft.faults.clear());
  await page.bringToFront();
  await lessons.getByRole('button', { name: 'Begin: A stale read, and one that is not' }).click();
  await press(page, 'Set it to blue');
  await expect(seen(page)).toHaveCount(1);
  await page.evaluate(() =>
    window.tabraft.faults.set({ id: 'mine', kind: 'delay', from: 'A', to: 'B', delayMs: [1, 2] }),
  );
  await press(page, 'Set it to green');
  await expect(seen(page)).toHaveCount(2);
  await lesson(page).getByRole('button', { name: 'Leave' }).click();
  await expect(lesson(page)).toContainText('You left. All is healed.');
  const rules = await page.evaluate(() => window.tabraft.faults.list());
  expect(rules.map(({ id }) => id)).toEqual(['mine']);
});
