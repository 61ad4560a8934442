import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/core/raft/log-entry.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';
import { command, configuration, CoreCluster, id, logOf } from '../support/core-cluster.ts';

/** The claims of the extended Raft paper (Ongaro & Ousterhout 2014), by its sections. */

const leaders = (cluster: CoreCluster): string[] =>
  [...cluster.nodes].filter(([, { raft }]) => raft.role === 'leader').map(([name]) => name);
const terms = (cluster: CoreCluster, name: string): number[] =>
  cluster
    .raft(name)
    .log.range(2, cluster.raft(name).log.lastIndex)
    .map(({ term }) => term);
const reply = (cluster: CoreCluster, name: string, request: number): string =>
  cluster.node(name).replies.get(request)?.outcome ?? 'none';
const kinds = (entries: readonly Entry[]): string[] => entries.map(({ payload }) => payload.kind);

/** A cluster whose members have logs of their own: the terms of their entries after the first. */
function withLogs(logs: Record<string, number[]>, term: number, rules?: Rules): CoreCluster {
  const names = Object.keys(logs).join('');
  const cluster = new CoreCluster(rules);
  for (const [name, own] of Object.entries(logs)) {
    const entries = logOf(configuration(names), ...own);
    cluster.add(name, { hardState: { term, votedFor: null, commitIndex: 0 }, entries });
  }
  return cluster;
}

describe('§5.1 Raft basics', () => {
  it('servers begin as followers, and stay so as long as they hear from a leader', () => {
    const cluster = CoreCluster.of('ABC');
    expect([...cluster.nodes.values()].map(({ raft }) => raft.role)).toEqual(Array(3).fill('follower'));
    cluster.elect('A');
    cluster.tick(200);
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('A').term).toBe(2);
  });

  it('whoever sees a later term adopts it, and a leader or candidate becomes a follower', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const message = { from: id('B'), to: id('A'), term: 9, commitIndex: 0, readRound: 0 };
    cluster.input('A', { type: 'message', message: { type: 'heartbeat', ...message } });
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 9, leader: id('B') });
  });

  it('a request of an older term is rejected, and its sender told the current one', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const message = { from: id('B'), to: id('A'), term: 1, lastIndex: 9, lastTerm: 9, force: true };
    cluster.input('A', { type: 'message', message: { type: 'voteRequest', ...message } });
    expect(cluster.network).toMatchObject([{ type: 'voteResponse', to: id('B'), term: 2, granted: false }]);
    expect(leaders(cluster)).toEqual(['A']);
  });
});

describe('§5.2 Leader election', () => {
  it('a follower that hears nothing for an election timeout stands for election', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.tick(60);
    expect(leaders(cluster)).toHaveLength(1);
  });

  it('a candidate increments its term, votes for itself and asks everybody else', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.autoPersist = false;
    cluster.input('A', { type: 'campaign' });
    expect(cluster.raft('A')).toMatchObject({ term: 2, votedFor: id('A'), role: 'candidate' });
    cluster.persistOne('A');
    const asked = cluster.network.filter(({ type }) => type === 'voteRequest').map(({ to }) => to);
    expect(asked).toEqual([id('B'), id('C')]);
  });

  it('a majority of votes makes a leader, which tells everybody at once', () => {
    const cluster = CoreCluster.of('ABCDE');
    cluster.isLost = ({ to }) => to === id('D') || to === id('E');
    cluster.elect('A');
    expect(['B', 'C'].map((name) => cluster.raft(name).leader)).toEqual([id('A'), id('A')]);
  });

  it('without a majority nobody leads, however long it takes', () => {
    const cluster = CoreCluster.of('ABCDE');
    cluster.isLost = ({ from, to }) => !'AB'.includes(from.charAt(7)) || !'AB'.includes(to.charAt(7));
    cluster.tick(200);
    expect(leaders(cluster)).toEqual([]);
  });

  it('one vote a term, first come, first served, also across a restart', () => {
    const votes = (rules?: Rules): unknown[] => {
      const cluster = CoreCluster.of('ABC', [], rules);
      const ask = (from: string): unknown => {
        const message = { from: id(from), to: id('C'), term: 5, lastIndex: 1, lastTerm: 1, force: false };
        cluster.input('C', { type: 'message', message: { type: 'voteRequest', ...message } });
        cluster.persistOne('C');
        const answer = cluster.network.pop();
        return answer?.type === 'voteResponse' && answer.granted;
      };
      const first = ask('A');
      cluster.restart('C');
      return [first, ask('B'), ask('A')];
    };
    expect(votes()).toEqual([true, false, true]);
    expect(votes({ ...RULES, hasVoteToGive: () => true })).toEqual([true, true, true]);
  });

  it('a candidate that hears from a leader of its term follows it', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.input('A', { type: 'campaign' });
    const message = { from: id('B'), to: id('A'), term: 2, commitIndex: 0, readRound: 0 };
    cluster.input('A', { type: 'message', message: { type: 'heartbeat', ...message } });
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', leader: id('B'), term: 2 });
  });

  it('a candidate that hears from a leader of an older term does not', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.input('A', { type: 'campaign' });
    const message = { from: id('B'), to: id('A'), term: 1, commitIndex: 0, readRound: 0 };
    cluster.input('A', { type: 'message', message: { type: 'heartbeat', ...message } });
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', leader: null, term: 2 });
  });

  it('split votes end, since each timeout is drawn anew', () => {
    const cluster = CoreCluster.of('ABCD');
    for (const name of ['A', 'B']) cluster.input(name, { type: 'campaign' });
    const isBetweenHalves = (from: string, to: string): boolean => 'AC'.includes(from) !== 'AC'.includes(to);
    cluster.isLost = ({ from, to }) => isBetweenHalves(from.charAt(7), to.charAt(7));
    cluster.settle();
    expect(leaders(cluster)).toEqual([]);
    cluster.heal();
    cluster.tick(120);
    expect(leaders(cluster)).toHaveLength(1);
  });

  it('timeouts are drawn from the range given', () => {
    const drawn = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const { raft } = new CoreCluster().add('A', { entries: logOf(configuration('ABC')) }, { seed });
      drawn.add(raft.electionTimeoutTicks);
    }
    expect([Math.min(...drawn), Math.max(...drawn)]).toEqual([10, 20]);
  });
});

describe('§5.3 Log replication', () => {
  it('an entry is committed, applied and acknowledged once a majority has stored it', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = ({ to, from }) => to === id('C') || from === id('C');
    const request = cluster.request('A', command(7));
    cluster.settle();
    expect(reply(cluster, 'A', request)).toBe('ok');
    expect(cluster.node('A').applied.at(-1)).toMatchObject({ index: 3, payload: { kind: 'command' } });
  });

  it('the leader repeats itself to a follower that lost something, until it has it all', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = ({ type, to }) => type === 'appendRequest' && to === id('C');
    for (let value = 1; value <= 5; value += 1) cluster.request('A', command(value));
    cluster.settle();
    expect(cluster.raft('C').log.lastIndex).toBe(2);
    cluster.heal();
    cluster.tick(10);
    expect(cluster.raft('C').commitIndex).toBe(7);
  });

  it('an append that does not follow on the log is refused (the consistency check)', () => {
    const cluster = CoreCluster.of('ABC');
    const message = { from: id('B'), to: id('A'), term: 2, prevIndex: 5, prevTerm: 2, commitIndex: 5 };
    cluster.input('A', { type: 'message', message: { type: 'appendRequest', ...message, entries: [] } });
    cluster.persistOne('A');
    expect(cluster.network).toMatchObject([{ type: 'appendResponse', result: { kind: 'rejected' } }]);
    expect(cluster.raft('A').commitIndex).toBe(0);
  });

  it('a leader never overwrites or removes entries of its own log', () => {
    const cluster = withLogs({ A: [2, 2], B: [2, 2, 3], C: [2, 2] }, 3);
    cluster.elect('A');
    cluster.tick(20);
    expect(terms(cluster, 'A').slice(0, 2)).toEqual([2, 2]);
    expect(terms(cluster, 'B')).toEqual(terms(cluster, 'A'));
  });

  it('what follows the last matching entry is replaced by the leader’s', () => {
    const cluster = withLogs({ A: [2, 4], B: [2, 3, 3, 3], C: [2, 4] }, 4);
    cluster.elect('A');
    cluster.tick(20);
    expect(terms(cluster, 'B')).toEqual(terms(cluster, 'A'));
    expect(terms(cluster, 'A')).toEqual([2, 4, 5]);
  });

  it('Figure 7: followers (a) to (f) come to agree with the leader of term 8', () => {
    const logs = {
      L: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6],
      A: [1, 1, 1, 4, 4, 5, 5, 6, 6],
      B: [1, 1, 1, 4],
      C: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      D: [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      E: [1, 1, 1, 4, 4, 4, 4],
      F: [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    const cluster = withLogs(logs, 7);
    cluster.elect('L');
    cluster.tick(40);
    for (const name of 'ABCDEF') expect(terms(cluster, name), name).toEqual([...logs.L, 8]);
    expect(cluster.raft('F').commitIndex).toBe(12);
  });
});

describe('§5.4 Safety', () => {
  it('§5.4.1: a voter refuses whose log is less up-to-date than its own', () => {
    const cluster = withLogs({ A: [2], B: [2, 3], C: [2, 3] }, 3);
    cluster.input('A', { type: 'campaign' });
    cluster.settle();
    expect(leaders(cluster)).toEqual([]);
    const longer = withLogs({ A: [2, 2, 2], B: [2, 3], C: [2, 3] }, 3);
    longer.input('A', { type: 'campaign' });
    longer.settle();
    expect(leaders(longer)).toEqual([]);
  });

  /** Figure 8 up to (c): A, leading term 4, has its entry of term 2 on a majority; E has one of term 3. */
  function figure8(rules?: Rules): CoreCluster {
    const cluster = withLogs({ A: [2], B: [2], C: [], D: [], E: [3] }, 3, rules);
    cluster.isLost = ({ to, from }) => 'DE'.includes(to.charAt(7)) || 'DE'.includes(from.charAt(7));
    cluster.input('A', { type: 'campaign' });
    cluster.settle();
    cluster.network = [];
    return cluster;
  }

  it('§5.4.2, Figure 8 (c): an entry of an older term is not committed by counting replicas', () => {
    const run = (rules?: Rules): number => {
      const cluster = withLogs({ A: [2], B: [2], C: [], D: [], E: [3] }, 3, rules);
      cluster.isLost = ({ type, to }) => type === 'appendRequest' || 'DE'.includes(to.charAt(7));
      cluster.elect('A');
      // A leads term 4; its entry of term 2 is by now on B and C as well, that of term 4 is not.
      for (const name of 'BC') {
        const result = { kind: 'accepted' as const, matchIndex: 2 };
        const message = { type: 'appendResponse' as const, from: id(name), to: id('A'), term: 4, result };
        cluster.input('A', { type: 'message', message });
      }
      return cluster.raft('A').commitIndex;
    };
    expect(run()).toBe(0);
    expect(run({ ...RULES, mayCommit: (reached, _, commitIndex) => reached > commitIndex })).toBe(2);
  });

  it('§5.4.2, Figure 8 (d): so it may still be replaced', () => {
    const cluster = withLogs({ A: [2], B: [2], C: [2], D: [], E: [3] }, 4);
    cluster.isolate('A');
    cluster.input('E', { type: 'campaign' });
    cluster.settle();
    expect(leaders(cluster)).toEqual(['E']);
    for (const name of 'BCD') expect(terms(cluster, name)).toEqual([3, 5]);
  });

  it('§5.4.2, Figure 8 (e): with an entry of term 4 on a majority, both are committed, and E cannot win', () => {
    const cluster = figure8();
    expect(terms(cluster, 'A')).toEqual([2, 4]);
    expect(cluster.raft('A').commitIndex).toBe(3);
    cluster.isolate('A');
    cluster.input('E', { type: 'campaign' });
    cluster.settle();
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§5.4.3: a committed entry is in the log of every later leader', () => {
    const cluster = CoreCluster.of('ABCDE');
    cluster.elect('A');
    const request = cluster.request('A', command(1));
    cluster.settle();
    expect(reply(cluster, 'A', request)).toBe('ok');
    for (const name of 'BCDE') {
      cluster.isolate(...Array.from('ABCDE').filter((other) => other < name));
      cluster.tick(80);
      const [leader] = leaders(cluster).filter((other) => other >= name);
      if (leader !== undefined) expect(cluster.raft(leader).log.at(3)).toMatchObject({ term: 2 });
    }
  });
});

describe('§5.5 and §5.6 Crashes and timing', () => {
  it('messages may come twice: a second copy changes nothing', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.request('A', command(1));
    const copies = cluster.network.map((message) => ({ ...message }));
    cluster.settle();
    const before = terms(cluster, 'B');
    for (const message of copies)
      cluster.input(message.to === id('B') ? 'B' : 'C', { type: 'message', message });
    cluster.settle();
    expect(terms(cluster, 'B')).toEqual(before);
    expect(cluster.raft('B').commitIndex).toBe(3);
  });

  it('a follower that crashed is brought up to date when it is back', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('C');
    for (let value = 0; value < 9; value += 1) cluster.request('A', command(value));
    cluster.settle();
    cluster.restart('C');
    cluster.heal();
    cluster.tick(10);
    expect(cluster.raft('C').appliedIndex).toBe(11);
  });
});

describe('§6 Cluster membership changes', () => {
  const change = (...changes: ['promote' | 'demote' | 'remove' | 'add-learner', string][]) =>
    ({ kind: 'change', changes: changes.map(([kind, name]) => ({ kind, id: id(name) })) }) as const;

  function withLearner(rules?: Rules): CoreCluster {
    const cluster = new CoreCluster(rules);
    for (const name of 'ABCD') {
      const hardState = { term: 1, votedFor: null, commitIndex: 0 };
      cluster.add(name, { hardState, entries: logOf(configuration('ABC', 'D')) });
    }
    cluster.elect('A');
    cluster.request('A', command(1));
    cluster.settle();
    return cluster;
  }

  it('a server uses the newest configuration in its log, committed or not', () => {
    const cluster = withLearner();
    cluster.isolate('A');
    cluster.request('A', change(['remove', 'D']));
    expect(configurationInForce(cluster.raft('A')).configuration.members).toHaveLength(3);
    expect(cluster.raft('A').commitIndex).toBeLessThan(configurationInForce(cluster.raft('A')).index);
  });

  it('a joint configuration is entered, committed and left on the leader’s own initiative', () => {
    const cluster = withLearner();
    const request = cluster.request('A', change(['demote', 'C'], ['promote', 'D']));
    expect(configurationInForce(cluster.raft('A')).configuration.outgoing).not.toBeNull();
    cluster.settle();
    cluster.tick(3);
    expect(reply(cluster, 'A', request)).toBe('ok');
    const { configuration: left } = configurationInForce(cluster.raft('B'));
    expect(left.outgoing).toBeNull();
    expect(left.members.filter(({ kind }) => kind === 'voter').map(({ name }) => name)).toEqual([
      'A',
      'B',
      'D',
    ]);
  });

  it('while joint, both majorities must agree, separately', () => {
    const run = (rules?: Rules): number => {
      const cluster = withLearner(rules);
      // Of the new voters A, D a majority hears the leader; of the old ones A, B, C it does not.
      cluster.isLost = ({ to, from }) => 'BC'.includes(to.charAt(7)) || 'BC'.includes(from.charAt(7));
      cluster.request('A', change(['demote', 'C'], ['promote', 'D']));
      cluster.settle();
      return cluster.raft('A').commitIndex;
    };
    const joint = 4;
    expect(run()).toBeLessThan(joint);
    const half = {
      ...RULES,
      electorates: (known: Parameters<Rules['electorates']>[0]) => RULES.electorates(known).slice(0, 1),
    };
    expect(run(half)).toBeGreaterThanOrEqual(joint);
  });

  it('a leader that is not in the new configuration steps down once that is committed', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'A']));
    cluster.settle();
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', removed: true });
    cluster.tick(60);
    expect(leaders(cluster)).toHaveLength(1);
    const stays = withLearner({ ...RULES, leavesWhenRemoved: () => false });
    stays.request('A', change(['remove', 'A']));
    stays.settle();
    expect(leaders(stays)).toEqual(['A']);
  });

  it('non-voting members get the log and do not count', () => {
    const cluster = withLearner();
    expect(cluster.raft('D').commitIndex).toBe(3);
    cluster.isLost = ({ to, from }) => 'BC'.includes(to.charAt(7)) || 'BC'.includes(from.charAt(7));
    const request = cluster.request('A', command(2));
    cluster.settle();
    expect(reply(cluster, 'A', request)).toBe('none');
  });

  it('removed servers cannot depose a leader that others hear from', () => {
    const cluster = withLearner();
    cluster.isLost = ({ to, type }) => to === id('C') && type !== 'preVoteResponse';
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    const { term } = cluster.raft('A');
    cluster.tick(200);
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('A').term).toBe(term);
  });
});

describe('§7 Log compaction', () => {
  function compacted(entries: number): CoreCluster {
    const cluster = new CoreCluster();
    for (const name of 'ABC') {
      const hardState = { term: 1, votedFor: null, commitIndex: 0 };
      const stored = { hardState, entries: logOf(configuration('ABC')) };
      cluster.add(name, stored, {
        snapshotEntries: 5,
        retainedEntries: 0,
        maxAppendBytes: 3,
        maxPendingRequests: 99,
      });
    }
    cluster.elect('A');
    cluster.isolate('C');
    for (let value = 0; value < entries; value += 1) cluster.request('A', command(value));
    cluster.settle();
    return cluster;
  }

  it('each server takes snapshots by itself, of what is committed, and discards the log they cover', () => {
    const cluster = compacted(12);
    for (const name of 'AB') {
      const { snapshot, log, commitIndex } = cluster.raft(name);
      expect(snapshot?.metadata.index).toBeGreaterThan(5);
      expect(snapshot?.metadata.index).toBeLessThanOrEqual(commitIndex);
      expect(log.firstIndex).toBe((snapshot?.metadata.index ?? 0) + 1);
    }
  });

  it('a snapshot knows its last index and term, and the configuration as of then', () => {
    const metadata = compacted(12).raft('A').snapshot?.metadata;
    expect(metadata).toMatchObject({ term: 2, configurationIndex: 1, configuration: { namesAssigned: 3 } });
  });

  it('a follower that lacks what is discarded is sent the snapshot, in parts, and follows on', () => {
    const cluster = compacted(12);
    cluster.heal();
    cluster.tick(30);
    expect(cluster.node('C').restored?.metadata.index).toBe(cluster.raft('C').snapshot?.metadata.index);
    expect(cluster.raft('C').commitIndex).toBe(cluster.raft('A').commitIndex);
  });

  it('a server that restarts comes back from its snapshot and the log behind it', () => {
    const cluster = compacted(12);
    const { snapshot, commitIndex } = cluster.raft('B');
    cluster.restart('B');
    expect(cluster.raft('B').commitIndex).toBeGreaterThanOrEqual(snapshot?.metadata.index ?? 0);
    cluster.tick(5);
    expect(cluster.raft('B').commitIndex).toBe(commitIndex);
    expect(cluster.node('B').restored?.metadata.index).toBe(snapshot?.metadata.index);
  });

  it('a snapshot that describes a prefix of the log changes nothing', () => {
    const cluster = compacted(12);
    const { snapshot } = cluster.raft('A');
    if (snapshot === null) throw new Error('A has a snapshot');
    const { metadata, data } = snapshot;
    const before = cluster.raft('B').log.lastIndex;
    const message = { from: id('A'), to: id('B'), term: 2, metadata, offset: 0, part: data };
    cluster.input('B', { type: 'message', message: { type: 'snapshotRequest', ...message } });
    expect(cluster.node('B').restored).toBeNull();
    expect(cluster.raft('B').log.lastIndex).toBe(before);
  });
});

describe('§8 Client interaction', () => {
  it('a server that does not lead hands what it is asked on to the leader', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('B', command(4));
    cluster.settle();
    expect(reply(cluster, 'B', request)).toBe('ok');
  });

  it('a new leader begins with an entry of its term that does nothing', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('B');
    expect(kinds(cluster.raft('B').log.range(2, 9))).toEqual(['noop']);
  });

  it('a read waits until an entry of the leader’s term is committed', () => {
    const run = (rules?: Rules): string => {
      const cluster = CoreCluster.of('ABC', [], rules);
      cluster.isLost = ({ type }) => type === 'appendResponse';
      cluster.elect('A');
      const request = cluster.request('A', { kind: 'read' });
      cluster.settle();
      return reply(cluster, 'A', request);
    };
    expect(run()).toBe('none');
    expect(run({ ...RULES, mayServeReads: () => true })).toBe('ok');
  });

  it('a leader answers no read before a majority has confirmed that it leads', () => {
    const run = (rules?: Rules): string => {
      const cluster = CoreCluster.of('ABC', [], rules);
      cluster.elect('A');
      cluster.isolate('A');
      const request = cluster.request('A', { kind: 'read' });
      cluster.settle();
      return reply(cluster, 'A', request);
    };
    expect(run()).toBe('none');
    expect(run({ ...RULES, isReadConfirmed: () => true })).toBe('ok');
  });
});
