import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { NO_REGISTERS, type StoredRegisters } from '../../src/core/abd/register.ts';
import { crc32 } from '../../src/core/raft/checksum.ts';
import type { Entry, Snapshot } from '../../src/core/raft/log-entry.ts';
import { Disk, mergeBatches } from '../../src/runtime/disk.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage, StoredState, WriteBatch } from '../../src/storage/storage.ts';
import { bytes } from '../support/core-cluster.ts';

const entry = (index: number, term: number): Entry => ({
  index,
  term,
  payload: { kind: 'command', command: bytes(index % 256, term % 256), timeMs: 0 },
});
const run = (first: number, ...terms: number[]): Entry[] =>
  terms.map((term, offset) => entry(first + offset, term));
const batch = (change: Partial<WriteBatch>): WriteBatch => ({
  hardState: null,
  snapshot: null,
  compactTo: null,
  truncateFrom: null,
  entries: [],
  ...change,
});
const snapshotAt = (index: number, term: number): Snapshot => {
  const data = bytes(index % 256, term % 256);
  const configuration = { members: [], outgoing: null, namesAssigned: 0 };
  const metadata = { index, term, timeMs: 0, configuration, configurationIndex: 0 };
  return { metadata: { ...metadata, bytes: data.length, checksum: crc32(data) }, data };
};
const outline = (entries: readonly Entry[]): string =>
  entries.map(({ index, term }) => `${index}:${term}`).join(' ');

// ── Merging ───────────────────────────────────────────────────────────────────────────────────

describe('batches merged into one', () => {
  const merged = (...changes: Partial<WriteBatch>[]): string => {
    const { truncateFrom, entries } = mergeBatches(changes.map(batch));
    return `${truncateFrom === null ? '' : `cut ${truncateFrom}, `}${outline(entries)}`;
  };

  it('hold all entries in order, and the newest hard state', () => {
    const hardState = (term: number): WriteBatch['hardState'] => ({ term, votedFor: null, commitIndex: 0 });
    const changes = [
      batch({ hardState: hardState(1), entries: run(1, 1) }),
      batch({ hardState: hardState(2) }),
      batch({ entries: run(2, 1, 1) }),
    ];
    expect(mergeBatches(changes)).toEqual(batch({ hardState: hardState(2), entries: run(1, 1, 1, 1) }));
    expect(mergeBatches([])).toEqual(batch({}));
  });

  it('do not write what a later one removes', () => {
    expect(merged({ entries: run(5, 1, 1, 1) }, { truncateFrom: 6, entries: run(6, 2) })).toBe('5:1 6:2');
    expect(merged({ entries: run(5, 1, 1) }, { truncateFrom: 5 })).toBe('');
  });

  it('remove from the store what was there before all of them, from the lowest cut on', () => {
    expect(merged({ truncateFrom: 4, entries: run(4, 2) }, { truncateFrom: 2, entries: run(2, 3) })).toBe(
      'cut 2, 2:3',
    );
    expect(merged({ truncateFrom: 2, entries: run(2, 2, 2) }, { truncateFrom: 3 })).toBe('cut 2, 2:2');
    expect(merged({ entries: run(5, 1) }, { truncateFrom: 3, entries: run(3, 2) })).toBe('cut 3, 3:2');
  });

  it('hold the newest snapshot, and compact as far as any of them', () => {
    const changes = [
      batch({ snapshot: snapshotAt(4, 1), compactTo: 4 }),
      batch({ entries: run(7, 1) }),
      batch({ snapshot: snapshotAt(6, 1), compactTo: 2 }),
    ];
    const expected = batch({ snapshot: snapshotAt(6, 1), compactTo: 4, entries: run(7, 1) });
    expect(mergeBatches(changes)).toEqual(expected);
  });

  it('drop what was waiting when a snapshot replaces the log', () => {
    const install = batch({ truncateFrom: 1, snapshot: snapshotAt(20, 3), entries: run(21, 3) });
    expect(mergeBatches([batch({ entries: run(5, 1, 1) }), install])).toEqual(install);
    expect(mergeBatches([install, batch({ truncateFrom: 21, entries: run(21, 4) })])).toEqual({
      ...install,
      entries: run(21, 4),
    });
  });

  it('cut nothing off a log that never reached the store', async () => {
    const install = batch({ truncateFrom: 1, snapshot: snapshotAt(2, 1) });
    const together = mergeBatches([batch({ entries: run(1, 1) }), install, batch({ truncateFrom: 3 })]);
    const storage = new MemoryStorage();
    await storage.write(together);
    expect(await storage.load()).toEqual({ hardState: null, snapshot: snapshotAt(2, 1), entries: [] });
  });

  interface Change {
    readonly term: number | null;
    /** How many of the last entries go; null: no truncation. */
    readonly removed: number | null;
    readonly added: number;
    /** How far back from the end a snapshot ends; null: none is taken. */
    readonly snapshot: number | null;
    /** How many entries before the snapshot stay; null: nothing is compacted. */
    readonly retained: number | null;
    /** How far beyond the end a snapshot ends that replaces the log; null: none does. */
    readonly installed: number | null;
  }
  const arbitraryChange: fc.Arbitrary<Change> = fc.record({
    term: fc.option(fc.nat(9)),
    removed: fc.option(fc.nat(8)),
    added: fc.nat(4),
    snapshot: fc.option(fc.nat(6)),
    retained: fc.option(fc.nat(4)),
    installed: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 3 }),
  });

  /** A batch that fits what is stored, as the core would write it; its terms tell it from all others. */
  function batchFor(change: Change, stored: StoredState, mark: number): WriteBatch {
    const { term, removed, added, installed, retained } = change;
    const hardState = term === null ? null : { term, votedFor: null, commitIndex: 0 };
    const covered = stored.snapshot?.metadata.index ?? 0;
    const end = stored.entries.at(-1)?.index ?? covered;
    const terms = Array<number>(added).fill(mark);
    if (installed !== null) {
      const snapshot = snapshotAt(end + installed, mark);
      return batch({ hardState, snapshot, truncateFrom: 1, entries: run(end + installed + 1, ...terms) });
    }
    const truncateFrom = removed === null ? null : Math.max(end - removed, covered) + 1;
    const first = truncateFrom ?? end + 1;
    const last = first + added - 1;
    const reach = change.snapshot === null ? 0 : last - change.snapshot;
    const snapshot = reach > covered ? snapshotAt(reach, mark) : null;
    const compactTo = snapshot === null || retained === null || reach <= retained ? null : reach - retained;
    return batch({ hardState, snapshot, compactTo, truncateFrom, entries: run(first, ...terms) });
  }

  it('are what all of them are one by one, and keep the contract of a store', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.array(arbitraryChange, { maxLength: 8 }), async (stored, changes) => {
        const start = batch({ entries: run(1, ...Array<number>(stored).fill(1)) });
        const [oneByOne, atOnce] = [new MemoryStorage(), new MemoryStorage()];
        await Promise.all([oneByOne.write(start), atOnce.write(start)]);
        const batches: WriteBatch[] = [];
        for (const [position, change] of changes.entries()) {
          const next = batchFor(change, await oneByOne.load(), position + 2);
          await oneByOne.write(next);
          batches.push(next);
        }
        await atOnce.write(mergeBatches(batches));
        expect(await atOnce.load()).toEqual(await oneByOne.load());
      }),
      { numRuns: 1000 },
    );
  });
});

// ── Group commit ──────────────────────────────────────────────────────────────────────────────

const persist = (sequence: number): WriteBatch => batch({ entries: run(sequence, 1) });

/** A store whose writes end when the test says so. */
class SlowStorage implements Storage {
  readonly batches: WriteBatch[] = [];
  readonly #underWay: { readonly done: () => void; readonly fail: (error: Error) => void }[] = [];
  isClosed = false;

  load(): Promise<StoredState> {
    return Promise.resolve({ hardState: null, snapshot: null, entries: [] });
  }

  loadRegisters(): Promise<StoredRegisters> {
    return Promise.resolve(NO_REGISTERS);
  }

  write(next: WriteBatch): Promise<void> {
    this.batches.push(next);
    return new Promise((done, fail) => this.#underWay.push({ done, fail }));
  }

  close(): Promise<void> {
    this.isClosed = true;
    return Promise.resolve();
  }

  get writesUnderWay(): number {
    return this.#underWay.length;
  }

  end(error?: Error): void {
    const write = this.#underWay.shift();
    if (write === undefined) throw new Error('no write is under way');
    if (error === undefined) write.done();
    else write.fail(error);
  }
}

function scene(): { storage: SlowStorage; disk: Disk; log: string[]; write: (sequence: number) => void } {
  const storage = new SlowStorage();
  const log: string[] = [];
  const disk = new Disk(storage, (error) =>
    log.push(`failed: ${error instanceof Error ? error.message : String(error)}`),
  );
  const write = (sequence: number): void =>
    disk.write(persist(sequence), () => log.push(`durable ${sequence}`));
  return { storage, disk, log, write };
}

/** What the store was given, a line for each write. */
const writes = ({ batches }: SlowStorage): string[] => batches.map(({ entries }) => outline(entries));

describe('the disk', () => {
  it('writes at once, and reports it as durable only when it is', async () => {
    const { storage, log, write } = scene();
    write(1);
    expect([writes(storage), log]).toEqual([['1:1'], []]);
    storage.end();
    await vi.waitFor(() => expect(log).toEqual(['durable 1']));
  });

  it('puts everything that comes during a write into the next one', async () => {
    const { storage, log, write } = scene();
    for (const sequence of [1, 2, 3, 4]) write(sequence);
    expect([writes(storage), storage.writesUnderWay]).toEqual([['1:1'], 1]);
    storage.end();
    await vi.waitFor(() => expect(writes(storage)).toEqual(['1:1', '2:1 3:1 4:1']));
    expect([log, storage.writesUnderWay]).toEqual([['durable 1'], 1]);
    write(5);
    storage.end();
    await vi.waitFor(() => expect(writes(storage)).toEqual(['1:1', '2:1 3:1 4:1', '5:1']));
    storage.end();
    await vi.waitFor(() =>
      expect(log).toEqual(['durable 1', 'durable 2', 'durable 3', 'durable 4', 'durable 5']),
    );
  });

  it('writes what its own report brings about', async () => {
    const storage = new SlowStorage();
    const disk = new Disk(storage, () => undefined);
    const write = (sequence: number): void =>
      disk.write(persist(sequence), () => {
        if (sequence < 3) write(sequence + 1);
      });
    write(1);
    for (const count of [2, 3]) {
      storage.end();
      await vi.waitFor(() => expect(storage.batches).toHaveLength(count));
    }
    expect(writes(storage)).toEqual(['1:1', '2:1', '3:1']);
  });

  it('reports a failure, and nothing of what waited is written', async () => {
    const { storage, log, write } = scene();
    write(1);
    write(2);
    storage.end(new Error('no space'));
    await vi.waitFor(() => expect(log).toEqual(['failed: no space']));
    expect(writes(storage)).toEqual(['1:1']);
  });

  it('reports nothing once it is closed, and writes nothing more', async () => {
    const { storage, disk, log, write } = scene();
    write(1);
    write(2);
    await disk.close();
    expect(storage.isClosed).toBe(true);
    storage.end();
    write(3);
    // What is awaited here comes after all that the end of the write can bring about.
    await new Promise((resolve) => setImmediate(resolve));
    expect([log, writes(storage)]).toEqual([[], ['1:1']]);
  });

  it('a write that fails after the close is nobody’s concern', async () => {
    const { storage, disk, log, write } = scene();
    write(1);
    await disk.close();
    storage.end(new Error('closed'));
    await new Promise((resolve) => setImmediate(resolve));
    expect(log).toEqual([]);
  });
});
