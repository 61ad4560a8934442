import type { LinkCounters } from '../../src/api.ts';
import { agreedLeader, connectedTo, expect, openCluster, Tab, test } from './support/fixtures.ts';

const preset = (tab: Tab, name: string, ...names: string[]): Promise<string[]> =>
  tab.page.evaluate(([chosen, members]) => window.tabraft.faults.preset(chosen, ...members), [
    name,
    names,
  ] as const);
const clear = (tab: Tab): Promise<string[]> => tab.page.evaluate(() => window.tabraft.faults.clear());
const act = (tab: Tab, action: 'pause' | 'resume' | 'crash' | 'restart', name: string): Promise<void> =>
  tab.page.evaluate(([what, who]) => window.tabraft.node[what](who), [action, name] as const);

/** Pairs of members that reach each other in this direction, as pings from `tab` show. */
async function canPing(tab: Tab, name: string): Promise<boolean> {
  const result = await tab.page.evaluate((to) => window.tabraft.ping(to), name);
  return result.ok;
}

async function link(tab: Tab, from: string, to: string): Promise<LinkCounters> {
  const links = await tab.page.evaluate(() => window.tabraft.faults.links());
  const found = links.find((candidate) => candidate.from === from && candidate.to === to);
  if (found === undefined) throw new Error(`no link from ${from} to ${to}`);
  return found;
}

async function three(tabs: readonly Tab[]): Promise<readonly [Tab, Tab, Tab]> {
  const [a, b, c] = tabs;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three tabs');
  expect((await Promise.all(tabs.map((tab) => tab.status()))).map(({ name }) => name)).toEqual([
    'A',
    'B',
    'C',
  ]);
  return [a, b, c];
}

test('each preset breaks what it says, in any tab, and whoever is left heals it', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const [a, b, c] = await three(tabs);
  const cases: readonly {
    preset: readonly [string, ...string[]];
    cut: readonly (readonly [Tab, string])[];
  }[] = [
    {
      preset: ['isolate', 'B'],
      cut: [
        [a, 'B'],
        [b, 'A'],
        [b, 'C'],
        [c, 'B'],
      ],
    },
    {
      preset: ['split', 'A'],
      cut: [
        [a, 'B'],
        [a, 'C'],
        [b, 'A'],
        [c, 'A'],
      ],
    },
    {
      preset: ['bridge', 'C'],
      cut: [
        [a, 'B'],
        [b, 'A'],
      ],
    },
    // A ping needs both directions.
    {
      preset: ['one-way', 'A', 'B'],
      cut: [
        [a, 'B'],
        [b, 'A'],
      ],
    },
    {
      preset: ['majorities-ring'],
      cut: [
        [a, 'B'],
        [a, 'C'],
        [b, 'A'],
        [b, 'C'],
        [c, 'A'],
        [c, 'B'],
      ],
    },
    { preset: ['flaky'], cut: [] },
    { preset: ['slow'], cut: [] },
    { preset: ['swizzle'], cut: [] },
  ];
  for (const [
    round,
    {
      preset: [name, ...names],
      cut,
    },
  ] of cases.entries()) {
    const [setter, healer] = [tabs[round % 3] ?? a, tabs[(round + 1) % 3] ?? b];
    const ids = await preset(setter, name, ...names);
    expect(ids.length, name).toBeGreaterThan(0);
    const links = [a, b, c].flatMap((tab, at) =>
      ['A', 'B', 'C'].filter((_, other) => other !== at).map((to) => [tab, to] as const),
    );
    if (cut.length > 0) {
      for (const [tab, to] of links) {
        const isCut = cut.some(([from, other]) => from === tab && other === to);
        expect(await canPing(tab, to), `${name}: ping of ${to}`).toBe(!isCut);
      }
    }
    // The shuffled ones and the slow ones still answer, and a swizzle is over when its call is.
    if (cut.length === 0) expect(await setter.put(name, 'through', 30_000)).toMatchObject({ outcome: 'ok' });
    const cleared = await clear(healer);
    expect(cleared.sort()).toEqual(name === 'swizzle' ? [] : [...ids].sort());
    await agreedLeader(tabs);
    expect(await healer.put('healed', name, 30_000)).toMatchObject({ outcome: 'ok' });
    for (const tab of tabs) expect(await tab.get('healed')).toEqual({ outcome: 'ok', value: name });
  }
});

test('held messages come late, all counters tell, and a follower that was cut off catches up', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const leads = (await leader.status()).name ?? '';
  const [follower, other] = tabs.filter((tab) => tab !== leader);
  if (follower === undefined || other === undefined) throw new Error('three tabs');
  const follows = (await follower.status()).name ?? '';
  const rule = { id: 'hold', kind: 'hold', from: leads, to: follows, messages: ['appendRequest'] } as const;
  await other.page.evaluate(
    (set) => window.tabraft.faults.set({ ...set, messages: [...set.messages] }),
    rule,
  );
  const before = await follower.get('key', 'local');
  expect(await leader.put('key', 'held')).toMatchObject({ outcome: 'ok' });
  await expect.poll(async () => (await link(other, leads, follows)).held).toBeGreaterThan(0);
  expect(await follower.get('key', 'local')).toEqual(before);
  await clear(follower);
  await expect.poll(() => follower.get('key', 'local')).toEqual({ outcome: 'ok', value: 'held' });

  for (const [kind, counter] of [
    ['drop', 'dropped'],
    ['delay', 'delayed'],
    ['duplicate', 'duplicated'],
    ['reorder', 'reordered'],
  ] as const) {
    const set = { id: kind, kind, from: leads, to: follows, probability: 0.5 };
    await leader.page.evaluate(
      ([plain, isLate]) => window.tabraft.faults.set(isLate ? { ...plain, delayMs: [5, 50] } : plain),
      [set, kind === 'delay'] as const,
    );
    await expect.poll(async () => (await link(other, leads, follows))[counter]).toBeGreaterThan(0);
    await clear(other);
  }
  const { sent, delivered } = await link(other, leads, follows);
  expect(sent).toBeGreaterThan(0);
  expect(delivered).toBeGreaterThan(0);
});

test('rules outlive the tab that set them, reach who comes later, and a reload', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const [a, b, c] = await three(tabs);
  await preset(c, 'slow', 'A');
  await c.page.close();
  await expect(a.page.getByRole('rowheader', { name: 'C gone' })).toBeVisible();
  const late = await Tab.open(context, server.url);
  await late.ready();
  const rules = (tab: Tab): Promise<string[]> =>
    tab.page.evaluate(async () => (await window.tabraft.faults.list()).map(({ id }) => id));
  await expect.poll(() => rules(late)).toEqual(['slow:A:out', 'slow:A:in']);
  await b.reload();
  await b.ready();
  await expect.poll(() => rules(b)).toEqual(['slow:A:out', 'slow:A:in']);
  // Who clears rules waits for the tabs that it is connected to.
  await connectedTo(b, 2);
  expect((await clear(b)).length).toBe(2);
  for (const tab of [a, b, late]) expect(await rules(tab)).toEqual([]);
});

test('any node is paused, crashed and brought back from any tab, and nothing acknowledged is lost', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const [a, b, c] = await three(tabs);
  expect(await a.put('key', '1')).toMatchObject({ outcome: 'ok' });
  await act(a, 'crash', 'B');
  expect((await b.status()).role).toBe('stopped');
  await expect(a.page.getByRole('rowheader', { name: 'B stopped' })).toBeVisible();
  await expect.poll(() => canPing(a, 'B')).toBe(false);
  expect(await a.put('key', '2', 30_000)).toMatchObject({ outcome: 'ok' });
  await act(c, 'restart', 'B');
  await b.ready();
  expect(await b.get('key')).toEqual({ outcome: 'ok', value: '2' });

  await act(c, 'pause', 'A');
  await expect(b.page.getByRole('rowheader', { name: 'A paused' })).toBeVisible();
  expect(await b.put('key', '3', 30_000)).toMatchObject({ outcome: 'ok' });
  await act(b, 'resume', 'A');
  await expect.poll(() => a.get('key')).toEqual({ outcome: 'ok', value: '3' });

  const refused = (name: string): Promise<string> =>
    a.page.evaluate(
      (who) =>
        window.tabraft.node.pause(who).then(
          () => '',
          (error: unknown) => String(error),
        ),
      name,
    );
  expect(await refused('X')).toContain('There is no member "X", only A, B, C.');
});

test('what makes no sense is refused, and changes nothing', async ({ context, server }) => {
  const [tab] = await openCluster(context, server.url, 1);
  if (tab === undefined) throw new Error('one tab');
  const refused = (rule: unknown): Promise<string> =>
    tab.page.evaluate(
      (value) =>
        window.tabraft.faults.set(value as Parameters<typeof window.tabraft.faults.set>[0]).then(
          () => '',
          (error: unknown) => String(error),
        ),
      rule,
    );
  expect(await refused({ id: 'x', kind: 'drop', to: 'Z' })).toContain('There is no member "Z", only A.');
  expect(await refused({ id: 'x', kind: 'melt' })).toMatch(/kind: expected one of drop, delay, hold/);
  expect(await refused({ id: 'x', kind: 'drop', messages: ['gossip'] })).toMatch(
    /messages\.0: expected one of/,
  );
  expect(await refused({ id: 'x', kind: 'drop', probability: 2 })).toMatch(
    /probability: expected a number from 0/,
  );
  expect(await refused({ id: 'x', kind: 'hold', delayMs: [1, 2] })).toMatch(/expected no delayMs/);
  expect(await refused({ id: 'x', kind: 'drop', from: 'A', to: 'A' })).toMatch(/different members/);
  expect(await tab.page.evaluate(() => window.tabraft.faults.list())).toEqual([]);
});

test('a tab that is reloaded behind a fault says nothing before it obeys', async ({ context, server }) => {
  const [a, b, c] = await three(await openCluster(context, server.url, 3));
  await a.page.evaluate(() => window.tabraft.faults.set({ id: 'mute', kind: 'drop', from: 'C' }));
  const arrived = async (): Promise<number> =>
    (await link(a, 'C', 'A')).delivered + (await link(a, 'C', 'B')).delivered;
  const before = await arrived();
  for (let reloads = 0; reloads < 3; reloads += 1) {
    await c.reload();
    await connectedTo(c, 2);
    // It has been asked by both, and would have answered.
    await expect.poll(async () => (await link(c, 'C', 'A')).dropped).toBeGreaterThan(2);
    await expect.poll(async () => (await link(c, 'C', 'B')).dropped).toBeGreaterThan(2);
  }
  expect(await arrived()).toBe(before);
  await clear(b);
  await agreedLeader([a, b, c]);
});
