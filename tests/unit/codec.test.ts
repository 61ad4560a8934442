import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/core/assert.ts';
import { DecodeError, Writer } from '../../src/core/bytes.ts';
import { MESSAGE_TYPES, type Message, type MessageType } from '../../src/core/message.ts';
import { decodeEntries, encodeEntries } from '../../src/core/raft/entry-codec.ts';
import type { Entry, Member, Payload } from '../../src/core/raft/log-entry.ts';
import {
  CHANGE_KINDS,
  FAILURE_CODES,
  type LeaderOperation,
  type OperationResult,
} from '../../src/core/raft/message.ts';
import type { MemberId } from '../../src/core/ids.ts';
import { decodeMessage, encodeMessage } from '../../src/core/message-codec.ts';
import { bytes, id } from '../support/core-cluster.ts';

// ── Arbitrary messages, of every type ─────────────────────────────────────────────────────────

const integer = fc.oneof(fc.nat(300), fc.maxSafeNat());
const term = fc.integer({ min: 1, max: 1000 });
const memberId = fc.stringMatching(/^[A-Za-z0-9_-]{16,64}$/).map((text) => text as MemberId);
const blob = fc.uint8Array({ maxLength: 300 });
/** Well-formed, as JSON text and form fields are: a lone surrogate has no UTF-8. */
const text = fc.string({ unit: 'grapheme', maxLength: 8 });
const laterTerm = fc.integer({ min: 1, max: 2 ** 52 });
const envelope = { from: memberId, to: memberId, term: fc.oneof(term, laterTerm) };

const member: fc.Arbitrary<Member> = fc.record({
  id: memberId,
  name: text.filter((name) => new TextEncoder().encode(name).length <= 64),
  kind: fc.constantFrom('voter', 'learner'),
});

const members = fc.uniqueArray(member, { selector: ({ id: key }) => key, maxLength: 5 });
const configuration = fc.record({ members, outgoing: fc.option(members), namesAssigned: integer });

const payload: fc.Arbitrary<Payload> = fc.oneof(
  fc.constant({ kind: 'noop' as const }),
  fc.record({ kind: fc.constant('command' as const), command: blob, timeMs: integer }),
  fc.record({ kind: fc.constant('configuration' as const), configuration }),
);

/** A contiguous run from `first` on whose terms never decrease. */
const runFrom = (first: number, firstTerm: number): fc.Arbitrary<Entry[]> =>
  fc.array(fc.tuple(fc.nat(3), payload), { maxLength: 5 }).map((items) => {
    let current = firstTerm;
    return items.map(([more, content], offset) => {
      current += more;
      return { index: first + offset, term: current, payload: content };
    });
  });

const operation: fc.Arbitrary<LeaderOperation> = fc.oneof(
  fc.record({ kind: fc.constant('command' as const), command: blob, repeatable: fc.boolean() }),
  fc.record({
    kind: fc.constant('change' as const),
    changes: fc.array(fc.record({ kind: fc.constantFrom(...CHANGE_KINDS), id: memberId }), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('transfer' as const), to: memberId }),
);

const result: fc.Arbitrary<OperationResult> = fc.oneof(
  fc.record({ outcome: fc.constant('ok' as const), index: integer, term: integer, value: blob }),
  fc.record({
    outcome: fc.constantFrom('failed' as const, 'unknown' as const),
    code: fc.constantFrom(...FAILURE_CODES),
    reason: text,
  }),
);

const appendRequest = fc.tuple(fc.nat(1000), term, fc.nat(5)).chain(([prevIndex, prevTerm, ahead]) =>
  runFrom(prevIndex + 1, prevTerm).chain((entries) =>
    fc.record({
      type: fc.constant('appendRequest' as const),
      from: memberId,
      to: memberId,
      term: fc.constant((entries.at(-1)?.term ?? prevTerm) + ahead),
      prevIndex: fc.constant(prevIndex),
      prevTerm: fc.constant(prevTerm),
      entries: fc.constant(entries),
      commitIndex: integer,
    }),
  ),
);

const appendResult = fc.oneof(
  fc.record({ kind: fc.constant('accepted' as const), matchIndex: integer }),
  fc.record({
    kind: fc.constant('rejected' as const),
    prevIndex: integer,
    hintIndex: integer,
    hintTerm: integer,
  }),
);

const snapshotRequest = fc
  .tuple(fc.nat(1000), term, fc.nat(5), fc.nat(5000), fc.uint8Array({ minLength: 1, maxLength: 300 }))
  .chain(([index, snapshotTerm, ahead, offset, part]) =>
    fc.record({
      type: fc.constant('snapshotRequest' as const),
      from: memberId,
      to: memberId,
      term: fc.constant(snapshotTerm + ahead),
      metadata: fc.record({
        index: fc.constant(index + 1),
        term: fc.constant(snapshotTerm),
        timeMs: integer,
        configuration,
        configurationIndex: fc.nat(index),
        bytes: fc.integer({ min: offset + part.length, max: offset + part.length + 1000 }),
        checksum: integer,
      }),
      offset: fc.constant(offset),
      part: fc.constant(part),
    }),
  );

const type = <T extends MessageType>(name: T): fc.Arbitrary<T> => fc.constant(name);
const end = { lastIndex: integer, lastTerm: integer };

const tag = fc.record({
  counter: fc.integer({ min: 1, max: 2 ** 52 }),
  writer: memberId,
  operation: integer,
});
const held = fc.record({ tag, value: fc.option(text) });
const register = fc.record({ key: text, tag, value: fc.option(text) });
const asked = { from: memberId, to: memberId, epoch: fc.integer({ min: 1 }) };
const page = fc
  .tuple(fc.option(text), fc.uniqueArray(register, { maxLength: 5, selector: ({ key }) => key }))
  .map(([after, registers]) => {
    const behind = registers.filter(({ key }) => after === null || key > after);
    return { after, registers: behind, isLast: behind.length === 0 };
  });

const MESSAGES: { readonly [T in MessageType]: fc.Arbitrary<Extract<Message, { type: T }>> } = {
  preVoteRequest: fc.record({ type: type('preVoteRequest'), ...envelope, ...end }),
  preVoteResponse: fc.record({ type: type('preVoteResponse'), ...envelope, granted: fc.boolean() }),
  voteRequest: fc.record({ type: type('voteRequest'), ...envelope, ...end, force: fc.boolean() }),
  voteResponse: fc.record({ type: type('voteResponse'), ...envelope, granted: fc.boolean() }),
  appendRequest,
  appendResponse: fc.record({ type: type('appendResponse'), ...envelope, result: appendResult }),
  heartbeat: fc.record({ type: type('heartbeat'), ...envelope, commitIndex: integer, readRound: integer }),
  heartbeatResponse: fc.record({ type: type('heartbeatResponse'), ...envelope, readRound: integer }),
  snapshotRequest,
  snapshotResponse: fc.record({
    type: type('snapshotResponse'),
    ...envelope,
    index: integer,
    receivedBytes: integer,
  }),
  readIndexRequest: fc.record({ type: type('readIndexRequest'), ...envelope, batch: integer }),
  readIndexResponse: fc.record({
    type: type('readIndexResponse'),
    ...envelope,
    batch: integer,
    readIndex: fc.option(integer),
  }),
  timeoutNow: fc.record({ type: type('timeoutNow'), ...envelope }),
  forwardRequest: fc.record({
    type: type('forwardRequest'),
    ...envelope,
    request: integer,
    attempt: integer,
    operation,
  }),
  forwardResponse: fc.record({
    type: type('forwardResponse'),
    ...envelope,
    request: integer,
    attempt: integer,
    result,
  }),
  joinRequest: fc.record({
    type: type('joinRequest'),
    ...envelope,
    joiner: memberId,
    memberAt: integer,
  }),
  removedNotice: fc.record({ type: type('removedNotice'), ...envelope, configurationIndex: integer }),
  ping: fc.record({ type: type('ping'), from: memberId, to: memberId, nonce: integer }),
  registerQuery: fc.record({ type: type('registerQuery'), ...asked, operation: integer, key: text }),
  registerQueryResponse: fc.record({
    type: type('registerQueryResponse'),
    ...asked,
    operation: integer,
    held: fc.option(held),
  }),
  registerStore: fc.record({ type: type('registerStore'), ...asked, operation: integer, register }),
  registerStoreResponse: fc.record({ type: type('registerStoreResponse'), ...asked, operation: integer }),
  registerTransferRequest: fc.record({
    type: type('registerTransferRequest'),
    ...asked,
    after: fc.option(text),
  }),
  registerTransferResponse: fc
    .tuple(fc.record({ type: type('registerTransferResponse'), ...asked }), page)
    .map(([envelopeOf, rest]) => ({ ...envelopeOf, ...rest })),
  pong: fc.record({ type: type('pong'), from: memberId, to: memberId, nonce: integer }),
};

const anyMessage: fc.Arbitrary<Message> = fc.oneof(...MESSAGE_TYPES.map((name) => MESSAGES[name]));

/** What became of the bytes: the message, or why it was refused. Anything else fails the test. */
function decode(encoded: Uint8Array): Message | string {
  try {
    return decodeMessage(encoded);
  } catch (error) {
    if (error instanceof DecodeError) return error.message;
    throw error;
  }
}

// ── The claims ────────────────────────────────────────────────────────────────────────────────

describe('the form of messages', () => {
  it.each(MESSAGE_TYPES)('a %s comes back as it was', (name) => {
    fc.assert(
      fc.property(MESSAGES[name], (message) => {
        expect(decodeMessage(encodeMessage(message))).toEqual(message);
      }),
    );
  });

  it('never changes: a heartbeat, byte by byte', () => {
    const heartbeat = encodeMessage({
      type: 'heartbeat',
      from: id('A'),
      to: id('B'),
      term: 300,
      commitIndex: 127,
      readRound: 128,
    });
    expect(new TextDecoder('latin1').decode(heartbeat)).toBe(
      '\x07\x10member-A00000000\x10member-B00000000\xac\x02\x7f\x80\x01',
    );
  });

  it('whatever is cut off, it is refused', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const encoded = encodeMessage(message);
        for (let length = 0; length < encoded.length; length += 1) {
          expect(decode(encoded.subarray(0, length))).toBeTypeOf('string');
        }
      }),
    );
  });

  it('whatever follows its end, it is refused', () => {
    const more = fc.uint8Array({ minLength: 1, maxLength: 9 });
    fc.assert(
      fc.property(anyMessage, more, (message, rest) => {
        const encoded = encodeMessage(message);
        const reason = decode(Uint8Array.of(...encoded, ...rest));
        expect(reason).toBe(`${rest.length} bytes follow its end`);
      }),
    );
  });

  it('arbitrary bytes are refused with a DecodeError, or are just what encoding their message gives', () => {
    const tagged = fc.tuple(fc.nat(15), fc.uint8Array({ maxLength: 60 })).map(([tag, rest]) => {
      const writer = new Writer();
      writer.byte(tag);
      writer.text(id('A'));
      writer.text(id('B'));
      return Uint8Array.of(...writer.finish(), ...rest);
    });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 80 }), tagged), (garbage) => {
        const message = decode(garbage);
        if (typeof message !== 'string') expect(encodeMessage(message)).toEqual(garbage);
      }),
      { numRuns: 5000 },
    );
  });

  it('a valid message with one byte changed is refused, or is just what encoding its message gives', () => {
    fc.assert(
      fc.property(anyMessage, fc.nat(), fc.integer({ min: 1, max: 255 }), (message, place, change) => {
        const encoded = encodeMessage(message);
        const position = place % encoded.length;
        encoded[position] = (encoded[position] ?? 0) ^ change;
        const damaged = decode(encoded);
        if (typeof damaged !== 'string') expect(encodeMessage(damaged)).toEqual(encoded);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what a message may not say', () => {
  const noop = (index: number, at: number): Entry => ({ index, term: at, payload: { kind: 'noop' } });
  const append = (entries: Entry[], prev: [number, number] = [0, 0], at = 5): Message => ({
    type: 'appendRequest',
    from: id('A'),
    to: id('B'),
    term: at,
    prevIndex: prev[0],
    prevTerm: prev[1],
    entries,
    commitIndex: 0,
  });
  const configuration = (...members: Member[]): Entry => ({
    index: 1,
    term: 1,
    payload: { kind: 'configuration', configuration: { members, outgoing: null, namesAssigned: 2 } },
  });
  const memberA: Member = { id: id('A'), name: 'A', kind: 'voter' };
  const from = (text: string): Message => ({ type: 'ping', from: text as MemberId, to: id('B'), nonce: 1 });
  const ID_RULE = 'a member id has 16 to 64 of A-Z a-z 0-9 _ -';

  it.each<[string, Message, string]>([
    [
      'entries that leave a gap',
      append([noop(3, 1)], [1, 1]),
      'the entries do not follow on the previous one',
    ],
    ['entries that overlap', append([noop(1, 1)], [1, 1]), 'the entries do not follow on the previous one'],
    [
      'an entry older than the one before it',
      append([noop(2, 3)], [1, 4]),
      'the entries do not follow on the previous one',
    ],
    ['an entry newer than its leader', append([noop(1, 6)]), 'an entry is newer than the leader’s term'],
    [
      'a previous entry newer than its leader',
      append([], [4, 6]),
      'an entry is newer than the leader’s term',
    ],
    ['terms that decrease', append([noop(1, 4), noop(2, 3)]), 'terms never decrease along a log'],
    ['an entry of term 0', append([noop(1, 0)]), 'terms never decrease along a log'],
    ['a member that stands twice', append([configuration(memberA, memberA)]), 'a member stands twice'],
    [
      'a name of 65 bytes',
      append([configuration({ ...memberA, name: 'N'.repeat(65) })]),
      '65 bytes where at most 64 may be',
    ],
    ['a member id that is too short', from('member-A'), ID_RULE],
    ['a member id that is too long', from('m'.repeat(65)), '65 bytes where at most 64 may be'],
    ['a member id with a space', from('member A00000000'), ID_RULE],
    ['a member id with a line end', from('member-A00000000\n'), ID_RULE],
  ])('%s', (_what, message, reason) => {
    expect(decode(encodeMessage(message))).toBe(reason);
  });

  /** The sender and receiver of a message with this tag, and then these bytes. */
  const raw = (tag: number, ...rest: number[]): Uint8Array => {
    const writer = new Writer();
    writer.byte(tag);
    writer.text(id('A'));
    writer.text(id('B'));
    return Uint8Array.of(...writer.finish(), ...rest);
  };

  it.each<[string, Uint8Array, string]>([
    ['nothing', bytes(), 'it ends too early'],
    ['a type that does not exist', raw(0), '0 is no type of message'],
    ['a type of a later version', raw(99), '99 is no type of message'],
    ['a vote that is neither', raw(4, 1, 2), '2 is neither true nor false'],
    ['an operation that does not exist', raw(9, 1, 1, 1, 3), '3 is none of command, change, transfer'],
    ['an integer with needless digits', raw(13, 0x80, 0x00), 'an integer has needless digits'],
    ['an integer of 2⁵³', raw(13, 128, 128, 128, 128, 128, 128, 128, 16), 'an integer is too large'],
    ['an integer without an end', raw(13, ...Array<number>(12).fill(255)), 'an integer is too large'],
    ['a command longer than its message', raw(9, 1, 1, 1, 0, 100, 1), 'it ends too early'],
    [
      'a command of 17 MiB',
      raw(9, 1, 1, 1, 0, 128, 128, 192, 8),
      '17825792 bytes where at most 16777216 may be',
    ],
    ['more entries than bytes', raw(5, 1, 0, 0, 0, 50, 1), 'it ends too early'],
    [
      'two million entries',
      raw(5, 1, 0, 0, 0, 128, 137, 122, 1),
      '2000000 items where at most 1000000 may be',
    ],
    ['entries from index 0 on', raw(5, 1, 0, 0, 0, 1, 0, 1, 0), 'the first entry has index 1'],
    ['an index without entries', raw(5, 1, 0, 0, 0, 0, 1), 'no entry has an index where there are none'],
    ['an entry of no kind', raw(5, 1, 0, 0, 0, 1, 1, 1, 3), '3 is no kind of entry'],
    ['a reason that is not UTF-8', raw(10, 1, 1, 1, 1, 0, 1, 0xff), 'a text is not UTF-8'],
  ])('%s', (_what, encoded, reason) => {
    expect(decode(encoded)).toBe(reason);
  });

  const NEVER_IN_TERM_0 = [
    'preVoteRequest',
    'voteRequest',
    'voteResponse',
    'appendRequest',
    'appendResponse',
    'heartbeat',
    'heartbeatResponse',
    'removedNotice',
    'snapshotRequest',
    'snapshotResponse',
    'timeoutNow',
  ] as const;

  it.each(MESSAGE_TYPES)('term 0, before the first election, where it cannot be: %s', (name) => {
    const isRefused = NEVER_IN_TERM_0.some((other) => other === name);
    fc.assert(
      fc.property(MESSAGES[name], (message) => {
        const early = 'term' in message ? { ...message, term: 0 } : message;
        const decoded = decode(encodeMessage(early));
        expect(decoded).toEqual(isRefused ? 'no server says this in term 0' : early);
      }),
      { numRuns: 10 },
    );
  });

  it('epoch 0, in which there are no replicas', () => {
    const query = {
      type: 'registerQuery',
      from: id('A'),
      to: id('B'),
      epoch: 0,
      operation: 1,
      key: 'x',
    } as const;
    expect(decode(encodeMessage(query))).toBe('epochs begin at 1');
  });

  it('a term that leaves no room for later elections', () => {
    const vote = (at: number): unknown =>
      decode(
        encodeMessage({ type: 'heartbeatResponse', from: id('A'), to: id('B'), term: at, readRound: 1 }),
      );
    expect(vote(2 ** 52)).toMatchObject({ term: 2 ** 52 });
    expect(vote(2 ** 52 + 1)).toBe('a term makes no sense');
  });

  it('a counter that leaves no room for later writes', () => {
    const store = (counter: number): unknown =>
      decode(
        encodeMessage({
          type: 'registerStore',
          from: id('A'),
          to: id('B'),
          epoch: 1,
          operation: 1,
          register: { key: 'x', tag: { counter, writer: id('A'), operation: 1 }, value: null },
        }),
      );
    expect(store(2 ** 52)).toMatchObject({ type: 'registerStore' });
    for (const counter of [0, 2 ** 52 + 1]) expect(store(counter)).toBe('a counter makes no sense');
  });

  it('a page of registers that goes back, or never ends', () => {
    const page = (after: string | null, keys: string[], isLast: boolean): unknown =>
      decode(
        encodeMessage({
          type: 'registerTransferResponse',
          from: id('A'),
          to: id('B'),
          epoch: 2,
          after,
          registers: keys.map((key) => ({
            key,
            tag: { counter: 1, writer: id('A'), operation: 1 },
            value: 'v',
          })),
          isLast,
        }),
      );
    expect(page('b', ['c'], false)).toMatchObject({ after: 'b' });
    expect(page('b', ['b'], true)).toBe('a page goes back behind its begin');
    expect(page(null, [], false)).toBe('a page without registers is not the last');
  });

  it.each([-1, 1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])('%s is never written', (value) => {
    expect(() => new Writer().integer(value)).toThrow(InvariantViolation);
  });

  it('an index that cannot be counted', () => {
    const writer = new Writer();
    writer.integer(2);
    writer.integer(Number.MAX_SAFE_INTEGER);
    const encoded = Uint8Array.of(...writer.finish(), 1, 0);
    expect(() => decodeEntries(encoded)).toThrow(new DecodeError('an index is too large'));
  });
});

describe('entries that are stored and sent to several', () => {
  const entryAt = (index: number, text: string, onRead = (): void => undefined): Entry => ({
    ...{ index, term: 1 },
    get payload() {
      onRead();
      return { kind: 'command' as const, command: new TextEncoder().encode(text), timeMs: 0 };
    },
  });
  const append = (to: string, entries: readonly Entry[]): Message => ({
    ...{ type: 'appendRequest', from: id('A'), to: id(to), term: 1 },
    ...{ prevIndex: (entries[0]?.index ?? 1) - 1, prevTerm: 1, commitIndex: 0, entries },
  });
  const plain = (entries: readonly Entry[]): Entry[] => entries.map((entry) => ({ ...entry }));

  it('are encoded once', () => {
    let reads = 0;
    const entries = [2, 3, 4].map((index) =>
      entryAt(index, `value ${index}`, () => {
        reads += 1;
      }),
    );
    const stored = encodeEntries(entries);
    const readOnce = reads;
    const sent = ['B', 'C'].map((to) => encodeMessage(append(to, entries)));
    expect(readOnce).toBeGreaterThan(0);
    expect(reads).toBe(readOnce);
    expect(decodeEntries(stored)).toEqual(plain(entries));
    for (const bytes of sent) expect(decodeMessage(bytes)).toMatchObject({ entries: plain(entries) });
  });

  it('are stored by a follower as they came, in a buffer of their own', () => {
    const bytes = encodeMessage(append('B', [entryAt(2, 'a'), entryAt(3, 'b')]));
    const message = decodeMessage(bytes);
    const entries = message.type === 'appendRequest' ? message.entries : [];
    const stored = encodeEntries(entries);
    expect(decodeEntries(stored)).toEqual(entries);
    expect(stored.buffer.byteLength).toBe(stored.length);
    expect(stored.buffer).not.toBe(bytes.buffer);
  });

  it('are told apart by their ends', () => {
    const [a1, a2, a3, b2, b3] = [
      entryAt(1, 'a1'),
      entryAt(2, 'a2'),
      entryAt(3, 'a3'),
      entryAt(2, 'b2'),
      entryAt(3, 'b3'),
    ];
    for (const run of [[a1, a2, a3], [a1, a2], [a2, a3], [a1, b2, b3], [b2, b3], [], [a1], [a1, a2, a3]])
      expect(decodeEntries(encodeEntries(run))).toEqual(plain(run));
  });
});

describe('entries on the disk', () => {
  const run = fc.tuple(fc.integer({ min: 1, max: 2 ** 40 }), term).chain(([first, at]) => runFrom(first, at));

  it('come back as they were', () => {
    fc.assert(
      fc.property(run, (entries) => {
        expect(decodeEntries(encodeEntries(entries))).toEqual(entries);
      }),
    );
  });

  it('are refused where anything is cut off or follows', () => {
    fc.assert(
      fc.property(run, fc.nat(), (entries, place) => {
        const encoded = encodeEntries(entries);
        expect(() => decodeEntries(encoded.subarray(0, place % encoded.length))).toThrow(DecodeError);
        expect(() => decodeEntries(Uint8Array.of(...encoded, 0))).toThrow(DecodeError);
      }),
    );
  });
});
