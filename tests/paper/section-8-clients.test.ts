import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { KeyValueMachine } from '../../src/core/kv/machine.ts';
import { encodeTransaction } from '../../src/core/kv/transaction.ts';
import type { Configuration } from '../../src/core/raft/log-entry.ts';
import type { Operation } from '../../src/core/raft/message.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { decodeReply, encodeEnvelope, type Reply } from '../../src/core/session/envelope.ts';
import { SessionMachine } from '../../src/core/session/machine.ts';
import { command, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  campaignUntilLeader,
  clusterOf,
  cutOff,
  leaders,
  led,
  logIn,
  losing,
  ofType,
  onlyAmong,
  outcome,
  receive,
  record,
  terms,
  withLogs,
} from './support/claims.ts';

/** The extended Raft paper, §8: clients. */

const READ: Operation = { kind: 'read' };

describe('§8 finding the leader', () => {
  it.each(['A', 'B', 'C'])('§8: a client may ask any server, whoever leads (%s)', (name) => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request(name, command(1));
    cluster.settle();
    expect(outcome(cluster, name, request)).toBe('ok');
  });

  it('§8: where the leader fails, the client’s operation goes to the next one', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('A');
    const request = cluster.request('C', { ...command(1), repeatable: true } as Operation);
    campaignUntilLeader(cluster, 'B');
    cluster.tick(3, 'B', 'C');
    expect(outcome(cluster, 'C', request)).toBe('ok');
    expect(leaders(cluster)).toContain('B');
  });

  it('§8: as long as nobody leads, it waits', () => {
    const cluster = clusterOf('ABC');
    const request = cluster.request('C', command(1));
    cluster.settle();
    expect(outcome(cluster, 'C', request)).toBe('none');
    led(cluster);
    cluster.tick(2);
    expect(outcome(cluster, 'C', request)).toBe('ok');
  });
});

describe('§8 exactly once', () => {
  /** What a server's state machine makes of what it has applied: the values, and each reply. */
  function replay(cluster: CoreCluster, name: string): { values: KeyValueMachine; replies: Reply[] } {
    const values = new KeyValueMachine();
    const machine = new SessionMachine(values);
    const replies = cluster
      .node(name)
      .applied.flatMap(({ index, payload }) =>
        payload.kind === 'command'
          ? [decodeReply(machine.apply(payload.command, index, payload.timeMs))]
          : [],
      );
    return { values, replies };
  }
  const repeatable = (envelope: Parameters<typeof encodeEnvelope>[0]): Operation => ({
    kind: 'command',
    command: encodeEnvelope(envelope),
    repeatable: true,
  });
  /** Sets `k` if nobody has yet: done twice, the second fails. */
  const claim = (session: number | null): Operation => {
    const body = encodeTransaction([
      { op: 'ASSERT', key: 'k', val: null },
      { op: 'SET', key: 'k', val: 'mine' },
    ]);
    return session === null
      ? repeatable({ kind: 'plain', command: body })
      : repeatable({ kind: 'session', session, sequence: 1, lowestPending: 1, command: body });
  };

  /** The leader commits a command and fails before it can say so; the client tries again. */
  function committedTwice(withSession: boolean): CoreCluster {
    const cluster = led(clusterOf('ABC'));
    cluster.request('C', repeatable({ kind: 'open', ttlMs: 60_000 }));
    cluster.settle();
    cluster.isLost = losing('forwardResponse');
    const request = cluster.request('C', claim(withSession ? 3 : null));
    cluster.settle();
    expect([cluster.raft('A').commitIndex, outcome(cluster, 'C', request)]).toEqual([4, 'none']);
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'B');
    cluster.tick(4, 'B', 'C');
    expect(outcome(cluster, 'C', request)).toBe('ok');
    return cluster;
  }

  it('§8: a command that is tried again after its leader failed may be in the log twice', () => {
    const cluster = committedTwice(true);
    const commands = logIn(cluster, 'B').filter(({ payload }) => payload.kind === 'command');
    expect(commands).toHaveLength(3);
    expect(commands[2]?.payload).toMatchObject({ kind: 'command' });
  });

  it('§8: with serial numbers it is executed once, and answered alike both times', () => {
    const { values, replies } = replay(committedTwice(true), 'C');
    expect(values.get('k')).toBe('mine');
    expect(replies[2]).toEqual(replies[1]);
    // Without, the second attempt finds the first one's work and fails for it.
    const bare = replay(committedTwice(false), 'C');
    expect(bare.replies[2]).not.toEqual(bare.replies[1]);
  });

  it('§8: all servers come to the same answers', () => {
    const cluster = committedTwice(true);
    cluster.heal();
    cluster.tick(10);
    for (const name of 'AB') expect(replay(cluster, name).replies).toEqual(replay(cluster, 'C').replies);
  });

  it('§8: what a client cannot repeat safely is not repeated: its outcome is unknown', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('forwardResponse');
    const request = cluster.request('C', command(1));
    cluster.settle();
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'B');
    cluster.tick(40, 'B', 'C');
    expect(outcome(cluster, 'C', request)).toBe('none');
    cluster.input('C', { type: 'expire', request });
    expect(outcome(cluster, 'C', request)).toBe('unknown');
    expect(logIn(cluster, 'B').filter(({ payload }) => payload.kind === 'command')).toHaveLength(1);
  });

  it('§8: what was never handed to a leader is certain not to happen', () => {
    const expired = (rules?: Rules): string => {
      const cluster = clusterOf('ABC', { rules });
      const request = cluster.request('C', command(1));
      cluster.input('C', { type: 'expire', request });
      led(cluster);
      cluster.tick(5);
      expect(logIn(cluster, 'A').some(({ payload }) => payload.kind === 'command')).toBe(false);
      return outcome(cluster, 'C', request);
    };
    expect(expired()).toBe('failed');
    expect(expired({ ...RULES, isCertainlyUndone: () => false })).toBe('unknown');
  });
});

describe('§8 reads', () => {
  it('§8: a read leaves nothing in the log', () => {
    const cluster = led(clusterOf('ABC'));
    const before = terms(cluster, 'A');
    const request = cluster.request('A', READ);
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
    expect(terms(cluster, 'A')).toEqual(before);
  });

  it('§8: a leader begins its term with an entry that does nothing', () => {
    const cluster = withLogs({ A: [2, 2], B: [2], C: [2] }, 2);
    cluster.isLost = losing('appendResponse');
    cluster.elect('A');
    expect(logIn(cluster, 'A').at(-1)).toEqual({ index: 4, term: 3, payload: { kind: 'noop' } });
  });

  it('§8: by that it learns what is committed, though no client asks for anything', () => {
    const cluster = withLogs({ A: [2, 2], B: [2], C: [2] }, 2);
    cluster.elect('A');
    expect(cluster.raft('A').commitIndex).toBe(4);
  });

  it('§8: it answers no read before that entry is committed', () => {
    const read = (rules?: Rules): [string, number | null] => {
      // All three hold a committed entry, but A cannot know that it is.
      const cluster = withLogs({ A: [2], B: [2], C: [2] }, 2, { rules });
      cluster.isLost = losing('appendResponse');
      cluster.elect('A');
      const request = cluster.request('A', READ);
      cluster.settle();
      const result = cluster.node('A').replies.get(request);
      return [outcome(cluster, 'A', request), result?.outcome === 'ok' ? result.index : null];
    };
    expect(read()).toEqual(['none', null]);
    // It would have answered from before that entry.
    expect(read({ ...RULES, mayServeReads: () => true })).toEqual(['ok', 0]);
  });

  it('§8: and none before a majority has confirmed that it has not been deposed', () => {
    const stale = (rules?: Rules): string[] => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.isolate('A');
      campaignUntilLeader(cluster, 'B');
      cluster.request('B', command(1));
      cluster.settle();
      expect(leaders(cluster)).toEqual(['A', 'B']);
      const request = cluster.request('A', READ);
      cluster.settle();
      return [outcome(cluster, 'A', request)];
    };
    expect(stale()).toEqual(['none']);
    expect(stale({ ...RULES, isReadConfirmed: () => true })).toEqual(['ok']);
  });

  it('§8: the majority is of the voters, learners confirm nothing', () => {
    const cluster = led(clusterOf('ABC', { learners: 'DE' }));
    cluster.isLost = onlyAmong('ADE');
    const request = cluster.request('A', READ);
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('none');
    const anybody: Rules = {
      ...RULES,
      isReadConfirmed: ({ members }: Configuration, confirmed: (id: MemberId) => boolean) =>
        members.filter((member) => confirmed(member.id)).length > members.length / 2,
    };
    const careless = led(clusterOf('ABC', { learners: 'DE', rules: anybody }));
    careless.isLost = onlyAmong('ADE');
    const answered = careless.request('A', READ);
    careless.settle();
    expect(outcome(careless, 'A', answered)).toBe('ok');
  });

  it('§8: a read sees every write that was answered before it', () => {
    const cluster = led(clusterOf('ABC'));
    for (let value = 0; value < 5; value += 1) {
      const writing = cluster.request('A', command(value));
      cluster.settle();
      const written = cluster.node('A').replies.get(writing);
      for (const name of 'ABC') {
        const reading = cluster.request(name, READ);
        cluster.settle();
        const seen = cluster.node(name).replies.get(reading);
        if (written?.outcome !== 'ok' || seen?.outcome !== 'ok') throw new Error('both are answered');
        expect(seen.index).toBeGreaterThanOrEqual(written.index);
        expect(cluster.raft(name).appliedIndex).toBeGreaterThanOrEqual(seen.index);
      }
    }
  });

  it('§8: an old round’s answers confirm no newer read', () => {
    const cluster = led(clusterOf('ABC'));
    const first = cluster.request('A', READ);
    const seen = record(cluster);
    cluster.settle();
    expect(outcome(cluster, 'A', first)).toBe('ok');
    const old = ofType(seen, 'heartbeatResponse');
    expect(old).toHaveLength(2);
    cluster.isLost = () => true;
    const second = cluster.request('A', READ);
    cluster.settle();
    for (const message of old) receive(cluster, message);
    expect(outcome(cluster, 'A', second)).toBe('none');
    for (const message of old) receive(cluster, { ...message, readRound: 2 });
    expect(outcome(cluster, 'A', second)).toBe('ok');
    expect(old.every(({ to }) => to === id('A'))).toBe(true);
  });
});
