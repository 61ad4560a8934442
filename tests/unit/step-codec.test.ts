import { describe, expect, it } from 'vitest';
import type { Registers } from '../../src/core/abd/registers.ts';
import { Reader, Writer } from '../../src/core/bytes.ts';
import type { MemberId } from '../../src/core/ids.ts';
import { firstConfiguration } from '../../src/core/raft/configuration.ts';
import type { Effect, Input } from '../../src/core/raft/interface.ts';
import type { Snapshot } from '../../src/core/raft/log-entry.ts';
import type { RaftMessage } from '../../src/core/raft/message.ts';
import { effectDigest } from '../../src/trace/effect-digest.ts';
import { readInput, writeInput } from '../../src/trace/step-codec.ts';

const A = 'member-A00000000' as MemberId;
const B = 'member-B00000000' as MemberId;
const BYTES = Uint8Array.of(1, 2, 3, 250, 255);

const INPUTS: readonly (Input | Parameters<Registers['step']>[0][number])[] = [
  { type: 'tick' },
  { type: 'woke' },
  { type: 'compact' },
  { type: 'campaign' },
  { type: 'persisted', sequence: 2 ** 40 },
  { type: 'links', linked: [A, B] },
  { type: 'expire', request: 2 ** 52 },
  { type: 'request', request: 7, operation: { kind: 'command', command: BYTES, repeatable: true } },
  { type: 'request', request: 8, operation: { kind: 'read' } },
  { type: 'request', request: 9, operation: { kind: 'transfer', to: B } },
  { type: 'request', request: 10, operation: { kind: 'change', changes: [{ kind: 'remove', id: B }] } },
  { type: 'request', request: 11, operation: { kind: 'read', key: 'k' } },
  { type: 'request', request: 12, operation: { kind: 'write', key: 'k', value: null } },
  { type: 'applied', index: 5, answers: [{ index: 5, term: 2, value: BYTES }] },
  { type: 'snapshotTaken', index: 5, data: BYTES },
  { type: 'epoch', epoch: { number: 2, replicas: [A, B], ready: [A], previous: null } },
  { type: 'message', message: { type: 'heartbeat', from: B, to: A, term: 3, commitIndex: 4, readRound: 1 } },
  {
    type: 'message',
    message: {
      ...{ type: 'appendRequest', from: B, to: A, term: 3, prevIndex: 4, prevTerm: 2, commitIndex: 4 },
      entries: [{ index: 5, term: 3, payload: { kind: 'command', timeMs: 6, command: BYTES } }],
    },
  },
];

describe('inputs as they are recorded', () => {
  it('are read as they were written, one behind the other', () => {
    const writer = new Writer();
    for (const input of INPUTS) writeInput(writer, input);
    const reader = new Reader(writer.finish());
    for (const input of INPUTS) expect(readInput(reader)).toEqual(input);
    expect(reader.isAtEnd).toBe(true);
  });
});

const WRITE = {
  ...{ type: 'persist', sequence: 4, snapshot: null, compactTo: null, truncateFrom: null },
  hardState: { term: 3, votedFor: A, commitIndex: 4 },
  entries: [{ index: 5, term: 3, payload: { kind: 'command', timeMs: 6, command: BYTES } }],
} as const satisfies Effect;
const SNAPSHOT: Snapshot = {
  metadata: {
    ...{ index: 4, term: 2, bytes: 5, checksum: 9, timeMs: 1, configurationIndex: 1 },
    configuration: firstConfiguration(A, ['A']),
  },
  data: BYTES,
};
const APPEND: RaftMessage = {
  type: 'appendRequest',
  ...{ from: A, to: B, term: 3, prevIndex: 4, prevTerm: 2, commitIndex: 4 },
  entries: WRITE.entries,
};
const REPLY = {
  ...{ type: 'reply', request: 1 },
  result: { outcome: 'ok', index: 5, term: 3, value: BYTES },
} as const satisfies Effect;
const OTHER_BYTES = Uint8Array.of(1, 2, 3, 250, 254);

/** Each with one that differs in one thing. */
const PAIRS: readonly [what: string, one: Effect, other: Effect][] = [
  ['a vote', WRITE, { ...WRITE, hardState: { ...WRITE.hardState, votedFor: B } }],
  ['what an entry holds', WRITE, withCommand(OTHER_BYTES)],
  ['how long it is', WRITE, withCommand(BYTES.subarray(0, 4))],
  [
    'a snapshot’s data',
    { ...WRITE, snapshot: SNAPSHOT },
    {
      ...WRITE,
      snapshot: { ...SNAPSHOT, data: OTHER_BYTES },
    },
  ],
  [
    'what is restored',
    { type: 'restore', snapshot: SNAPSHOT },
    { type: 'restore', snapshot: { ...SNAPSHOT, metadata: { ...SNAPSHOT.metadata, checksum: 10 } } },
  ],
  [
    'what it waits for',
    { type: 'send', message: APPEND, awaits: 0 },
    { type: 'send', message: APPEND, awaits: 4 },
  ],
  [
    'the receiver',
    { type: 'send', message: APPEND, awaits: 0 },
    { type: 'send', message: { ...APPEND, to: A }, awaits: 0 },
  ],
  [
    'how many entries are sent',
    { type: 'send', message: APPEND, awaits: 0 },
    { type: 'send', message: { ...APPEND, entries: [] }, awaits: 0 },
  ],
  ['an answer’s value', REPLY, { ...REPLY, result: { ...REPLY.result, value: OTHER_BYTES } }],
  ['an answer’s index', REPLY, { ...REPLY, result: { ...REPLY.result, index: 5 + 2 ** 32 } }],
  [
    'who waits for an answer',
    { type: 'apply', entries: WRITE.entries, wanted: [] },
    { type: 'apply', entries: WRITE.entries, wanted: [5] },
  ],
];

function withCommand(command: Uint8Array): Effect {
  return { ...WRITE, entries: [{ index: 5, term: 3, payload: { kind: 'command', timeMs: 6, command } }] };
}

describe('the digest of effects', () => {
  it.each(PAIRS)('tells apart %s', (_, one, other) => {
    expect(effectDigest([one])).toBe(effectDigest([structuredClone(one)]));
    expect(effectDigest([other])).not.toBe(effectDigest([one]));
  });

  it('tells their order apart', () => {
    const replies: Effect[] = [REPLY, { ...REPLY, request: 2 }];
    expect(effectDigest(replies.toReversed())).not.toBe(effectDigest(replies));
  });
});
