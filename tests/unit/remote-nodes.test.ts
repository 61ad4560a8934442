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

const RUNNING: NodeReport = { type: 'report', state: 'running', traffic: [] };

function rig(): {
  nodes: RemoteNodes;
  connected: Set<string>;
  sent: [string, ControlMessage][];
  acted: string[];
} {
  const connected = new Set(['page-B']);
  const sent: [string, ControlMessage][] = [];
  const acted: string[] = [];
  const nodes = new RemoteNodes({
    connectedPages: () => [...connected],
    pageOf: (memberId) => (memberId === 'B' ? 'page-B' : null),
    send: (page, message) => {
      sent.push([page, message]);
      return connected.has(page);
    },
    report: () => RUNNING,
    act: (action) => {
      acted.push(action);
      return action === 'campaign'
        ? Promise.reject(new Error('Only a voter can be elected.'))
        : Promise.resolve();
    },
  });
  return { nodes, connected, sent, acted };
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
    nodes.onReport('B', RUNNING);
    nodes.onPages();
    expect(nodes.reportOf('B')?.state).toBe('running');
    connected.clear();
    nodes.onPages();
    expect(nodes.reportOf('B')).toBeNull();
  });

  it('an action is done when its tab says so, or says why not', async () => {
    const { nodes } = rig();
    const [pausing, campaigning] = [
      outcome(nodes.act('B', 'B', 'pause')),
      outcome(nodes.act('B', 'B', 'campaign')),
    ];
    nodes.onActed(1, null);
    nodes.onActed(2, 'Only a voter can be elected.');
    expect([await pausing, await campaigning]).toEqual(['done', 'Only a voter can be elected.']);
  });

  it.each<[NodeAction, string]>([
    ['restart', 'done'],
    ['wipe', 'done'],
    ['pause', 'The connection to that tab was lost meanwhile. It may have done it.'],
  ])('the end of the connection is the answer to %s: %s', async (action, expected) => {
    const { nodes, connected } = rig();
    const acting = outcome(nodes.act('B', 'B', action));
    connected.clear();
    nodes.onPages();
    expect(await acting).toBe(expected);
  });

  it('who does not answer may be frozen, who has no connection is not asked', async () => {
    const { nodes } = rig();
    const acting = outcome(nodes.act('B', 'B', 'pause'));
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await acting).toMatch(/^The tab of B did not answer/);
    expect(await outcome(nodes.act('C', 'C', 'pause'))).toBe('There is no connection to the tab of C.');
  });

  it('carries out what another tab asks for, and answers also where it fails', async () => {
    const { nodes, sent, acted } = rig();
    await nodes.onAct('page-B', 7, 'pause');
    await nodes.onAct('page-B', 8, 'campaign');
    expect(acted).toEqual(['pause', 'campaign']);
    const answers = sent.map(([, message]) => message).filter(({ type }) => type === 'acted');
    expect(answers).toEqual([
      { type: 'acted', token: 7, problem: null },
      { type: 'acted', token: 8, problem: 'Only a voter can be elected.' },
    ]);
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
