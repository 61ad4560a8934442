import { describe, expect, it } from 'vitest';
import type { Operation } from '../../src/core/raft/message.ts';
import { RULES } from '../../src/core/raft/rules.ts';
import { command, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  campaignUntilLeader,
  change,
  clusterOf,
  cutOff,
  heartbeat,
  leaders,
  led,
  losing,
  ofType,
  onlyAmong,
  outcome,
  receive,
  record,
  taken,
  terms,
  voteRequest,
} from './support/claims.ts';

/** Ongaro's dissertation, §3.10: handing the leadership over. */

const to = (name: string): Operation => ({ kind: 'transfer', to: id(name) });
const resultAt = (cluster: CoreCluster, name: string, request: number): unknown =>
  cluster.node(name).replies.get(request);

describe('§3.10 leadership transfer', () => {
  it('§3.10: a target that is up to date is told to campaign at once', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', to('B'));
    expect(cluster.network).toMatchObject([{ type: 'timeoutNow', to: id('B'), term: 2 }]);
  });

  it('§3.10: it leads the next term without anybody’s timeout having passed', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('A', to('B'));
    cluster.settle();
    expect(leaders(cluster)).toEqual(['B']);
    expect(cluster.raft('B').term).toBe(3);
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', leader: id('B'), term: 3 });
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('§3.10: a target that lacks entries gets them first, and then is told', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('B');
    for (let value = 0; value < 5; value += 1) cluster.request('A', command(value));
    cluster.settle();
    cluster.request('A', to('B'));
    cluster.settle();
    expect(leaders(cluster)).toEqual(['A']);
    cluster.heal();
    const seen = record(cluster);
    cluster.tick(4, 'A');
    expect(leaders(cluster)).toEqual(['B']);
    const toB = seen.filter((message) => message.from === id('A') && message.to === id('B'));
    const caughtUp = toB.findIndex(
      (message) => message.type === 'appendRequest' && message.entries.length > 0,
    );
    const told = toB.findIndex(({ type }) => type === 'timeoutNow');
    expect(caughtUp).toBeGreaterThanOrEqual(0);
    expect(told).toBeGreaterThan(caughtUp);
    expect(terms(cluster, 'B')).toEqual([2, 2, 2, 2, 2, 2, 3]);
  });

  it('§3.10: it is not told before it has the leader’s whole log, committed or not', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = () => true;
    cluster.request('A', command(1));
    cluster.settle();
    const seen = record(cluster);
    cluster.request('A', to('B'));
    cluster.settle();
    expect(ofType(seen, 'timeoutNow')).toEqual([]);
    const result = { kind: 'accepted' as const, matchIndex: 3 };
    receive(cluster, { type: 'appendResponse', from: id('B'), to: id('A'), term: 2, result });
    expect(ofType(taken(cluster), 'timeoutNow')).toHaveLength(1);
  });

  it('§3.10: the leader takes nothing new meanwhile, so that the target stays up to date', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('timeoutNow');
    cluster.request('A', to('B'));
    const own = cluster.request('A', command(1));
    const forwarded = cluster.request('C', command(2));
    cluster.settle();
    expect(cluster.raft('A').log.lastIndex).toBe(2);
    expect([outcome(cluster, 'A', own), outcome(cluster, 'C', forwarded)]).toEqual(['none', 'none']);
  });

  it('§3.10: what came meanwhile goes to the new leader', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', to('B'));
    const own = cluster.request('A', command(1));
    const forwarded = cluster.request('C', command(2));
    cluster.settle();
    cluster.tick(5);
    expect([outcome(cluster, 'A', own), outcome(cluster, 'C', forwarded)]).toEqual(['ok', 'ok']);
    expect(terms(cluster, 'B')).toEqual([2, 3, 3, 3]);
  });

  it('§3.10: nor does it change the configuration on its own meanwhile', () => {
    const cluster = led(clusterOf('AB', { learners: 'C' }));
    cluster.isLost = losing('timeoutNow');
    cluster.request('A', to('B'));
    cluster.tick(5, 'A');
    expect(cluster.raft('A').log.lastIndex).toBe(2);
    const changed = cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    expect([cluster.raft('A').log.lastIndex, outcome(cluster, 'A', changed)]).toEqual([2, 'none']);
  });

  it('§3.10: the election that the leader asked for is not refused for its own sake', () => {
    const cluster = led(clusterOf('ABC'));
    const termOf = (force: boolean): number => {
      receive(cluster, voteRequest('BC', 3, [2, 2], force));
      return cluster.raft('C').term;
    };
    expect(termOf(false)).toBe(2);
    expect(termOf(true)).toBe(3);
  });

  it('§3.10: the target asks for no pre-votes, which the leader’s followers would refuse', () => {
    const cluster = led(clusterOf('ABC'));
    const seen = record(cluster);
    cluster.request('A', to('B'));
    cluster.settle();
    expect(ofType(seen, 'preVoteRequest')).toEqual([]);
    expect(ofType(seen, 'voteRequest').map(({ force }) => force)).toEqual([true, true]);
  });

  it('§3.10: a transfer that fails is given up after an election timeout, and the leader goes on', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('B');
    cluster.request('A', command(1));
    const request = cluster.request('A', to('B'));
    const waiting = cluster.request('A', command(2));
    cluster.tick(9, 'A', 'C');
    expect([outcome(cluster, 'A', request), outcome(cluster, 'A', waiting)]).toEqual(['none', 'none']);
    cluster.tick(2, 'A', 'C');
    expect(resultAt(cluster, 'A', request)).toMatchObject({ outcome: 'failed', code: 'transfer-failed' });
    expect(outcome(cluster, 'A', waiting)).toBe('ok');
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('A').term).toBe(2);
  });

  it('§3.10: once the target was told, nobody can be certain that it will not lead yet', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('timeoutNow');
    const request = cluster.request('A', to('B'));
    cluster.tick(11, 'A');
    expect(resultAt(cluster, 'A', request)).toMatchObject({ outcome: 'unknown', code: 'transfer-failed' });
  });

  it('§3.10: another transfer may follow on one that failed', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('B');
    cluster.request('A', command(1));
    cluster.request('A', to('B'));
    cluster.tick(11, 'A', 'C');
    cluster.request('A', to('C'));
    cluster.settle();
    expect(leaders(cluster)).toEqual(['C']);
  });

  it('§3.10: there is one at a time', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('timeoutNow');
    cluster.request('A', to('B'));
    receive(cluster, {
      type: 'forwardRequest',
      from: id('C'),
      to: id('A'),
      term: 2,
      request: 77,
      attempt: 1,
      operation: { kind: 'transfer', to: id('C') },
    });
    const answers = ofType(taken(cluster), 'forwardResponse');
    expect(answers).toMatchObject([{ request: 77, result: { outcome: 'failed' } }]);
    expect(cluster.raft('A').transfer?.to).toBe(id('B'));
  });

  it('§3.10: where another wins meanwhile, the transfer has failed', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('timeoutNow');
    const request = cluster.request('A', to('B'));
    campaignUntilLeader(cluster, 'C');
    expect(leaders(cluster)).toEqual(['C']);
    expect(outcome(cluster, 'A', request)).not.toBe('ok');
    expect(outcome(cluster, 'A', request)).not.toBe('none');
  });

  it.each([
    ['a learner', 'D'],
    ['a stranger', 'X'],
  ])('§3.10: only a voter can be the target (%s)', (_, name) => {
    const cluster = led(clusterOf('ABC', { learners: 'D' }));
    const request = cluster.request('A', to(name));
    cluster.settle();
    expect(resultAt(cluster, 'A', request)).toMatchObject({ outcome: 'failed', code: 'transfer-failed' });
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§3.10: to itself there is nothing to do', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('A', to('A'));
    cluster.settle();
    expect([outcome(cluster, 'A', request), cluster.raft('A').term]).toEqual(['ok', 2]);
  });

  it('§3.10: any server may be asked for it', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('C', to('B'));
    cluster.settle();
    cluster.tick(12);
    expect(leaders(cluster)).toEqual(['B']);
    expect(outcome(cluster, 'C', request)).toBe('ok');
  });

  it('§3.10: the old leader need not be reached for the target to win', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', to('B'));
    cluster.deliverOne();
    cluster.isLost = onlyAmong('BC');
    cluster.settle();
    expect(cluster.raft('B')).toMatchObject({ role: 'leader', term: 3 });
    cluster.heal();
    cluster.tick(3);
    expect(leaders(cluster)).toEqual(['B']);
  });

  it('§3.10: a late word from a former leader deposes nobody', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', to('B'));
    const late = taken(cluster);
    campaignUntilLeader(cluster, 'C');
    for (const message of late) receive(cluster, message);
    cluster.settle();
    expect(leaders(cluster)).toEqual(['C']);
    expect(cluster.raft('B').term).toBe(3);
  });

  it('§3.10: nor does anybody’s who does not lead', () => {
    const cluster = clusterOf('ABC');
    receive(cluster, heartbeat('AB', 2));
    receive(cluster, { type: 'timeoutNow', from: id('C'), to: id('B'), term: 2 });
    expect(cluster.raft('B')).toMatchObject({ role: 'follower', term: 2 });
    receive(cluster, { type: 'timeoutNow', from: id('A'), to: id('B'), term: 2 });
    expect(cluster.raft('B')).toMatchObject({ role: 'candidate', term: 3 });
  });

  it('§3.10: it is as safe as any election: a target whose log trails does not win by it', () => {
    const cluster = led(clusterOf('ABC', { rules: RULES }));
    cluster.isLost = cutOff('B');
    cluster.request('A', command(1));
    cluster.settle();
    cluster.heal();
    receive(cluster, { type: 'timeoutNow', from: id('A'), to: id('B'), term: 2 });
    cluster.settle();
    expect(cluster.raft('B').role).not.toBe('leader');
    const careless = led(clusterOf('ABC', { rules: { ...RULES, isUpToDate: () => true } }));
    careless.isLost = cutOff('B');
    careless.request('A', command(1));
    careless.settle();
    careless.heal();
    receive(careless, { type: 'timeoutNow', from: id('A'), to: id('B'), term: 2 });
    careless.settle();
    expect(careless.raft('B').role).toBe('leader');
  });
});
