import { agreedLeader, expect, openCluster, openTabs, Tab, test } from './support/fixtures.ts';
import { LAUNCH } from './support/launch.ts';
import { RealBrowser } from '../../src/drive/browser.ts';
import { missingWrites, Writer } from './support/writer.ts';

test('the leader’s tab is closed, and comes back as the same member', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const before = await leader.status();
  expect(await leader.put('before', '1')).toMatchObject({ outcome: 'ok' });
  await leader.page.close();

  const rest = tabs.filter((tab) => tab !== leader);
  const successor = await agreedLeader(rest);
  expect((await successor.status()).term).toBeGreaterThan(before.term);
  for (const tab of rest)
    expect(await tab.put(`after-${rest.indexOf(tab)}`, '2')).toMatchObject({ outcome: 'ok' });

  const reopened = await Tab.open(context, server.url);
  const status = await reopened.ready();
  expect(status.memberId).toBe(before.memberId);
  expect(status.name).toBe(before.name);
  expect(await reopened.get('after-1')).toEqual({ outcome: 'ok', value: '2' });
  expect(await reopened.get('before', 'local')).toEqual({ outcome: 'ok', value: '1' });
});

test('the leader’s tab crashes', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const { memberId } = await leader.status();
  const rest = tabs.filter((tab) => tab !== leader);
  const writer = new Writer('crash', () => rest);
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(20);
  await leader.page.goto('chrome://crash').catch(() => undefined); // the navigation ends with the tab
  await agreedLeader(rest);
  const atElection = writer.acknowledged.size;
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(atElection + 20);
  await writer.stop();

  const reopened = await Tab.open(context, server.url);
  expect((await reopened.ready()).memberId).toBe(memberId);
  for (const tab of [...rest, reopened]) expect(await missingWrites(tab, writer.acknowledged)).toEqual([]);
});

test('a frozen leader comes back as a follower, and loses nothing that was acknowledged', async ({
  realBrowser: browser,
  server,
}) => {
  const tabs = await openTabs(browser, server.url, 3);
  const leader = await agreedLeader(tabs);
  const rest = tabs.filter((tab) => tab !== leader);
  const own = new Writer('own', () => [leader]);
  await expect.poll(() => own.acknowledged.size).toBeGreaterThan(20);
  await browser.setFrozen(leader.page, true);
  const successor = await agreedLeader(rest);
  const others = new Writer('others', () => rest);
  await expect.poll(() => others.acknowledged.size).toBeGreaterThan(20);
  await browser.setFrozen(leader.page, false);
  await expect.poll(async () => (await leader.status()).role).toBe('follower');
  expect(await agreedLeader(tabs)).toBe(successor);
  await Promise.all([own.stop(), others.stop()]);
  for (const tab of tabs) {
    expect(await missingWrites(tab, own.acknowledged)).toEqual([]);
    expect(await missingWrites(tab, others.acknowledged)).toEqual([]);
  }
});

test('every tab is reloaded in turn under a stream of writes', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  let available = tabs;
  const writer = new Writer('reload', () => available);
  for (const tab of tabs) {
    const before = await tab.status();
    const atReload = writer.acknowledged.size;
    available = tabs.filter((other) => other !== tab);
    await tab.reload();
    expect((await tab.ready()).memberId).toBe(before.memberId);
    await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(atReload + 20);
  }
  await writer.stop();
  for (const tab of tabs) expect(await missingWrites(tab, writer.acknowledged)).toEqual([]);
  const logs = await Promise.all(tabs.map((tab) => tab.log()));
  expect(logs[1]).toEqual(logs[0]);
  expect(logs[2]).toEqual(logs[0]);
});

test('the browser is killed in the middle of writes, and its profile opened again', async ({
  profile,
  server,
}) => {
  const first = await RealBrowser.launch(LAUNCH.executablePath, profile);
  const tabs = await openTabs(first, server.url, 3);
  const ids = (await Promise.all(tabs.map((tab) => tab.status()))).map((status) => status.memberId);
  const writer = new Writer('kill', () => tabs);
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(50);
  await first.kill();
  await writer.stop();

  const second = await RealBrowser.launch(LAUNCH.executablePath, profile);
  try {
    const reopened = await openTabs(second, server.url, 3);
    const statuses = await Promise.all(reopened.map((tab) => tab.status()));
    expect(statuses.map((status) => status.memberId).sort()).toEqual(ids.sort());
    for (const tab of reopened) expect(await missingWrites(tab, writer.acknowledged)).toEqual([]);
  } finally {
    await second.close();
  }
});

test('a member whose storage is wiped returns as a new one, and nothing is lost', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const writer = new Writer('wipe', () => tabs.slice(0, 2));
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(20);
  const wiped = tabs[2];
  if (wiped === undefined) throw new Error('three tabs');
  const before = await wiped.status();
  await wiped.page.evaluate(() => window.tabraft.node.wipe());
  const after = await wiped.ready();
  expect(after.memberId).not.toBe(before.memberId);
  expect(after).toMatchObject({ name: 'D', role: 'learner', clusterId: before.clusterId });
  await writer.stop();
  expect(await missingWrites(wiped, writer.acknowledged)).toEqual([]);

  // The lost member is removed by hand; the learner takes its place among the voters.
  const [other] = tabs;
  const removal = await other?.page.evaluate(
    (name) => window.tabraft.raft.removeMember(name),
    before.name ?? '',
  );
  expect(removal).toMatchObject({ outcome: 'ok' });
  await expect.poll(async () => (await wiped.status()).role).toBe('follower');
  const { members } = await wiped.status();
  expect(members.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['A voter', 'B voter', 'D voter']);
});
