import { describe, expect, it } from 'vitest';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, CoreCluster } from '../support/core-cluster.ts';
import {
  accepted,
  appendRequest,
  campaignUntilLeader,
  clusterOf,
  cutOff,
  entryOf,
  heartbeat,
  leaders,
  led,
  logIn,
  ofType,
  outcome,
  receive,
  taken,
} from './support/claims.ts';

/** Ongaro's dissertation, §10.2.1: the leader's disk works in parallel with its followers'. */

/** From here on, nothing is durable before the test says so. A has just been asked for something. */
function slow(voters = 'ABC', rules?: Rules): { cluster: CoreCluster; request: number } {
  const cluster = led(clusterOf(voters, { rules }));
  cluster.autoPersist = false;
  return { cluster, request: cluster.request('A', command(1)) };
}

function persist(cluster: CoreCluster, names: string): void {
  for (const name of names) while (cluster.node(name).writes.length > 0) cluster.persistOne(name);
  cluster.settle();
}

const COUNTS_MEMORY: Rules = { ...RULES, ownMatchIndex: (_, lastIndex) => lastIndex };
const WAITS_FOR_NOTHING: Rules = { ...RULES, durableBefore: () => 'nothing' };

describe('§10.2.1 writing in parallel', () => {
  it('§10.2.1: the leader sends an entry at once, while its own write is under way', () => {
    const sent = (rules?: Rules): number => {
      const { cluster } = slow('ABC', rules);
      expect(cluster.node('A').writes.flatMap(({ entries }) => entries.map(({ index }) => index))).toEqual([
        3,
      ]);
      return ofType(cluster.network, 'appendRequest').length;
    };
    expect(sent()).toBe(2);
    expect(sent({ ...RULES, durableBefore: () => 'log' })).toBe(0);
  });

  it('§10.2.1: it writes and sends in the same turn, the write first', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.autoPersist = false;
    const effects = cluster.input('A', { type: 'request', request: 99, operation: command(1) });
    expect(effects.map(({ type }) => type)).toEqual(['persist', 'send', 'send']);
  });

  it('§10.2.1: an entry may be committed before the leader has it on its own disk', () => {
    const { cluster, request } = slow();
    cluster.settle();
    persist(cluster, 'BC');
    expect(cluster.raft('A')).toMatchObject({ commitIndex: 3, durableIndex: 2, appliedIndex: 3 });
    expect(cluster.node('A').writes).not.toEqual([]);
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it.each([
    ['ABC', 'B', 'A', 3],
    ['ABC', 'A', 'B', 3],
    ['ABCDE', 'BC', 'A', 3],
    ['ABCDE', 'AB', 'C', 3],
    ['ABCD', 'BC', 'D', 3],
  ])(
    '§10.2.1: of %s, %s have it on disk: one more (%s) is what it takes',
    (voters, before, last, commitIndex) => {
      const { cluster } = slow(voters);
      cluster.settle();
      persist(cluster, before);
      expect(cluster.raft('A').commitIndex).toBe(2);
      persist(cluster, last);
      expect(cluster.raft('A').commitIndex).toBe(commitIndex);
    },
  );

  it('§10.2.1: the leader counts itself only for what is durable', () => {
    const committed = (rules?: Rules): number => {
      const { cluster } = slow('ABC', rules);
      cluster.settle();
      persist(cluster, 'B');
      return cluster.raft('A').commitIndex;
    };
    expect(committed()).toBe(2);
    expect(committed(COUNTS_MEMORY)).toBe(3);
  });

  it('§10.2.1: for who counts on its memory may lose what it said was done', () => {
    const survives = (rules?: Rules): boolean => {
      const { cluster, request } = slow('ABC', rules);
      cluster.isLost = cutOff('C');
      cluster.settle();
      persist(cluster, 'B');
      const wasDone = outcome(cluster, 'A', request) === 'ok';
      // A crashes, and B is gone for a while: A and C go on with what they have.
      cluster.restart('A');
      cluster.autoPersist = true;
      cluster.isLost = cutOff('B');
      campaignUntilLeader(cluster, 'A');
      expect(leaders(cluster)).toEqual(['A']);
      const hasIt = logIn(cluster, 'A').some(({ payload }) => payload.kind === 'command');
      return hasIt || !wasDone;
    };
    expect(survives()).toBe(true);
    expect(survives(COUNTS_MEMORY)).toBe(false);
  });

  it('§10.2.1: a leader that is its only voter commits by its own disk alone', () => {
    const { cluster } = slow('A');
    cluster.settle();
    expect(cluster.raft('A').commitIndex).toBe(2);
    persist(cluster, 'A');
    expect(cluster.raft('A').commitIndex).toBe(3);
  });

  it('§10.2.1: a write reported late counts for all it carried', () => {
    const cluster = led(clusterOf('A'));
    cluster.autoPersist = false;
    for (let value = 0; value < 4; value += 1) cluster.request('A', command(value));
    const { writes } = cluster.node('A');
    expect(writes).toHaveLength(4);
    cluster.input('A', { type: 'persisted', sequence: writes[2]?.sequence ?? 0 });
    expect(cluster.raft('A').commitIndex).toBe(5);
    cluster.input('A', { type: 'persisted', sequence: writes[3]?.sequence ?? 0 });
    expect(cluster.raft('A').commitIndex).toBe(6);
  });

  it('§10.2.1: an entry that the leader lost by a crash comes back from the majority that has it', () => {
    const { cluster, request } = slow();
    cluster.settle();
    persist(cluster, 'BC');
    expect(outcome(cluster, 'A', request)).toBe('ok');
    cluster.restart('A');
    expect(cluster.raft('A').log.lastIndex).toBe(2);
    cluster.autoPersist = true;
    campaignUntilLeader(cluster, 'A');
    expect(leaders(cluster)).toEqual([]);
    campaignUntilLeader(cluster, 'B');
    cluster.tick(3, 'B');
    expect(cluster.raft('A').log.at(3)).toEqual(cluster.raft('B').log.at(3));
  });
});

describe('§10.2.1 what still has to wait', () => {
  it('§10.2.1: a follower acknowledges only what is durable', () => {
    const answered = (rules?: Rules): number => {
      const cluster = clusterOf('ABC', { rules });
      cluster.autoPersist = false;
      receive(cluster, heartbeat('AB', 1));
      receive(cluster, appendRequest('AB', 1, [1, 1], [entryOf(2, 1)]));
      return ofType(taken(cluster), 'appendResponse').length;
    };
    expect(answered()).toBe(0);
    expect(answered(WAITS_FOR_NOTHING)).toBe(1);
  });

  it('§10.2.1: an acknowledgement of what was there before waits for the writes under way as well', () => {
    const cluster = clusterOf('ABC');
    cluster.autoPersist = false;
    const append = appendRequest('AB', 1, [1, 1], [entryOf(2, 1)]);
    receive(cluster, append);
    receive(cluster, append);
    expect(ofType(taken(cluster), 'appendResponse')).toEqual([]);
    cluster.persistOne('B');
    expect(ofType(taken(cluster), 'appendResponse')).toEqual([accepted('BA', 1, 2), accepted('BA', 1, 2)]);
  });

  it('§10.2.1: a candidate’s own vote counts once it is durable', () => {
    const cluster = clusterOf('A');
    cluster.autoPersist = false;
    cluster.input('A', { type: 'campaign' });
    expect(cluster.raft('A').role).toBe('candidate');
    cluster.persistOne('A');
    expect(cluster.raft('A').role).toBe('leader');
  });

  it('§10.2.1: a new leader’s first entry leaves before it is durable, its vote requests do not', () => {
    const cluster = clusterOf('ABC');
    cluster.autoPersist = false;
    cluster.input('A', { type: 'campaign' });
    expect(cluster.network).toEqual([]);
    cluster.persistOne('A');
    expect(ofType(taken(cluster), 'voteRequest')).toHaveLength(2);
    receive(cluster, {
      type: 'voteResponse',
      from: cluster.raft('B').id,
      to: cluster.raft('A').id,
      term: 2,
      granted: true,
    });
    expect(ofType(taken(cluster), 'appendRequest')).toHaveLength(2);
    expect(cluster.node('A').writes).toHaveLength(1);
  });

  it('§10.2.1: a write that completes after its entries were replaced proves nothing', () => {
    const cluster = new CoreCluster();
    for (const [name, node] of clusterOf('AB').nodes) cluster.add(name, node.disk);
    cluster.autoPersist = false;
    receive(cluster, appendRequest('BA', 2, [1, 1], [entryOf(2, 2)]));
    receive(cluster, appendRequest('BA', 3, [1, 1], [entryOf(2, 3)]));
    cluster.persistOne('A');
    expect(cluster.raft('A').durableIndex).toBe(1);
    cluster.persistOne('A');
    expect(cluster.raft('A').durableIndex).toBe(2);
    expect(cluster.node('A').disk.entries.map(({ term }) => term)).toEqual([1, 3]);
  });
});
