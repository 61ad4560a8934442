import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../../src/core/raft/message.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, configuration, CoreCluster, id, logOf } from '../support/core-cluster.ts';
import {
  answersTo,
  appendRequest,
  campaign,
  clusterOf,
  heartbeat,
  leaders,
  leadersByTerm,
  led,
  ofType,
  onlyAmong,
  receive,
  record,
  taken,
  voteRequest,
  voteResponse,
} from './support/claims.ts';

/** The extended Raft paper, §5.2: elections. */

/** The paper's server, which campaigns without asking first. */
const WITHOUT_PRE_VOTE: Rules = { ...RULES, asksBeforeCampaign: () => false };
/** Every election timeout is ten ticks. */
const TEN: readonly [number, number] = [10, 10];

function alone(rules: Rules = WITHOUT_PRE_VOTE): CoreCluster {
  const cluster = clusterOf('ABC', { rules, overrides: { electionTimeoutTicks: TEN } });
  cluster.isLost = () => true;
  return cluster;
}

const grants = (messages: readonly RaftMessage[]): boolean[] =>
  ofType(messages, 'voteResponse').map(({ granted }) => granted);

describe('§5.2 the election timeout', () => {
  it('§5.2: a follower that hears nothing for an election timeout becomes a candidate', () => {
    const cluster = alone();
    cluster.tick(9, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 1 });
    cluster.tick(1, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', term: 2 });
  });

  it.each([
    ['a heartbeat', heartbeat('BA', 1)],
    ['an append', appendRequest('BA', 1, [1, 1])],
    ['an append that does not fit', appendRequest('BA', 1, [7, 1])],
    [
      'a part of a snapshot',
      {
        type: 'snapshotRequest',
        from: id('B'),
        to: id('A'),
        term: 1,
        metadata: {
          index: 9,
          term: 1,
          timeMs: 0,
          configuration: configuration('ABC'),
          configurationIndex: 1,
          bytes: 9,
          checksum: 0,
        },
        offset: 0,
        part: Uint8Array.of(1),
      },
    ],
  ] as const)('§5.2: it stays a follower as long as its leader is heard from (%s)', (_, message) => {
    const cluster = alone();
    for (let times = 0; times < 5; times += 1) {
      cluster.tick(9, 'A');
      receive(cluster, message);
    }
    cluster.tick(9, 'A');
    expect(cluster.raft('A').role).toBe('follower');
    cluster.tick(1, 'A');
    expect(cluster.raft('A').role).toBe('candidate');
  });

  it('§5.2: it waits another timeout for a candidate that it has voted for', () => {
    const cluster = alone();
    cluster.tick(9, 'A');
    receive(cluster, voteRequest('BA', 2, [1, 1]));
    cluster.tick(9, 'A');
    expect(cluster.raft('A').role).toBe('follower');
    cluster.tick(1, 'A');
    expect(cluster.raft('A').role).toBe('candidate');
  });

  it.each([
    ['a candidate that it refuses', voteRequest('BA', 2, [0, 0])],
    ['a leader of an older term', heartbeat('BA', 0)],
  ])('§5.2: it does not wait for %s', (_, message) => {
    const cluster = alone();
    cluster.tick(9, 'A');
    receive(cluster, message);
    cluster.tick(1, 'A');
    expect(cluster.raft('A').role).toBe('candidate');
  });

  it('§5.2: a leader’s heartbeats keep all others from campaigning, though nothing happens', () => {
    const cluster = led(clusterOf('ABCDE', { rules: WITHOUT_PRE_VOTE }));
    cluster.tick(500);
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('E').term).toBe(2);
  });

  it('§5.2: the leader’s heartbeats go to all, each heartbeat interval, whether there is work or not', () => {
    const cluster = led(clusterOf('ABC'));
    const seen = record(cluster);
    cluster.tick(10, 'A');
    for (const name of 'BC') {
      expect(ofType(seen, 'heartbeat').filter(({ to }) => to === id(name))).toHaveLength(5);
    }
  });
});

describe('§5.2 candidates', () => {
  it('§5.2: a candidate begins a new term, votes for itself and asks all others at once', () => {
    const cluster = clusterOf('ABCDE');
    cluster.input('A', { type: 'campaign' });
    cluster.persistOne('A');
    expect(cluster.raft('A')).toMatchObject({
      role: 'candidate',
      term: 2,
      votedFor: id('A'),
      votes: [{ voter: id('A'), granted: true }],
    });
    const asked = ofType(taken(cluster), 'voteRequest');
    expect(asked.map(({ to }) => to)).toEqual(['B', 'C', 'D', 'E'].map(id));
    for (const { term, lastIndex, lastTerm } of asked) expect([term, lastIndex, lastTerm]).toEqual([2, 1, 1]);
  });

  it('§5.2: its own vote is durable before it asks others for theirs', () => {
    const asked = (rules?: Rules): number => {
      const cluster = clusterOf('ABC', { rules });
      cluster.input('A', { type: 'campaign' });
      return cluster.network.length;
    };
    expect(asked()).toBe(0);
    expect(asked({ ...RULES, durableBefore: () => 'nothing' })).toBe(2);
  });

  it.each([
    ['ABC', '', 1],
    ['ABC', 'B', 2],
    ['ABCD', 'B', 2],
    ['ABCD', 'BC', 3],
    ['ABCDE', 'B', 2],
    ['ABCDE', 'BC', 3],
    ['ABCDEFG', 'BCD', 4],
  ])(
    '§5.2: more than half of the voters make a leader, no fewer (of %s, A and “%s”)',
    (voters, granting, count) => {
      const isLeader = (rules?: Rules): boolean => {
        const cluster = clusterOf(voters, { rules });
        cluster.isLost = onlyAmong(`A${granting}`);
        campaign(cluster, 'A');
        return cluster.raft('A').role === 'leader';
      };
      expect(isLeader()).toBe(count > voters.length / 2);
      expect(isLeader({ ...RULES, isElected: () => true })).toBe(true);
      expect(isLeader({ ...RULES, isElected: () => false })).toBe(false);
    },
  );

  it('§5.2: a vote that arrives more than once is one vote', () => {
    const cluster = clusterOf('ABCDE');
    cluster.isLost = () => true;
    campaign(cluster, 'A');
    for (let times = 0; times < 5; times += 1) receive(cluster, voteResponse('BA', 2));
    expect(cluster.raft('A').role).toBe('candidate');
    receive(cluster, voteResponse('CA', 2));
    expect(cluster.raft('A').role).toBe('leader');
  });

  it('§5.2: only the votes of voters count', () => {
    const cluster = clusterOf('ABCDE', { learners: 'LM' });
    cluster.isLost = () => true;
    campaign(cluster, 'A');
    for (const voter of 'LMXYZ') receive(cluster, voteResponse(`${voter}A`, 2));
    expect(cluster.raft('A').role).toBe('candidate');
  });

  it('§5.2: a refusal is no vote', () => {
    const cluster = clusterOf('ABC');
    cluster.isLost = () => true;
    campaign(cluster, 'A');
    receive(cluster, voteResponse('BA', 2, false));
    expect(cluster.raft('A').role).toBe('candidate');
    receive(cluster, voteResponse('CA', 2));
    expect(cluster.raft('A').role).toBe('leader');
  });

  it('§5.2: once elected it makes itself known to all at once', () => {
    const cluster = clusterOf('ABCDE');
    cluster.isLost = () => true;
    campaign(cluster, 'A');
    cluster.network = [];
    for (const voter of 'BC') receive(cluster, voteResponse(`${voter}A`, 2));
    const told = ofType(cluster.network, 'appendRequest').filter(({ term }) => term === 2);
    expect(told.map(({ to }) => to)).toEqual(['B', 'C', 'D', 'E'].map(id));
  });

  it.each([
    ['of its own term', 2, 'follower'],
    ['of a later term', 3, 'follower'],
    ['of an older term', 1, 'candidate'],
  ])('§5.2: a candidate yields to a leader of its term or a later one (a leader %s)', (_, term, role) => {
    for (const message of [heartbeat('BA', term), appendRequest('BA', term, [1, 1])]) {
      const cluster = clusterOf('ABC');
      cluster.isLost = () => true;
      campaign(cluster, 'A');
      receive(cluster, message);
      expect(cluster.raft('A')).toMatchObject({ role, leader: role === 'follower' ? id('B') : null });
    }
  });

  it('§5.2: a candidate that neither wins nor loses begins another election after a timeout', () => {
    const cluster = alone();
    cluster.tick(10, 'A');
    expect(cluster.raft('A').term).toBe(2);
    cluster.tick(9, 'A');
    expect(cluster.raft('A').term).toBe(2);
    cluster.tick(1, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', term: 3 });
  });
});

describe('§5.2 votes', () => {
  it('§5.2: one vote a term, for whoever asks first', () => {
    const votes = (rules?: Rules): boolean[] => {
      const cluster = clusterOf('ABC', { rules });
      return ['AC', 'BC', 'AC', 'BC'].flatMap((letters) =>
        grants(answersTo(cluster, voteRequest(letters, 5, [1, 1]))),
      );
    };
    expect(votes()).toEqual([true, false, true, false]);
    expect(votes({ ...RULES, hasVoteToGive: () => true })).toEqual([true, true, true, true]);
  });

  it('§5.2: a new term brings a new vote', () => {
    const cluster = clusterOf('ABC');
    expect(grants(answersTo(cluster, voteRequest('AC', 5, [1, 1])))).toEqual([true]);
    expect(grants(answersTo(cluster, voteRequest('BC', 6, [1, 1])))).toEqual([true]);
    expect(cluster.raft('C').votedFor).toBe(id('B'));
  });

  it('§5.2: a server that restarts remembers whom it voted for', () => {
    const cluster = clusterOf('ABC');
    answersTo(cluster, voteRequest('AC', 5, [1, 1]));
    cluster.restart('C');
    expect(cluster.raft('C')).toMatchObject({ term: 5, votedFor: id('A') });
    expect(grants(answersTo(cluster, voteRequest('BC', 5, [1, 1])))).toEqual([false]);
  });

  it('§5.2: a vote is durable before it is given, so that a crash cannot make it two', () => {
    const promised = (rules?: Rules): boolean[] => {
      const cluster = clusterOf('ABC', { rules });
      const given: boolean[] = [];
      for (const letters of ['AC', 'BC']) {
        receive(cluster, voteRequest(letters, 5, [1, 1]));
        given.push(...grants(taken(cluster)));
        cluster.restart('C');
      }
      return given;
    };
    expect(promised()).toEqual([]);
    expect(promised({ ...RULES, durableBefore: () => 'nothing' })).toEqual([true, true]);
  });

  it('§5.2: a candidate votes for nobody else in its term', () => {
    const cluster = clusterOf('ABC');
    cluster.isLost = () => true;
    campaign(cluster, 'A');
    expect(grants(answersTo(cluster, voteRequest('BA', 2, [9, 1])))).toEqual([false]);
  });

  it('§5.2: Election Safety: two candidates of one term do not both win', () => {
    const winners = (rules?: Rules): number => {
      const cluster = clusterOf('ABC', { rules });
      cluster.isLost = ({ from, to }) => from !== id('C') && to !== id('C');
      for (const name of 'AB') cluster.input(name, { type: 'campaign' });
      cluster.settle();
      return leadersByTerm(cluster).get(2)?.size ?? 0;
    };
    expect(winners()).toBe(1);
    expect(winners({ ...RULES, hasVoteToGive: () => true })).toBe(2);
  });

  it('§5.2: Election Safety: however elections overlap, no term has two leaders', () => {
    const cluster = clusterOf('ABCDE', { overrides: { electionTimeoutTicks: [3, 6] } });
    const partitions = ['AB', 'CDE', 'ACE', 'BD', 'ABC', 'DE', 'ABCDE'];
    for (let round = 0; round < 60; round += 1) {
      cluster.isolate(...Array.from(partitions[round % partitions.length] ?? ''));
      cluster.input('ABCDE'.charAt((round * 3) % 5), { type: 'campaign' });
      cluster.input('ABCDE'.charAt((round * 2) % 5), { type: 'campaign' });
      cluster.tick(round % 8);
    }
    const byTerm = leadersByTerm(cluster);
    expect(byTerm.size).toBeGreaterThan(10);
    for (const [term, names] of byTerm) expect([term, names.size]).toEqual([term, 1]);
  });
});

describe('§5.2 split votes', () => {
  it('§5.2: where the votes split nobody leads, and the next elections settle it by time alone', () => {
    const cluster = clusterOf('ABCD', { rules: WITHOUT_PRE_VOTE });
    cluster.isLost = (message) => onlyAmong('AC')(message) && onlyAmong('BD')(message);
    for (const name of 'AB') cluster.input(name, { type: 'campaign' });
    cluster.settle();
    expect(['A', 'B'].map((name) => cluster.raft(name).role)).toEqual(['candidate', 'candidate']);
    cluster.heal();
    cluster.tick(120);
    expect(leaders(cluster)).toHaveLength(1);
  });

  it('§5.2: servers whose timeouts were all the same would split their votes for ever', () => {
    const haveLeader = (electionTimeoutTicks: readonly [number, number]): boolean => {
      const cluster = clusterOf('ABC', { rules: WITHOUT_PRE_VOTE, overrides: { electionTimeoutTicks } });
      for (let ticks = 0; ticks < 200; ticks += 1) {
        // All tick before any message arrives.
        for (const name of 'ABC') cluster.input(name, { type: 'tick' });
        cluster.settle();
      }
      return leaders(cluster).length === 1;
    };
    expect(haveLeader(TEN)).toBe(false);
    expect(haveLeader([10, 20])).toBe(true);
  });

  it('§5.2: each timeout is drawn at random from a fixed interval, both ends included', () => {
    const drawn = new Set<number>();
    for (let seed = 0; seed < 200; seed += 1) {
      const { raft } = new CoreCluster().add('A', { entries: logOf(configuration('ABC')) }, { seed });
      drawn.add(raft.electionTimeoutTicks);
    }
    expect([...drawn].sort((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('§5.2: a candidate draws its timeout anew for each election', () => {
    const cluster = clusterOf('ABC', { rules: WITHOUT_PRE_VOTE });
    cluster.isLost = () => true;
    const drawn = new Set<number>();
    for (let election = 0; election < 40; election += 1) {
      campaign(cluster, 'A');
      drawn.add(cluster.raft('A').electionTimeoutTicks);
    }
    expect(drawn.size).toBeGreaterThan(5);
  });

  it('§5.2: a cluster whose leader fails has another within a few timeouts', () => {
    const cluster = led(clusterOf('ABCDE'));
    const request = cluster.request('A', command(1));
    cluster.settle();
    expect(cluster.node('A').replies.has(request)).toBe(true);
    cluster.isolate('A');
    cluster.tick(60);
    const others = leaders(cluster).filter((name) => name !== 'A');
    expect(others).toHaveLength(1);
    expect(cluster.raft(others[0] ?? '').log.at(3)).toEqual(cluster.raft('A').log.at(3));
  });
});
