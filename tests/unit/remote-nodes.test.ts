import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NodeAction } from '../../src/api.ts';
import type { ControlMessage } from '../../src/mesh/messages.ts';
import { linkCounters, RemoteNodes, type NodeReport } from '../../src/page/remote-nodes.ts';
import { NO_TRAFFIC } from '../../src/worker/traffic.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const RUNNING: NodeReport = { type: 'report', state: 'running', traffic: [], test: null, device: null };
const B = { id: 'B', name: 'B' };

function rig(): {
  nodes: RemoteNodes;
  own: { state: NodeReport['state'] };
  connected: Set<string>;
  sent: [string, ControlMessage][];
  called: string[];
} {
  const connected = new Set(['page-B']);
  const sent: [string, ControlMessage][] = [];
  const called: string[] = [];
  const own: { state: NodeReport['state'] } = { state: 'running' };
  const nodes = new RemoteNodes({
    connectedPages: () => [...connected],
    pageOf: (memberId) => (memberId === 'B' ? 'page-B' : null),
    send: (page, message) => {
      sent.push([page, message]);
      return connected.has(page);
    },
    refresh: () => {
      called.push('refresh');
      return Promise.resolve();
    },
    report: () => ({ ...RUNNING, ...own }),
    invoke: (method) => {
      called.push(method);
      return method === 'node.campaign'
        ? Promise.reject(new Error('Only a voter can be elected.'))
        : Promise.resolve(null);
    },
    onTestAbandoned: () => called.push('test abandoned'),
  });
  return { nodes, own, connected, sent, called };
}

/** What becomes of an action, once everything that can has happened. */
async function outcome(acting: Promise<void>): Promise<string> {
  return acting.then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
}

describe('nodes of other tabs', () => {
  it('a report counts as long as its page is connected', () => {
    const { nodes, connected } = rig();
    nodes.onReport('page-B', 'B', RUNNING);
    nodes.onPages();
    expect(nodes.reportOf('B')?.state).toBe('running');
    connected.clear();
    nodes.onPages();
    expect(nodes.reportOf('B')).toBeNull();
  });

  it('are asked how they are while this page looks, and only then', async () => {
    const { nodes, sent } = rig();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toEqual([]);
    nodes.setWatching(true);
    await vi.advanceTimersByTimeAsync(3000);
    expect(sent).toEqual(Array.from({ length: 4 }, () => ['page-B', { type: 'ask' }]));
    nodes.setWatching(false);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(4);
    nodes.setWatching(true);
    nodes.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(5);
  });

  it('are told how this one is when they ask, and when it is something else than they know', async () => {
    const { nodes, own, sent, called } = rig();
    await nodes.onAsk('page-B');
    expect([called, sent]).toEqual([['refresh'], [['page-B', RUNNING]]]);
    sent.length = 0;
    nodes.tellNews(own.state);
    nodes.tellNews(own.state);
    own.state = 'paused';
    nodes.tellNews(own.state);
    nodes.tellNews(own.state);
    own.state = 'running';
    nodes.tellNews(own.state);
    expect(sent.map(([, message]) => 'state' in message && message.state)).toEqual([
      'running',
      'paused',
      'running',
    ]);
  });

  it('that are asked for now are waited for, but not those that are frozen', async () => {
    const { nodes, connected, sent } = rig();
    connected.add('page-C');
    const states: string[] = [];
    const asking = nodes.askNow().then(() => states.push(nodes.reportOf('B')?.state ?? 'unknown'));
    expect(sent.map(([page]) => page)).toEqual(['page-B', 'page-C']);
    nodes.onReport('page-C', 'C', RUNNING);
    await vi.advanceTimersByTimeAsync(500);
    expect(states).toEqual([]);
    nodes.onReport('page-B', 'B', { ...RUNNING, state: 'paused' });
    await asking;
    expect(states).toEqual(['paused']);
    const silent = nodes.askNow().then(() => states.push('given up'));
    await vi.advanceTimersByTimeAsync(999);
    expect(states).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await silent;
    expect(states).toEqual(['paused', 'given up']);
    connected.clear();
    await nodes.askNow();
  });

  it('an action is done when its tab says so, or says why not', async () => {
    const { nodes } = rig();
    const [pausing, campaigning] = [outcome(nodes.act(B, 'pause')), outcome(nodes.act(B, 'campaign'))];
    nodes.onAnswer({ type: 'answer', token: 1, answer: null, problem: null });
    nodes.onAnswer({ type: 'answer', token: 2, answer: null, problem: 'Only a voter can be elected.' });
    expect([await pausing, await campaigning]).toEqual(['done', 'Only a voter can be elected.']);
  });

  it.each<[NodeAction, string]>([
    ['restart', 'done'],
    ['wipe', 'done'],
    ['pause', 'The connection to that tab was lost meanwhile. It may have done it.'],
  ])('the end of the connection is the answer to %s: %s', async (action, expected) => {
    const { nodes, connected } = rig();
    const acting = outcome(nodes.act(B, action));
    connected.clear();
    nodes.onPages();
    expect(await acting).toBe(expected);
  });

  it('who does not answer may be frozen, who has no connection is not asked', async () => {
    const { nodes } = rig();
    const acting = outcome(nodes.act(B, 'pause'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await acting).toMatch(/^The tab of B did not answer/);
    expect(await outcome(nodes.act({ id: 'C', name: 'C' }, 'pause'))).toBe(
      'There is no connection to the tab of C.',
    );
  });

  it('carries out what another tab asks for, and answers also where it fails', async () => {
    const { nodes, sent, called } = rig();
    await nodes.onCall('page-B', { type: 'call', token: 7, method: 'node.pause', args: [] });
    await nodes.onCall('page-B', { type: 'call', token: 8, method: 'node.campaign', args: [] });
    // What has changed then is told to all.
    expect(called).toEqual(['node.pause', 'refresh', 'node.campaign', 'refresh']);
    const answers = sent.map(([, message]) => message).filter(({ type }) => type === 'answer');
    expect(answers).toEqual([
      { type: 'answer', token: 7, answer: null, problem: null },
      { type: 'answer', token: 8, answer: null, problem: 'Only a voter can be elected.' },
    ]);
  });

  it('an operation that was never sent did not happen; one whose connection ended may have', async () => {
    const { nodes, connected } = rig();
    const there = nodes.call(B, 'raft.get', ['k', {}], 1000);
    nodes.onAnswer({ type: 'answer', token: 1, answer: { outcome: 'ok', value: 'v' }, problem: null });
    expect(await there).toEqual({ kind: 'answered', answer: { outcome: 'ok', value: 'v' } });
    const ended = nodes.call(B, 'abd.put', ['k', 'v', {}], 1000);
    connected.clear();
    nodes.onPages();
    expect((await ended).kind).toBe('ended');
    expect((await nodes.call(B, 'abd.put', ['k', 'v', {}], 1000)).kind).toBe('unsent');
    expect((await nodes.call({ id: 'C', name: 'C' }, 'abd.put', [], 1000)).kind).toBe('unsent');
  });

  it('knows whose tab runs a test, and hears of it when that tab goes before the end', () => {
    const { nodes, connected, called } = rig();
    nodes.onReport('page-B', 'B', { ...RUNNING, test: 'nemesis' });
    expect(nodes.testers()).toEqual(['B']);
    connected.clear();
    nodes.onPages();
    expect([nodes.testers(), called]).toEqual([[], ['test abandoned']]);
  });
});

it('the counters of a link come from its two ends', () => {
  const members = ['A', 'B'].map((name) => ({
    id: `id-${name}`,
    name,
    kind: 'voter' as const,
    reachable: true,
  }));
  const traffic = (id: string): { peer: string } & typeof NO_TRAFFIC =>
    id === 'id-A'
      ? { ...NO_TRAFFIC, peer: 'id-B', sent: 10, dropped: 2, received: 5 }
      : { ...NO_TRAFFIC, peer: 'id-A', sent: 6, lost: 1, received: 8 };
  const faults = { delayed: 0, held: 0, duplicated: 0, reordered: 0 };
  expect(linkCounters(members, (id) => [traffic(id)])).toEqual([
    { from: 'A', to: 'B', sent: 10, delivered: 8, dropped: 2, lost: 0, ...faults },
    { from: 'B', to: 'A', sent: 6, delivered: 5, dropped: 0, lost: 1, ...faults },
  ]);
});
