import { describe, expect, it } from 'vitest';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';
import { KeyValueMachine } from '../../src/core/kv/machine.ts';
import { decodeResult, encodeTransaction } from '../../src/core/kv/transaction.ts';
import { ClientSession } from '../../src/core/session/client.ts';
import { decodeReply, encodeEnvelope } from '../../src/core/session/envelope.ts';
import { SessionMachine } from '../../src/core/session/machine.ts';
import { command, configuration, CoreCluster, id, logOf } from '../support/core-cluster.ts';

/** The claims of Ongaro's dissertation (2014) that go beyond the paper, by its sections. */

const leaders = (cluster: CoreCluster): string[] =>
  [...cluster.nodes].filter(([, { raft }]) => raft.role === 'leader').map(([name]) => name);
const outcome = (cluster: CoreCluster, name: string, request: number): string =>
  cluster.node(name).replies.get(request)?.outcome ?? 'none';
const isBetween =
  (...names: string[]) =>
  ({ from, to }: { from: string; to: string }): boolean =>
    names.includes(from.charAt(7)) || names.includes(to.charAt(7));

describe('§3.10 Leadership transfer', () => {
  it('the target leads a later term at once, without waiting for a timeout', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('A', { kind: 'transfer', to: id('B') });
    cluster.settle();
    expect(leaders(cluster)).toEqual(['B']);
    cluster.tick(2);
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('the target is brought up to date first', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('B');
    for (let value = 0; value < 5; value += 1) cluster.request('A', command(value));
    cluster.settle();
    const request = cluster.request('A', { kind: 'transfer', to: id('B') });
    expect(leaders(cluster)).toEqual(['A']);
    cluster.heal();
    cluster.tick(5);
    expect(leaders(cluster)).toEqual(['B']);
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('operations wait while it lasts, and go to whoever leads then', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.request('A', { kind: 'transfer', to: id('B') });
    const write = cluster.request('A', command(1));
    cluster.settle();
    cluster.tick(5);
    expect(outcome(cluster, 'A', write)).toBe('ok');
    expect(cluster.raft('B').log.at(cluster.raft('B').log.lastIndex).term).toBe(3);
  });

  it('it is given up after an election timeout, and the leader goes on', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('B');
    const request = cluster.request('A', { kind: 'transfer', to: id('B') });
    cluster.request('A', command(1));
    cluster.tick(15);
    expect(outcome(cluster, 'A', request)).not.toBe('ok');
    const write = cluster.request('A', command(2));
    cluster.settle();
    expect(outcome(cluster, 'A', write)).toBe('ok');
  });

  it('the leader changes no configuration meanwhile, which would leave the target behind', () => {
    const cluster = new CoreCluster();
    for (const name of 'ABC') {
      const hardState = { term: 1, votedFor: null, commitIndex: 0 };
      cluster.add(name, { hardState, entries: logOf(configuration('AB', 'C')) });
    }
    cluster.elect('A');
    cluster.input('A', { type: 'request', request: 900, operation: { kind: 'transfer', to: id('B') } });
    const { lastIndex } = cluster.raft('A').log;
    cluster.input('A', { type: 'tick' });
    expect(cluster.raft('A').log.lastIndex).toBe(lastIndex);
    cluster.settle();
    expect(leaders(cluster)).toEqual(['B']);
  });

  it('only a voter can be the target', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('A', { kind: 'transfer', to: id('X') });
    expect(outcome(cluster, 'A', request)).toBe('failed');
  });
});

describe('chapter 4 Membership', () => {
  function withLearner(overrides = {}, rules?: Rules): CoreCluster {
    const cluster = new CoreCluster(rules);
    for (const name of 'ABCD') {
      const stored = {
        hardState: { term: 1, votedFor: null, commitIndex: 0 },
        entries: logOf(configuration('ABC', 'D')),
      };
      cluster.add(name, stored, overrides);
    }
    cluster.elect('A');
    cluster.request('A', command(1));
    cluster.settle();
    return cluster;
  }
  const votersOf = (cluster: CoreCluster, name: string): string =>
    configurationInForce(cluster.raft(name))
      .configuration.members.filter(({ kind }) => kind === 'voter')
      .map((member) => member.name)
      .join('');

  it('§4.1, erratum of 2015: no change before an entry of the leader’s own term is committed', () => {
    const run = (rules?: Rules): string => {
      const cluster = CoreCluster.of('ABC', [], rules);
      cluster.isLost = ({ type }) => type === 'appendRequest';
      cluster.elect('A');
      const changes = [{ kind: 'remove' as const, id: id('C') }];
      return outcome(cluster, 'A', cluster.request('A', { kind: 'change', changes }));
    };
    expect(run()).toBe('failed');
    expect(run({ ...RULES, mayChangeConfiguration: () => true })).toBe('none');
  });

  it('§4.1: one change at a time', () => {
    const cluster = withLearner();
    cluster.isolate('A');
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('C') }] });
    const second = cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('D') }] });
    expect(outcome(cluster, 'A', second)).toBe('failed');
  });

  it('§4.2.1: who has not caught up is not promoted', () => {
    const cluster = withLearner();
    cluster.isLost = isBetween('D');
    cluster.tick(15);
    const changes = [{ kind: 'promote' as const, id: id('D') }];
    expect(outcome(cluster, 'A', cluster.request('A', { kind: 'change', changes }))).toBe('failed');
    cluster.heal();
    cluster.tick(10);
    const again = cluster.request('A', { kind: 'change', changes });
    cluster.settle();
    expect(outcome(cluster, 'A', again)).toBe('ok');
    expect(votersOf(cluster, 'D')).toBe('ABCD');
  });

  it('§4.2.1: a round that took longer than an election timeout does not count as caught up', () => {
    const cluster = withLearner();
    cluster.isLost = isBetween('D');
    cluster.request('A', command(2));
    cluster.settle();
    cluster.tick(30);
    cluster.heal();
    cluster.tick(2);
    expect(cluster.raft('A').leadership?.progress.get(id('D'))?.isCaughtUp).toBe(false);
    cluster.request('A', command(3));
    cluster.tick(2);
    expect(cluster.raft('A').leadership?.progress.get(id('D'))?.isCaughtUp).toBe(true);
  });

  it('§4.2.2: a leader removes itself, manages the cluster until then, and leaves others to elect', () => {
    const cluster = withLearner();
    const request = cluster.request('A', {
      kind: 'change',
      changes: [{ kind: 'remove', id: id('A') }],
    });
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
    cluster.tick(60);
    expect(leaders(cluster)).toHaveLength(1);
    expect(leaders(cluster)).not.toContain('A');
  });

  it('§4.2.3: who is removed believes it, whatever a deposed leader left in its log', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = isBetween('B', 'C');
    for (let value = 0; value < 5; value += 1) cluster.request('A', command(value));
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('C') }] });
    cluster.settle();
    const uncommitted = configurationInForce(cluster.raft('A')).index;
    const message = { from: id('B'), to: id('A'), term: 3, configurationIndex: uncommitted - 2 };
    cluster.input('A', { type: 'message', message: { type: 'removedNotice', ...message } });
    expect(cluster.raft('A').removed).toBe(true);
  });

  it('§4.2.3: who hears from a leader ignores the candidates of others', () => {
    const run = (rules?: Rules): string[] => {
      const cluster = CoreCluster.of('ABC', [], rules);
      cluster.elect('A');
      const message = { from: id('C'), to: id('B'), term: 9, lastIndex: 9, lastTerm: 9, force: false };
      cluster.input('B', { type: 'message', message: { type: 'voteRequest', ...message } });
      cluster.settle();
      return [String(cluster.raft('B').term)];
    };
    expect(run()).toEqual(['2']);
    expect(run({ ...RULES, isLoyal: () => false })).not.toEqual(['2']);
  });

  it('§4.3: an arbitrary change goes through a joint configuration in one step', () => {
    const cluster = withLearner({ targetVoters: 2 });
    const changes = [
      { kind: 'demote' as const, id: id('B') },
      { kind: 'remove' as const, id: id('C') },
      { kind: 'promote' as const, id: id('D') },
    ];
    cluster.request('A', { kind: 'change', changes });
    expect(configurationInForce(cluster.raft('A')).configuration.outgoing).toHaveLength(4);
    cluster.settle();
    cluster.tick(3);
    expect(votersOf(cluster, 'D')).toBe('AD');
  });

  it('a voter that is long lost gives its place to a learner that has caught up', () => {
    const cluster = withLearner({ replaceVoterTicks: 50 });
    cluster.isLost = isBetween('C');
    cluster.tick(45);
    expect(votersOf(cluster, 'A')).toBe('ABC');
    cluster.tick(20);
    expect(votersOf(cluster, 'A')).toBe('ABD');
    cluster.heal();
    cluster.tick(20);
    expect(votersOf(cluster, 'C')).toBe('ABD');
    expect(cluster.raft('C')).toMatchObject({ removed: false, role: 'follower' });
  });
});

describe('§6.2 Check-quorum', () => {
  it('a leader that hears from no majority for an election timeout leads no more', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('A');
    cluster.tick(25, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', leader: null, term: 2 });
  });

  it('one that hears from a majority does', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('C');
    cluster.tick(100, 'A', 'B');
    expect(leaders(cluster)).toContain('A');
  });
});

describe('§6.3 Sessions', () => {
  const put = (key: string, val: string): Uint8Array => encodeTransaction([{ op: 'SET', key, val }]);
  const cas = (expected: string | null, val: string): Uint8Array =>
    encodeTransaction([
      { op: 'ASSERT', key: 'k', val: expected },
      { op: 'SET', key: 'k', val },
    ]);
  const machines = (): [SessionMachine, KeyValueMachine] => {
    const values = new KeyValueMachine();
    return [new SessionMachine(values), values];
  };
  const open = (machine: SessionMachine, index = 1, ttlMs = 1000): ClientSession => {
    const reply = decodeReply(machine.apply(encodeEnvelope({ kind: 'open', ttlMs }), index, 0));
    if (reply.kind !== 'opened') throw new Error('not opened');
    return new ClientSession(reply.session);
  };

  it('a command that comes twice is applied once, and answered alike', () => {
    const [machine, values] = machines();
    const { bytes } = open(machine).begin(cas(null, 'mine'));
    const first = machine.apply(bytes, 2, 0);
    expect(machine.apply(bytes, 3, 0)).toEqual(first);
    const reply = decodeReply(first);
    expect(reply.kind === 'done' && decodeResult(reply.value)).toEqual({ applied: true });
    expect(values.get('k')).toBe('mine');
  });

  it('a late copy of an answered command is not applied over what came after it', () => {
    const [machine, values] = machines();
    const session = open(machine);
    const old = session.begin(put('k', 'old'));
    machine.apply(old.bytes, 2, 0);
    session.end(old.sequence);
    machine.apply(session.begin(put('k', 'new')).bytes, 3, 0);
    expect(decodeReply(machine.apply(old.bytes, 4, 0)).kind).toBe('expired');
    expect(values.get('k')).toBe('new');
  });

  it('commands of one session may be under way together, and end in any order', () => {
    const [machine, values] = machines();
    const session = open(machine);
    const [one, two] = [session.begin(put('a', '1')), session.begin(put('b', '2'))];
    for (const { bytes } of [two, one, two, one]) machine.apply(bytes, 9, 0);
    expect([values.get('a'), values.get('b')]).toEqual(['1', '2']);
  });

  it('sessions expire by log time, on every server alike, and only when they are not used', () => {
    const [machine] = machines();
    const [used, unused] = [open(machine, 1), open(machine, 2)];
    machine.apply(used.begin(put('k', '1')).bytes, 3, 900);
    machine.apply(used.begin(put('k', '2')).bytes, 4, 1500);
    expect(machine.sessionCount).toBe(1);
    expect(decodeReply(machine.apply(unused.begin(put('k', '3')).bytes, 5, 1500)).kind).toBe('expired');
  });

  it('sessions, replies and time are part of the snapshot', () => {
    const [machine] = machines();
    const session = open(machine);
    const { bytes } = session.begin(cas(null, 'mine'));
    const first = machine.apply(bytes, 2, 500);
    const [restored, values] = machines();
    restored.restore(machine.snapshot());
    expect(restored.snapshot()).toEqual(machine.snapshot());
    expect(restored.apply(bytes, 3, 500)).toEqual(first);
    expect(values.get('k')).toBe('mine');
    restored.apply(encodeEnvelope({ kind: 'open', ttlMs: 1 }), 4, 1600);
    expect(restored.sessionCount).toBe(1);
  });

  it('log time passes while somebody leads, and never runs backwards along the log', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const times: number[] = [];
    for (const leader of ['A', 'B', 'C']) {
      if (leaders(cluster)[0] !== leader) cluster.elect(leader);
      cluster.tick(10, leader);
      cluster.request(leader, command(1));
      cluster.settle();
      const { payload } = cluster.raft(leader).log.at(cluster.raft(leader).log.lastIndex);
      if (payload.kind === 'command') times.push(payload.timeMs);
    }
    expect(times).toEqual([500, 1000, 1500]);
  });
});

describe('§6.4 Reads', () => {
  it('reads of a follower and of a learner are confirmed by the leader, and answered from their own state', () => {
    const cluster = new CoreCluster();
    for (const name of 'ABCD') {
      const hardState = { term: 1, votedFor: null, commitIndex: 0 };
      cluster.add(name, { hardState, entries: logOf(configuration('ABC', 'D')) });
    }
    cluster.elect('A');
    cluster.request('A', command(1));
    cluster.settle();
    for (const name of ['B', 'D']) {
      const request = cluster.request(name, { kind: 'read' });
      cluster.settle();
      expect(cluster.node(name).replies.get(request)).toMatchObject({ outcome: 'ok', index: 3 });
    }
  });

  it('all reads that wait share one question and one round', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const asked = { questions: 0, rounds: 0 };
    cluster.isLost = (message) => {
      if (message.type === 'readIndexRequest') asked.questions += 1;
      if (message.type === 'heartbeat') asked.rounds += 1;
      return false;
    };
    const requests = Array.from({ length: 9 }, () => cluster.request('B', { kind: 'read' }));
    cluster.settle();
    expect(requests.map((request) => outcome(cluster, 'B', request))).toEqual(Array(9).fill('ok'));
    expect(asked.questions).toBeLessThanOrEqual(2);
    expect(asked.rounds).toBeLessThanOrEqual(4);
  });
});

describe('§9.6 Pre-vote', () => {
  it('a server that was cut off has not raised its term, and does not disturb when it is back', () => {
    const run = (rules?: Rules): number => {
      const cluster = CoreCluster.of('ABC', [], rules);
      cluster.elect('A');
      cluster.isolate('C');
      cluster.tick(200);
      cluster.heal();
      cluster.tick(60);
      return cluster.raft('A').term;
    };
    expect(run()).toBe(2);
    expect(run({ ...RULES, asksBeforeCampaign: () => false })).toBeGreaterThan(2);
  });

  it('neither the question nor the answer changes anybody’s term or vote', () => {
    const cluster = CoreCluster.of('ABC');
    const message = { from: id('C'), to: id('B'), term: 7, lastIndex: 9, lastTerm: 9 };
    cluster.input('B', { type: 'message', message: { type: 'preVoteRequest', ...message } });
    expect(cluster.raft('B')).toMatchObject({ term: 1, votedFor: null });
    expect(cluster.network).toMatchObject([{ type: 'preVoteResponse', granted: true }]);
  });
});

describe('§10.2.1 Writing to the leader’s disk in parallel', () => {
  function slowLeader(rules?: Rules): CoreCluster {
    const cluster = CoreCluster.of('ABC', [], rules);
    cluster.elect('A');
    cluster.autoPersist = false;
    cluster.request('A', command(1));
    return cluster;
  }
  const deliverAll = (cluster: CoreCluster): void => {
    while (cluster.network.length > 0) cluster.deliverOne();
  };

  it('the leader sends an entry before its own write of it is durable', () => {
    expect(slowLeader().network.filter(({ type }) => type === 'appendRequest')).toHaveLength(2);
  });

  it('an entry may be committed before it is durable at the leader', () => {
    const cluster = slowLeader();
    deliverAll(cluster);
    for (const name of ['B', 'C']) cluster.persistOne(name);
    deliverAll(cluster);
    expect(cluster.raft('A').commitIndex).toBe(3);
    expect(cluster.raft('A').durableIndex).toBe(2);
  });

  it('the leader counts itself only for what its own disk holds', () => {
    const run = (rules?: Rules): number => {
      const cluster = slowLeader(rules);
      deliverAll(cluster);
      cluster.persistOne('B');
      deliverAll(cluster);
      return cluster.raft('A').commitIndex;
    };
    expect(run()).toBe(2);
    expect(run({ ...RULES, ownMatchIndex: (_, lastIndex) => lastIndex })).toBe(3);
  });

  it('a follower acknowledges nothing before it is durable', () => {
    const acknowledged = (rules?: Rules): number => {
      const cluster = slowLeader(rules);
      deliverAll(cluster);
      return cluster.network.length + Number(cluster.raft('A').commitIndex > 2);
    };
    expect(acknowledged()).toBe(0);
    expect(acknowledged({ ...RULES, durableBefore: () => 'nothing' })).toBeGreaterThan(0);
  });
});
