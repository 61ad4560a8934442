import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { WriteResult } from '../../src/api.ts';
import { agreedLeader, connectedTo, expect, openCluster, Tab, test, TestServer } from './support/fixtures.ts';

test('the leader is isolated by the page’s button, and healed', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const { name, term } = await leader.status();
  const rest = tabs.filter((tab) => tab !== leader);
  await leader.page.getByRole('button', { name: `Isolate ${name}` }).click();
  const lost = putOnceRulesAreInForce(leader, 2);
  for (const tab of tabs) {
    await expect.poll(() => tab.page.evaluate(() => window.tabraft.faults.list())).toHaveLength(2);
  }
  const successor = await agreedLeader(rest);
  expect((await successor.status()).term).toBeGreaterThan(term);
  expect(await successor.put('kept', '1')).toMatchObject({ outcome: 'ok' });
  expect((await lost).outcome).toBe('unknown');
  await expect(leader.page.getByText(/no quorum/i).first()).toBeVisible();

  await leader.page.getByRole('button', { name: `Heal ${name}`, exact: true }).click();
  await agreedLeader(tabs);
  await expect
    .poll(async () => {
      const [first, ...others] = await Promise.all(tabs.map((tab) => tab.log()));
      return others.every((log) => JSON.stringify(log) === JSON.stringify(first));
    })
    .toBe(true);
  for (const tab of tabs) {
    expect(await tab.get('kept')).toEqual({ outcome: 'ok', value: '1' });
    expect(await tab.get('lost')).toEqual({ outcome: 'ok', value: null });
  }
});

/** At once, from within the page: a leader that hears from nobody soon leads no more, and then takes no write. */
async function putOnceRulesAreInForce({ page }: Tab, rules: number): Promise<WriteResult> {
  return page.evaluate(async (count) => {
    while ((await window.tabraft.faults.list()).length < count)
      await new Promise((resolve) => setTimeout(resolve, 10));
    // Its answer comes behind them.
    await window.tabraft.status();
    return window.tabraft.raft.put('lost', 'never', { timeoutMs: 1500 });
  }, rules);
}

test('fault rules reach late joiners and reloaded tabs, and delays are felt', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 2);
  const [first, second] = tabs;
  if (first === undefined || second === undefined) throw new Error('two tabs');
  await first.page.evaluate(() =>
    window.tabraft.faults.set({ id: 'slow', kind: 'delay', messages: ['ping', 'pong'], delayMs: [100, 120] }),
  );
  const ping = await second.page.evaluate(() => window.tabraft.ping('A'));
  expect(ping.ok && ping.rttMs).toBeGreaterThan(199);
  const third = await Tab.open(context, server.url);
  await third.ready();
  await first.reload();
  await first.ready();
  const slow = { id: 'slow', kind: 'delay', messages: ['ping', 'pong'], delayMs: [100, 120] };
  for (const tab of [first, third]) {
    await expect.poll(() => tab.page.evaluate(() => window.tabraft.faults.list())).toEqual([slow]);
  }
  // Who clears rules waits for the tabs that it is connected to.
  await connectedTo(first, 2);
  expect(await first.page.evaluate(() => window.tabraft.faults.clear())).toEqual(['slow']);
  for (const tab of [first, second, third]) {
    expect(await tab.page.evaluate(() => window.tabraft.faults.list())).toEqual([]);
  }
});

test('channels that are lost on their way to the worker are given up, and others take their place', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 2);
  const third = await Tab.open(context, server.url, (page) => page.addInitScript(loseChannels, 2));
  await connectedTo(third, 2);
  expect(await third.page.evaluate(() => window.lostChannels)).toBe(2);
  await expectToWriteFor(third, tabs);
});

/** What it writes reaches the others. */
async function expectToWriteFor(writer: Tab, readers: readonly Tab[]): Promise<void> {
  await writer.ready();
  expect(await writer.put('reached', 'yes')).toMatchObject({ outcome: 'ok' });
  for (const tab of readers) expect(await tab.get('reached')).toEqual({ outcome: 'ok', value: 'yes' });
}

declare global {
  interface Window {
    lostChannels: number;
    connections: number;
  }
}

/** Runs in the page before all else. */
function countConnections(): void {
  window.connections = 0;
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      window.connections += 1;
    }
  };
}

/** Runs in the page before all else: so many channels are transferred to where nobody takes them. */
function loseChannels(most: number): void {
  const nowhere = new MessageChannel().port1;
  window.lostChannels = 0;
  MessagePort.prototype.postMessage = new Proxy(Reflect.get(MessagePort.prototype, 'postMessage'), {
    apply(send, port: MessagePort, message: unknown[]) {
      const isLost = hasChannel(message[1]) && window.lostChannels < most;
      if (isLost) window.lostChannels += 1;
      Reflect.apply(send, isLost ? nowhere : port, message);
    },
  });
  const hasChannel = (transfer: unknown): boolean =>
    Array.isArray(transfer) && transfer[0] instanceof RTCDataChannel;
}

test('the signaling server goes away and comes back', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const [first, second, third] = tabs;
  if (first === undefined || second === undefined || third === undefined) throw new Error('three tabs');
  await server.stop();
  for (const tab of tabs) {
    await expect(tab.page.getByText('Signaling server lost')).toBeVisible();
    expect(await tab.put('alone', 'still works')).toMatchObject({ outcome: 'ok' });
  }
  await server.start();
  const fourth = await Tab.open(context, server.url);
  await fourth.ready();
  await third.reload();
  await third.ready();
  expect(await third.get('alone')).toEqual({ outcome: 'ok', value: 'still works' });
  for (const tab of [...tabs, fourth]) {
    await connectedTo(tab, 3);
    await expect(tab.page.getByText('Signaling server lost')).toHaveCount(0);
  }
});

test('nothing is sent by the server to a tab that others have found before it is in the room', async ({
  context,
  server,
}) => {
  let refused = 0;
  const open = async (delayMs: number): Promise<Tab> => {
    const tab = await Tab.open(context, server.url, (page) =>
      page.routeWebSocket(/signaling/, (socket) => {
        const up = socket.connectToServer();
        socket.onMessage((message) => void setTimeout(() => up.send(message), delayMs));
        up.onMessage((message) => {
          if (message.includes('no-such-peer')) refused += 1;
          socket.send(message);
        });
      }),
    );
    await tab.ready();
    return tab;
  };
  const tabs = [await open(0), await open(0), await open(300)];
  for (const tab of tabs) await connectedTo(tab, 2);
  expect(refused).toBe(0);
});

test('a crashed node’s tab stays connected to whoever comes later, and can be brought back from there', async ({
  context,
  server,
}) => {
  const [first, second, third] = await openCluster(context, server.url, 3);
  if (first === undefined || second === undefined || third === undefined) throw new Error('three tabs');
  await second.page.evaluate(() => window.tabraft.node.crash());
  await third.page.addInitScript(countConnections);
  await third.reload();
  await third.ready();
  await expect(third.page.getByRole('rowheader', { name: 'B stopped' })).toBeVisible();
  const connections = await third.page.evaluate(() => window.connections);
  // As long as a channel's taking over is waited for, and longer.
  await third.page.waitForTimeout(12_000);
  expect(await third.page.evaluate(() => window.connections)).toBe(connections);
  await third.page.evaluate(() => window.tabraft.node.restart('B'));
  expect(await second.ready()).toMatchObject({ name: 'B' });
});

test('a tab to which the signaling server never answers finds the others within their browser', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 2);
  const third = await Tab.open(context, server.url, (page) =>
    page.routeWebSocket(/signaling/, () => undefined),
  );
  await expect(third.page.getByText('Signaling server lost')).toBeVisible();
  await expectToWriteFor(third, tabs);
});

test('node controls: pause, resume, restart, campaign', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const rest = tabs.filter((tab) => tab !== leader);
  const [challenger] = rest;
  if (challenger === undefined) throw new Error('three tabs');

  await leader.page.evaluate(() => window.tabraft.node.pause());
  expect(await leader.put('paused', 'x')).toMatchObject({ outcome: 'failed', code: 'not-running' });
  await agreedLeader(rest);
  await leader.page.evaluate(() => window.tabraft.node.resume());
  await agreedLeader(tabs);

  const { memberId } = await challenger.status();
  await challenger.page.evaluate(() => window.tabraft.node.restart());
  expect((await challenger.ready()).memberId).toBe(memberId);
  const follower = tabs.find((tab) => tab !== challenger) ?? leader;
  await agreedLeader(tabs);
  // Who leads is known with the leader's first message, which may come before the log that it tells of: and with a
  // shorter log than the voters', a candidate is refused (§5.4.1).
  await expect
    .poll(
      async () => new Set((await Promise.all(tabs.map((tab) => tab.status()))).map((s) => s.lastIndex)).size,
    )
    .toBe(1);
  await follower.page.evaluate(() => window.tabraft.node.campaign());
  await expect.poll(async () => (await follower.status()).role).toBe('leader');
  expect(await challenger.put('after', 'all')).toMatchObject({ outcome: 'ok' });
});

test('a crashed node’s member runs in the tab that is opened next, and its page gives way', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const [observer, , crashed] = tabs;
  if (observer === undefined || crashed === undefined) throw new Error('three tabs');
  const { name, memberId } = await crashed.status();
  await crashed.page.evaluate(() => window.tabraft.node.crash());
  const next = await Tab.open(context, server.url);
  expect((await next.ready()).memberId).toBe(memberId);

  await expect.poll(async () => (await crashed.status()).stoppedReason).toContain('another tab');
  await connectedTo(observer, 2);
  await observer.page.evaluate((member) => window.tabraft.node.pause(member ?? ''), name);
  expect(await next.put('paused', 'x')).toMatchObject({ outcome: 'failed', code: 'not-running' });
  await observer.page.evaluate((member) => window.tabraft.node.resume(member ?? ''), name);

  // No other tab would hear of them.
  const cut = crashed.page.evaluate(() => window.tabraft.faults.set({ id: 'cut', kind: 'drop' }));
  await expect(cut).rejects.toThrow(/runs no node/);
  expect(await crashed.page.evaluate(() => window.tabraft.faults.list())).toEqual([]);

  // What it would find in its place is not its own to wipe.
  const wiped = crashed.page.evaluate(() => window.tabraft.node.wipe());
  await expect(wiped).rejects.toThrow(/does not run that member/);
  expect((await crashed.ready()).members).toHaveLength(4);
});

test('an address that the browser does not take for an ICE server is told, and tabs still reach each other', async ({
  context,
  profile,
}) => {
  const configFile = join(profile, 'config.json');
  await writeFile(configFile, JSON.stringify({ iceServers: [{ urls: 'stun:127.0.0.1:99999' }] }));
  const server = new TestServer(configFile);
  await server.start();
  try {
    const tabs = await openCluster(context, server.url, 3);
    const refusals: number[] = [];
    for (const tab of tabs) {
      const { peers, counters } = await tab.status();
      expect(peers.map(({ channel }) => channel)).toEqual(['local', 'local']);
      const refused = counters['refused-connection'] ?? 0;
      refusals.push(refused);
      const notice = tab.page.getByText(/Refused \(connection\): it cannot be made/).first();
      if (refused > 0) await expect(notice).toBeVisible();
    }
    // Of two tabs one dials.
    expect(refusals.filter((refused) => refused > 0)).toHaveLength(2);
    expect(await tabs[2]?.put('key', 'value')).toMatchObject({ outcome: 'ok' });
  } finally {
    await server.stop();
  }
});

const hasInterface = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ internal }) => !internal),
);

test('without any network interface three tabs form a cluster within their browser', async ({
  context,
  server,
}) => {
  // This file runs once more inside a namespace with nothing but loopback: see the test below.
  test.skip(hasInterface, 'this machine has a network interface');
  const tabs = await openCluster(context, server.url, 3);
  const ids = (await Promise.all(tabs.map((tab) => tab.status()))).map((status) => status.memberId);
  const expectLocal = async (): Promise<void> => {
    for (const tab of tabs) {
      await expect
        .poll(async () => (await tab.status()).peers.map(({ channel }) => channel))
        .toEqual(['local', 'local']);
    }
  };
  await expectLocal();
  for (const [position, tab] of tabs.entries()) {
    expect(await tab.put(`key-${position}`, 'written')).toMatchObject({ outcome: 'ok' });
    await tab.reload();
    expect((await tab.ready()).memberId).toBe(ids[position]);
    await expectLocal();
    expect(await tab.get(`key-${position}`)).toEqual({ outcome: 'ok', value: 'written' });
  }
});

test('the same with loopback alone, in a namespace of its own', () => {
  test.skip(!hasInterface, 'this is the run inside the namespace');
  const netns = 'scripts/netns.sh';
  test.skip(
    spawnSync('bash', [netns, '--loopback-only', 'true']).status !== 0,
    'network namespaces need Linux and root',
  );
  const args = [
    'npx',
    'playwright',
    'test',
    'network',
    '-g',
    'without any network interface',
    '--reporter=line',
  ];
  const { status, stdout } = spawnSync(
    'bash',
    [netns, '--loopback-only', ...args, '--output=test-results/loopback'],
    {
      encoding: 'utf8',
    },
  );
  expect(status, stdout).toBe(0);
  expect(stdout).toContain('1 passed');
});
