import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { parseTrace } from '../../src/trace/lines.ts';
import { agreedLeader, expect, openCluster, test, type Tab } from './support/fixtures.ts';

async function looked(tabs: readonly Tab[]): Promise<Tab> {
  const [first] = tabs;
  if (first === undefined) throw new Error('no tabs');
  await first.page.bringToFront();
  await first.page.setViewportSize({ width: 1280, height: 900 });
  return first;
}

const diagram = (page: Page): Locator => page.getByRole('application', { name: /space-time diagram/i });
const timeline = (page: Page): Locator => page.locator('tabraft-timeline');
const chosen = (page: Page): Locator => timeline(page).locator('#chosen');

/** A range's file, as the person gets it. */
async function exported(page: Page, button: string | RegExp): Promise<string> {
  const download = page.waitForEvent('download');
  await timeline(page).getByRole('button', { name: button }).click();
  return readFile(await (await download).path(), 'utf8');
}

test('the timeline is walked by keyboard: elections, events, causes, a range and its export', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const { page } = await looked(tabs);
  const { name } = await (await agreedLeader(tabs)).status();
  const [other] = ['A', 'B', 'C'].filter((member) => member !== name);
  await expect(diagram(page)).toHaveAccessibleName(/A, B, C/);
  await page.evaluate((member) => window.tabraft.raft.transferLeadership(member), other ?? '');
  const election = (which: 'Next' | 'Previous'): Locator =>
    timeline(page).getByRole('button', { name: `${which} election` });
  // From one to the next, until the picture has the one of the transfer as well.
  await expect(async () => {
    await election('Next').click();
    await expect(chosen(page)).toContainText(`${other} leads`, { timeout: 1000 });
  }).toPass();
  await election('Previous').click();
  await expect(chosen(page)).toContainText(`${other} campaigns`);

  await diagram(page).focus();
  const before = await chosen(page).innerText();
  await page.keyboard.press('ArrowLeft');
  await expect(chosen(page)).not.toHaveText(before);
  await page.keyboard.press('[');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press(']');
  await timeline(page).getByRole('combobox', { name: 'Format' }).selectOption('jsonl');
  const { events, problem } = parseTrace(await exported(page, 'Export the range'));
  expect(problem).toBeNull();
  expect(events.length).toBeGreaterThanOrEqual(4);
  const times = events.map(({ time }) => time);
  expect(Math.max(...times) - Math.min(...times)).toBeLessThan(5000);
  await page.keyboard.press('Escape');
});

test('what is left out is not pointed at, and a received message leads to where it was sent', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const { page } = await looked(tabs);
  await expect(diagram(page)).toHaveAccessibleName(/A, B, C/);
  await timeline(page).getByText('Filter').click();
  for (const group of ['elections', 'log', 'clients', 'storage', 'faults', 'errors', 'votes', 'appends'])
    await timeline(page).getByRole('checkbox', { name: group }).uncheck();
  await expect(timeline(page).getByText('Filter, 8 left out')).toBeVisible();
  await diagram(page).focus();
  const button = timeline(page).getByRole('button', { name: 'Where it was sent' });
  for (let step = 0; step < 20 && !(await button.isVisible()); step += 1) {
    await page.keyboard.press(step === 0 ? 'ArrowDown' : 'ArrowLeft');
    await expect(chosen(page)).toContainText(/heartbeat|ping|pong|read/i);
  }
  const sender = /receives \w+ from (\w+)/.exec(await chosen(page).innerText())?.[1];
  await button.click();
  await expect(chosen(page)).toContainText(new RegExp(`${sender} sends`));
});

test('the view freezes, goes back, steps and plays slowly, while the cluster goes on', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const viewer = await looked(tabs);
  const { page } = viewer;
  const leader = await agreedLeader(tabs);
  const { name, term } = await leader.status();
  const ring = page.locator('tabraft-ring');
  const member = ring.getByRole('button', { name: new RegExp(`^${name}:`) });
  await expect(member).toContainText('Leader');
  const bar = page.locator('tabraft-playback-bar');
  await bar.getByRole('button', { name: 'Freeze' }).click();
  const [other] = tabs.filter((tab) => tab !== leader);
  const { name: otherName } = await (other ?? viewer).status();
  await page.evaluate((to) => window.tabraft.raft.transferLeadership(to ?? ''), otherName);
  await expect.poll(async () => (await viewer.status()).leader).toBe(otherName);
  // The picture stands still, the cluster does not.
  await expect(member).toContainText(`term ${term}`);
  await expect(member).toContainText('Leader');

  await bar.getByRole('button', { name: 'Live' }).click();
  const successor = ring.getByRole('button', { name: new RegExp(`^${otherName}:`) });
  await expect(successor).toContainText('Leader');
  await expect(member).toContainText('Follower');

  await bar.getByRole('slider', { name: 'Moment shown' }).focus();
  await page.keyboard.press('Home');
  // On to when it led: at the very beginning, before all links were up, it may have lost an election or two.
  await expect(async () => {
    const then = await member.innerText();
    if (!then.includes('Leader')) await page.keyboard.press('ArrowRight');
    expect(then).toContain('Leader');
  }).toPass({ intervals: [50] });
  await bar.getByRole('combobox', { name: 'Speed' }).selectOption('1/50');
  const shown = bar.getByRole('slider', { name: 'Moment shown' });
  const moment = await shown.getAttribute('aria-valuetext');
  await expect(shown).not.toHaveAttribute('aria-valuetext', moment ?? '');
  await bar.getByRole('button', { name: 'Freeze' }).click();
  const frozen = await shown.getAttribute('aria-valuetext');
  for (let step = 0; step < 12; step += 1) await bar.getByRole('button', { name: 'Step forward' }).click();
  await expect(shown).not.toHaveAttribute('aria-valuetext', frozen ?? '');
});

test('a member is acted on from the ring: by mouse, keyboard and touch', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const { page } = await looked(tabs);
  const leader = await (await agreedLeader(tabs)).status();
  const [name] = ['B', 'C'].filter((one) => one !== leader.name);
  const ring = page.locator('tabraft-ring');
  const member = ring.getByRole('button', { name: new RegExp(`^${name}:`) });
  const panel = ring.getByRole('group', { name: `Act on ${name}` });
  await member.click();
  await panel.getByRole('button', { name: `Pause: node ${name}` }).click();
  await expect(member).toContainText('paused');

  await panel.getByRole('button', { name: `Resume: node ${name}` }).focus();
  await page.keyboard.press('Enter');
  await expect(member).toContainText('Follower');

  await panel.getByRole('button', { name: 'Done' }).click();
  await expect(panel).toBeHidden();
  const session = await context.newCDPSession(page);
  await session.send('Emulation.setTouchEmulationEnabled', { enabled: true });
  const touch = async (target: Locator): Promise<void> => {
    await target.scrollIntoViewIfNeeded();
    const box = await target.boundingBox();
    if (box === null) throw new Error('nothing to touch');
    const touchPoints = [{ x: box.x + box.width / 2, y: box.y + 12 }];
    await session.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
    await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  };
  await touch(member);
  await expect(panel).toBeVisible();
  await touch(panel.getByRole('button', { name: 'Isolate it' }));
  await expect.poll(() => page.evaluate(() => window.tabraft.faults.list())).toHaveLength(2);
  await touch(panel.getByRole('button', { name: 'Heal its links' }));
  await expect.poll(() => page.evaluate(() => window.tabraft.faults.list())).toHaveLength(0);
});

test('the curves tell how fast the cluster commits', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const viewer = await looked(tabs);
  const curves = viewer.page.locator('tabraft-curves');
  await viewer.page.getByRole('button', { name: 'Curves', exact: true }).click();
  await expect(curves.locator('canvas')).toHaveCount(3);
  // Each is of the newest second in which there was anything: of a second without writes there is less to tell.
  for (const text of [/^median —, worst ┄: [\d.]+ ms, [\d.]+ ms$/, /^committed: [1-9]\d*$/])
    await expect
      .poll(async () => {
        for (let at = 0; at < 20; at += 1) await viewer.put(`key${at}`, 'value');
        return curves.getByText(text).isVisible();
      })
      .toBe(true);
  await expect(curves.getByText(/^behind: \d+$/)).toBeVisible();
});
