import { describe, expect, it } from 'vitest';
import type { Effect, Input } from '../../src/core/raft/interface.ts';
import type { Entry, HardState } from '../../src/core/raft/log-entry.ts';
import type { RaftMessage } from '../../src/core/raft/message.ts';
import { step } from '../../src/core/raft/raft.ts';
import { createRaft, type Raft } from '../../src/core/raft/state.ts';
import { bytes, command, configuration, id, logOf, options } from '../support/core-cluster.ts';

/** Whole turns of one server, A of A, B and C: every effect, in its order and with its condition. */
const [A, B, C] = [id('A'), id('B'), id('C')];
const TICK: Input = { type: 'tick' };

function server(stored: Partial<{ hardState: HardState; entries: Entry[] }> = {}): Raft {
  const hardState = { term: 1, votedFor: null, commitIndex: 0 };
  return createRaft(options('A'), {
    hardState,
    snapshot: null,
    entries: logOf(configuration('ABC')),
    ...stored,
  });
}

const message = (received: RaftMessage): Input => ({ type: 'message', message: received });
const persisted = (sequence: number): Input => ({ type: 'persisted', sequence });

/** Ticks until a turn has effects; returns them. */
function nextTimeout(raft: Raft): Effect[] {
  for (let ticks = 0; ticks < 100; ticks += 1) {
    const effects = step(raft, [TICK]);
    if (effects.length > 0) return effects;
  }
  throw new Error('nothing happens by time alone');
}

/** A leads term 2 and has committed its first entry, index 2. Three writes were handed out, or two. */
function leader(): Raft {
  const raft = server();
  step(raft, [{ type: 'campaign' }]);
  step(raft, [persisted(1)]);
  step(raft, [message({ type: 'voteResponse', from: B, to: A, term: 2, granted: true })]);
  step(raft, [persisted(2)]);
  for (const from of [B, C]) {
    const result = { kind: 'accepted' as const, matchIndex: 2 };
    step(raft, [message({ type: 'appendResponse', from, to: A, term: 2, result })]);
  }
  step(raft, [{ type: 'applied', index: 2, answers: [] }]);
  return raft;
}

const noop = (index: number, term: number): Entry => ({ index, term, payload: { kind: 'noop' } });
const entry = (index: number, term: number, value: number): Entry => ({
  index,
  term,
  payload: { kind: 'command', command: bytes(value), timeMs: 0 },
});

describe('an election, turn by turn', () => {
  it('asks for pre-votes, then for votes, and leads with an entry of its own term', () => {
    const raft = server();
    const preVote = { type: 'preVoteRequest', from: A, term: 2, lastIndex: 1, lastTerm: 1 };
    expect(nextTimeout(raft)).toEqual([
      { type: 'trace', event: { kind: 'role', role: 'preCandidate', term: 1 } },
      { type: 'send', message: { ...preVote, to: B }, awaits: 0 },
      { type: 'send', message: { ...preVote, to: C }, awaits: 0 },
    ]);

    const vote = { type: 'voteRequest', from: A, term: 2, lastIndex: 1, lastTerm: 1, force: false };
    const granted = message({ type: 'preVoteResponse', from: C, to: A, term: 2, granted: true });
    expect(step(raft, [granted])).toEqual([
      { type: 'trace', event: { kind: 'role', role: 'candidate', term: 2 } },
      {
        type: 'persist',
        sequence: 1,
        hardState: { term: 2, votedFor: A, commitIndex: 0 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [],
      },
      { type: 'send', message: { ...vote, to: B }, awaits: 1 },
      { type: 'send', message: { ...vote, to: C }, awaits: 1 },
    ]);

    // B's vote alone is no majority as long as A's own is not durable.
    expect(step(raft, [message({ type: 'voteResponse', from: B, to: A, term: 2, granted: true })])).toEqual(
      [],
    );
    const append = {
      type: 'appendRequest',
      from: A,
      term: 2,
      prevIndex: 1,
      prevTerm: 1,
      entries: [noop(2, 2)],
      commitIndex: 0,
    };
    expect(step(raft, [persisted(1)])).toEqual([
      { type: 'trace', event: { kind: 'role', role: 'leader', term: 2 } },
      { type: 'trace', event: { kind: 'leader', leader: A, term: 2 } },
      {
        type: 'persist',
        sequence: 2,
        hardState: null,
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [noop(2, 2)],
      },
      { type: 'send', message: { ...append, to: B }, awaits: 0 },
      { type: 'send', message: { ...append, to: C }, awaits: 0 },
    ]);
  });

  it('grants one vote a term, and only once it is durable', () => {
    const raft = server();
    const request = { type: 'voteRequest' as const, to: A, term: 2, lastIndex: 1, lastTerm: 1, force: false };
    expect(step(raft, [message({ ...request, from: B })])).toEqual([
      { type: 'trace', event: { kind: 'vote', candidate: B, term: 2, preVote: false } },
      {
        type: 'persist',
        sequence: 1,
        hardState: { term: 2, votedFor: B, commitIndex: 0 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [],
      },
      { type: 'send', message: { type: 'voteResponse', from: A, to: B, term: 2, granted: true }, awaits: 1 },
    ]);
    expect(step(raft, [message({ ...request, from: C })])).toEqual([
      { type: 'send', message: { type: 'voteResponse', from: A, to: C, term: 2, granted: false }, awaits: 1 },
    ]);
    // After a restart the vote is still given away.
    const restarted = server({ hardState: { term: 2, votedFor: B, commitIndex: 0 } });
    expect(step(restarted, [message({ ...request, from: C })])).toMatchObject([
      { message: { granted: false } },
    ]);
    expect(step(restarted, [message({ ...request, from: B })])).toContainEqual({
      type: 'send',
      message: { type: 'voteResponse', from: A, to: B, term: 2, granted: true },
      awaits: 0,
    });
  });

  it.each([
    ['an older last term, however long the log', { lastIndex: 9, lastTerm: 1 }, false],
    ['the same last term and a shorter log', { lastIndex: 2, lastTerm: 2 }, false],
    ['the same end', { lastIndex: 3, lastTerm: 2 }, true],
    ['a later last term, however short the log', { lastIndex: 1, lastTerm: 3 }, true],
  ])('judges a candidate’s log by its last term first: %s', (_, end, granted) => {
    const raft = server({ entries: logOf(configuration('ABC'), 2, 2) });
    const effects = step(raft, [
      message({ type: 'voteRequest', from: B, to: A, term: 5, force: false, ...end }),
    ]);
    expect(effects.find((effect) => effect.type === 'send')).toMatchObject({ message: { granted } });
  });

  it('does not let a candidate depose a leader that is alive', () => {
    const raft = server();
    const heartbeat = message({ type: 'heartbeat', from: B, to: A, term: 2, commitIndex: 0, readRound: 0 });
    step(raft, [heartbeat]);
    step(raft, [persisted(1)]);
    const request = { from: C, to: A, term: 3, lastIndex: 1, lastTerm: 1 };
    expect(step(raft, [message({ type: 'voteRequest', force: false, ...request })])).toEqual([]);
    expect(step(raft, [message({ type: 'preVoteRequest', ...request })])).toEqual([
      {
        type: 'send',
        message: { type: 'preVoteResponse', from: A, to: C, term: 2, granted: false },
        awaits: 0,
      },
    ]);
    expect(step(raft, [message({ type: 'voteRequest', force: true, ...request })])).toContainEqual({
      type: 'send',
      message: { type: 'voteResponse', from: A, to: C, term: 3, granted: true },
      awaits: 2,
    });
  });
});

describe('a follower', () => {
  it('acknowledges entries after its write, and rejects what it cannot place', () => {
    const raft = server();
    const append = { type: 'appendRequest' as const, from: B, to: A, term: 2, commitIndex: 0 };
    const effects = step(raft, [message({ ...append, prevIndex: 1, prevTerm: 1, entries: [noop(2, 2)] })]);
    expect(effects).toEqual([
      { type: 'trace', event: { kind: 'leader', leader: B, term: 2 } },
      {
        type: 'persist',
        sequence: 1,
        hardState: { term: 2, votedFor: null, commitIndex: 0 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [noop(2, 2)],
      },
      {
        type: 'send',
        message: {
          type: 'appendResponse',
          from: A,
          to: B,
          term: 2,
          result: { kind: 'accepted', matchIndex: 2 },
        },
        awaits: 1,
      },
    ]);
    const gap = { kind: 'rejected', prevIndex: 7, hintIndex: 2, hintTerm: 2 };
    expect(
      step(raft, [persisted(1), message({ ...append, prevIndex: 7, prevTerm: 2, entries: [] })]),
    ).toEqual([
      { type: 'send', message: { type: 'appendResponse', from: A, to: B, term: 2, result: gap }, awaits: 0 },
    ]);
  });

  it('replaces a conflicting tail in one batch, and skips a whole term in its hint', () => {
    const raft = server({ entries: logOf(configuration('ABC'), 1, 3, 3, 3) });
    const append = { type: 'appendRequest' as const, from: B, to: A, term: 4, commitIndex: 0 };
    const rejected = step(raft, [message({ ...append, prevIndex: 5, prevTerm: 2, entries: [] })]);
    expect(rejected.at(-1)).toMatchObject({
      message: { result: { kind: 'rejected', prevIndex: 5, hintIndex: 2, hintTerm: 1 } },
    });
    const replaced = step(raft, [message({ ...append, prevIndex: 2, prevTerm: 1, entries: [noop(3, 2)] })]);
    expect(replaced).toEqual([
      { type: 'trace', event: { kind: 'truncate', from: 3 } },
      {
        type: 'persist',
        sequence: 2,
        hardState: null,
        snapshot: null,
        compactTo: null,
        truncateFrom: 3,
        entries: [noop(3, 2)],
      },
      {
        type: 'send',
        message: {
          type: 'appendResponse',
          from: A,
          to: B,
          term: 4,
          result: { kind: 'accepted', matchIndex: 3 },
        },
        awaits: 2,
      },
    ]);
  });

  it('keeps what stands behind an append that it has already', () => {
    const raft = server({ entries: logOf(configuration('ABC'), 1, 1, 1) });
    const [, second] = logOf(configuration('ABC'), 1);
    if (second === undefined) throw new Error('two entries');
    const append = { type: 'appendRequest' as const, from: B, to: A, term: 1, commitIndex: 0 };
    step(raft, [message({ ...append, prevIndex: 1, prevTerm: 1, entries: [second] })]);
    expect(raft.log.lastIndex).toBe(4);
  });

  it('never moves its commit index back, nor past what the leader has matched', () => {
    const raft = server({ entries: logOf(configuration('ABC'), 1, 1) });
    const append = { type: 'appendRequest' as const, from: B, to: A, term: 2, prevTerm: 1, entries: [] };
    step(raft, [message({ ...append, prevIndex: 2, commitIndex: 9 })]);
    expect(raft.commitIndex).toBe(2);
    step(raft, [message({ ...append, prevIndex: 1, commitIndex: 1 })]);
    expect(raft.commitIndex).toBe(2);
  });

  it('refuses an append that contradicts what is committed, and changes nothing', () => {
    const raft = server({
      entries: logOf(configuration('ABC'), 1, 1),
      hardState: { term: 1, votedFor: null, commitIndex: 3 },
    });
    const append = { type: 'appendRequest' as const, from: B, to: A, term: 1, commitIndex: 3 };
    const effects = step(raft, [message({ ...append, prevIndex: 2, prevTerm: 0, entries: [] })]);
    expect(effects.filter((effect) => effect.type === 'send')).toEqual([]);
    expect(raft.log.lastIndex).toBe(3);
  });
});

describe('a leader', () => {
  it('writes and sends a batch of operations as one, and answers when it is committed and applied', () => {
    const raft = leader();
    const requests = [10, 11].map((request): Input => ({
      type: 'request',
      request,
      operation: command(request),
    }));
    const entries = [entry(3, 2, 10), entry(4, 2, 11)];
    const append = {
      type: 'appendRequest',
      from: A,
      term: 2,
      prevIndex: 2,
      prevTerm: 2,
      entries,
      commitIndex: 2,
    };
    expect(step(raft, requests)).toEqual([
      {
        type: 'persist',
        sequence: 3,
        hardState: { term: 2, votedFor: A, commitIndex: 2 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries,
      },
      { type: 'send', message: { ...append, to: B }, awaits: 0 },
      { type: 'send', message: { ...append, to: C }, awaits: 0 },
    ]);
    const result = { kind: 'accepted' as const, matchIndex: 4 };
    // Committed by B and C: the leader's own write may still be under way.
    expect(step(raft, [message({ type: 'appendResponse', from: B, to: A, term: 2, result })])).toEqual([]);
    expect(step(raft, [message({ type: 'appendResponse', from: C, to: A, term: 2, result })])).toEqual([
      { type: 'apply', entries, wanted: [3, 4] },
    ]);
    const answers = [3, 4].map((index) => ({ index, value: bytes(index) }));
    expect(
      step(raft, [{ type: 'applied', index: 4, answers: answers.map((one) => ({ ...one, term: 2 })) }]),
    ).toEqual([
      { type: 'reply', request: 10, result: { outcome: 'ok', index: 3, term: 2, value: bytes(3) } },
      { type: 'reply', request: 11, result: { outcome: 'ok', index: 4, term: 2, value: bytes(4) } },
    ]);
    // Nothing follows that could tell the others, so the tick does.
    const commit = { ...append, prevIndex: 4, entries: [], commitIndex: 4 };
    expect(step(raft, [TICK])).toEqual([
      { type: 'send', message: { ...commit, to: B }, awaits: 0 },
      { type: 'send', message: { ...commit, to: C }, awaits: 0 },
    ]);
    // Once is enough: the next one is a heartbeat's.
    const next = step(raft, [TICK]).map((effect) => effect.type === 'send' && effect.message.type);
    expect(next).toEqual(['heartbeat', 'heartbeat']);
  });

  it('commits no entry of an older term by counting replicas (Figure 8)', () => {
    const raft = server({
      entries: logOf(configuration('ABC'), 2),
      hardState: { term: 3, votedFor: null, commitIndex: 1 },
    });
    step(raft, [{ type: 'campaign' }]);
    step(raft, [persisted(1)]);
    step(raft, [message({ type: 'voteResponse', from: B, to: A, term: 4, granted: true })]);
    step(raft, [persisted(2)]);
    const accept = (matchIndex: number): Input =>
      message({ type: 'appendResponse', from: B, to: A, term: 4, result: { kind: 'accepted', matchIndex } });
    step(raft, [accept(2)]);
    expect(raft.commitIndex).toBe(1);
    step(raft, [accept(3)]);
    expect(raft.commitIndex).toBe(3);
  });

  it('asks all for one confirmation for all reads that wait', () => {
    const raft = leader();
    const reads = [20, 21].map((request): Input => ({
      type: 'request',
      request,
      operation: { kind: 'read' },
    }));
    const heartbeat = { type: 'heartbeat', from: A, term: 2, commitIndex: 2, readRound: 1 };
    expect(step(raft, reads)).toEqual([
      { type: 'send', message: { ...heartbeat, to: B }, awaits: 0 },
      { type: 'send', message: { ...heartbeat, to: C }, awaits: 0 },
    ]);
    const confirmed = message({ type: 'heartbeatResponse', from: C, to: A, term: 2, readRound: 1 });
    const read = { outcome: 'ok', index: 2, term: 2, value: bytes() };
    expect(step(raft, [confirmed])).toEqual([
      { type: 'reply', request: 20, result: read },
      { type: 'reply', request: 21, result: read },
    ]);
  });

  it('stops leading at any message of a newer term, and asks its next leader for the reads it held', () => {
    const raft = leader();
    step(raft, [{ type: 'request', request: 30, operation: { kind: 'read' } }]);
    const newer = message({ type: 'heartbeat', from: C, to: A, term: 5, commitIndex: 2, readRound: 0 });
    const again = { type: 'readIndexRequest', from: A, to: C, term: 5, batch: 30 };
    expect(step(raft, [newer])).toEqual([
      { type: 'trace', event: { kind: 'role', role: 'follower', term: 5 } },
      { type: 'trace', event: { kind: 'leader', leader: null, term: 5 } },
      { type: 'trace', event: { kind: 'leader', leader: C, term: 5 } },
      {
        type: 'persist',
        sequence: 3,
        hardState: { term: 5, votedFor: null, commitIndex: 2 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [],
      },
      {
        type: 'send',
        message: { type: 'heartbeatResponse', from: A, to: C, term: 5, readRound: 0 },
        awaits: 3,
      },
      { type: 'send', message: again, awaits: 3 },
    ]);
  });

  it('refuses an acknowledgement of entries that it never sent', () => {
    const raft = leader();
    const result = { kind: 'accepted' as const, matchIndex: 99 };
    expect(step(raft, [message({ type: 'appendResponse', from: B, to: A, term: 2, result })])).toEqual([
      {
        type: 'trace',
        event: {
          kind: 'refused',
          what: 'appendResponse',
          from: B,
          reason: 'it acknowledges entries that were never sent',
        },
      },
    ]);
  });
});

it('the same inputs give the same effects', () => {
  const run = (): Effect[] => {
    const raft = server();
    return Array.from({ length: 200 }, () => step(raft, [TICK])).flat();
  };
  expect(run()).toEqual(run());
});
