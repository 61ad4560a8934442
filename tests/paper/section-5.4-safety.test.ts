import { describe, expect, it } from 'vitest';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, type CoreCluster, id, nameOf } from '../support/core-cluster.ts';
import {
  answersTo,
  appendRequest,
  appliedAt,
  campaign,
  campaignUntilLeader,
  clusterOf,
  cutOff,
  entryOf,
  leaders,
  led,
  logIn,
  ofType,
  onlyAmong,
  outcome,
  receive,
  taken,
  terms,
  voteRequest,
  withLogs,
} from './support/claims.ts';

/** The extended Raft paper, §5.4: why no committed entry is ever lost; and §5.5, §5.6. */

describe('§5.4.1 the election restriction', () => {
  const OWN = [1, 2, 2];

  it.each([
    ['an older last term and a shorter log', [2, 1], false],
    ['an older last term and a longer log', [99, 1], false],
    ['the same last term and a shorter log', [3, 2], false],
    ['the same end', [4, 2], true],
    ['the same last term and a longer log', [5, 2], true],
    ['a later last term and a shorter log', [2, 3], true],
    ['a later last term and a longer log', [9, 3], true],
  ] as const)('§5.4.1: the last term decides first, then the length: %s', (_, end, granted) => {
    const cluster = withLogs({ A: OWN, B: OWN, C: OWN }, 3);
    const answers = ofType(answersTo(cluster, voteRequest('BA', 7, end)), 'voteResponse');
    expect(answers).toMatchObject([{ granted }]);
    // A refused candidate's term counts all the same.
    expect(cluster.raft('A')).toMatchObject({ term: 7, votedFor: granted ? id('B') : null });
  });

  it('§5.4.1: a candidate that lacks a committed entry finds no majority', () => {
    const result = (rules?: Rules): string[] => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.isLost = cutOff('C');
      const request = cluster.request('A', command(1));
      cluster.settle();
      expect(outcome(cluster, 'A', request)).toBe('ok');
      cluster.isLost = onlyAmong('BC');
      campaignUntilLeader(cluster, 'C');
      return leaders(cluster).filter((name) => name !== 'A');
    };
    expect(result()).toEqual([]);
    expect(result({ ...RULES, isUpToDate: () => true })).toEqual(['C']);
  });

  it('§5.4.1: entries go one way only, so a new leader needs none of anybody else’s', () => {
    const cluster = withLogs({ A: [2, 2], B: [2, 2, 2], C: [2] }, 2);
    cluster.isLost = onlyAmong('BC');
    campaign(cluster, 'B');
    expect(terms(cluster, 'B')).toEqual([2, 2, 2, 3]);
    expect(terms(cluster, 'C')).toEqual([2, 2, 2, 3]);
  });
});

/**
 * Figure 8, step by step, with the figure's S1 to S5 as A to E. The entry at index 1 is the
 * configuration; what a new leader writes at the begin of its term is the figure's entry of that term.
 */
class Figure8 {
  readonly cluster: CoreCluster;

  constructor(rules?: Rules) {
    this.cluster = clusterOf('ABCDE', { rules });
  }

  /** A leads term 2 and has its entry replicated on B. */
  a(): this {
    const { cluster } = this;
    cluster.isLost = ({ type, to }) => type === 'appendRequest' && to !== id('B');
    campaign(cluster, 'A');
    return this;
  }

  /** A fails; E is elected for term 3 by C, D and itself, and has another entry at index 2. */
  b(): this {
    const { cluster } = this.a();
    cluster.isLost = (message) => onlyAmong('CDE')(message) || message.type === 'appendRequest';
    campaign(cluster, 'E');
    return this;
  }

  /** E fails; A is elected for term 4 and has its entry of term 2 replicated on a majority. */
  c(): this {
    const { cluster } = this.b();
    for (const name of ['A', 'E']) cluster.restart(name);
    cluster.isLost = (message) => {
      if (cutOff('E')(message)) return true;
      if (message.type !== 'appendRequest') return false;
      if (message.to === id('D')) return true;
      const older = message.entries.filter(({ term }) => term < 4);
      const fits = cluster.raft(nameOf(message.to)).log.termAt(message.prevIndex) === message.prevTerm;
      if (!fits || older.length === message.entries.length) return false;
      // The same append, as it would be if the entry of term 4 were not there yet.
      cluster.network.unshift({ ...message, entries: older });
      return true;
    };
    campaignUntilLeader(cluster, 'A');
    return this;
  }

  /** A fails; E is elected for term 5 and has its entry of term 3 replicated everywhere else. */
  d(): this {
    const { cluster } = this.c();
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'E');
    return this;
  }

  /** Instead, A has its entry of term 4 replicated on a majority before it fails. */
  e(): this {
    const { cluster } = this.c();
    cluster.isLost = onlyAmong('ABC');
    cluster.tick(3, 'A');
    return this;
  }

  get logs(): Record<string, number[]> {
    return Object.fromEntries(Array.from('ABCDE', (name) => [name, terms(this.cluster, name)]));
  }
}

describe('§5.4.2, Figure 8', () => {
  const COUNTS_REPLICAS: Rules = { ...RULES, mayCommit: (reached, _, commitIndex) => reached > commitIndex };

  it('§5.4.2, Figure 8 (a): a leader of term 2 has an entry on two of five', () => {
    const { cluster, logs } = new Figure8().a();
    expect(cluster.raft('A')).toMatchObject({ role: 'leader', term: 2, commitIndex: 0 });
    expect(logs).toEqual({ A: [2], B: [2], C: [], D: [], E: [] });
  });

  it('§5.4.2, Figure 8 (b): a leader of term 3 has another entry at the same place', () => {
    const { cluster, logs } = new Figure8().b();
    expect(cluster.raft('E')).toMatchObject({ role: 'leader', term: 3, commitIndex: 0 });
    expect(['C', 'D', 'E'].map((name) => cluster.raft(name).votedFor)).toEqual(Array(3).fill(id('E')));
    expect(logs).toEqual({ A: [2], B: [2], C: [], D: [], E: [3] });
  });

  it('§5.4.2, Figure 8 (c): an entry of an older term on a majority is not committed for that', () => {
    const { cluster, logs } = new Figure8().c();
    expect(cluster.raft('A')).toMatchObject({ role: 'leader', term: 4 });
    expect(logs).toEqual({ A: [2, 4], B: [2], C: [2], D: [], E: [3] });
    const progress = cluster.raft('A').leadership?.progress;
    expect(['B', 'C'].map((name) => progress?.get(id(name))?.matchIndex)).toEqual([2, 2]);
    expect([cluster.raft('A').commitIndex, cluster.node('A').applied]).toEqual([0, []]);
    expect(new Figure8(COUNTS_REPLICAS).c().cluster.raft('A').commitIndex).toBe(2);
  });

  it('§5.4.2, Figure 8 (d): for it may still be replaced, by a leader that never had it', () => {
    const { cluster, logs } = new Figure8().d();
    expect(cluster.raft('E')).toMatchObject({ role: 'leader', term: 5 });
    expect(logs).toEqual({ A: [2, 4], B: [3, 5], C: [3, 5], D: [3, 5], E: [3, 5] });
    expect(appliedAt(cluster, 2)).toEqual([3]);
    // Where replicas are counted, A has applied one entry there, and the others another.
    const unsafe = new Figure8(COUNTS_REPLICAS).d();
    expect(appliedAt(unsafe.cluster, 2)).toEqual([2, 3]);
    expect(unsafe.cluster.raft('E').role).toBe('leader');
    expect(unsafe.logs['E']).toEqual([3, 5]);
  });

  it('§5.4.2, Figure 8 (e): an entry of its own term on a majority commits both, and E cannot win any more', () => {
    const { cluster, logs } = new Figure8().e();
    expect(logs).toEqual({ A: [2, 4], B: [2, 4], C: [2, 4], D: [], E: [3] });
    expect(cluster.raft('A').commitIndex).toBe(3);
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'E');
    expect(cluster.raft('E').role).toBe('candidate');
    campaignUntilLeader(cluster, 'C');
    expect(cluster.raft('C').role).toBe('leader');
    expect([appliedAt(cluster, 2), appliedAt(cluster, 3)]).toEqual([[2], [4]]);
  });
});

describe('§5.4.3 the safety argument', () => {
  it('§5.4.3: Leader Completeness: every later leader has every committed entry', () => {
    const cluster = clusterOf('ABCDE');
    const majorities = ['ABC', 'CDE', 'EAB', 'BCD', 'DEA', 'ACE', 'BDE'];
    const committed: string[] = [];
    for (const [round, majority] of majorities.entries()) {
      cluster.isLost = onlyAmong(majority);
      // Leaders of older terms find out; whoever can win does, and one of a majority always can.
      cluster.tick(3, ...Array.from(majority));
      for (const name of majority) {
        campaignUntilLeader(cluster, name);
        if (cluster.raft(name).role === 'leader') break;
      }
      const [leader] = leaders(cluster).filter((name) => majority.includes(name));
      if (leader === undefined) throw new Error(`nobody leads ${majority}`);
      const log = logIn(cluster, leader).map((entry) => JSON.stringify(entry));
      expect(log).toEqual(expect.arrayContaining(committed));
      const request = cluster.request(leader, command(round));
      cluster.settle();
      const result = cluster.node(leader).replies.get(request);
      if (result?.outcome !== 'ok') throw new Error('it is committed');
      committed.push(JSON.stringify(cluster.raft(leader).log.at(result.index)));
    }
    expect(committed).toHaveLength(7);
  });

  it('§5.4.3: State Machine Safety: no two servers apply different entries at one index', () => {
    const appliedThere = (rules?: Rules): number[] => {
      const cluster = led(clusterOf('ABC', { rules }));
      // A and B store it, and A alone learns that it is committed.
      cluster.isLost = (message) =>
        cutOff('C')(message) || (message.type === 'appendRequest' && message.commitIndex === 3);
      cluster.request('A', command(1));
      cluster.settle();
      expect(appliedAt(cluster, 3)).toEqual([2]);
      cluster.isLost = cutOff('A');
      campaignUntilLeader(cluster, 'C');
      if (cluster.raft('C').role !== 'leader') campaignUntilLeader(cluster, 'B');
      return appliedAt(cluster, 3);
    };
    expect(appliedThere()).toEqual([2]);
    expect(appliedThere({ ...RULES, isUpToDate: () => true })).toEqual([2, 3]);
  });

  it('§5.4.3: a follower gives up no committed entry, whatever a message demands', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', command(1));
    cluster.settle();
    cluster.tick(2, 'A');
    const before = logIn(cluster, 'B');
    receive(cluster, appendRequest('CB', 9, [2, 2], [entryOf(3, 9)], 3));
    expect(logIn(cluster, 'B')).toEqual(before);
    expect(ofType(taken(cluster), 'appendResponse')).toEqual([]);
  });

  it('§5.4.3: a candidate whose log trails a committed entry may take part, once it has caught up', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('C');
    cluster.request('A', command(1));
    cluster.settle();
    cluster.heal();
    cluster.tick(4, 'A');
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'C');
    expect(cluster.raft('C').role).toBe('leader');
    expect(cluster.raft('C').log.at(3).term).toBe(2);
  });
});

describe('§5.5 followers and candidates that crash', () => {
  it('§5.5: requests to a crashed server are repeated until it is back', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('C');
    for (let value = 0; value < 9; value += 1) cluster.request('A', command(value));
    cluster.settle();
    cluster.tick(40, 'A', 'B');
    cluster.restart('C');
    cluster.heal();
    cluster.tick(5, 'A', 'B');
    expect(cluster.node('C').applied).toEqual(cluster.node('A').applied);
  });

  it('§5.5: a server that crashed after its write and before its answer gets the same append again', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = ({ type, from }) => type === 'appendResponse' && from === id('C');
    cluster.request('A', command(1));
    cluster.settle();
    cluster.restart('C');
    cluster.heal();
    cluster.tick(4, 'A');
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
    expect(cluster.raft('A').leadership?.progress.get(id('C'))?.matchIndex).toBe(3);
  });

  it('§5.5: a server that crashed before its write forgets what it never promised', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.autoPersist = false;
    cluster.request('A', command(1));
    cluster.settle();
    expect(cluster.raft('C').log.lastIndex).toBe(3);
    cluster.restart('C');
    expect(cluster.raft('C').log.lastIndex).toBe(2);
    cluster.autoPersist = true;
    cluster.tick(4, 'A');
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
  });

  it('§5.5: a message that comes twice does no harm', () => {
    const cluster = clusterOf('ABC');
    cluster.isLost = (message) => {
      // Each is delivered, and then delivered again.
      receive(cluster, message);
      return false;
    };
    cluster.elect('A');
    const request = cluster.request('A', command(1));
    cluster.tick(10, 'A');
    expect(outcome(cluster, 'A', request)).toBe('ok');
    for (const name of 'ABC') {
      expect(terms(cluster, name)).toEqual([2, 2]);
      expect(cluster.node(name).applied.map(({ index }) => index)).toEqual([1, 2, 3]);
    }
  });
});

describe('§5.6 timing and availability', () => {
  it('§5.6: safety does not depend on time: what is late is only late', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('A', command(1));
    const late = taken(cluster);
    // Whoever is silent for so long is deposed in the meantime; what it sent arrives after that.
    for (let ticks = 0; ticks < 30; ticks += 1) cluster.input('A', { type: 'tick' });
    cluster.network = [];
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'B');
    cluster.heal();
    for (const message of late) receive(cluster, message);
    cluster.tick(10, 'B');
    expect(leaders(cluster)).toEqual(['B']);
    expect(appliedAt(cluster, 3)).toEqual([3]);
    expect(cluster.node('A').replies.get(request)).toMatchObject({
      outcome: 'failed',
      code: 'lost-leadership',
    });
  });

  it('§5.6: messages slower than the election timeout leave the cluster without a lasting leader', () => {
    const cluster = clusterOf('ABC', { rules: { ...RULES, asksBeforeCampaign: () => false } });
    let delayed = cluster.network;
    const led = new Set<string>();
    for (let round = 0; round < 30; round += 1) {
      for (let ticks = 0; ticks < 25; ticks += 1) {
        for (const name of 'ABC') {
          cluster.input(name, { type: 'tick' });
          while (cluster.node(name).writes.length > 0) cluster.persistOne(name);
        }
      }
      for (const message of delayed) receive(cluster, message);
      delayed = taken(cluster);
      for (const name of leaders(cluster)) led.add(name);
    }
    expect([...led]).toEqual([]);
  });
});
