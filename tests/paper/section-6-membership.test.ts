import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../src/core/raft/log-entry.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';
import { command, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  appendRequest,
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
  receive,
  record,
  taken,
  voteRequest,
  votersAt,
} from './support/claims.ts';

/** The extended Raft paper, §6: configuration changes through joint consensus. */

const ONLY_NEW: Rules = {
  ...RULES,
  electorates: (configuration: Configuration) => RULES.electorates(configuration).slice(0, 1),
};
const ONLY_OLD: Rules = {
  ...RULES,
  electorates: (configuration: Configuration) => RULES.electorates(configuration).slice(-1),
};

/** Voters A, B, C and a learner D, which is about to take the place of one of them. */
const withLearner = (rules?: Rules): CoreCluster => {
  const cluster = led(clusterOf('ABC', { learners: 'D', rules }));
  cluster.request('A', command(1));
  cluster.settle();
  return cluster;
};
const REPLACE_C = change(['remove', 'C'], ['promote', 'D']);
const REPLACE_A = change(['remove', 'A'], ['promote', 'D']);

const kinds = (cluster: CoreCluster, name: string): string[] =>
  logIn(cluster, name).map(({ payload }) =>
    payload.kind === 'configuration' && payload.configuration.outgoing !== null ? 'joint' : payload.kind,
  );

describe('§6 the joint configuration', () => {
  it('§6: a change that moves more than one voter begins with a configuration of both', () => {
    const cluster = withLearner();
    cluster.isLost = () => true;
    cluster.request('A', REPLACE_C);
    expect(votersAt(cluster, 'A')).toBe('ABD|ABC');
    expect(kinds(cluster, 'A').at(-1)).toBe('joint');
  });

  it('§6: while joint, the log goes to the servers of both', () => {
    const cluster = withLearner();
    cluster.request('A', REPLACE_C);
    const asked = ofType(cluster.network, 'appendRequest').map(({ to }) => to);
    expect(asked.sort()).toEqual(['B', 'C', 'D'].map(id));
    cluster.settle();
    for (const name of 'BCD') expect(logIn(cluster, name)).toEqual(logIn(cluster, 'A'));
  });

  it.each(['A', 'C', 'D', 'F'])('§6: while joint, a server of either may lead (%s)', (name) => {
    const cluster = jointCluster('ABC', 'DEF');
    campaign(cluster, name);
    expect(leaders(cluster)).toEqual([name]);
  });

  it.each([
    ['ABCDEF', true],
    ['ABDE', true],
    ['ACEF', true],
    ['ABC', false],
    ['ABCD', false],
    ['ADEF', false],
  ])('§6: while joint, an election needs a majority of each, separately (%s)', (present, wins) => {
    const winner = (rules?: Rules): string[] => {
      const cluster = jointCluster('ABC', 'DEF', { rules });
      cluster.isLost = onlyAmong(present);
      campaign(cluster, 'A');
      return leaders(cluster);
    };
    expect(winner()).toEqual(wins ? ['A'] : []);
    const hasNew = Array.from(present).filter((name) => 'DEF'.includes(name)).length > 1;
    const hasOld = Array.from(present).filter((name) => 'ABC'.includes(name)).length > 1;
    expect(winner(ONLY_NEW)).toEqual(hasNew ? ['A'] : []);
    expect(winner(ONLY_OLD)).toEqual(hasOld ? ['A'] : []);
  });

  it.each([
    ['ABCDEF', true],
    ['ABDE', true],
    ['ABC', false],
    ['ABCD', false],
    ['ADEF', false],
  ])(
    '§6: while joint, an entry is committed by a majority of each, separately (%s)',
    (present, isCommitted) => {
      const committed = (rules?: Rules): boolean => {
        const cluster = jointCluster('ABC', 'DEF', { rules });
        cluster.elect('A');
        cluster.isLost = onlyAmong(present);
        cluster.request('A', command(1));
        cluster.settle();
        return cluster.raft('A').commitIndex === 4;
      };
      expect(committed()).toBe(isCommitted);
      if (present === 'ABC' || present === 'ABCD') expect(committed(ONLY_OLD)).toBe(true);
      if (present === 'ADEF') expect(committed(ONLY_NEW)).toBe(true);
    },
  );

  it('§6: while joint, reads need a majority of each, separately', () => {
    const answered = (present: string, rules?: Rules): string => {
      const cluster = jointCluster('ABC', 'DEF', { rules });
      cluster.elect('A');
      cluster.isLost = onlyAmong(present);
      const request = cluster.request('A', { kind: 'read' });
      cluster.settle();
      return outcome(cluster, 'A', request);
    };
    expect(['ABDE', 'ABCD', 'ADEF'].map((present) => answered(present))).toEqual(['ok', 'none', 'none']);
    expect(answered('ABCD', ONLY_OLD)).toBe('ok');
    expect(answered('ADEF', ONLY_NEW)).toBe('ok');
  });

  it('§6: the cluster takes commands all the while', () => {
    const cluster = withLearner();
    cluster.request('A', REPLACE_C);
    const during = cluster.request('B', command(2));
    cluster.settle();
    expect(votersAt(cluster, 'A')).toBe('ABD|ABC');
    expect(outcome(cluster, 'B', during)).toBe('ok');
  });
});

describe('§6 the way through', () => {
  it('§6: the new configuration follows once the joint one is committed, and not before', () => {
    const cluster = withLearner();
    cluster.isLost = losing('appendRequest', 'BD');
    cluster.request('A', REPLACE_C);
    cluster.settle();
    cluster.tick(8);
    expect(votersAt(cluster, 'A')).toBe('ABD|ABC');
    cluster.heal();
    cluster.tick(6);
    expect(votersAt(cluster, 'A')).toBe('ABD');
    expect(kinds(cluster, 'A')).toEqual(['configuration', 'noop', 'command', 'joint', 'configuration']);
    for (const name of 'BD') expect(votersAt(cluster, name)).toBe('ABD');
  });

  it('§6: a server uses the newest configuration in its log, committed or not', () => {
    const cluster = withLearner();
    cluster.isLost = losing('appendResponse');
    cluster.request('A', REPLACE_C);
    cluster.settle();
    for (const name of 'ABCD') {
      const { index } = configurationInForce(cluster.raft(name));
      expect(index).toBeGreaterThan(cluster.raft(name).commitIndex);
      expect(votersAt(cluster, name)).toBe('ABD|ABC');
    }
  });

  it('§6: where the entry is removed again, the configuration before it is in force again', () => {
    const cluster = withLearner();
    cluster.isLost = onlyAmong('AC');
    cluster.request('A', REPLACE_C);
    cluster.settle();
    expect(votersAt(cluster, 'C')).toBe('ABD|ABC');
    receive(cluster, appendRequest('BC', 9, [3, 2], [entryOf(4, 9)], 3));
    expect(votersAt(cluster, 'C')).toBe('ABC');
  });

  it('§6: a new leader that has the joint configuration brings the change to its end', () => {
    const cluster = withLearner();
    cluster.request('A', REPLACE_C);
    cluster.settle();
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'B');
    cluster.tick(6, 'B', 'C', 'D');
    expect(votersAt(cluster, 'B')).toBe('ABD');
    expect(cluster.raft('B').commitIndex).toBe(configurationInForce(cluster.raft('B')).index);
  });

  it('§6: a new leader that does not have it leaves all as it was', () => {
    const cluster = withLearner();
    cluster.isLost = () => true;
    cluster.request('A', REPLACE_C);
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'B');
    cluster.heal();
    cluster.tick(6, 'B');
    for (const name of 'ABCD') expect(votersAt(cluster, name)).toBe('ABC');
  });

  it('§6: neither configuration can decide alone at any point of the change', () => {
    // For all that each majority could decide by itself, the other can prevent it.
    const decisions = (present: string, stage: 'joint' | 'new'): string => {
      const cluster = withLearner();
      cluster.request('A', REPLACE_C);
      cluster.settle();
      if (stage === 'new') cluster.tick(2);
      cluster.isLost = onlyAmong(present);
      return outcomeOf(cluster);
    };
    const outcomeOf = (cluster: CoreCluster): string => {
      const request = cluster.request('A', command(9));
      cluster.settle();
      return outcome(cluster, 'A', request);
    };
    expect(decisions('AC', 'joint')).toBe('none');
    expect(decisions('AD', 'joint')).toBe('none');
    expect(decisions('AB', 'joint')).toBe('ok');
    expect(decisions('AC', 'new')).toBe('none');
    expect(decisions('AD', 'new')).toBe('ok');
  });
});

describe('§6 new servers', () => {
  it('§6: a server that joins gets the log as a non-voting member first', () => {
    const cluster = withLearner();
    expect(logIn(cluster, 'D')).toEqual(logIn(cluster, 'A'));
    expect(votersAt(cluster, 'D')).toBe('ABC');
  });

  it('§6: a non-voting member does not count for what is committed', () => {
    const cluster = withLearner();
    cluster.isLost = onlyAmong('AD');
    const request = cluster.request('A', command(2));
    cluster.settle();
    expect(cluster.raft('D').log.lastIndex).toBe(4);
    expect(outcome(cluster, 'A', request)).toBe('none');
  });

  it('§6: nor does a majority wait for it', () => {
    const cluster = withLearner();
    cluster.isLost = cutOff('D');
    const request = cluster.request('A', command(2));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('§6: nor is it asked for its vote, nor would it stand for election', () => {
    const cluster = withLearner();
    cluster.isLost = cutOff('ABC');
    cluster.tick(100, 'D');
    expect(cluster.raft('D')).toMatchObject({ role: 'follower', term: 2 });
    const other = clusterOf('ABC', { learners: 'D' });
    other.input('A', { type: 'campaign' });
    other.persistOne('A');
    expect(ofType(taken(other), 'voteRequest').map(({ to }) => to)).toEqual([id('B'), id('C')]);
  });
});

describe('§6 a leader that is not in the new configuration', () => {
  it('§6: it leads until that configuration is committed, and then steps down', () => {
    const cluster = withLearner();
    cluster.request('A', REPLACE_A);
    cluster.settle();
    expect(votersAt(cluster, 'A')).toBe('BCD|ABC');
    cluster.isLost = losing('appendResponse');
    cluster.tick(3, 'A');
    expect(votersAt(cluster, 'A')).toBe('BCD');
    expect(leaders(cluster)).toEqual(['A']);
    cluster.heal();
    cluster.tick(3, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', removed: true });
  });

  it('§6: meanwhile it replicates the log, and does not count itself', () => {
    const committed = (present: string, rules?: Rules): boolean => {
      const cluster = withLearner(rules);
      cluster.request('A', REPLACE_A);
      cluster.settle();
      cluster.isLost = onlyAmong(present);
      cluster.tick(4, 'A');
      const { index } = configurationInForce(cluster.raft('A'));
      return cluster.raft('A').commitIndex >= index;
    };
    expect(committed('AB')).toBe(false);
    expect(committed('ABC')).toBe(true);
    const countsItself: Rules = {
      ...RULES,
      electorates: (configuration) =>
        RULES.electorates(configuration).map((ids) =>
          ids.includes(id('A')) ? ids : [...ids.slice(1), id('A')],
        ),
    };
    expect(committed('AB', countsItself) || committed('AC', countsItself)).toBe(true);
  });

  it('§6: the servers of the new configuration then elect a leader of their own', () => {
    const cluster = withLearner();
    cluster.request('A', REPLACE_A);
    cluster.tick(80);
    expect(leaders(cluster)).toHaveLength(1);
    expect('BCD').toContain(leaders(cluster)[0]);
    const [leader = ''] = leaders(cluster);
    const request = cluster.request(leader, command(3));
    cluster.settle();
    expect(outcome(cluster, leader, request)).toBe('ok');
  });

  it('§6: a leader that did not step down would lead servers it does not belong to', () => {
    const cluster = withLearner({ ...RULES, leavesWhenRemoved: () => false });
    cluster.request('A', change(['remove', 'A']));
    cluster.settle();
    expect(leaders(cluster)).toEqual(['A']);
  });
});

describe('§6 removed servers', () => {
  const WITHOUT_PRE_VOTE: Rules = { ...RULES, asksBeforeCampaign: () => false };

  it('§6: one that does not know of its removal cannot depose the leader', () => {
    const termAfter = (rules: Rules): number => {
      const cluster = withLearner(rules);
      // C never learns that it is out: nothing reaches it any more, but it can speak.
      cluster.isLost = ({ to }) => to === id('C');
      cluster.request('A', change(['remove', 'C']));
      cluster.settle();
      cluster.tick(200);
      return Math.max(...['A', 'B', 'D'].map((name) => cluster.raft(name).term));
    };
    expect(termAfter(WITHOUT_PRE_VOTE)).toBe(2);
    expect(termAfter({ ...WITHOUT_PRE_VOTE, isLoyal: () => false })).toBeGreaterThan(2);
  });

  it.each([0, 5, 9])(
    '§6: a vote request within the minimum timeout of hearing a leader is ignored (%i)',
    (ticks) => {
      const told = (rules?: Rules): unknown[] => {
        const cluster = led(clusterOf('ABC', { rules }));
        cluster.tick(ticks, 'B');
        receive(cluster, voteRequest('CB', 9, [9, 9]));
        cluster.persistOne('B');
        const { term, votedFor, leader } = cluster.raft('B');
        return [cluster.network.length, term, votedFor, leader];
      };
      expect(told()).toEqual([0, 2, id('A'), id('A')]);
      expect(told({ ...RULES, isLoyal: () => false })).toEqual([1, 9, id('C'), null]);
    },
  );

  it('§6: after that time without a leader it is considered as any other', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('A');
    cluster.tick(10, 'B');
    receive(cluster, voteRequest('CB', 9, [9, 9]));
    expect(cluster.raft('B')).toMatchObject({ term: 9, votedFor: id('C') });
  });

  it('§6: a removed server gets nothing from the leader any more', () => {
    const cluster = withLearner();
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    const seen = record(cluster);
    cluster.request('A', command(5));
    cluster.tick(5, 'A');
    expect(seen.filter(({ from, to }) => from === id('A') && to === id('C'))).toEqual([]);
    expect(seen.filter(({ from, to }) => from === id('A') && to === id('B'))).not.toEqual([]);
  });

  it('§6: one that knows of its removal does not campaign', () => {
    const cluster = withLearner(WITHOUT_PRE_VOTE);
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    cluster.tick(4, 'A');
    expect(cluster.raft('C').removed).toBe(true);
    cluster.tick(100);
    expect(cluster.raft('C')).toMatchObject({ role: 'follower', term: 2 });
    expect(leaders(cluster)).toEqual(['A']);
  });
});
