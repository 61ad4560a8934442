import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import type { StoredRegisters } from '../../src/core/abd/register.ts';
import { encodeHead, LOG_VERSION } from '../../src/storage/wal/format.ts';
import { Log, type LogOptions } from '../../src/storage/wal/log.ts';
import type { StoredState, WriteBatch } from '../../src/storage/storage.ts';
import { batch, entries, snapshotAt } from '../contracts/storage-suite.ts';
import type { FakeFile } from '../support/fake-files.ts';
import { Countdown, Crash, crashedFiles, fakeFiles } from '../support/fake-files.ts';

const MEMBER = 'member-A00000000' as MemberId;
const identity = { clusterId: 'cluster-of-tests', memberId: MEMBER };
const options: LogOptions = { identity, mustExist: false, maxDeadBytes: Number.POSITIVE_INFINITY };
const existing: LogOptions = { ...options, mustExist: true };

const register = (key: string, counter: number) => ({
  key,
  tag: { counter, writer: MEMBER, operation: 1 },
  value: `value ${counter}`,
});
const vote = (term: number) => ({ term, votedFor: MEMBER, commitIndex: term });

/** Every kind of change, and every kind of record. */
const SCRIPT: readonly WriteBatch[] = [
  batch({ hardState: vote(1), entries: entries(1, 1) }),
  batch({ entries: entries(2, 6), registers: [register('a', 1), register('b', 1)] }),
  batch({ hardState: vote(2), truncateFrom: 5, entries: entries(5, 8, 2) }),
  batch({ registers: [register('a', 2)], replica: { ready: 2, sealed: 1 } }),
  batch({ snapshot: snapshotAt(6, 2), compactTo: 4 }),
  batch({ entries: entries(9, 12, 2) }),
  batch({ truncateFrom: 11 }),
  batch({ hardState: vote(7), truncateFrom: 1, snapshot: snapshotAt(20, 7), entries: entries(18, 22, 7) }),
  batch({ entries: entries(23, 30, 8), registers: [register('c', 3)] }),
  batch({ snapshot: snapshotAt(29, 8), compactTo: 29 }),
  batch({ hardState: vote(9), entries: entries(31, 31, 9) }),
];

type Stored = readonly [StoredState, StoredRegisters];

function contentOf(log: Log): Stored {
  const { state, registers } = log.loadRegisters();
  return [log.load(), { state, registers: [...registers].sort((a, b) => (a.key < b.key ? -1 : 1)) }];
}

const reopened = (bytes: readonly Uint8Array[], as = existing): Log => Log.open(fakeFiles(bytes), as);

/** `bytes`: of the file, while it was never rewritten. `ends`: of its records; `states`: before each, and at the end. */
interface Written {
  readonly bytes: Uint8Array;
  readonly ends: readonly number[];
  readonly states: readonly Stored[];
}

function write(script: readonly WriteBatch[]): Written {
  const files = fakeFiles();
  const log = Log.open(files, options);
  const states = [contentOf(log)];
  const ends = [files[0].getSize()];
  for (const change of script) {
    log.append(change);
    states.push(contentOf(log));
    ends.push(files[0].getSize());
  }
  return { bytes: files[0].bytes, ends, states };
}

let written: Written;
beforeAll(() => {
  written = write(SCRIPT);
});
/** Of the records that end by there. */
const stateAt = ({ ends, states }: Written, size: number): Stored | undefined =>
  states[ends.filter((end) => end <= size).length - 1];

const flipped = (bytes: Uint8Array, at: number, bit: number): Uint8Array =>
  bytes.map((byte, position) => (position === at ? byte ^ (1 << bit) : byte));

describe('a log that ends too early', () => {
  it('holds what its whole records say, wherever it is cut, and goes on there', () => {
    const [headEnd = 0] = written.ends;
    for (let size = headEnd; size <= written.bytes.length; size += 1) {
      const files = fakeFiles([written.bytes.slice(0, size)]);
      const log = Log.open(files, existing);
      expect(contentOf(log)).toEqual(stateAt(written, size));
      log.append(batch({ hardState: vote(99) }));
      const after = files[0].bytes;
      expect(contentOf(reopened([after]))).toEqual(contentOf(log));
      // Nor is what is written there taken for whole, or for older than it is, if it is torn in turn.
      const torn = reopened([flipped(after, after.length - 1, 0)]);
      expect(contentOf(torn)).toEqual(stateAt(written, size));
    }
  });

  it('is no log where its head is cut', () => {
    const [headEnd = 0] = written.ends;
    for (let size = 0; size < headEnd; size += 1) {
      const kind = size < 20 ? 'lost' : 'corrupt';
      const bytes = [written.bytes.slice(0, size)];
      expect(() => reopened(bytes)).toThrow(expect.objectContaining({ kind }) as Error);
    }
  });

  it('is created where nothing is known of it, not where it must be there', () => {
    expect(contentOf(reopened([], options))[0]).toEqual({ hardState: null, snapshot: null, entries: [] });
    expect(() => reopened([])).toThrow('has been deleted');
  });
});

describe('a log with damaged bytes', () => {
  it('is refused where others were written behind them, and cut where nothing was', () => {
    const lastBegin = written.ends.at(-2) ?? 0;
    for (let at = 0; at < written.bytes.length; at += 1) {
      const open = (): Log => reopened([flipped(written.bytes, at, at % 8)]);
      if (at < lastBegin) expect(open).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
      else expect(contentOf(open())).toEqual(written.states.at(-2));
    }
  });

  it.each([1, 16, 100, 5000])('is cut where %i bytes of anything follow the last record', (length) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (tail) => {
        const bytes = Uint8Array.from([...written.bytes, ...tail]);
        expect(contentOf(reopened([bytes]))).toEqual(written.states.at(-1));
      }),
      { numRuns: 30 },
    );
    const zeros = Uint8Array.from([...written.bytes, ...new Uint8Array(length)]);
    expect(contentOf(reopened([zeros]))).toEqual(written.states.at(-1));
  });

  it('is refused where two records at the end are damaged: the first of them was whole once', () => {
    const [at = 0, last = 0] = written.ends.slice(-3);
    for (const damaged of [at, at + 10, at + 20]) {
      const torn = flipped(written.bytes.slice(0, last + 20), damaged, 3);
      expect(() => reopened([torn])).toThrow(expect.objectContaining({ kind: 'corrupt' }) as Error);
    }
  });

  it('takes no record for one that stands inside of a value, nor one of another place', () => {
    const inner = written.bytes.slice(written.ends[0]);
    const command = { index: 1, term: 1, payload: { kind: 'command' as const, command: inner, timeMs: 1 } };
    const outer = write([batch({ hardState: vote(1) }), batch({ entries: [command] })]);
    const begin = outer.ends.at(-2) ?? 0;
    for (let size = begin; size < outer.bytes.length; size += 7)
      expect(contentOf(reopened([outer.bytes.slice(0, size)]))).toEqual(outer.states.at(-2));
    for (let at = begin; at < begin + 40; at += 1)
      expect(contentOf(reopened([flipped(outer.bytes, at, 0)]))).toEqual(outer.states.at(-2));
  });
});

describe('a log that is another’s', () => {
  const headOf = (changes: object): Uint8Array =>
    encodeHead({ version: LOG_VERSION, generation: 1, identity, ...changes });

  it.each([
    ['a newer version', { version: LOG_VERSION + 1 }, 'newer-version'],
    ['an older version', { version: LOG_VERSION - 1 }, 'older-version'],
    ['another member', { identity: { ...identity, memberId: 'member-B00000000' } }, 'corrupt'],
    ['another cluster', { identity: { ...identity, clusterId: 'another' } }, 'corrupt'],
  ])('is refused: %s', (_, changes, kind) => {
    for (const bytes of [[headOf(changes)], [written.bytes, headOf({ generation: 0, ...changes })]])
      expect(() => reopened(bytes)).toThrow(expect.objectContaining({ kind }) as Error);
  });

  it('is refused where both files say that they are the newest', () => {
    expect(() => reopened([written.bytes, headOf({})])).toThrow('there are two of it');
  });
});

describe('a log in a process that dies', () => {
  /** How each crash is followed by a failure of power, which takes another part of what was not flushed. */
  const SEEDS = 12;
  const small: LogOptions = { ...options, maxDeadBytes: 0 };

  /** Runs the script; `states` gets what is stored before each step that is begun, and at the end. */
  function run(files: readonly [FakeFile, FakeFile], as: LogOptions, states: Stored[] = []): Stored[] {
    const log = Log.open(files, as);
    states.push(contentOf(log));
    for (const change of SCRIPT) {
      log.append(change);
      states.push(contentOf(log));
    }
    return states;
  }

  it('is as before or as after what was under way, at every call to its files', () => {
    const countdown = new Countdown();
    const states = run(fakeFiles([], countdown), small);
    const withoutRewriting = new Countdown();
    run(fakeFiles([], withoutRewriting), options);
    expect(countdown.made).toBeGreaterThan(2 * withoutRewriting.made);
    for (let calls = 0; calls < countdown.made; calls += 1) {
      for (let seed = 0; seed < SEEDS; seed += 1) {
        const files = fakeFiles([], new Countdown(calls));
        const acknowledged: Stored[] = [];
        expect(() => run(files, small, acknowledged)).toThrow(Crash);
        // It was not even created.
        if (acknowledged.length === 0) continue;
        const log = reopened(crashedFiles(files, seed * 1000 + calls), { ...small, mustExist: true });
        const found = contentOf(log);
        expect(states.slice(acknowledged.length - 1, acknowledged.length + 1)).toContainEqual(found);
        log.append(batch({ hardState: vote(99) }));
        expect(log.load()).toEqual({ ...found[0], hardState: vote(99) });
      }
    }
  });

  it('is opened again and again, each time interrupted, without losing anything', () => {
    const torn = written.bytes.slice(0, -3);
    // A rewriting that was complete but for the old file, which is still there, with a torn record at its end.
    const replaced = fakeFiles();
    const expected = run(replaced, small).at(-1);
    const newer = replaced.map(({ bytes }) => bytes).find(({ length }) => length > 0) ?? new Uint8Array();
    for (const [bytes, state] of [
      [[torn], written.states.at(-2)],
      [[torn, newer], expected],
      [[newer, torn], expected],
      [[newer, new Uint8Array(500)], expected],
    ] as const) {
      let found: readonly Uint8Array[] = bytes;
      for (let calls = 0; calls < 8; calls += 1) {
        const files = fakeFiles(found, new Countdown(calls));
        try {
          Log.open(files, existing);
        } catch (error) {
          if (!(error instanceof Crash)) throw error;
        }
        found = crashedFiles(files, calls);
        expect(contentOf(reopened(found))).toEqual(state);
      }
    }
  });

  it('never comes back as what it was before it was rewritten', () => {
    const replaced = fakeFiles();
    run(replaced, small);
    const newer = replaced.map(({ bytes }) => bytes).find(({ length }) => length > 0) ?? new Uint8Array();
    const files = fakeFiles([written.bytes, newer]);
    Log.open(files, existing).append(batch({ hardState: vote(99) }));
    const [older, current] = files.map(({ bytes }) => bytes);
    const damaged = flipped(current ?? newer, 10, 0);
    expect(() => reopened([older ?? newer, damaged])).toThrow(
      expect.objectContaining({ kind: 'corrupt' }) as Error,
    );
  });

  it('takes and writes not many times what it holds and is given', () => {
    const files = fakeFiles();
    const log = Log.open(files, { ...options, maxDeadBytes: 10_000 });
    let largest = 0;
    for (let index = 1; index <= 5000; index += 1) {
      const isDue = index % 200 === 0;
      log.append(
        batch({
          hardState: { term: 1, votedFor: null, commitIndex: index },
          entries: entries(index, index),
          ...(isDue ? { snapshot: snapshotAt(index), compactTo: index - 50 } : {}),
        }),
      );
      largest = Math.max(largest, ...files.map((file) => file.getSize()));
    }
    expect(largest).toBeLessThan(20_000);
    const appended = 5000 * 60;
    const writtenBytes = files.reduce((sum, file) => sum + file.bytesWritten, 0);
    expect(writtenBytes).toBeLessThan(2 * appended);
    expect(log.load().entries.length).toBeLessThan(400);
  });
});
