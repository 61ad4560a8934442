import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { findMember, firstConfiguration } from '../../src/core/raft/configuration.ts';
import type { RaftOptions } from '../../src/core/raft/interface.ts';
import type { Configuration } from '../../src/core/raft/log-entry.ts';
import type { Progress } from '../../src/core/raft/progress.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';
import { command, configuration, CoreCluster, id, logOf } from '../support/core-cluster.ts';
import {
  answersTo,
  appendRequest,
  appliedAt,
  campaign,
  campaignUntilLeader,
  change,
  clusterOf,
  cutOff,
  entryOf,
  jointCluster,
  leaders,
  led,
  logIn,
  losing,
  ofType,
  onlyAmong,
  outcome,
  preVoteRequest,
  receive,
  record,
  voteRequest,
  votersAt,
} from './support/claims.ts';

/** Ongaro's dissertation, chapter 4: configuration changes. */

const CHANGES_FREELY: Rules = { ...RULES, mayChangeConfiguration: () => true };
const WITHOUT_PRE_VOTE: Rules = { ...RULES, asksBeforeCampaign: () => false };

/** Nothing is promoted by itself: there are as many voters as the cluster wants. */
const STILL: Partial<RaftOptions> = { targetVoters: 1 };

function withLearner(setup: { rules?: Rules; overrides?: Partial<RaftOptions> } = {}): CoreCluster {
  const cluster = led(clusterOf('ABC', { learners: 'D', overrides: STILL, ...setup }));
  cluster.request('A', command(1));
  cluster.settle();
  return cluster;
}

const isCaughtUp = (cluster: CoreCluster, name: string): Progress['isCaughtUp'] | undefined =>
  cluster.raft('A').leadership?.progress.get(id(name))?.isCaughtUp;

describe('§4.1 one change at a time', () => {
  it.each([
    ['adding a voter', change(['promote', 'D']), 'ABCD'],
    ['removing a voter', change(['remove', 'C']), 'AB'],
    ['removing a learner', change(['remove', 'D']), 'ABC'],
    ['adding a learner', change(['add-learner', 'E']), 'ABC'],
    ['demoting a voter', change(['demote', 'C']), 'AB'],
  ])(
    '§4.1: majorities before and after %s overlap, so it needs no joint configuration',
    (_, changes, voters) => {
      const cluster = withLearner();
      const request = cluster.request('A', changes);
      expect(configurationInForce(cluster.raft('A')).configuration.outgoing).toBeNull();
      cluster.settle();
      expect(outcome(cluster, 'A', request)).toBe('ok');
      expect(votersAt(cluster, 'B')).toBe(voters);
    },
  );

  it('§4.1: the new configuration is in force on each server as soon as it is in its log', () => {
    const cluster = withLearner();
    cluster.isLost = losing('appendResponse');
    cluster.request('A', change(['promote', 'D']));
    expect(votersAt(cluster, 'A')).toBe('ABCD');
    expect(votersAt(cluster, 'B')).toBe('ABC');
    cluster.settle();
    expect(votersAt(cluster, 'B')).toBe('ABCD');
    expect(cluster.raft('A').commitIndex).toBe(3);
  });

  it('§4.1: the entry that changes the configuration is committed by the new one', () => {
    const isCommitted = (present: string): boolean => {
      const cluster = withLearner();
      cluster.isLost = onlyAmong(present);
      cluster.request('A', change(['promote', 'D']));
      cluster.settle();
      return cluster.raft('A').commitIndex === 4;
    };
    // Three of four: what was a majority of three is not enough.
    expect([isCommitted('AB'), isCommitted('ABC'), isCommitted('ABD')]).toEqual([false, true, true]);
  });

  it('§4.1: the next change waits until the one before is committed', () => {
    const second = (rules?: Rules): string => {
      const cluster = withLearner(rules === undefined ? {} : { rules });
      cluster.isLost = () => true;
      cluster.request('A', change(['remove', 'C']));
      return outcome(cluster, 'A', cluster.request('A', change(['remove', 'D'])));
    };
    expect(second()).toBe('failed');
    expect(second(CHANGES_FREELY)).toBe('none');
  });

  it('§4.1: once it is committed, the next may follow', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    const second = cluster.request('A', change(['remove', 'D']));
    cluster.settle();
    expect(outcome(cluster, 'A', second)).toBe('ok');
    expect(votersAt(cluster, 'B')).toBe('AB');
  });

  it('§4.1: two overlapping changes without that rule make majorities that do not overlap', () => {
    // A removes C, then B and D: alone it is the majority of what is left, and B, C, D know nothing.
    const decides = (rules: Rules): string[] => {
      const cluster = withLearner({ rules });
      cluster.isLost = cutOff('A');
      cluster.request('A', change(['remove', 'C']));
      cluster.request('A', change(['remove', 'B']));
      cluster.settle();
      campaignUntilLeader(cluster, 'B');
      return leaders(cluster).filter((name) => cluster.raft(name).commitIndex >= 4);
    };
    expect(decides(RULES)).toEqual(['B']);
    expect(decides(CHANGES_FREELY)).toEqual(['A', 'B']);
  });

  it('§4.1: a configuration that is removed from the log gives way to the one before it', () => {
    const cluster = withLearner();
    cluster.isLost = onlyAmong('AC');
    cluster.request('A', change(['promote', 'D']));
    cluster.settle();
    expect(votersAt(cluster, 'C')).toBe('ABCD');
    answersTo(cluster, appendRequest('BC', 9, [3, 2], [entryOf(4, 9)], 3));
    expect(votersAt(cluster, 'C')).toBe('ABC');
    cluster.restart('C');
    expect(votersAt(cluster, 'C')).toBe('ABC');
  });

  it('§4.1: a server takes entries from a leader that its configuration does not name', () => {
    const cluster = new CoreCluster();
    cluster.add('X');
    const [first] = logOf(configuration('ABC', 'X'));
    if (first === undefined) throw new Error('a first entry');
    expect(answersTo(cluster, appendRequest('AX', 3, [0, 0], [first], 1))).toMatchObject([
      { type: 'appendResponse', result: { kind: 'accepted', matchIndex: 1 } },
    ]);
    expect(cluster.raft('X')).toMatchObject({ leader: id('A'), commitIndex: 1 });
  });

  it('§4.1: a server votes for a candidate that its configuration does not name', () => {
    const cluster = clusterOf('ABC');
    const answers = answersTo(cluster, voteRequest('XB', 5, [9, 4]));
    expect(ofType(answers, 'voteResponse')).toMatchObject([{ granted: true }]);
  });
});

describe('§4.1, the erratum of 2015', () => {
  it('§4.1 erratum: no change before an entry of the leader’s own term is committed', () => {
    const accepted = (rules?: Rules): string => {
      const cluster = clusterOf('ABC', { rules });
      cluster.isLost = losing('appendRequest');
      cluster.elect('A');
      return outcome(cluster, 'A', cluster.request('A', change(['remove', 'C'])));
    };
    expect(accepted()).toBe('failed');
    expect(accepted(CHANGES_FREELY)).toBe('none');
  });

  it('§4.1 erratum: once it is, the same change is taken', () => {
    const cluster = clusterOf('ABC');
    cluster.isLost = losing('appendRequest');
    cluster.elect('A');
    cluster.heal();
    cluster.tick(3, 'A');
    const request = cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  /**
   * The erratum's example: two leaders, each of which changes a configuration that the other does not
   * know. A adds E to A, B, C, D and reaches E alone; B, elected meanwhile, removes A and reaches C;
   * A, elected by D and E, replaces what B has committed.
   */
  function twoLeaders(rules?: Rules): CoreCluster {
    const cluster = led(clusterOf('ABCD', { learners: 'E', overrides: STILL, rules }));
    cluster.isLost = onlyAmong('AE');
    cluster.request('A', change(['promote', 'E']));
    cluster.settle();
    cluster.isLost = (message) => onlyAmong('BCD')(message) || message.type === 'appendRequest';
    campaign(cluster, 'B');
    cluster.request('B', change(['remove', 'A']));
    cluster.isLost = onlyAmong('BC');
    cluster.tick(3, 'B');
    cluster.restart('A');
    cluster.isLost = onlyAmong('ADE');
    campaignUntilLeader(cluster, 'A');
    cluster.tick(3, 'A');
    return cluster;
  }

  it('§4.1 erratum: its example: without that rule two servers apply different entries', () => {
    expect(appliedAt(twoLeaders(), 3)).toHaveLength(1);
    expect(appliedAt(twoLeaders(CHANGES_FREELY), 3)).toHaveLength(2);
  });

  it('§4.1 erratum: with it, B cannot remove A before D has an entry of B’s term, and A cannot win then', () => {
    const cluster = led(clusterOf('ABCD', { learners: 'E', overrides: STILL }));
    cluster.isLost = onlyAmong('AE');
    cluster.request('A', change(['promote', 'E']));
    cluster.settle();
    cluster.isLost = onlyAmong('BCD');
    campaign(cluster, 'B');
    const request = cluster.request('B', change(['remove', 'A']));
    cluster.settle();
    expect(outcome(cluster, 'B', request)).toBe('ok');
    cluster.restart('A');
    cluster.isLost = onlyAmong('ADE');
    campaignUntilLeader(cluster, 'A');
    expect(leaders(cluster)).toEqual(['B']);
    expect(appliedAt(cluster, 3)).toEqual([3]);
  });
});

describe('§4.2.1 catching new servers up', () => {
  it('§4.2.1: a server that joins is a learner at first', () => {
    const cluster = new CoreCluster();
    const first = firstConfiguration(id('A'), ['A', 'B', 'C']);
    const stored = { hardState: { term: 1, votedFor: null, commitIndex: 0 }, entries: logOf(first) };
    cluster.add('A', stored, STILL);
    cluster.tick();
    cluster.add('X', {}, STILL);
    cluster.input('X', { type: 'links', linked: [id('A')] });
    cluster.tick(10);
    const { members } = configurationInForce(cluster.raft('X')).configuration;
    expect(members.map(({ kind }) => kind)).toEqual(['voter', 'learner']);
    expect(logIn(cluster, 'X')).toEqual(logIn(cluster, 'A'));
  });

  it('§4.2.1: while it catches up, commands are committed without it', () => {
    const withNew = (kind: 'learner' | 'voter'): string => {
      const cluster =
        kind === 'voter' ? clusterOf('AX') : clusterOf('A', { learners: 'X', overrides: STILL });
      cluster.elect('A');
      cluster.isLost = cutOff('X');
      const request = cluster.request('A', command(1));
      cluster.settle();
      return outcome(cluster, 'A', request);
    };
    // As a voter it would hold everybody up.
    expect([withNew('learner'), withNew('voter')]).toEqual(['ok', 'none']);
  });

  it('§4.2.1: who has not caught up is not made a voter', () => {
    const cluster = withLearner();
    cluster.isLost = cutOff('D');
    cluster.request('A', command(2));
    cluster.tick(11, 'A', 'B', 'C');
    const request = cluster.request('A', change(['promote', 'D']));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('failed');
    expect(votersAt(cluster, 'A')).toBe('ABC');
  });

  it('§4.2.1: a round that takes longer than an election timeout leaves it behind, a quick one does not', () => {
    const after = (ticks: number): boolean | undefined => {
      const cluster = withLearner();
      cluster.isLost = cutOff('D');
      cluster.request('A', command(2));
      cluster.settle();
      cluster.tick(ticks, 'A', 'B', 'C');
      cluster.heal();
      cluster.tick(2, 'A');
      return isCaughtUp(cluster, 'D');
    };
    expect([after(2), after(30)]).toEqual([true, false]);
  });

  it('§4.2.1: a round is over when what was there at its begin is replicated, whatever has come since', () => {
    const cluster = withLearner({ overrides: { ...STILL, maxAppendBytes: 1, maxInflightAppends: 1 } });
    cluster.isLost = cutOff('D');
    for (let value = 0; value < 6; value += 1) cluster.request('A', command(value));
    cluster.tick(30, 'A', 'B', 'C');
    cluster.heal();
    cluster.tick(4, 'A');
    // The long round is over; the next one, short, makes it good.
    cluster.request('A', command(9));
    cluster.settle();
    cluster.request('A', command(10));
    cluster.settle();
    expect(isCaughtUp(cluster, 'D')).toBe(true);
  });

  it('§4.2.1: once it has caught up it becomes a voter, if the cluster wants more', () => {
    const cluster = clusterOf('AB', { learners: 'D', overrides: { targetVoters: 3 } });
    cluster.isLost = cutOff('D');
    led(cluster);
    cluster.tick(20, 'A', 'B');
    expect(votersAt(cluster, 'A')).toBe('AB');
    cluster.heal();
    cluster.tick(3);
    cluster.request('A', command(1));
    cluster.tick(3);
    expect(votersAt(cluster, 'D')).toBe('ABD');
  });

  it('§4.2.1: once it has caught up it becomes a voter, though nothing is written any more', () => {
    const cluster = clusterOf('AB', { learners: 'D', overrides: { targetVoters: 3 } });
    cluster.isLost = cutOff('D');
    led(cluster);
    cluster.tick(20, 'A', 'B');
    cluster.heal();
    // Its first round was a long one. Those after it have nothing to replicate, and are over at once.
    cluster.tick(20);
    expect(votersAt(cluster, 'D')).toBe('ABD');
  });

  it('§4.2.1: one that has caught up and fallen silent is not', () => {
    const cluster = led(clusterOf('AB', { learners: 'D', overrides: { targetVoters: 2 } }));
    cluster.request('A', command(2));
    cluster.settle();
    expect(isCaughtUp(cluster, 'D')).toBe(true);
    cluster.isLost = cutOff('D');
    cluster.tick(11, 'A', 'B');
    const request = cluster.request('A', change(['promote', 'D']));
    expect(outcome(cluster, 'A', request)).toBe('failed');
  });

  it('§4.2.1: a new server finds the leader’s log from its empty one in one step back', () => {
    const cluster = led(clusterOf('ABC', { overrides: STILL }));
    for (let value = 0; value < 12; value += 1) cluster.request('A', command(value));
    cluster.settle();
    cluster.add('X', {}, STILL);
    const seen = record(cluster);
    cluster.request('A', change(['add-learner', 'X']));
    cluster.settle();
    const rejected = ofType(seen, 'appendResponse').filter(({ result }) => result.kind === 'rejected');
    expect(rejected).toHaveLength(1);
    expect(logIn(cluster, 'X')).toEqual(logIn(cluster, 'A'));
  });
});

describe('§4.2.2 removing the leader', () => {
  it('§4.2.2: a leader that removes itself steps down once that is committed, no sooner', () => {
    const cluster = withLearner();
    cluster.isLost = losing('appendResponse');
    const request = cluster.request('A', change(['remove', 'A']));
    cluster.settle();
    expect([leaders(cluster), outcome(cluster, 'A', request)]).toEqual([['A'], 'none']);
    cluster.heal();
    cluster.tick(3, 'A');
    expect([leaders(cluster), outcome(cluster, 'A', request)]).toEqual([[], 'ok']);
    expect(cluster.raft('A').removed).toBe(true);
  });

  it('§4.2.2: until then it does not count itself for a majority', () => {
    const committed = (rules: Rules): boolean => {
      const cluster = withLearner({ rules });
      cluster.isLost = onlyAmong('AB');
      cluster.request('A', change(['remove', 'A']));
      cluster.settle();
      return cluster.raft('A').commitIndex === 4;
    };
    expect(committed(RULES)).toBe(false);
    // As if A were one of the two.
    const countsItself: Rules = {
      ...RULES,
      quorumIndex: (known: Configuration, matchIndexOf: (member: MemberId) => number) =>
        RULES.quorumIndex(known, (member) => Math.max(matchIndexOf(member), matchIndexOf(id('A')))),
    };
    expect(committed(countsItself)).toBe(true);
  });

  it('§4.2.2: a server that the newest configuration in its log leaves out may yet have to lead', () => {
    // A's log has its removal, B's does not: B needs A's vote, and A's log is the longer one.
    const cluster = led(clusterOf('AB', { overrides: STILL }));
    cluster.isLost = () => true;
    cluster.request('A', change(['remove', 'A']));
    cluster.settle();
    cluster.restart('A');
    cluster.heal();
    campaignUntilLeader(cluster, 'B');
    expect(cluster.raft('B').role).not.toBe('leader');
    cluster.tick(100);
    expect(leaders(cluster)).toEqual(['B']);
    expect(votersAt(cluster, 'B')).toBe('B');
    expect(cluster.raft('A').removed).toBe(true);
  });

  it('§4.2.2: once it is committed, it campaigns no more', () => {
    const cluster = withLearner({ rules: WITHOUT_PRE_VOTE });
    cluster.request('A', change(['remove', 'A']));
    cluster.settle();
    cluster.isLost = cutOff('A');
    const { term } = cluster.raft('A');
    cluster.tick(100, 'A');
    expect(cluster.raft('A')).toMatchObject({ term, role: 'follower' });
  });

  it('§4.2.2: the others elect one of their own after an election timeout', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'A']));
    cluster.tick(60);
    expect(leaders(cluster)).toHaveLength(1);
    expect(leaders(cluster)).not.toContain('A');
  });

  it('§4.2.2: a leader that becomes a learner steps down as well', () => {
    const cluster = withLearner();
    cluster.request('A', change(['demote', 'A']));
    cluster.settle();
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', removed: false });
    cluster.tick(60);
    expect(leaders(cluster)).not.toContain('A');
    expect(leaders(cluster)).toHaveLength(1);
  });
});

describe('§4.2.3 disruptive servers', () => {
  /** C is out, and does not know; it can speak and hears nothing. */
  const deaf = (rules: Rules): CoreCluster => {
    const cluster = withLearner({ rules });
    cluster.isLost = ({ to }) => to === id('C');
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    cluster.tick(200);
    return cluster;
  };

  it('§4.2.3: a removed server times out again and again, and deposes nobody for all that', () => {
    for (const rules of [RULES, WITHOUT_PRE_VOTE]) {
      const cluster = deaf(rules);
      expect(leaders(cluster)).toEqual(['A']);
      expect(cluster.raft('A').term).toBe(2);
    }
    const disturbed = deaf({ ...WITHOUT_PRE_VOTE, isLoyal: () => false });
    expect(disturbed.raft('A').term).toBeGreaterThan(2);
  });

  it('§4.2.3: asking first is not enough: a removed server’s log may be as good as any', () => {
    const disturbed = (rules: Rules): number => {
      const cluster = led(clusterOf('ABC', { overrides: STILL, rules }));
      // Its removal is in A's log alone, so that C's is as good as B's.
      cluster.isLost = (message) =>
        (message.to === id('C') && !['preVoteResponse', 'voteResponse'].includes(message.type)) ||
        (message.type === 'appendRequest' && message.from === id('A'));
      cluster.request('A', change(['remove', 'C']));
      cluster.tick(60, 'A', 'C');
      return Math.max(cluster.raft('A').term, cluster.raft('B').term);
    };
    expect(disturbed(RULES)).toBe(2);
    expect(disturbed({ ...RULES, isLoyal: () => false })).toBeGreaterThan(2);
  });

  it('§4.2.3: who hears from a leader neither votes nor takes the candidate’s term', () => {
    const cluster = led(clusterOf('ABC'));
    expect(answersTo(cluster, voteRequest('CB', 9, [9, 9]))).toEqual([]);
    expect(cluster.raft('B')).toMatchObject({ term: 2, leader: id('A') });
  });

  it('§4.2.3: a leader considers no candidate at all', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.tick(50, 'A', 'B');
    expect(answersTo(cluster, voteRequest('CA', 9, [9, 9]))).toEqual([]);
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§4.2.3: elections without a leader are not held up by it', () => {
    const cluster = led(clusterOf('ABC', { rules: WITHOUT_PRE_VOTE }));
    cluster.isLost = cutOff('A');
    cluster.tick(60);
    expect(leaders(cluster).filter((name) => name !== 'A')).toHaveLength(1);
  });

  it('§4.2.3: it does not hinder a transfer of leadership', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', { kind: 'transfer', to: id('B') });
    cluster.settle();
    expect(leaders(cluster)).toEqual(['B']);
  });

  it('§4.2.3: a removed server that asks for votes is told that it is out', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    cluster.tick(2, 'A');
    expect(answersTo(cluster, preVoteRequest('CB', 3, [3, 2]))).toMatchObject([
      { type: 'removedNotice', to: id('C') },
      { type: 'preVoteResponse', granted: false },
    ]);
  });

  it('§4.2.3: only a committed configuration says so', () => {
    const cluster = withLearner();
    cluster.isLost = onlyAmong('AB');
    cluster.request('A', change(['remove', 'C']));
    cluster.isLost = losing('appendResponse');
    cluster.settle();
    const answers = answersTo(cluster, preVoteRequest('CB', 3, [3, 2]));
    expect(ofType(answers, 'removedNotice')).toEqual([]);
  });

  it('§4.2.3: who is removed believes it, whatever a deposed leader left in its log', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('BC');
    for (let value = 0; value < 5; value += 1) cluster.request('A', command(value));
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    const uncommitted = configurationInForce(cluster.raft('A')).index;
    const notice = { type: 'removedNotice', from: id('B'), to: id('A'), term: 3 } as const;
    receive(cluster, { ...notice, configurationIndex: uncommitted - 2 });
    expect(cluster.raft('A').removed).toBe(true);
  });

  /** `name` is linked to all others, as its worker tells its core. */
  const link = (cluster: CoreCluster, name: string): void => {
    const others = [...cluster.nodes.keys()].filter((other) => other !== name);
    cluster.input(name, { type: 'links', linked: others.map(id) });
  };

  const kindAt = (cluster: CoreCluster, name: string, of: string): string | undefined =>
    findMember(configurationInForce(cluster.raft(name)).configuration, id(of))?.kind;

  it.each([
    ['', false],
    [', and has restarted since without knowing that it ever was one', true],
  ])(
    '§4.2.3: a learner that was removed while it was cut off is told so when it asks to join%s',
    (_, restarts) => {
      const cluster = led(clusterOf('ABC', { overrides: STILL }));
      cluster.request('A', change(['add-learner', 'D']));
      cluster.add('D', {}, STILL);
      cluster.isLost = ({ type, from }) => type === 'appendResponse' && from !== id('D');
      cluster.settle();
      cluster.heal();
      cluster.tick(20);
      // The entry that names it is on its disk, and not that this is committed.
      expect(kindAt(cluster, 'D', 'D')).toBe('learner');
      expect(cluster.node('D').disk.hardState?.commitIndex ?? 0).toBeLessThan(cluster.raft('D').commitIndex);
      cluster.isolate('D');
      cluster.request('A', change(['remove', 'D']));
      cluster.settle();
      if (restarts) cluster.restart('D');
      cluster.tick(40);
      cluster.heal();
      link(cluster, 'D');
      cluster.settle();
      expect(cluster.raft('D').removed).toBe(true);
      cluster.tick(40);
      expect(kindAt(cluster, 'A', 'D')).toBeUndefined();
    },
  );

  it('§4.2.3: who was added by an entry that was never committed may still join', () => {
    const cluster = led(clusterOf('ABC', { overrides: STILL }));
    cluster.add('D', {}, STILL);
    cluster.isLost = onlyAmong('AD');
    link(cluster, 'D');
    cluster.settle();
    expect(kindAt(cluster, 'D', 'D')).toBe('learner');
    // Another leader commits a configuration behind that entry.
    cluster.isLost = onlyAmong('BC');
    cluster.elect('B');
    cluster.request('B', command(1));
    cluster.request('B', change(['add-learner', 'E']));
    cluster.settle();
    expect(configurationInForce(cluster.raft('B')).index).toBeGreaterThan(
      configurationInForce(cluster.raft('D')).index,
    );
    cluster.isLost = onlyAmong('BCD');
    cluster.tick(40);
    expect(cluster.raft('D')).toMatchObject({ removed: false, leader: id('B') });
    expect(kindAt(cluster, 'B', 'D')).toBe('learner');
  });

  it('§4.2.3: nobody is told by a configuration that is not committed', () => {
    const cluster = withLearner();
    cluster.isLost = onlyAmong('A');
    cluster.request('A', change(['remove', 'D']));
    cluster.settle();
    expect(kindAt(cluster, 'A', 'D')).toBeUndefined();
    const ask = { type: 'joinRequest', from: id('D'), to: id('A'), term: 2, joiner: id('D') } as const;
    expect(ofType(answersTo(cluster, { ...ask, memberAt: 1 }), 'removedNotice')).toEqual([]);
  });

  it('§4.2.3: where the log is compacted, a former member is known by what it says', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'D']));
    cluster.settle();
    const ask = { type: 'joinRequest', from: id('X'), to: id('A'), term: 2, joiner: id('X') } as const;
    const told = (memberAt: number): number =>
      ofType(answersTo(cluster, { ...ask, memberAt }), 'removedNotice').length;
    expect([told(1), kindAt(cluster, 'A', 'X')]).toEqual([1, undefined]);
    expect([told(0), kindAt(cluster, 'A', 'X')]).toEqual([0, 'learner']);
  });

  it('§4.2.3: a request to join that comes late does not bring back who was removed meanwhile', () => {
    const cluster = led(clusterOf('ABC', { overrides: STILL }));
    cluster.add('D', {}, STILL);
    link(cluster, 'D');
    const late = ofType(cluster.network, 'joinRequest');
    cluster.settle();
    expect(kindAt(cluster, 'A', 'D')).toBe('learner');
    cluster.request('A', change(['remove', 'D']));
    cluster.settle();
    cluster.network.push(...late);
    cluster.settle();
    expect(kindAt(cluster, 'A', 'D')).toBeUndefined();
  });

  it('§4.2.3: a server that is being added again does not believe an older notice', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'D']));
    cluster.settle();
    const configurationIndex = configurationInForce(cluster.raft('A')).index;
    cluster.raft('D').removed = false; // as if it had heard nothing of that
    cluster.isLost = onlyAmong('AD');
    cluster.request('A', change(['add-learner', 'D']));
    cluster.settle();
    expect(configurationInForce(cluster.raft('D')).index).toBeGreaterThan(configurationIndex);
    expect(cluster.raft('D').commitIndex).toBeLessThan(configurationInForce(cluster.raft('D')).index);
    const notice = { type: 'removedNotice', from: id('A'), to: id('D'), configurationIndex } as const;
    receive(cluster, { ...notice, term: 2 });
    expect(cluster.raft('D').removed).toBe(false);
    // One of a later term knows what became of that entry.
    receive(cluster, { ...notice, term: 3 });
    expect(cluster.raft('D').removed).toBe(true);
  });

  it('§4.2.3: a server that was added again does not believe an older notice', () => {
    const cluster = withLearner();
    const configurationIndex = configurationInForce(cluster.raft('C')).index;
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    cluster.request('A', change(['add-learner', 'C']));
    cluster.settle();
    cluster.tick(3, 'A');
    expect(configurationInForce(cluster.raft('C')).index).toBeGreaterThan(configurationIndex);
    const notice = { from: id('B'), to: id('C'), term: 2, configurationIndex: configurationIndex + 1 };
    receive(cluster, { type: 'removedNotice', ...notice });
    expect(cluster.raft('C').removed).toBe(false);
  });
});

describe('§4.3 arbitrary changes', () => {
  it('§4.3: any number of voters may change in one step, through a joint configuration', () => {
    const cluster = led(clusterOf('ABC', { learners: 'DEF', overrides: STILL }));
    cluster.request('A', command(1));
    cluster.settle();
    const all = change(
      ['remove', 'B'],
      ['remove', 'C'],
      ['promote', 'D'],
      ['promote', 'E'],
      ['demote', 'A'],
      ['promote', 'F'],
    );
    const request = cluster.request('A', all);
    expect(votersAt(cluster, 'A')).toBe('DEF|ABC');
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
    cluster.tick(80);
    expect(votersAt(cluster, 'D')).toBe('DEF');
    expect(leaders(cluster)).toHaveLength(1);
    expect('DEF').toContain(leaders(cluster)[0]);
  });

  it('§4.3: while joint there is no further change', () => {
    const cluster = led(jointCluster('ABC', 'BCD', { overrides: STILL }));
    const request = cluster.request('A', change(['remove', 'B']));
    expect(outcome(cluster, 'A', request)).toBe('failed');
    expect(votersAt(cluster, 'A')).toBe('BCD|ABC');
  });

  it('§4.3: a leader that finds itself in a joint configuration leaves it once it may', () => {
    const left = (rules?: Rules): string => {
      const cluster = jointCluster('ABC', 'BCD', {
        overrides: STILL,
        ...(rules === undefined ? {} : { rules }),
      });
      cluster.isLost = losing('appendResponse');
      cluster.elect('A');
      cluster.tick(2, 'A');
      return votersAt(cluster, 'A');
    };
    // Not before it is committed, and in its own term.
    expect(left()).toBe('BCD|ABC');
    expect(left(CHANGES_FREELY)).toBe('BCD');
    const cluster = led(jointCluster('ABC', 'BCD', { overrides: STILL }));
    cluster.tick(2, 'A');
    expect(votersAt(cluster, 'B')).toBe('BCD');
  });

  it('§4.3: a change that makes no sense is refused whole', () => {
    const cluster = withLearner();
    const outcomes = [
      change(['promote', 'D'], ['remove', 'X']),
      change(['promote', 'B']),
      change(['demote', 'D']),
      change(['add-learner', 'B']),
      change(['remove', 'A'], ['remove', 'B'], ['remove', 'C']),
      change(),
    ].map((operation) => outcome(cluster, 'A', cluster.request('A', operation)));
    expect(outcomes).toEqual(Array(6).fill('failed'));
    expect(votersAt(cluster, 'A')).toBe('ABC');
    expect(cluster.raft('A').log.lastIndex).toBe(3);
  });

  it('§4.3: replacing one voter by another is such a change: at no point are there fewer voters', () => {
    const cluster = withLearner();
    const seen = new Set<string>();
    cluster.request('A', change(['demote', 'C'], ['promote', 'D']));
    for (let ticks = 0; ticks < 5; ticks += 1) {
      for (const name of 'ABCD') seen.add(votersAt(cluster, name));
      cluster.tick(1, 'A');
    }
    for (const name of 'ABCD') seen.add(votersAt(cluster, name));
    expect([...seen].sort()).toEqual(['ABC', 'ABD', 'ABD|ABC']);
  });

  it('§4.3: a voter that is long lost gives its place to a learner that has caught up', () => {
    const cluster = withLearner({ overrides: { ...STILL, targetVoters: 3, replaceVoterTicks: 50 } });
    cluster.isLost = cutOff('C');
    cluster.tick(45);
    expect(votersAt(cluster, 'A')).toBe('ABC');
    cluster.tick(20);
    expect(votersAt(cluster, 'A')).toBe('ABD');
    cluster.heal();
    cluster.tick(20);
    // It is demoted, not removed: it may come back.
    expect(votersAt(cluster, 'C')).toBe('ABD');
    expect(cluster.raft('C')).toMatchObject({ removed: false, role: 'follower' });
  });
});
