import { describe, expect, it } from 'vitest';
import { KeyValueMachine } from '../../src/core/kv/machine.ts';
import { decodeResult, encodeTransaction } from '../../src/core/kv/transaction.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { Operation } from '../../src/core/raft/message.ts';
import { RULES, type ReadRounds, type Rules } from '../../src/core/raft/rules.ts';
import { ClientSession, encodeInSession, type SessionPlace } from '../../src/core/session/client.ts';
import { decodeEnvelope, decodeReply, encodeEnvelope } from '../../src/core/session/envelope.ts';
import { SessionMachine } from '../../src/core/session/machine.ts';
import { MAX_COMMAND_BYTES } from '../../src/core/raft/log-entry.ts';
import { command, configuration, CoreCluster, id, logOf } from '../support/core-cluster.ts';
import {
  answersTo,
  campaignUntilLeader,
  change,
  clusterOf,
  cutOff,
  leaders,
  led,
  logIn,
  losing,
  ofType,
  votersAt,
  onlyAmong,
  outcome,
  receive,
  record,
  taken,
  terms,
} from './support/claims.ts';

/** Ongaro's dissertation, chapter 6: clients. */

const READ: Operation = { kind: 'read' };

describe('§6.2 finding the leader', () => {
  it('§6.2: a server that does not lead hands an operation on to the one that does', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('C', command(1));
    expect(cluster.network).toMatchObject([{ type: 'forwardRequest', from: id('C'), to: id('A'), request }]);
    cluster.settle();
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'ok', index: 3, term: 2 });
  });

  it('§6.2: so does a learner', () => {
    const cluster = led(clusterOf('ABC', { learners: 'D' }));
    const request = cluster.request('D', command(1));
    cluster.settle();
    expect(outcome(cluster, 'D', request)).toBe('ok');
  });

  it('§6.2: who is taken for the leader and is not says so, and the operation looks on', () => {
    const cluster = led(clusterOf('ABC'));
    // C has not heard yet that B leads.
    cluster.isLost = onlyAmong('AB');
    cluster.request('A', { kind: 'transfer', to: id('B') });
    cluster.settle();
    expect([cluster.raft('B').role, cluster.raft('C').leader]).toEqual(['leader', id('A')]);
    const request = cluster.request('C', command(1));
    cluster.isLost = ({ from, to }) => from === id('B') && to === id('C');
    const seen = record(cluster);
    cluster.settle();
    expect(ofType(seen, 'forwardResponse')).toMatchObject([
      { result: { outcome: 'failed', code: 'no-leader' } },
    ]);
    expect(outcome(cluster, 'C', request)).toBe('none');
    cluster.heal();
    cluster.tick(5);
    expect(outcome(cluster, 'C', request)).toBe('ok');
    expect(logIn(cluster, 'B').filter(({ payload }) => payload.kind === 'command')).toHaveLength(1);
  });

  it('§6.2: a stranger’s operation is refused', () => {
    const cluster = led(clusterOf('ABC'));
    const { length } = logIn(cluster, 'A');
    const answers = answersTo(cluster, {
      type: 'forwardRequest',
      from: id('X'),
      to: id('A'),
      term: 2,
      request: 1,
      attempt: 1,
      operation: { kind: 'command', command: Uint8Array.of(1), repeatable: false },
    });
    expect(ofType(answers, 'forwardResponse')).toMatchObject([{ result: { code: 'not-a-member' } }]);
    expect(logIn(cluster, 'A')).toHaveLength(length);
  });

  it('§6.2: an operation that was lost on its way is handed over again, if it may be', () => {
    const times = (repeatable: boolean): number => {
      const cluster = led(clusterOf('ABC'));
      cluster.isLost = losing('forwardRequest');
      const seen = record(cluster);
      cluster.request('C', { kind: 'command', command: Uint8Array.of(1), repeatable });
      cluster.tick(35);
      return ofType(seen, 'forwardRequest').length;
    };
    expect(times(true)).toBeGreaterThan(2);
    expect(times(false)).toBe(1);
  });

  it('§6.2: a copy of a forwarded change is not refused while the first is under way, or done', () => {
    const cluster = led(clusterOf('ABC'));
    const request = cluster.request('B', { kind: 'change', changes: [{ kind: 'remove', id: id('C') }] });
    const forwarded = ofType(cluster.network, 'forwardRequest');
    expect(forwarded).toHaveLength(1);
    cluster.network.push(...forwarded);
    cluster.settle();
    expect(outcome(cluster, 'B', request)).toBe('ok');
    cluster.network.push(...forwarded);
    cluster.settle();
    expect(votersAt(cluster, 'A')).toBe('AB');
  });

  it('§6.2: a forwarded command that is refused has not failed: a copy of it may yet be taken', () => {
    const cluster = new CoreCluster();
    const entries = logOf(configuration('ABC'));
    for (const name of 'ABC') cluster.add(name, { entries }, { maxPendingRequests: name === 'A' ? 0 : 16 });
    cluster.elect('A');
    const request = cluster.request('B', { kind: 'command', command: Uint8Array.of(7), repeatable: true });
    cluster.settle();
    expect(cluster.node('B').replies.get(request)).toMatchObject({ outcome: 'unknown', code: 'overloaded' });
  });

  it('§6.2: a command that is larger than any message is refused where it comes in', () => {
    const cluster = led(clusterOf('ABC'));
    const seen = record(cluster);
    for (const name of ['A', 'B']) {
      const large = new Uint8Array(MAX_COMMAND_BYTES + 1);
      const request = cluster.request(name, { kind: 'command', command: large, repeatable: true });
      cluster.settle();
      expect(cluster.node(name).replies.get(request)).toMatchObject({ outcome: 'failed', code: 'too-large' });
    }
    expect(ofType(seen, 'forwardRequest')).toEqual([]);
  });

  it('§6.2: what nobody leads to answer is forgotten when its time is up', () => {
    const cluster = clusterOf('ABC');
    for (let count = 0; count < 50; count += 1) {
      const request = cluster.request('A', { kind: 'read' });
      cluster.input('A', { type: 'expire', request });
      expect(outcome(cluster, 'A', request)).toBe('failed');
    }
    expect(cluster.raft('A').requests.size).toBe(0);
    expect(cluster.raft('A').reads.waiting).toEqual([]);
  });

  it('§6.2: a late answer to an earlier attempt that failed does not fail this one', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('forwardRequest');
    const operation = { ...command(1), repeatable: true } as Operation;
    const request = cluster.request('C', operation);
    cluster.tick(12);
    const result = { outcome: 'failed' as const, code: 'overloaded' as const, reason: '' };
    const late = {
      type: 'forwardResponse' as const,
      from: id('A'),
      to: id('C'),
      term: 2,
      request,
      attempt: 1,
      result,
    };
    receive(cluster, late);
    expect(outcome(cluster, 'C', request)).toBe('none');
    cluster.heal();
    cluster.tick(12);
    expect(outcome(cluster, 'C', request)).toBe('ok');
  });
});

describe('§6.2 check-quorum', () => {
  it('§6.2: a leader that no majority answers for an election timeout steps down, so that clients look elsewhere', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('A');
    cluster.tick(20, 'A');
    expect(leaders(cluster)).toEqual(['A']);
    cluster.tick(5, 'A');
    expect(cluster.raft('A')).toMatchObject({ role: 'follower', leader: null, term: 2 });
  });

  it('§6.2: one that a majority answers does not, though the rest are silent', () => {
    const cluster = led(clusterOf('ABCDE'));
    cluster.isLost = cutOff('DE');
    cluster.tick(200, 'A', 'B', 'C');
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§6.2: learners’ answers are not enough', () => {
    const cluster = led(clusterOf('ABC', { learners: 'DE' }));
    cluster.isLost = cutOff('BC');
    cluster.tick(30, 'A', 'D', 'E');
    expect(cluster.raft('A').role).not.toBe('leader');
  });

  it('§6.2: a leader alone in its cluster never steps down', () => {
    const cluster = led(clusterOf('A', { learners: 'B', overrides: { targetVoters: 1 } }));
    cluster.isLost = cutOff('B');
    cluster.tick(200, 'A');
    expect(leaders(cluster)).toEqual(['A']);
  });

  it('§6.2: a new leader has a whole timeout to be answered', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.tick(100);
    campaignUntilLeader(cluster, 'B');
    cluster.isLost = cutOff('B');
    cluster.tick(19, 'B');
    expect(leaders(cluster)).toEqual(['B']);
  });

  it('§6.2: what it had not committed is reported neither as done nor as failed', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('A');
    const request = cluster.request('A', command(1));
    cluster.tick(30, 'A');
    expect([leaders(cluster), outcome(cluster, 'A', request)]).toEqual([[], 'none']);
    cluster.input('A', { type: 'expire', request });
    expect(outcome(cluster, 'A', request)).toBe('unknown');
  });
});

// ── Sessions ────────────────────────────────────────────────────────────────────────────────────

const put = (key: string, val: string): Uint8Array => encodeTransaction([{ op: 'SET', key, val }]);
/** Sets `k` if it is as expected: done twice, the second fails. */
const swap = (expected: string | null, val: string): Uint8Array =>
  encodeTransaction([
    { op: 'ASSERT', key: 'k', val: expected },
    { op: 'SET', key: 'k', val },
  ]);

class Machine {
  readonly values = new KeyValueMachine();
  readonly sessions = new SessionMachine(this.values);
  #index = 0;

  apply(bytes: Uint8Array, timeMs = 0): ReturnType<typeof decodeReply> {
    this.#index += 1;
    return decodeReply(this.sessions.apply(bytes, this.#index, timeMs));
  }

  open(ttlMs = 1000, timeMs = 0): ClientSession {
    const reply = this.apply(encodeEnvelope({ kind: 'open', ttlMs }), timeMs);
    if (reply.kind !== 'opened') throw new Error('it was not opened');
    return new ClientSession(reply.session);
  }

  /** What a server has that was restarted from this one's snapshot. */
  restored(): Machine {
    const other = new Machine();
    other.sessions.restore(this.sessions.snapshot());
    other.#index = this.#index;
    return other;
  }
}

/** As if nothing were remembered of a session's commands. */
class Forgetful extends SessionMachine {
  protected override recall(): undefined {
    return undefined;
  }
}

describe('§6.3 sessions', () => {
  it('§6.3: a session is opened through the log, and its name is the entry’s index', () => {
    const machine = new Machine();
    machine.apply(encodeEnvelope({ kind: 'plain', command: put('a', '1') }));
    expect(machine.apply(encodeEnvelope({ kind: 'open', ttlMs: 1 }))).toEqual({ kind: 'opened', session: 2 });
  });

  it('§6.3: a client numbers its commands, and says up to where it has had its answers', () => {
    const session = new ClientSession(7);
    const sent = (): SessionPlace => {
      const place = session.begin();
      const envelope = decodeEnvelope(encodeInSession(place, put('a', '1')));
      const { sequence, lowestPending } = place;
      expect(envelope).toMatchObject({ kind: 'session', session: 7, sequence, lowestPending });
      return place;
    };
    const [first, second] = [sent(), sent()];
    expect([first, second]).toMatchObject([
      { sequence: 1, lowestPending: 1 },
      { sequence: 2, lowestPending: 1 },
    ]);
    session.end(second);
    expect(sent()).toMatchObject({ sequence: 3, lowestPending: 1 });
    session.end(first);
    expect(sent()).toMatchObject({ sequence: 4, lowestPending: 3 });
  });

  it('§6.3: a command that comes again is not executed again, and answered as before', () => {
    const machine = new Machine();
    const bytes = encodeInSession(machine.open().begin(), swap(null, 'mine'));
    const first = machine.apply(bytes);
    expect(first.kind === 'done' && decodeResult(first.value)).toEqual({ applied: true });
    expect(machine.apply(bytes)).toEqual(first);
    expect(machine.values.get('k')).toBe('mine');
    // Without the stored reply it is executed again, and fails for its own work.
    const forgetful = new Forgetful(new KeyValueMachine());
    forgetful.apply(encodeEnvelope({ kind: 'open', ttlMs: 1000 }), 1, 0);
    expect(forgetful.apply(bytes, 3, 0)).not.toEqual(forgetful.apply(bytes, 2, 0));
  });

  it('§6.3: also where another has changed the state in between', () => {
    const machine = new Machine();
    const [mine, other] = [machine.open(), machine.open()];
    const bytes = encodeInSession(mine.begin(), swap(null, 'mine'));
    const first = machine.apply(bytes);
    machine.apply(encodeInSession(other.begin(), swap('mine', 'theirs')));
    expect(machine.apply(bytes)).toEqual(first);
    expect(machine.values.get('k')).toBe('theirs');
  });

  it('§6.3: sessions do not know of each other’s numbers', () => {
    const machine = new Machine();
    const [one, two] = [machine.open(), machine.open()];
    machine.apply(encodeInSession(one.begin(), put('a', '1')));
    machine.apply(encodeInSession(two.begin(), put('b', '2')));
    expect([machine.values.get('a'), machine.values.get('b')]).toEqual(['1', '2']);
  });

  it('§6.3: commands may be under way together and come in any order', () => {
    const machine = new Machine();
    const session = machine.open();
    const commands = ['a', 'b', 'c'].map((key) => encodeInSession(session.begin(), put(key, key)));
    const [first, second, third] = commands;
    if (first === undefined || second === undefined || third === undefined) throw new Error('three');
    for (const bytes of [third, first, third, second, first]) expect(machine.apply(bytes).kind).toBe('done');
    expect(['a', 'b', 'c'].map((key) => machine.values.get(key))).toEqual(['a', 'b', 'c']);
  });

  it('§6.3: a reply is kept until the client says that it has had it, and no longer', () => {
    const machine = new Machine();
    const session = machine.open();
    const place = session.begin();
    const old = encodeInSession(place, swap(null, 'mine'));
    const first = machine.apply(old);
    const size = machine.sessions.snapshot().length;
    for (let value = 0; value < 20; value += 1) {
      const next = session.begin();
      machine.apply(encodeInSession(next, put('x', 'y')));
      session.end(next);
    }
    expect(machine.apply(old)).toEqual(first);
    session.end(place);
    machine.apply(encodeInSession(session.begin(), put('x', 'y')));
    expect(machine.sessions.snapshot().length).toBeLessThan(size + 20);
    expect(machine.apply(old).kind).toBe('expired');
    expect(machine.values.get('k')).toBe('mine');
  });

  it('§6.3: sessions expire by the log’s time, on all servers at the same entry', () => {
    const lifetimes = [0, 999, 1000, 1001].map((timeMs) => {
      const machine = new Machine();
      const session = machine.open(1000, 0);
      return machine.apply(encodeInSession(session.begin(), put('a', '1')), timeMs).kind;
    });
    expect(lifetimes).toEqual(['done', 'done', 'done', 'expired']);
  });

  it('§6.3: whoever uses it in time keeps it', () => {
    const machine = new Machine();
    const session = machine.open(1000, 0);
    for (let timeMs = 0; timeMs <= 5000; timeMs += 1000) {
      expect(machine.apply(encodeInSession(session.begin(), put('a', '1')), timeMs).kind).toBe('done');
    }
    expect(machine.sessions.sessionCount).toBe(1);
  });

  it('§6.3: a command of a session that is not known is not executed', () => {
    const machine = new Machine();
    const session = machine.open(10, 0);
    const bytes = encodeInSession(session.begin(), put('a', '1'));
    expect(machine.apply(bytes, 100).kind).toBe('expired');
    expect(machine.values.get('a')).toBeNull();
    expect(machine.apply(encodeInSession(new ClientSession(99).begin(), put('a', '1'))).kind).toBe('expired');
    expect(machine.values.get('a')).toBeNull();
  });

  it('§6.3: where there are too many sessions, the one used least recently ends', () => {
    const machine = new Machine();
    const used = machine.open();
    const unused = machine.open();
    for (let count = 0; count < 4094; count += 1) machine.open();
    expect(machine.sessions.sessionCount).toBe(4096);
    machine.apply(encodeInSession(used.begin(), put('a', '1')));
    machine.open();
    expect(machine.sessions.sessionCount).toBe(4096);
    expect(machine.apply(encodeInSession(used.begin(), put('a', '2'))).kind).toBe('done');
    expect(machine.apply(encodeInSession(unused.begin(), put('a', '3'))).kind).toBe('expired');
  });

  it('§6.3: sessions, replies and time are in the snapshot', () => {
    const machine = new Machine();
    const session = machine.open(1000, 0);
    const bytes = encodeInSession(session.begin(), swap(null, 'mine'));
    const first = machine.apply(bytes, 500);
    const restored = machine.restored();
    expect(restored.sessions.snapshot()).toEqual(machine.sessions.snapshot());
    expect(restored.apply(bytes, 500)).toEqual(first);
    expect(restored.values.get('k')).toBe('mine');
    const later = machine.restored();
    expect(later.apply(bytes, 1501).kind).toBe('expired');
  });

  it('§6.3: which session ends first is in the snapshot as well', () => {
    const machine = new Machine();
    const [first, second] = [machine.open(), machine.open()];
    for (let count = 0; count < 4094; count += 1) machine.open();
    machine.apply(encodeInSession(first.begin(), put('a', '1')));
    const restored = machine.restored();
    for (const one of [machine, restored]) {
      one.open();
      expect(one.apply(encodeInSession(first.begin(), put('a', '2'))).kind).toBe('done');
      expect(one.apply(encodeInSession(second.begin(), put('a', '3'))).kind).toBe('expired');
    }
  });

  it('§6.3: the leader’s clock goes into the log, and never runs backwards along it', () => {
    const cluster = led(clusterOf('ABC'));
    for (const [position, name] of ['A', 'B', 'A', 'C'].entries()) {
      if (!leaders(cluster).includes(name)) cluster.elect(name);
      // Others do not see time pass; only the one that leads does.
      cluster.tick(position + 1, name);
      cluster.request(name, command(position));
      cluster.settle();
    }
    const times = logIn(cluster, 'B').flatMap(({ payload }) =>
      payload.kind === 'command' ? [payload.timeMs] : [],
    );
    expect(times).toEqual([50, 150, 300, 500]);
  });

  it('§6.3: all servers see the same time at the same entry, also after a restart', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.tick(7, 'A');
    cluster.request('A', command(1));
    cluster.settle();
    for (const name of 'ABC') cluster.restart(name);
    cluster.elect('C');
    cluster.request('C', command(2));
    cluster.settle();
    const timesAt = (name: string): number[] =>
      cluster
        .node(name)
        .applied.flatMap(({ payload }) => (payload.kind === 'command' ? [payload.timeMs] : []));
    expect(timesAt('C')).toEqual([350, 350]);
    cluster.tick(3, 'C');
    expect([timesAt('A'), timesAt('B')]).toEqual([timesAt('C'), timesAt('C')]);
  });
});

describe('§6.4 reads', () => {
  it('§6.4: step 1: not before the leader has committed an entry of its own term', () => {
    const read = (rules?: Rules): string => {
      const cluster = clusterOf('ABC', { rules });
      cluster.isLost = losing('appendResponse');
      cluster.elect('A');
      const request = cluster.request('A', READ);
      cluster.settle();
      return outcome(cluster, 'A', request);
    };
    expect(read()).toBe('none');
    expect(read({ ...RULES, mayServeReads: () => true })).toBe('ok');
  });

  it('§6.4: step 2: the read index is the commit index when the round began', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('heartbeatResponse');
    const request = cluster.request('A', READ);
    cluster.settle();
    const during = cluster.request('A', command(1));
    cluster.settle();
    expect([outcome(cluster, 'A', during), outcome(cluster, 'A', request)]).toEqual(['ok', 'none']);
    cluster.heal();
    cluster.tick(2, 'A');
    expect(cluster.node('A').replies.get(request)).toMatchObject({ outcome: 'ok', index: 2 });
  });

  it.each([
    ['ABC', 'B', true],
    ['ABC', '', false],
    ['ABCDE', 'B', false],
    ['ABCDE', 'BC', true],
  ])(
    '§6.4: step 3: a majority has to answer a round of heartbeats (of %s, A and “%s”)',
    (voters, answering, isRead) => {
      const read = (rules?: Rules): string => {
        const cluster = led(clusterOf(voters, { rules }));
        cluster.isLost = onlyAmong(`A${answering}`);
        const request = cluster.request('A', READ);
        cluster.settle();
        return outcome(cluster, 'A', request);
      };
      expect(read()).toBe(isRead ? 'ok' : 'none');
      expect(read({ ...RULES, isReadConfirmed: () => true })).toBe('ok');
    },
  );

  it('§6.4: step 3: the round begins after the read has come', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.tick(2, 'A');
    cluster.isLost = () => true;
    const request = cluster.request('A', READ);
    cluster.settle();
    // These answer a heartbeat from before the read.
    for (const from of ['B', 'C'].map(id)) {
      receive(cluster, { type: 'heartbeatResponse', from, to: id('A'), term: 2, readRound: 0 });
    }
    expect(outcome(cluster, 'A', request)).toBe('none');
    receive(cluster, { type: 'heartbeatResponse', from: id('B'), to: id('A'), term: 2, readRound: 1 });
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('§6.4: step 4: the answer waits until the state machine has come as far as the read index', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.tick(2, 'A');
    cluster.isLost = losing('appendRequest', 'C');
    cluster.request('A', command(1));
    cluster.settle();
    const request = cluster.request('C', READ);
    cluster.settle();
    expect([cluster.raft('C').appliedIndex, outcome(cluster, 'C', request)]).toEqual([2, 'none']);
    expect(cluster.raft('C').reads.confirmed).toMatchObject([{ readIndex: 3 }]);
    cluster.heal();
    cluster.tick(3, 'A');
    expect(cluster.node('C').replies.get(request)).toMatchObject({ outcome: 'ok', index: 3 });
    expect(cluster.raft('C').appliedIndex).toBe(3);
  });

  it('§6.4: no read leaves anything in the log', () => {
    const cluster = led(clusterOf('ABC'));
    for (const name of 'ABC') cluster.request(name, READ);
    cluster.settle();
    expect(terms(cluster, 'A')).toEqual([2]);
  });

  it.each(['B', 'D'])(
    '§6.4: a follower or learner asks the leader for the index and reads its own state (%s)',
    (name) => {
      const cluster = led(clusterOf('ABC', { learners: 'D' }));
      cluster.request('A', command(1));
      cluster.settle();
      const seen = record(cluster);
      const request = cluster.request(name, READ);
      cluster.settle();
      expect(ofType(seen, 'readIndexRequest')).toMatchObject([{ from: id(name), to: id('A') }]);
      expect(ofType(seen, 'readIndexResponse')).toMatchObject([{ to: id(name), readIndex: 3 }]);
      expect(cluster.node(name).replies.get(request)).toMatchObject({ outcome: 'ok', index: 3 });
    },
  );

  it('§6.4: the leader confirms itself for a follower’s read as for its own', () => {
    const read = (rules?: Rules): string => {
      const cluster = led(clusterOf('ABCDE', { rules }));
      cluster.isLost = onlyAmong('AB');
      const request = cluster.request('B', READ);
      cluster.settle();
      return outcome(cluster, 'B', request);
    };
    expect(read()).toBe('none');
    expect(read({ ...RULES, isReadConfirmed: () => true })).toBe('ok');
  });

  it.each([
    ['ABC', '', 'ok', 'its question is the second of three votes'],
    ['ABCDE', '', 'none', 'two of five are no majority'],
    ['ABC', 'B', 'none', 'a learner’s question counts for nothing'],
  ])(
    '§6.4: a voter’s question confirms the leader as well (of %s, %s learns: %s)',
    (names, learners, expected) => {
      const voters = Array.from(names)
        .filter((name) => !learners.includes(name))
        .join('');
      const cluster = led(clusterOf(voters, { learners }));
      const asker = learners === '' ? 'B' : learners;
      cluster.isLost = losing('heartbeat');
      const request = cluster.request(asker, READ);
      cluster.settle();
      expect(outcome(cluster, asker, request)).toBe(expected);
    },
  );

  it('§6.4: a question confirms no reads but those that its sender had when it asked', () => {
    const stale = (rules?: Rules): string => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.request('B', READ);
      const questions = taken(cluster);
      cluster.isolate('A');
      campaignUntilLeader(cluster, 'C');
      cluster.request('C', command(1));
      cluster.settle();
      const request = cluster.request('A', READ);
      // It was on its way for so long.
      for (const question of questions) receive(cluster, question);
      cluster.settle();
      return outcome(cluster, 'A', request);
    };
    expect(stale()).toBe('none');
    const readsConfirmedByQuestion = ({ roundReads }: ReadRounds): MemberId[] => [...roundReads.keys()];
    expect(stale({ ...RULES, readsConfirmedByQuestion })).toBe('ok');
  });

  it('§6.4: a server that does not lead gives no index', () => {
    const cluster = led(clusterOf('ABC'));
    const question = { type: 'readIndexRequest' as const, from: id('C'), to: id('B'), term: 2, batch: 5 };
    expect(answersTo(cluster, question)).toMatchObject([
      { type: 'readIndexResponse', batch: 5, readIndex: null },
    ]);
  });

  it('§6.4: nor does a leader give one to a stranger', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', change(['remove', 'C']));
    cluster.settle();
    const question = { type: 'readIndexRequest' as const, from: id('C'), to: id('A'), term: 2, batch: 5 };
    receive(cluster, question);
    const answers = ofType(cluster.network, 'readIndexResponse');
    cluster.settle();
    expect(answers).toMatchObject([{ to: id('C'), readIndex: null }]);
  });

  it('§6.4: all reads that wait share one round, however many they are', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = losing('heartbeat');
    const first = cluster.request('A', READ);
    cluster.settle();
    const more = Array.from({ length: 9 }, () => cluster.request('A', READ));
    cluster.heal();
    const seen = record(cluster);
    cluster.tick(2, 'A');
    expect([first, ...more].map((request) => outcome(cluster, 'A', request))).toEqual(Array(10).fill('ok'));
    const rounds = new Set(ofType(seen, 'heartbeat').map(({ readRound }) => readRound));
    expect([...rounds]).toEqual([1, 2]);
  });

  it('§6.4: a leader that was deposed answers none of the reads it held, and hands them to its successor', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('A');
    const request = cluster.request('A', READ);
    cluster.settle();
    campaignUntilLeader(cluster, 'B');
    cluster.request('B', command(1));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('none');
    cluster.heal();
    cluster.tick(12, 'A', 'B');
    const result = cluster.node('A').replies.get(request);
    expect(result).toMatchObject({ outcome: 'ok' });
    expect(result?.outcome === 'ok' && result.index).toBeGreaterThanOrEqual(4);
  });

  it('§6.4: a leader that is the only voter need ask nobody', () => {
    const cluster = led(clusterOf('A', { learners: 'B' }));
    cluster.isLost = cutOff('B');
    const request = cluster.request('A', READ);
    expect(outcome(cluster, 'A', request)).toBe('ok');
    expect(ofType(taken(cluster), 'readIndexRequest')).toEqual([]);
  });
});
