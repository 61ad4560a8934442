import type { ReadResult, WriteResult } from '../../src/api.ts';
import { agreedLeader, expect, openCluster, Tab, test } from './support/fixtures.ts';

const get = (tab: Tab, key: string, timeoutMs = 10_000): Promise<ReadResult> =>
  tab.page.evaluate(([k, ms]) => window.tabraft.abd.get(k, { timeoutMs: ms }), [key, timeoutMs] as const);
const put = (tab: Tab, key: string, value: string | null, timeoutMs = 10_000): Promise<WriteResult> =>
  tab.page.evaluate(([k, v, ms]) => window.tabraft.abd.put(k, v, { timeoutMs: ms }), [
    key,
    value,
    timeoutMs,
  ] as const);

/** Once the replicas are the three voters: fewer leave nobody to spare. */
async function openRegisters(tabs: readonly Tab[]): Promise<void> {
  for (const tab of tabs) {
    await expect
      .poll(async () => {
        const log = await tab.page.evaluate(() => window.tabraft.raft.log());
        const epochs = log.filter(({ kind }) => kind === 'epoch').map(({ data }) => JSON.stringify(data));
        const { members } = await tab.status();
        const last = epochs.findLast((epoch) => epoch.includes('"propose"')) ?? '';
        const number = /"number":(\d+)/.exec(last)?.[1] ?? '';
        const ready = epochs.filter((epoch) => epoch.includes(`"ready","number":${number},`));
        return members.every(({ id }) => last.includes(id)) && ready.length >= members.length;
      })
      .toBe(true);
  }
}

test('what one tab writes every tab reads at once, and a deleted register reads as nothing', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  await openRegisters(tabs);
  for (const [round, writer] of tabs.entries()) {
    expect(await put(writer, 'key', `value ${round}`)).toMatchObject({ outcome: 'ok' });
    for (const tab of tabs) expect(await get(tab, 'key')).toEqual({ outcome: 'ok', value: `value ${round}` });
  }
  const [first, second] = tabs;
  if (first === undefined || second === undefined) throw new Error('three tabs');
  expect(await put(first, 'key', null)).toMatchObject({ outcome: 'ok' });
  expect(await get(second, 'key')).toEqual({ outcome: 'ok', value: null });
  // The registers are no part of the log's state.
  expect(await put(first, 'shared', 'register')).toMatchObject({ outcome: 'ok' });
  expect(await second.get('shared')).toEqual({ outcome: 'ok', value: null });
});

test('one isolated replica hinders nobody, not even where it led, and reads the truth when it is healed', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  await openRegisters(tabs);
  const leader = await agreedLeader(tabs);
  const [writer, reader] = tabs.filter((tab) => tab !== leader);
  if (writer === undefined || reader === undefined) throw new Error('three tabs');
  const { name } = await leader.status();
  await reader.page.evaluate((who) => window.tabraft.faults.preset('isolate', who), name ?? '');
  expect(await put(writer, 'key', 'majority')).toMatchObject({ outcome: 'ok' });
  expect(await get(reader, 'key')).toEqual({ outcome: 'ok', value: 'majority' });
  expect(await get(leader, 'key', 1500)).toMatchObject({ outcome: 'failed', code: 'timed-out' });
  await leader.page.evaluate(() => window.tabraft.faults.clear());
  expect(await get(leader, 'key')).toEqual({ outcome: 'ok', value: 'majority' });
});

test('registers survive the reload of all tabs, and move with the voters', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  await openRegisters(tabs);
  for (let key = 0; key < 30; key += 1)
    expect(await put(tabs[key % 3] ?? never(), `key ${key}`, `value ${key}`)).toMatchObject({
      outcome: 'ok',
    });
  await Promise.all(tabs.map((tab) => tab.reload()));
  for (const tab of tabs) await tab.ready();
  for (const [at, tab] of tabs.entries())
    expect(await get(tab, `key ${at}`)).toEqual({ outcome: 'ok', value: `value ${at}` });

  const late = await Tab.open(context, server.url);
  await late.ready();
  expect(await get(late, 'key 7')).toEqual({ outcome: 'ok', value: 'value 7' });
  const leader = await agreedLeader(tabs);
  const leaving = tabs.find((tab) => tab !== leader) ?? never();
  const { name } = await leaving.status();
  const removed = await leader.page.evaluate((who) => window.tabraft.raft.removeMember(who), name ?? '');
  expect(removed).toMatchObject({ outcome: 'ok' });
  await leaving.page.close();
  const left = [...tabs.filter((tab) => tab !== leaving), late];
  await openRegisters(left);
  for (let key = 0; key < 30; key += 1)
    expect(await get(left[key % 3] ?? never(), `key ${key}`)).toEqual({
      outcome: 'ok',
      value: `value ${key}`,
    });
});

test('the page’s panel reads and writes registers', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  await openRegisters(tabs);
  const [tab] = tabs;
  if (tab === undefined) throw new Error('three tabs');
  await tab.page.getByLabel('Algorithm', { exact: true }).selectOption('abd');
  await expect(tab.page.getByRole('button', { name: 'Compare and set' })).toBeDisabled();
  await tab.page.getByLabel('Key', { exact: true }).fill('panel');
  await tab.page.getByLabel('Value', { exact: true }).fill('written');
  await tab.page.getByRole('button', { name: 'Put', exact: true }).click();
  await expect(tab.page.getByText('abd put panel = "written"')).toBeVisible();
  await expect.poll(() => get(tab, 'panel')).toEqual({ outcome: 'ok', value: 'written' });
});

function never(): never {
  throw new Error('three tabs');
}
