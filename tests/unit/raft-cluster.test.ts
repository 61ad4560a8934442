import { describe, expect, it } from 'vitest';
import { command, configuration, CoreCluster, id, logOf, nameOf } from '../support/core-cluster.ts';
import { firstConfiguration } from '../../src/core/raft/configuration.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';

const leaders = (cluster: CoreCluster): string[] =>
  [...cluster.nodes].filter(([, node]) => node.raft.role === 'leader').map(([name]) => name);

const members = (cluster: CoreCluster, name: string): string =>
  configurationInForce(cluster.raft(name))
    .configuration.members.map((member) => `${member.name}:${member.kind}`)
    .join(' ');

describe('elections', () => {
  it('elects one leader by time alone', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.tick(60);
    expect(leaders(cluster)).toHaveLength(1);
    const [leader] = leaders(cluster);
    for (const { raft } of cluster.nodes.values()) expect(nameOf(raft.leader ?? id('?'))).toBe(leader);
  });

  it('keeps the leader as long as its heartbeats arrive', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('B');
    const { term } = cluster.raft('B');
    cluster.tick(500);
    expect(leaders(cluster)).toEqual(['B']);
    expect(cluster.raft('B').term).toBe(term);
  });

  it('an isolated follower raises no term, and comes back without an election', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const { term } = cluster.raft('A');
    cluster.isolate('C');
    cluster.tick(300);
    expect(cluster.raft('C').term).toBe(term);
    cluster.heal();
    cluster.tick(30);
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('C').term).toBe(term);
  });

  it('the only voter leads within one tick of its start', () => {
    const cluster = CoreCluster.of('A');
    cluster.tick();
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('A').commitIndex).toBe(2);
  });

  it('a candidate does not count its own vote before it is durable', () => {
    const cluster = CoreCluster.of('A');
    cluster.autoPersist = false;
    cluster.tick();
    expect(cluster.raft('A').role).toBe('candidate');
    cluster.persistOne('A');
    expect(cluster.raft('A').role).toBe('leader');
  });
});

describe('replication', () => {
  it('commits and applies a command on all three', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('A', command(7));
    cluster.settle();
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'ok', index: 3, term: 2 });
    cluster.tick(1, 'A');
    for (const { applied } of cluster.nodes.values()) {
      expect(applied.map((entry) => entry.index)).toEqual([1, 2, 3]);
    }
  });

  it('commits nothing while the leader is cut off, and the new leader’s entries replace its own', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('A');
    const lost = cluster.request('A', command(1));
    cluster.settle();
    expect(cluster.raft('A').commitIndex).toBe(2);
    cluster.tick(40);
    const [leader] = leaders(cluster).filter((name) => name !== 'A');
    if (leader === undefined) throw new Error('nobody leads the majority');
    const kept = cluster.request(leader, command(2));
    cluster.settle();
    expect(cluster.node(leader).replies.get(kept)?.outcome).toBe('ok');
    expect(cluster.node('A').replies.has(lost)).toBe(false);
    cluster.heal();
    cluster.tick(10);
    expect(leaders(cluster)).toEqual([leader]);
    expect(cluster.node('A').replies.get(lost)).toMatchObject({ outcome: 'failed', code: 'lost-leadership' });
    const logs = [...cluster.nodes.values()].map(({ disk }) => disk.entries);
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[2]).toEqual(logs[0]);
  });

  it('Figure 7: a new leader brings every kind of diverging log in line', () => {
    const terms = {
      L: [1, 1, 4, 4, 5, 5, 6, 6, 6],
      a: [1, 1, 4, 4, 5, 5, 6, 6],
      b: [1, 1],
      c: [1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
      d: [1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
      e: [1, 1, 4, 4, 4, 4],
      f: [1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
    };
    const cluster = new CoreCluster();
    const all = configuration('Labcdef');
    for (const [name, log] of Object.entries(terms)) {
      const entries = logOf(all, ...log);
      cluster.add(name, { hardState: { term: 7, votedFor: null, commitIndex: 0 }, entries });
    }
    cluster.elect('L');
    cluster.tick(10);
    const expected = cluster.node('L').disk.entries;
    expect(expected.map((entry) => entry.term)).toEqual([1, ...terms.L, 8]);
    for (const [name, { disk }] of cluster.nodes) expect(disk.entries, name).toEqual(expected);
  });

  it('recovers from appends that were lost, without waiting for new ones', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = (message) => message.type === 'appendRequest' && message.to === id('C');
    for (let value = 0; value < 5; value += 1) cluster.request('A', command(value));
    cluster.settle();
    expect(cluster.raft('C').log.lastIndex).toBe(2);
    cluster.heal();
    cluster.tick(6);
    expect(cluster.raft('C').log.lastIndex).toBe(7);
    expect(cluster.raft('C').commitIndex).toBe(7);
  });

  it('acknowledges entries only when they are durable', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.autoPersist = false;
    const request = cluster.request('A', command(1));
    cluster.settle();
    expect(cluster.raft('B').log.lastIndex).toBe(3);
    expect(cluster.raft('A').commitIndex).toBe(2);
    cluster.persistOne('B');
    cluster.settle();
    expect(cluster.raft('A').commitIndex).toBe(2);
    cluster.persistOne('C');
    cluster.settle();
    expect(cluster.raft('A').commitIndex).toBe(3);
    expect(cluster.raft('A').durableIndex).toBe(2);
    expect(cluster.node('A').replies.get(request)?.outcome).toBe('ok');
  });

  it('a write that completes late proves nothing about what was truncated and written again', () => {
    const cluster = CoreCluster.of('AB');
    cluster.autoPersist = false;
    const raft = cluster.raft('A');
    const from = id('B');
    const append = (term: number, entryTerm: number, prevIndex = 1, prevTerm = 1): void => {
      const payload = { kind: 'noop' as const };
      const entries = [{ index: prevIndex + 1, term: entryTerm, payload }];
      const envelope = { from, to: id('A'), term, prevIndex, prevTerm, commitIndex: 0 };
      cluster.input('A', { type: 'message', message: { type: 'appendRequest', ...envelope, entries } });
    };
    append(2, 2);
    append(3, 3);
    append(4, 2);
    expect(cluster.node('A').writes).toHaveLength(3);
    cluster.persistOne('A');
    expect(raft.durableIndex).toBe(1);
    cluster.persistOne('A');
    expect(raft.durableIndex).toBe(1);
    cluster.persistOne('A');
    expect(raft.durableIndex).toBe(2);
    expect(cluster.node('A').disk.entries.at(-1)?.term).toBe(2);
  });

  it('a restarted server has what was durable and learns the rest', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.request('A', command(1));
    cluster.settle();
    cluster.restart('B');
    cluster.request('A', command(2));
    cluster.tick(5);
    expect(cluster.node('B').applied.map((entry) => entry.index)).toEqual([1, 2, 3, 4]);
  });
});

describe('client operations', () => {
  it('a follower forwards to the leader and passes its answer on', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('C', command(9));
    cluster.settle();
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'ok', index: 3 });
  });

  it('an operation waits for a leader, and fails for certain if none comes', () => {
    const cluster = CoreCluster.of('ABC');
    const request = cluster.request('C', command(9));
    cluster.settle();
    cluster.input('C', { type: 'expire', request });
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'failed', code: 'no-leader' });
    const second = cluster.request('C', command(9));
    cluster.elect('A');
    cluster.tick(2);
    expect(cluster.node('C').replies.get(second)?.outcome).toBe('ok');
  });

  it('what runs out of time without a leader leaves nothing behind', () => {
    const cluster = CoreCluster.of('ABC');
    for (let round = 1; round <= 3; round += 1) {
      const requests = Array.from({ length: 100 }, (_, number) =>
        cluster.request('C', number % 2 === 0 ? command(number) : { kind: 'read' }),
      );
      cluster.settle();
      for (const request of requests.slice(0, 90)) cluster.input('C', { type: 'expire', request });
      const { requests: left } = cluster.raft('C');
      expect(cluster.raft('C').queued.length).toBeLessThanOrEqual(2 * left.size);
      expect(cluster.raft('C').reads.waiting.length).toBeLessThanOrEqual(2 * left.size);
      for (const request of requests.slice(90)) cluster.input('C', { type: 'expire', request });
      expect([cluster.raft('C').queued, cluster.raft('C').reads.waiting]).toEqual([[], []]);
    }
  });

  it('an operation that was handed over and got no answer is unknown', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('C');
    const request = cluster.request('C', command(9));
    cluster.settle();
    cluster.input('C', { type: 'expire', request });
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'unknown', code: 'timed-out' });
  });

  it('an entry that was truncated here is not reported as failed before its place is committed', () => {
    const cluster = CoreCluster.of('ABCDE');
    cluster.elect('A');
    cluster.isLost = ({ from, to }) => from === id('A') && to !== id('B');
    const request = cluster.request('A', command(1));
    cluster.settle();
    // C leads term 3 and reaches A alone, with an entry of its own at the same index.
    cluster.isolate('A', 'B');
    cluster.input('C', { type: 'campaign' });
    cluster.settle();
    expect(leaders(cluster)).toContain('C');
    const envelope = { from: id('C'), to: id('A'), term: 3, commitIndex: 2, prevIndex: 2, prevTerm: 2 };
    const noop = { index: 3, term: 3, payload: { kind: 'noop' as const } };
    cluster.input('A', { type: 'message', message: { type: 'appendRequest', ...envelope, entries: [noop] } });
    expect(cluster.raft('A').log.termAt(3)).toBe(3);
    // B still holds the old entry and could yet be elected by D and E.
    expect(cluster.raft('B').log.termAt(3)).toBe(2);
    expect(cluster.node('A').replies.has(request)).toBe(false);
  });

  it('refuses more operations than it can keep', () => {
    const cluster = CoreCluster.of('ABC');
    for (let count = 0; count < 16; count += 1) cluster.request('A', command(count));
    const request = cluster.request('A', command(16));
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'failed', code: 'overloaded' });
  });
});

describe('linearizable reads', () => {
  it('the leader answers after a round of heartbeats', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('A', { kind: 'read' });
    expect(cluster.node('A').replies.has(request)).toBe(false);
    cluster.settle();
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'ok', index: 2 });
  });

  it('a follower answers once it has applied what was committed when it asked', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = (message) => message.type === 'appendRequest' && message.to === id('C');
    cluster.request('A', command(1));
    cluster.settle();
    const request = cluster.request('C', { kind: 'read' });
    cluster.settle();
    expect(cluster.node('C').replies.has(request)).toBe(false);
    cluster.heal();
    cluster.tick(6);
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'ok', index: 3 });
  });

  it('a deposed leader that does not know it yet answers nothing', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('A');
    cluster.tick(40);
    const request = cluster.request('A', { kind: 'read' });
    cluster.tick(5);
    expect(cluster.node('A').replies.has(request)).toBe(false);
    cluster.heal();
    cluster.tick(10);
    expect(cluster.node('A').replies.get(request)?.outcome).toBe('ok');
  });

  it('a new leader waits for an entry of its own term before it serves reads', () => {
    const cluster = CoreCluster.of('ABC', [2]);
    cluster.isLost = (message) => message.type === 'appendRequest';
    cluster.elect('A');
    const request = cluster.request('A', { kind: 'read' });
    cluster.tick(5);
    expect(cluster.node('A').replies.has(request)).toBe(false);
    cluster.heal();
    cluster.tick(5);
    expect(cluster.node('A').replies.get(request)?.outcome).toBe('ok');
  });

  it('a read that is lost on the way to the leader is asked again', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isLost = (message) => message.type === 'forwardRequest';
    const request = cluster.request('C', { kind: 'read' });
    cluster.settle();
    cluster.heal();
    cluster.tick(12);
    expect(cluster.node('C').replies.get(request)?.outcome).toBe('ok');
  });
});

describe('membership', () => {
  const growing = (): CoreCluster => {
    const cluster = new CoreCluster();
    const first = firstConfiguration(id('A'), ['A', 'B', 'C']);
    cluster.add('A', { hardState: { term: 1, votedFor: null, commitIndex: 0 }, entries: logOf(first) });
    cluster.tick();
    return cluster;
  };
  const join = (cluster: CoreCluster, ...names: string[]): void => {
    for (const name of names) {
      cluster.add(name);
      const linked = [...cluster.nodes.keys()].filter((other) => other !== name).map(id);
      cluster.input(name, { type: 'links', linked });
    }
    cluster.tick(40);
  };

  it('joiners become learners, then voters up to the target, then stay learners', () => {
    const cluster = growing();
    join(cluster, 'X', 'Y');
    expect(members(cluster, 'A')).toBe('A:voter B:voter C:voter');
    join(cluster, 'Z');
    expect(members(cluster, 'A')).toBe('A:voter B:voter C:voter D:learner');
    for (const name of ['X', 'Y', 'Z']) expect(members(cluster, name)).toBe(members(cluster, 'A'));
  });

  it('a joiner asks whoever comes within its reach at once, and only those', () => {
    const cluster = growing();
    cluster.add('B', {}, { joinTicks: 1000 });
    const asked = (...linked: string[]): string[] =>
      cluster
        .input('B', { type: 'links', linked: linked.map(id) })
        .flatMap((effect) => (effect.type === 'send' ? [`${effect.message.type} ${effect.message.to}`] : []));
    expect(asked('X')).toEqual([`joinRequest ${id('X')}`]);
    expect(asked('X', 'A')).toEqual([`joinRequest ${id('A')}`]);
    expect(asked('A')).toEqual([]);
    cluster.settle();
    expect(members(cluster, 'B')).toBe('A:voter B:learner');
    cluster.tick();
    expect(members(cluster, 'B')).toBe('A:voter B:voter');
    expect(asked('A', 'X')).toEqual([]);
  });

  it('a member that comes within reach of the leader hears of it at once, a stranger not', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.restart('B');
    expect(cluster.raft('B').leader).toBeNull();
    cluster.input('A', { type: 'links', linked: [id('B'), id('X')] });
    expect(cluster.network.map(({ type, to }) => `${type} ${to}`)).toEqual([
      `heartbeat ${id('B')}`,
      `heartbeat ${id('C')}`,
    ]);
    cluster.settle();
    expect(cluster.raft('B').leader).toBe(id('A'));
  });

  it('a joiner that reaches only a follower is handed on to the leader', () => {
    const cluster = growing();
    join(cluster, 'X');
    cluster.add('Y');
    cluster.input('Y', { type: 'links', linked: [id('X')] });
    cluster.tick(20);
    expect(members(cluster, 'Y')).toBe('A:voter B:voter C:voter');
  });

  it('makes no change before the leader has committed an entry of its own term (2015 erratum)', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.isLost = (message) => message.type === 'appendRequest';
    cluster.elect('A');
    const change = { kind: 'remove' as const, id: id('C') };
    const request = cluster.request('A', { kind: 'change', changes: [change] });
    expect(cluster.node('A').replies.get(request)).toMatchObject({ code: 'change-refused' });
  });

  it('makes one change at a time', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const first = cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('C') }] });
    const second = cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('B') }] });
    expect(cluster.node('A').replies.get(second)).toMatchObject({
      outcome: 'failed',
      code: 'change-refused',
    });
    cluster.settle();
    expect(cluster.node('A').replies.get(first)?.outcome).toBe('ok');
  });

  it('a removed leader commits its removal, then leads no more', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const request = cluster.request('B', { kind: 'change', changes: [{ kind: 'remove', id: id('A') }] });
    cluster.settle();
    expect(cluster.node('B').replies.get(request)?.outcome).toBe('ok');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', removed: true });
    cluster.tick(100);
    expect(leaders(cluster)).toHaveLength(1);
    expect(members(cluster, 'B')).toBe('B:voter C:voter');
  });

  it('a removed follower is told, and disturbs nobody', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('C') }] });
    const { term } = cluster.raft('A');
    cluster.tick(100);
    expect(cluster.raft('C').removed).toBe(true);
    expect(cluster.raft('A')).toMatchObject({ role: 'leader', term });
  });

  it('never promotes a learner that has gone silent', () => {
    const cluster = growing();
    join(cluster, 'X', 'Y', 'Z');
    cluster.nodes.delete('Z');
    cluster.tick(30);
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('Y') }] });
    cluster.tick(60);
    expect(members(cluster, 'A')).toBe('A:voter B:voter D:learner');
  });

  it('does not take the last voter away', () => {
    const cluster = growing();
    const request = cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('A') }] });
    expect(cluster.node('A').replies.get(request)).toMatchObject({
      outcome: 'failed',
      code: 'change-refused',
    });
  });
});

describe('strangers', () => {
  it('answers of a server outside the configuration count for nothing', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.isolate('A');
    cluster.request('A', command(1));
    const result = { kind: 'accepted' as const, matchIndex: 3 };
    for (const stranger of ['X', 'Y']) {
      const message = { type: 'appendResponse' as const, from: id(stranger), to: id('A'), term: 2, result };
      const effects = cluster.input('A', { type: 'message', message });
      expect(effects).toEqual([
        {
          type: 'trace',
          event: {
            kind: 'refused',
            what: 'appendResponse',
            from: id(stranger),
            reason: 'it is not a member',
          },
        },
      ]);
    }
    expect(cluster.raft('A').commitIndex).toBe(2);
  });

  it('operations of a server outside the configuration are refused', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const operation = { kind: 'command' as const, command: Uint8Array.of(1), repeatable: false };
    const envelope = { from: id('X'), to: id('A'), term: 2 };
    const message = { type: 'forwardRequest' as const, ...envelope, request: 1, attempt: 1, operation };
    cluster.input('A', { type: 'message', message });
    expect(cluster.raft('A').log.lastIndex).toBe(2);
    expect(cluster.network.at(-1)).toMatchObject({
      type: 'forwardResponse',
      to: id('X'),
      result: { outcome: 'failed', code: 'not-a-member' },
    });
  });
});

describe('what hostile schedules have taught', () => {
  it('the only voter is elected however slow its disk is', () => {
    const cluster = CoreCluster.of('A');
    cluster.autoPersist = false;
    for (let ticks = 0; ticks < 100; ticks += 1) cluster.input('A', { type: 'tick' });
    expect(cluster.raft('A')).toMatchObject({ role: 'candidate', term: 2 });
    cluster.persistOne('A');
    expect(cluster.raft('A').role).toBe('leader');
  });

  it('a late answer to an earlier attempt is not taken for the answer to this one', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('B');
    cluster.isLost = ({ type }) => type === 'forwardResponse' || type === 'appendRequest';
    const request = cluster.request('A', command(1));
    cluster.settle();
    const refusal = { outcome: 'failed' as const, code: 'no-leader' as const, reason: 'not the leader' };
    const late = { type: 'forwardResponse' as const, from: id('B'), to: id('A'), term: 2, request };
    cluster.input('A', { type: 'message', message: { ...late, attempt: 0, result: refusal } });
    cluster.tick(3, 'A');
    cluster.input('A', { type: 'expire', request });
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'unknown' });
  });

  it('what was handed over once is unknown for ever, even if it is queued again', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('B');
    cluster.isLost = ({ type }) => type === 'forwardResponse' || type === 'appendRequest';
    const request = cluster.request('A', command(1));
    cluster.settle();
    const refusal = { outcome: 'failed' as const, code: 'no-leader' as const, reason: 'not the leader' };
    const answer = { type: 'forwardResponse' as const, from: id('B'), to: id('A'), term: 2, request };
    cluster.input('A', { type: 'message', message: { ...answer, attempt: 1, result: refusal } });
    cluster.input('A', { type: 'expire', request });
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'unknown' });
  });

  it('a server that an uncommitted configuration leaves out can still win with its longer log', () => {
    const cluster = CoreCluster.of('AB');
    cluster.elect('B');
    cluster.isLost = () => true;
    cluster.request('B', { kind: 'change', changes: [{ kind: 'remove', id: id('B') }] });
    cluster.settle();
    expect(members(cluster, 'B')).toBe('A:voter');
    cluster.restart('B');
    cluster.heal();
    cluster.tick(100);
    expect(members(cluster, 'A')).toBe('A:voter');
    expect(leaders(cluster)).toEqual(['A']);
    expect(cluster.raft('B').removed).toBe(true);
  });

  it('a joiner whose admission was never committed asks again', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.add('X', {}, { targetVoters: 3 });
    cluster.input('X', { type: 'links', linked: [id('A'), id('B'), id('C')] });
    cluster.isolate('A', 'X');
    cluster.tick(60);
    expect(cluster.raft('X').log.lastIndex).toBe(3);
    expect(cluster.raft('A').commitIndex).toBe(2);
    const [successor = ''] = leaders(cluster).filter((name) => name !== 'A');
    cluster.request(successor, command(1));
    cluster.settle();
    cluster.heal();
    cluster.tick(60);
    expect(members(cluster, 'X')).toBe('A:voter B:voter C:voter D:learner');
    expect(members(cluster, successor)).toBe(members(cluster, 'X'));
  });

  it('a learner that is removed is told', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.add('X');
    cluster.input('X', { type: 'links', linked: [id('A')] });
    cluster.tick(20);
    expect(members(cluster, 'X')).toContain('D:learner');
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('X') }] });
    cluster.tick(60);
    expect(cluster.raft('X').removed).toBe(true);
    expect(members(cluster, 'A')).toBe('A:voter B:voter C:voter');
  });

  it('a removed leader does not come back by a restart', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    cluster.request('A', { kind: 'change', changes: [{ kind: 'remove', id: id('A') }] });
    cluster.settle();
    expect(cluster.raft('A').removed).toBe(true);
    cluster.restart('A');
    cluster.input('A', { type: 'links', linked: [id('B'), id('C')] });
    cluster.tick(60);
    expect(cluster.raft('A').removed).toBe(true);
    expect(members(cluster, 'B')).toBe('B:voter C:voter');
  });

  it('frames that claim a second leader, or other committed entries, are refused and stop nobody', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const envelope = { from: id('C'), term: 2, commitIndex: 0 };
    const forged = { ...envelope, type: 'appendRequest' as const, prevIndex: 0, prevTerm: 0 };
    const entry = { index: 1, term: 2, payload: { kind: 'noop' as const } };
    for (const to of ['A', 'B']) {
      const heartbeat = { ...envelope, type: 'heartbeat' as const, to: id(to), readRound: 0 };
      cluster.input(to, { type: 'message', message: heartbeat });
      cluster.input(to, { type: 'message', message: { ...forged, to: id(to), entries: [entry] } });
      const fromLeader = { ...forged, from: id('A'), to: id(to), entries: [entry] };
      cluster.input(to, { type: 'message', message: fromLeader });
    }
    expect(leaders(cluster)).toEqual(['A']);
    const request = cluster.request('B', command(1));
    cluster.settle();
    expect(cluster.node('B').replies.get(request)?.outcome).toBe('ok');
  });

  it('admits no more members than a configuration can hold, and nobody who is asked for by a stranger', () => {
    const cluster = CoreCluster.of('ABC');
    cluster.elect('A');
    const ask = (from: string, joiner: string): void => {
      const message = {
        type: 'joinRequest' as const,
        from: id(from),
        to: id('A'),
        term: 0,
        joiner: id(joiner),
        memberAt: 0,
      };
      cluster.input('A', { type: 'message', message });
      cluster.settle();
    };
    ask('X', 'Y');
    expect(members(cluster, 'A')).toBe('A:voter B:voter C:voter');
    for (let count = 0; count < 120; count += 1) ask(`N${count}x`, `N${count}x`);
    expect(configurationInForce(cluster.raft('A')).configuration.members).toHaveLength(100);
  });
});
