import { describe, expect, it } from 'vitest';
import type { RaftMessage } from '../../src/core/raft/message.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, configuration, CoreCluster, id } from '../support/core-cluster.ts';
import {
  accepted,
  answersTo,
  appendRequest,
  campaign,
  clusterOf,
  entryOf,
  heartbeat,
  leaders,
  led,
  losing,
  ofType,
  onlyAmong,
  receive,
  record,
  taken,
  voteRequest,
  voteResponse,
} from './support/claims.ts';

/** The extended Raft paper, §5.1: states, terms, and what messages do to them. */

const FROM_B_TO_A = { from: id('B'), to: id('A') };
const metadata = {
  index: 9,
  term: 8,
  timeMs: 0,
  configuration: configuration('ABC'),
  configurationIndex: 1,
  bytes: 2,
  checksum: 1,
};

/** Every kind of message that carries a term which counts, as B would send it to A in `term`. */
const ofEveryKind = (term: number): RaftMessage[] => [
  voteRequest('BA', term, [1, 1], true),
  voteResponse('BA', term, false),
  appendRequest('BA', term, [1, 1]),
  accepted('BA', term, 1),
  heartbeat('BA', term),
  { type: 'heartbeatResponse', ...FROM_B_TO_A, term, readRound: 0 },
  { type: 'snapshotRequest', ...FROM_B_TO_A, term, metadata, offset: 0, part: Uint8Array.of(1) },
  { type: 'snapshotResponse', ...FROM_B_TO_A, term, index: 9, receivedBytes: 1 },
  { type: 'timeoutNow', ...FROM_B_TO_A, term },
];
const kindsOfMessage = ofEveryKind(0).map(({ type }, position) => [type, position] as const);
const kindAt = (position: number, term: number): RaftMessage => {
  const message = ofEveryKind(term)[position];
  if (message === undefined) throw new Error('no such kind');
  return message;
};

describe('§5.1 states', () => {
  it('§5.1: every server starts as a follower', () => {
    const cluster = clusterOf('ABC');
    for (const { raft } of cluster.nodes.values())
      expect(raft).toMatchObject({ role: 'follower', leader: null });
    led(cluster);
    cluster.restart('A');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', leader: null });
  });

  it('§5.1: a follower is passive, it says nothing unless it is asked or its time is up', () => {
    const cluster = clusterOf('ABC');
    const seen = record(cluster);
    cluster.tick(9);
    expect(seen).toEqual([]);
    expect(answersTo(cluster, heartbeat('BA', 2))).toHaveLength(1);
  });

  it('§5.1: in normal operation there is one leader, and all others follow it', () => {
    const cluster = led(clusterOf('ABCDE'));
    cluster.tick(100);
    expect(leaders(cluster)).toEqual(['A']);
    for (const name of 'BCDE') {
      expect(cluster.raft(name)).toMatchObject({ role: 'follower', leader: id('A') });
    }
  });
});

describe('§5.1 terms', () => {
  it('§5.1: terms are numbered consecutively, and each begins with an election', () => {
    const cluster = clusterOf('ABC');
    const seen = ['A', 'B', 'C', 'A'].map((name) => {
      campaign(cluster, name);
      return cluster.raft(name).term;
    });
    expect(seen).toEqual([2, 3, 4, 5]);
  });

  it('§5.1: a term may end without a leader, and the next election begins another', () => {
    const cluster = clusterOf('ABCD');
    cluster.isLost = (message) => onlyAmong('AC')(message) && onlyAmong('BD')(message);
    for (const name of ['A', 'B']) cluster.input(name, { type: 'campaign' });
    cluster.settle();
    expect(leaders(cluster)).toEqual([]);
    for (const { raft } of cluster.nodes.values()) expect(raft.term).toBe(2);
    cluster.heal();
    campaign(cluster, 'D');
    expect(leaders(cluster)).toEqual(['D']);
    expect(cluster.raft('D').term).toBe(3);
  });

  it('§5.1: a server’s term never goes back, not even when it restarts', () => {
    const cluster = clusterOf('ABC');
    campaign(cluster, 'A');
    campaign(cluster, 'B');
    for (const name of 'ABC') cluster.restart(name);
    for (const { raft } of cluster.nodes.values()) expect(raft.term).toBe(3);
    receive(cluster, heartbeat('BA', 2));
    expect(cluster.raft('A').term).toBe(3);
  });

  it('§5.1: the term is durable before anything is said in it', () => {
    const said = (rules?: Rules): number => {
      const cluster = clusterOf('ABC', { rules });
      cluster.autoPersist = false;
      receive(cluster, heartbeat('BA', 7));
      return cluster.network.length;
    };
    expect(said()).toBe(0);
    expect(said({ ...RULES, durableBefore: () => 'nothing' })).toBe(1);
  });

  it.each(kindsOfMessage)('§5.1: a server adopts any larger term it sees (%s)', (_, position) => {
    const cluster = clusterOf('ABC');
    receive(cluster, kindAt(position, 9));
    expect(cluster.raft('A').term).toBe(9);
  });

  it.each(kindsOfMessage)('§5.1: a leader that sees a larger term follows at once (%s)', (_, position) => {
    const cluster = led(clusterOf('ABC'));
    receive(cluster, kindAt(position, 9));
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 9, leadership: null });
  });

  it.each(kindsOfMessage)('§5.1: a candidate that sees a larger term follows at once (%s)', (_, position) => {
    const cluster = clusterOf('ABC');
    cluster.input('A', { type: 'campaign' });
    expect(cluster.raft('A').role).toBe('candidate');
    receive(cluster, kindAt(position, 9));
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', term: 9, votes: [] });
  });

  it.each(kindsOfMessage)('§5.1: what comes in an older term changes nothing (%s)', (_, position) => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', command(1));
    cluster.settle();
    const { raft } = cluster.node('A');
    const before = { log: raft.log.range(1, 99), commitIndex: raft.commitIndex, votedFor: raft.votedFor };
    receive(cluster, kindAt(position, 1));
    expect(raft).toMatchObject({ role: 'leader', term: 2, leader: id('A'), incoming: null });
    expect({ log: raft.log.range(1, 99), commitIndex: raft.commitIndex, votedFor: raft.votedFor }).toEqual(
      before,
    );
  });
});

describe('§5.1 requests', () => {
  it('§5.1: a vote asked for in an older term is refused, with the current term', () => {
    const cluster = led(clusterOf('ABC'));
    expect(answersTo(cluster, voteRequest('BA', 1, [99, 99], true))).toMatchObject([
      { type: 'voteResponse', to: id('B'), term: 2, granted: false },
    ]);
  });

  it.each([
    ['appendRequest', appendRequest('BA', 1, [1, 1], [entryOf(2, 1)])],
    ['heartbeat', heartbeat('BA', 1, 1)],
    ['snapshotRequest', kindAt(6, 1)],
  ] as const)('§5.1: a leader of an older term is refused, and told the current one (%s)', (_, message) => {
    const told = (rules?: Rules): RaftMessage[] => answersTo(led(clusterOf('ABC', { rules })), message);
    expect(told()).toMatchObject([{ to: id('B'), term: 2 }]);
    expect(told({ ...RULES, tellsOlderLeader: () => false })).toEqual([]);
  });

  it('§5.1: a leader that was cut off is deposed by the first answer from a newer term', () => {
    const roleOfOld = (rules?: Rules): string => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.isolate('A');
      campaign(cluster, 'B');
      // The old leader can be answered, but nobody speaks to it by itself.
      cluster.isLost = ({ from, type }) => from !== id('A') && type !== 'heartbeatResponse';
      cluster.tick(2, 'A');
      return cluster.raft('A').role;
    };
    expect(roleOfOld()).toBe('follower');
    expect(roleOfOld({ ...RULES, tellsOlderLeader: () => false })).toBe('leader');
  });

  it('§5.1: an answer counts only for the term it was given in', () => {
    const role = (rules?: Rules): string => {
      const cluster = clusterOf('ABC', { rules });
      cluster.isLost = () => true;
      campaign(cluster, 'A');
      campaign(cluster, 'A');
      expect(cluster.raft('A').term).toBe(3);
      receive(cluster, voteResponse('BA', 2));
      return cluster.raft('A').role;
    };
    expect(role()).toBe('candidate');
    expect(role({ ...RULES, countsVote: () => true })).toBe('leader');
  });

  it('§5.1: requests go out to all at once, none waits for another’s answer', () => {
    const cluster = led(clusterOf('ABCDE'));
    cluster.request('A', command(1));
    const asked = ofType(taken(cluster), 'appendRequest').map(({ to }) => to);
    expect(asked).toEqual(['B', 'C', 'D', 'E'].map(id));
  });

  it('§5.1: a request that gets no answer is sent again', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('appendRequest', 'C');
    cluster.request('A', command(1));
    cluster.settle();
    expect(cluster.raft('C').log.lastIndex).toBe(2);
    cluster.heal();
    const seen = record(cluster);
    cluster.tick(2, 'A');
    expect(ofType(seen, 'appendRequest').filter(({ to }) => to === id('C'))).not.toEqual([]);
    expect(cluster.raft('C').log.lastIndex).toBe(3);
  });

  it('§5.1: a server with nothing stored begins in term 0, with no vote and no log', () => {
    const { raft } = new CoreCluster().add('A');
    expect(raft).toMatchObject({ term: 0, votedFor: null, commitIndex: 0, appliedIndex: 0 });
    expect(raft.log.lastIndex).toBe(0);
  });
});
