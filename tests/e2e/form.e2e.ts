import { untilLoaded } from '../../src/drive/browser.ts';
import { agreedLeader, expect, openCluster, Tab, test } from './support/fixtures.ts';

test('three tabs of one profile form one cluster over WebRTC', async ({ context, server }) => {
  await context.addInitScript(() => {
    const connections: RTCPeerConnection[] = [];
    Object.assign(globalThis, { connections });
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        connections.push(this);
      }
    };
  });
  const startedAt = Date.now();
  const tabs = await Promise.all([1, 2, 3].map(() => Tab.open(context, server.url)));
  await Promise.all(tabs.map((tab) => tab.ready(15_000)));
  expect(Date.now() - startedAt).toBeLessThan(15_000);

  const statuses = await Promise.all(tabs.map((tab) => tab.status()));
  expect(new Set(statuses.map((status) => status.clusterId)).size).toBe(1);
  expect(statuses.map((status) => status.name).sort()).toEqual(['A', 'B', 'C']);
  expect(statuses.filter((status) => status.role === 'leader')).toHaveLength(1);
  for (const { members, peers } of statuses) {
    expect(members.map(({ kind }) => kind)).toEqual(['voter', 'voter', 'voter']);
    expect(members.every(({ reachable }) => reachable)).toBe(true);
    expect(peers.map(({ channel }) => channel)).toEqual(['worker', 'worker']);
  }

  for (const { page } of tabs) {
    const received = await page.evaluate(async () => {
      const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
      const sums = await Promise.all(
        connections.map(async (connection) => {
          let bytes = 0;
          (await connection.getStats()).forEach(
            (report: RTCStats & { label?: string; bytesReceived?: number }) => {
              if (report.type === 'data-channel' && report.label === 'raft')
                bytes += report.bytesReceived ?? 0;
            },
          );
          return bytes;
        }),
      );
      return sums.filter((bytes) => bytes > 0);
    });
    expect(received).toHaveLength(2);
  }
});

test('what is written in one tab is read in the others', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  for (const [writer, tab] of tabs.entries()) {
    const key = `key-${writer}`;
    expect(await tab.put(key, `from ${writer}`)).toMatchObject({ outcome: 'ok' });
    for (const reader of tabs)
      expect(await reader.get(key)).toEqual({ outcome: 'ok', value: `from ${writer}` });
  }
  const [first, second, third] = tabs;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three tabs');

  const swap = await first.page.evaluate(() => window.tabraft.raft.cas('key-0', 'from 0', 'swapped'));
  expect(swap.outcome).toBe('ok');
  const again = await second.page.evaluate(() => window.tabraft.raft.cas('key-0', 'from 0', 'never'));
  expect(again).toMatchObject({ outcome: 'failed', code: 'assertion' });
  expect(await third.get('key-0')).toEqual({ outcome: 'ok', value: 'swapped' });

  const nothing = await third.page.evaluate(() =>
    window.tabraft.raft.transact([
      { op: 'SET', key: 'key-1', val: 'half' },
      { op: 'ASSERT', key: 'key-2', val: 'something else' },
    ]),
  );
  expect(nothing).toMatchObject({ outcome: 'failed', code: 'assertion' });
  expect(await first.get('key-1')).toEqual({ outcome: 'ok', value: 'from 1' });

  expect(await second.put('key-1', null)).toMatchObject({ outcome: 'ok' });
  expect(await first.get('key-1')).toEqual({ outcome: 'ok', value: null });
  const { states } = await first.page.evaluate(() => window.tabraft.raft.states());
  expect(states).toEqual({ 'key-0': 'swapped', 'key-2': 'from 2' });
  const ping = await first.page.evaluate(() => window.tabraft.ping('C'));
  expect(ping).toMatchObject({ ok: true });
});

test('separate browsers join by the link; a fourth tab learns, a duplicated tab is a new member', async ({
  server,
  otherBrowser,
}) => {
  const contexts = await Promise.all([1, 2, 3].map(otherBrowser));
  const [home, ...others] = contexts;
  if (home === undefined) throw new Error('three contexts');
  const founder = await Tab.open(home, server.url);
  await founder.ready();
  const link = founder.page.url();
  expect(link).toMatch(/#c=[\w-]{22}$/);
  const tabs = [founder];
  for (const context of others) {
    const tab = await Tab.open(context, link);
    await tab.ready();
    tabs.push(tab);
  }
  await agreedLeader(tabs);
  expect(await founder.put('greeting', 'hello')).toMatchObject({ outcome: 'ok' });

  const fourth = await Tab.open(home, link);
  expect(await fourth.ready()).toMatchObject({ role: 'learner', name: 'D' });
  expect(await fourth.get('greeting')).toEqual({ outcome: 'ok', value: 'hello' });
  expect(await fourth.put('from', 'a learner')).toMatchObject({ outcome: 'ok' });

  // What a browser does when a tab is duplicated: a new tab with a copy of the session storage.
  const opened = home.waitForEvent('page');
  await founder.page.evaluate(() => void window.open(location.href));
  const duplicate = new Tab(await opened);
  await untilLoaded(duplicate.page);
  const copied = await duplicate.page.evaluate(() => sessionStorage.getItem('tabraft.member'));
  const status = await duplicate.ready();
  expect(status).toMatchObject({ role: 'learner', name: 'E' });
  expect(status.memberId).not.toBe((await founder.status()).memberId);
  expect(copied).not.toBeNull();
  expect((await founder.status()).members).toHaveLength(5);
});

test('a link to a cluster that is not there does not become this browser’s cluster', async ({
  context,
  server,
}) => {
  const own = await Tab.open(context, server.url);
  const { clusterId } = await own.ready();
  const stray = await Tab.open(context, `${server.url}#c=${'A'.repeat(22)}`);
  await expect(stray.page.getByText(/Looking for another tab/).first()).toBeVisible();
  expect((await stray.status()).clusterId).not.toBe(clusterId);
  const next = await Tab.open(context, server.url);
  expect((await next.ready()).clusterId).toBe(clusterId);
});

test('the relay stands in where channels cannot be transferred', async ({ context, server }) => {
  const tabs = await openCluster(context, `${server.url}?channel=relay`, 3);
  for (const tab of tabs) {
    expect((await tab.status()).peers.map(({ channel }) => channel)).toEqual(['relay', 'relay']);
    expect(await tab.put('key', 'value')).toMatchObject({ outcome: 'ok' });
  }
});

test('limits and nonsense get clear answers', async ({ context, server }) => {
  const [tab] = await openCluster(context, server.url, 1);
  if (tab === undefined) throw new Error('one tab');
  const long = await tab.put('k'.repeat(1025), 'v');
  expect(long).toEqual({
    outcome: 'failed',
    code: 'invalid',
    reason: 'key: expected at most 1024 bytes, received 1025',
  });
  expect(await tab.put('k'.repeat(1024), 'v')).toMatchObject({ outcome: 'ok' });
  expect(await tab.put('k', 'v'.repeat(65_537))).toMatchObject({ outcome: 'failed', code: 'invalid' });
  expect(await tab.put('k', 'é'.repeat(32_768))).toMatchObject({ outcome: 'ok' });
  expect(await tab.put('', 'v')).toMatchObject({ outcome: 'failed', code: 'invalid' });
  const states = tab.page.evaluate(() => window.tabraft.raft.states('k' as unknown as string[]));
  await expect(states).rejects.toThrow('keys: expected a list of keys');
  const odd = tab.page.evaluate(() => window.tabraft.raft.states(['k', 'k\ud83d']));
  await expect(odd).rejects.toThrow('key: expected Unicode text, received half of a surrogate pair');
  expect(await tab.get('k')).toEqual({ outcome: 'ok', value: 'é'.repeat(32_768) });
  const rule = tab.page.evaluate(() => window.tabraft.faults.set({ id: 'x', kind: 'explode' as 'drop' }));
  await expect(rule).rejects.toThrow(/kind: expected one of drop, delay/);
  const preset = tab.page.evaluate(() => window.tabraft.faults.preset('isolate', 'Z'));
  await expect(preset).rejects.toThrow(/no member "Z"/);
  await tab.page.goto(`${server.url}?heartbeatMs=soon`);
  await expect(tab.page.getByText('?heartbeatMs: expected an integer')).toBeVisible();
  await tab.page.goto(`${server.url}#c=short`);
  await tab.page.reload();
  await expect(tab.page.getByText('The link is damaged')).toBeVisible();
});
