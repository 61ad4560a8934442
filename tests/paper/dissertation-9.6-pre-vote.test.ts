import { describe, expect, it } from 'vitest';
import type { PreVoteRequest, PreVoteResponse } from '../../src/core/raft/message.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  answersTo,
  clusterOf,
  cutOff,
  heartbeat,
  jointCluster,
  leaders,
  led,
  losing,
  ofType,
  onlyAmong,
  preVoteRequest,
  receive,
  record,
  taken,
  voteRequest,
  withLogs,
} from './support/claims.ts';

/** Ongaro's dissertation, §9.6: asking before a campaign whether it could be won. */

const WITHOUT_PRE_VOTE: Rules = { ...RULES, asksBeforeCampaign: () => false };
const granted = (cluster: CoreCluster, request: PreVoteRequest): boolean[] =>
  ofType(answersTo(cluster, request), 'preVoteResponse').map((answer) => answer.granted);
const preVoteResponse = (from: string, term: number, isGranted = true): PreVoteResponse => ({
  type: 'preVoteResponse',
  from: id(from),
  to: id('A'),
  term,
  granted: isGranted,
});

/** A’s timeout has passed; nobody else’s, and nothing is delivered. */
function asking(voters = 'ABC', rules?: Rules): CoreCluster {
  const cluster = clusterOf(voters, { rules, overrides: { electionTimeoutTicks: [10, 10] } });
  cluster.isLost = () => true;
  cluster.tick(10, 'A');
  return cluster;
}

describe('§9.6 the candidate', () => {
  it('§9.6: whoever times out asks first, and keeps its term and vote', () => {
    const cluster = clusterOf('ABC', { overrides: { electionTimeoutTicks: [10, 10] } });
    for (let ticks = 0; ticks < 10; ticks += 1) cluster.input('A', { type: 'tick' });
    expect(taken(cluster)).toEqual([preVoteRequest('AB', 2, [1, 1]), preVoteRequest('AC', 2, [1, 1])]);
    expect(cluster.raft('A')).toMatchObject({ role: 'preCandidate', term: 1, votedFor: null });
    expect(asking('ABC', WITHOUT_PRE_VOTE).raft('A')).toMatchObject({ role: 'candidate', term: 2 });
  });

  it('§9.6: once a majority would vote for it, it campaigns', () => {
    const cluster = asking('ABCDE');
    receive(cluster, preVoteResponse('B', 2));
    expect(cluster.raft('A')).toMatchObject({ role: 'preCandidate', term: 1 });
    receive(cluster, preVoteResponse('C', 2));
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', term: 2, votedFor: id('A') });
  });

  it('§9.6: an answer that comes twice counts once', () => {
    const cluster = asking('ABCDE');
    for (let times = 0; times < 4; times += 1) receive(cluster, preVoteResponse('B', 2));
    expect(cluster.raft('A').role).toBe('preCandidate');
  });

  it('§9.6: what was granted for another term does not count', () => {
    const role = (rules?: Rules): string => {
      const cluster = asking('ABC', rules);
      receive(cluster, preVoteResponse('B', 1));
      return cluster.raft('A').role;
    };
    expect(role()).toBe('preCandidate');
    expect(role({ ...RULES, countsVote: () => true })).toBe('candidate');
  });

  it('§9.6: pre-votes are no votes: the election itself is still to be won', () => {
    const cluster = asking();
    receive(cluster, preVoteResponse('B', 2));
    receive(cluster, preVoteResponse('C', 2));
    while (cluster.node('A').writes.length > 0) cluster.persistOne('A');
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', votes: [{ voter: id('A') }] });
  });

  it('§9.6: a refusal with a later term makes it known', () => {
    const cluster = asking();
    receive(cluster, preVoteResponse('B', 7, false));
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 7 });
  });

  it('§9.6: a leader that is heard from ends it', () => {
    const cluster = asking();
    receive(cluster, heartbeat('BA', 1));
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 1, leader: id('B') });
    receive(cluster, preVoteResponse('B', 2));
    receive(cluster, preVoteResponse('C', 2));
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 1 });
  });

  it('§9.6: without an answer it asks again after a timeout, in the same term', () => {
    const cluster = asking();
    const seen = record(cluster);
    cluster.tick(10, 'A');
    expect(ofType(seen, 'preVoteRequest').map(({ term }) => term)).toEqual([2, 2]);
    expect(cluster.raft('A').term).toBe(1);
  });

  it('§9.6: while joint it needs a majority of each configuration', () => {
    const roleWith = (voters: string, rules?: Rules): string => {
      const cluster = jointCluster('ABC', 'DEF', { overrides: { electionTimeoutTicks: [10, 10] }, rules });
      cluster.isLost = () => true;
      cluster.tick(10, 'A');
      for (const voter of voters) receive(cluster, preVoteResponse(voter, 2));
      return cluster.raft('A').role;
    };
    expect([roleWith('BC'), roleWith('BCD'), roleWith('DEF'), roleWith('BDE')]).toEqual([
      'preCandidate',
      'preCandidate',
      'preCandidate',
      'candidate',
    ]);
    expect(roleWith('BC', { ...RULES, electorates: (known) => RULES.electorates(known).slice(-1) })).toBe(
      'candidate',
    );
  });
});

describe('§9.6 the voter', () => {
  it('§9.6: it says yes where it would vote: the log is as up-to-date as its own', () => {
    const answers = (rules?: Rules): boolean[] =>
      (
        [
          [3, 2],
          [9, 1],
          [2, 2],
          [2, 3],
        ] as const
      ).flatMap((end) =>
        granted(withLogs({ A: [2, 2], B: [], C: [] }, 3, { rules }), preVoteRequest('BA', 4, end)),
      );
    expect(answers()).toEqual([true, false, false, true]);
    expect(answers({ ...RULES, isUpToDate: () => true })).toEqual([true, true, true, true]);
  });

  it('§9.6: and where it has heard from no leader for an election timeout', () => {
    const answer = (ticks: number, rules?: Rules): boolean[] => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.isLost = cutOff('A');
      cluster.tick(ticks, 'B');
      return granted(cluster, preVoteRequest('CB', 3, [2, 2]));
    };
    expect([...answer(0), ...answer(9), ...answer(10)]).toEqual([false, false, true]);
    expect(answer(0, { ...RULES, isLoyal: () => false })).toEqual([true]);
  });

  it('§9.6: a leader says no', () => {
    const cluster = led(clusterOf('ABC'));
    expect(granted(cluster, preVoteRequest('CA', 9, [9, 9]))).toEqual([false]);
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§9.6: and for a term that is not ahead of its own, no', () => {
    const cluster = withLogs({ A: [], B: [], C: [] }, 4);
    const answers = [3, 4, 5].flatMap((term) => granted(cluster, preVoteRequest('BA', term, [9, 9])));
    expect(answers).toEqual([false, false, true]);
  });

  it('§9.6: neither its term nor its vote changes by that, nor is anything written', () => {
    const cluster = clusterOf('ABC');
    receive(cluster, preVoteRequest('CB', 7, [9, 9]));
    expect(cluster.node('B').writes).toEqual([]);
    expect(cluster.raft('B')).toMatchObject({ term: 1, votedFor: null, role: 'follower' });
  });

  it('§9.6: it may say yes to several, and votes for one', () => {
    const cluster = clusterOf('ABC');
    expect([
      ...granted(cluster, preVoteRequest('AB', 2, [1, 1])),
      ...granted(cluster, preVoteRequest('CB', 2, [1, 1])),
    ]).toEqual([true, true]);
    const votes = ['AB', 'CB'].flatMap((letters) =>
      ofType(answersTo(cluster, voteRequest(letters, 2, [1, 1])), 'voteResponse'),
    );
    expect(votes.map((vote) => vote.granted)).toEqual([true, false]);
  });

  it('§9.6: one that voted in this term may still say yes for the next', () => {
    const cluster = clusterOf('ABC');
    answersTo(cluster, voteRequest('AB', 2, [1, 1]));
    expect(granted(cluster, preVoteRequest('CB', 3, [1, 1]))).toEqual([true]);
  });
});

describe('§9.6 the cluster', () => {
  it('§9.6: a server that was cut off comes back in the old term, and nobody is deposed', () => {
    const termAfter = (rules?: Rules): number => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.isLost = cutOff('C');
      cluster.tick(200);
      cluster.heal();
      cluster.tick(60);
      expect(leaders(cluster)).toHaveLength(1);
      return cluster.raft('A').term;
    };
    expect(termAfter()).toBe(2);
    expect(termAfter(WITHOUT_PRE_VOTE)).toBeGreaterThan(2);
  });

  it('§9.6: a server that hears and is not heard, or is heard and does not hear, deposes nobody', () => {
    for (const side of ['from', 'to'] as const) {
      const cluster = led(clusterOf('ABC'));
      cluster.isLost = (message) => message[side] === id('C');
      cluster.tick(200);
      expect(leaders(cluster)).toEqual(['A']);
      expect(cluster.raft('A').term).toBe(2);
    }
  });

  it('§9.6: one whose log trails raises nobody’s term, though the leader is gone', () => {
    const termAfter = (rules?: Rules): number => {
      const cluster = led(clusterOf('ABC', { rules, overrides: { electionTimeoutTicks: [10, 10] } }));
      cluster.isLost = losing('appendRequest', 'C');
      cluster.request('A', command(1));
      cluster.settle();
      cluster.isLost = cutOff('A');
      // B hears no clock; C’s log is not as good as B’s.
      cluster.tick(10, 'B');
      cluster.raft('B').electionElapsedTicks = 0;
      cluster.tick(9, 'C');
      const { term } = cluster.raft('B');
      cluster.tick(60, 'C');
      return cluster.raft('B').term - term;
    };
    expect(termAfter()).toBe(0);
    expect(termAfter(WITHOUT_PRE_VOTE)).toBeGreaterThan(0);
  });

  it('§9.6: a majority without a leader still elects one', () => {
    const cluster = led(clusterOf('ABCDE'));
    cluster.isLost = cutOff('AB');
    cluster.tick(80, 'C', 'D', 'E');
    const elected = leaders(cluster).filter((name) => 'CDE'.includes(name));
    expect(elected).toHaveLength(1);
    expect(cluster.raft(elected[0] ?? '').term).toBe(3);
  });

  it('§9.6: a minority never leaves its term, however long it is alone', () => {
    const cluster = led(clusterOf('ABCDE'));
    cluster.isLost = (message) => onlyAmong('ABC')(message) && onlyAmong('DE')(message);
    cluster.tick(300);
    expect([cluster.raft('D').term, cluster.raft('E').term]).toEqual([2, 2]);
    expect(leaders(cluster)).toEqual(['A']);
  });
});
