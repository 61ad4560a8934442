import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NO_REGISTERS, type Register } from '../../src/core/abd/register.ts';
import { crc32 } from '../../src/core/raft/checksum.ts';
import type { Entry, HardState, Snapshot } from '../../src/core/raft/log-entry.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { Storage, StoredState, WriteBatch } from '../../src/storage/storage.ts';

/** A store to test, and how to open it again where what it stores outlives it. */
export interface StoreUnderTest {
  readonly storage: Storage;
  readonly reopen: (() => Promise<Storage>) | null;
}

export function command(index: number, term: number, text = `${index}@${term}`): Entry {
  return {
    index,
    term,
    payload: { kind: 'command', command: new TextEncoder().encode(text), timeMs: index },
  };
}

export function entries(from: number, to: number, term = 1): Entry[] {
  return Array.from({ length: to - from + 1 }, (_, offset) => command(from + offset, term));
}

export function batch(changes: Partial<WriteBatch>): WriteBatch {
  return { hardState: null, snapshot: null, compactTo: null, truncateFrom: null, entries: [], ...changes };
}

export function snapshotAt(index: number, term = 1, text = `state at ${index}`): Snapshot {
  const data = new TextEncoder().encode(text);
  const members = [{ id: 'member-A00000000' as MemberId, name: 'A', kind: 'voter' as const }];
  const configuration = { members, outgoing: null, namesAssigned: 1 };
  const metadata = { index, term, timeMs: index, configuration, configurationIndex: 1 };
  return { metadata: { ...metadata, bytes: data.length, checksum: crc32(data) }, data };
}

function register(key: string, counter: number, value: string | null = `${key}@${counter}`): Register {
  return { key, tag: { counter, writer: 'member-A00000000' as MemberId, operation: 7 }, value };
}

/** Of a loaded log, what the contract leaves open is only how much before `required` is still there. */
function expectSuffix({ entries: loaded }: StoredState, log: readonly Entry[], required: number): void {
  expect(loaded).toEqual(loaded.length === 0 ? [] : log.slice(-loaded.length));
  const behind = log.filter(({ index }) => index >= required);
  expect(loaded.length).toBeGreaterThanOrEqual(behind.length);
}

const VOTE: HardState = { term: 3, votedFor: 'member-A00000000' as MemberId, commitIndex: 2 };

/** What every storage must do (see `Storage`). `make` gives a fresh, empty store. */
export function storageContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`storage contract: ${name}`, () => {
    const fresh = async (): Promise<Storage> => {
      const { storage } = await make();
      expect(await storage.load()).toEqual({ snapshot: null, hardState: null, entries: [] });
      return storage;
    };

    it('gives back what was written', async () => {
      const storage = await fresh();
      await storage.write(batch({ hardState: VOTE, entries: entries(1, 3) }));
      await storage.write(batch({ entries: entries(4, 5, 2) }));
      const expected = { snapshot: null, hardState: VOTE, entries: [...entries(1, 3), ...entries(4, 5, 2)] };
      expect(await storage.load()).toEqual(expected);
      await storage.close();
    });

    it('has the newest commit index, whatever became of the entries that it came with', async () => {
      const { storage: first, reopen } = await make();
      let storage = first;
      await storage.load();
      const at = (commitIndex: number): HardState => ({ ...VOTE, commitIndex });
      const changes: [Partial<WriteBatch>, HardState][] = [
        [{ hardState: at(0), entries: entries(1, 3) }, at(0)],
        [{ hardState: at(3), entries: entries(4, 5) }, at(3)],
        [{ hardState: at(5), entries: entries(6, 7) }, at(5)],
        [{ entries: entries(8, 8) }, at(5)],
        [{ truncateFrom: 6 }, at(5)],
        [{ hardState: at(5), entries: entries(6, 6) }, at(5)],
        [{ hardState: at(6), entries: entries(7, 7) }, at(6)],
        [{ snapshot: snapshotAt(7), compactTo: 7 }, at(6)],
        [{ hardState: at(7), entries: entries(8, 8) }, at(7)],
        [
          { hardState: { ...at(8), term: 4 }, entries: entries(9, 9, 4) },
          { ...at(8), term: 4 },
        ],
        [{ hardState: { ...at(9), term: 4 } }, { ...at(9), term: 4 }],
      ];
      for (const [change, hardState] of changes) {
        await storage.write(batch(change));
        expect((await storage.load()).hardState).toEqual(hardState);
        if (reopen === null) continue;
        await storage.close();
        storage = await reopen();
        expect((await storage.load()).hardState).toEqual(hardState);
      }
      await storage.close();
    });

    it('keeps the registers beside the log, the newest of each key, and what the replica is ready for', async () => {
      const storage = await fresh();
      expect(await storage.loadRegisters()).toEqual(NO_REGISTERS);
      const replica = { ready: 2, sealed: 1 };
      await storage.write(batch({ registers: [register('a', 1), register('ключ', 1)], replica }));
      await storage.write(
        batch({ entries: entries(1, 2), registers: [register('a', 2), register('b', 3, null)] }),
      );
      await storage.write(batch({ hardState: VOTE }));
      const { state, registers } = await storage.loadRegisters();
      expect(state).toEqual(replica);
      const byKey = [...registers].sort((one, other) => (one.key < other.key ? -1 : 1));
      expect(byKey).toEqual([register('a', 2), register('b', 3, null), register('ключ', 1)]);
      expect(await storage.load()).toEqual({ snapshot: null, hardState: VOTE, entries: entries(1, 2) });
      await storage.close();
    });

    it('writes registers and log together or not at all', async () => {
      const storage = await fresh();
      const bad = batch({ entries: entries(5, 5), registers: [register('a', 1)] });
      await expect(storage.write(bad)).rejects.toMatchObject({ kind: 'contract' });
      await expect(storage.loadRegisters()).rejects.toMatchObject({ kind: 'contract' });
    });

    it('keeps every kind of entry as it is', async () => {
      const storage = await fresh();
      const members = [{ id: 'member-A00000000' as MemberId, name: 'A', kind: 'voter' as const }];
      const kinds: Entry[] = [
        {
          index: 1,
          term: 1,
          payload: { kind: 'configuration', configuration: { members, outgoing: null, namesAssigned: 1 } },
        },
        { index: 2, term: 1, payload: { kind: 'noop' } },
        {
          index: 3,
          term: 2,
          payload: { kind: 'command', command: new Uint8Array(70_000).fill(7), timeMs: 5 },
        },
      ];
      await storage.write(batch({ entries: kinds }));
      expect((await storage.load()).entries).toEqual(kinds);
      await storage.close();
    });

    it('removes and replaces in one batch, within a run and across runs', async () => {
      const storage = await fresh();
      await storage.write(batch({ entries: entries(1, 4) }));
      await storage.write(batch({ entries: entries(5, 8) }));
      await storage.write(batch({ truncateFrom: 7 }));
      expect((await storage.load()).entries).toEqual(entries(1, 6));
      await storage.write(batch({ truncateFrom: 3, entries: entries(3, 4, 2) }));
      expect((await storage.load()).entries).toEqual([...entries(1, 2), ...entries(3, 4, 2)]);
      await storage.write(batch({ truncateFrom: 1 }));
      expect((await storage.load()).entries).toEqual([]);
      await storage.close();
    });

    it('applies writes in call order, without waiting in between', async () => {
      const storage = await fresh();
      const writes = [
        storage.write(batch({ entries: entries(1, 5) })),
        storage.write(batch({ truncateFrom: 4, entries: entries(4, 6, 2) })),
        storage.write(batch({ hardState: VOTE, truncateFrom: 5 })),
      ];
      await Promise.all(writes);
      expect(await storage.load()).toEqual({
        snapshot: null,
        hardState: VOTE,
        entries: [...entries(1, 3), command(4, 2)],
      });
      await storage.close();
    });

    it('loads what was written by the calls before it, and nothing of those behind it', async () => {
      const storage = await fresh();
      const first = storage.write(batch({ entries: entries(1, 2) }));
      const loaded = storage.load();
      const second = storage.write(batch({ entries: entries(3, 4) }));
      await Promise.all([first, second]);
      expect((await loaded).entries).toEqual(entries(1, 2));
      await storage.write(batch({ entries: entries(5, 5) }));
      expect((await storage.load()).entries).toEqual(entries(1, 5));
      await storage.close();
    });

    it.each([
      ['a gap', batch({ entries: entries(4, 5) })],
      ['a gap behind a truncation', batch({ truncateFrom: 2, entries: entries(3, 3) })],
      ['an entry that is there already', batch({ entries: entries(2, 2) })],
      ['a truncation beyond the end', batch({ truncateFrom: 5 })],
      ['a truncation at 0', batch({ truncateFrom: 0 })],
      ['entries out of order', batch({ entries: [command(3, 1), command(5, 1)] })],
    ])('refuses %s, and everything after it', async (_, wrong) => {
      const storage = await fresh();
      await storage.write(batch({ entries: entries(1, 2) }));
      await expect(storage.write(wrong)).rejects.toMatchObject({ name: 'StorageError', kind: 'contract' });
      await expect(storage.write(batch({ entries: entries(3, 3) }))).rejects.toMatchObject({
        kind: 'contract',
      });
      await expect(storage.load()).rejects.toMatchObject({ kind: 'contract' });
      await storage.close();
    });

    it('leaves the store as it was when it refuses a batch, hard state included', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      await storage.write(batch({ hardState: VOTE, entries: entries(1, 2) }));
      const wrong = batch({ hardState: { ...VOTE, term: 9 }, truncateFrom: 1, entries: entries(7, 7) });
      await expect(storage.write(wrong)).rejects.toMatchObject({ kind: 'contract' });
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expect(await again.load()).toEqual({ snapshot: null, hardState: VOTE, entries: entries(1, 2) });
      await again.close();
    });

    it('refuses the writes that were called behind one that fails', async () => {
      const storage = await fresh();
      const calls = [storage.write(batch({ entries: entries(7, 7) })), storage.write(batch({}))];
      for (const outcome of await Promise.allSettled(calls)) {
        expect(outcome).toMatchObject({ status: 'rejected', reason: { kind: 'contract' } });
      }
      await storage.close();
    });

    it('fails after it was closed; closing again is nothing', async () => {
      const storage = await fresh();
      await storage.close();
      await storage.close();
      await expect(storage.write(batch({ entries: entries(1, 1) }))).rejects.toMatchObject({ kind: 'lost' });
      await expect(storage.load()).rejects.toMatchObject({ kind: 'lost' });
    });

    it('finishes the writes under way before it closes', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      const write = storage.write(batch({ entries: entries(1, 3) }));
      await storage.close();
      await write;
      if (reopen === null) return;
      const again = await reopen();
      expect((await again.load()).entries).toEqual(entries(1, 3));
      await again.close();
    });

    it('gives back a snapshot, and the one that replaced it', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      const first = snapshotAt(4);
      await storage.write(batch({ entries: entries(1, 6) }));
      await storage.write(batch({ snapshot: first }));
      expect(await storage.load()).toEqual({ hardState: null, snapshot: first, entries: entries(1, 6) });
      const second = snapshotAt(6, 1, 'x'.repeat(70_000));
      await storage.write(batch({ snapshot: second, entries: entries(7, 7) }));
      const expected = { hardState: null, snapshot: second, entries: entries(1, 7) };
      expect(await storage.load()).toEqual(expected);
      await storage.write(batch({ snapshot: second }));
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expect(await again.load()).toEqual(expected);
      await again.close();
    });

    it('loses no entry behind what compaction covers, also where it cuts a run', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      for (const from of [1, 5, 9]) await storage.write(batch({ entries: entries(from, from + 3) }));
      const log = entries(1, 14);
      await storage.write(batch({ snapshot: snapshotAt(10), compactTo: 6, entries: entries(13, 14) }));
      expectSuffix(await storage.load(), log, 7);
      await storage.write(batch({ snapshot: snapshotAt(11), compactTo: 11 }));
      expectSuffix(await storage.load(), log, 12);
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      const state = await again.load();
      expect(state.snapshot).toEqual(snapshotAt(11));
      expectSuffix(state, log, 12);
      await again.write(batch({ snapshot: snapshotAt(14), compactTo: 14 }));
      expectSuffix(await again.load(), log, 15);
      await again.write(batch({ entries: entries(15, 16) }));
      expectSuffix(await again.load(), entries(1, 16), 15);
      await again.close();
    });

    it('removes nothing where compaction is not asked for', async () => {
      const storage = await fresh();
      for (const from of [1, 5]) await storage.write(batch({ entries: entries(from, from + 3) }));
      await storage.write(batch({ snapshot: snapshotAt(8) }));
      expect((await storage.load()).entries).toEqual(entries(1, 8));
      await storage.close();
    });

    it.each([
      ['shorter', entries(1, 5)],
      ['conflicting', entries(1, 30)],
    ])('takes a snapshot instead of a %s log, and what is behind it, in one batch', async (_, before) => {
      const { storage, reopen } = await make();
      await storage.load();
      await storage.write(batch({ hardState: VOTE, entries: before }));
      const hardState = { ...VOTE, term: 7 };
      const behind = entries(21, 23, 7);
      await storage.write(
        batch({ hardState, truncateFrom: 1, snapshot: snapshotAt(20, 7), entries: behind }),
      );
      const expected = { hardState, snapshot: snapshotAt(20, 7), entries: behind };
      expect(await storage.load()).toEqual(expected);
      await storage.write(batch({ truncateFrom: 22, entries: entries(22, 24, 8) }));
      const log = [...entries(21, 21, 7), ...entries(22, 24, 8)];
      expect((await storage.load()).entries).toEqual(log);
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expect(await again.load()).toEqual({ ...expected, entries: log });
      await again.close();
    });

    it('takes a snapshot with nothing behind it, and the log goes on there', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      await storage.write(batch({ entries: entries(1, 3) }));
      await storage.write(batch({ truncateFrom: 1, snapshot: snapshotAt(20, 2) }));
      expect(await storage.load()).toEqual({ hardState: null, snapshot: snapshotAt(20, 2), entries: [] });
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expect(await again.load()).toEqual({ hardState: null, snapshot: snapshotAt(20, 2), entries: [] });
      await again.write(batch({ entries: entries(21, 22, 2) }));
      expect((await again.load()).entries).toEqual(entries(21, 22, 2));
      await again.close();
    });

    it('takes entries that begin before the snapshot they come with', async () => {
      const { storage, reopen } = await make();
      await storage.load();
      await storage.write(batch({ entries: entries(1, 5) }));
      const later = entries(16, 24, 2);
      await storage.write(batch({ truncateFrom: 1, snapshot: snapshotAt(20, 2), entries: later }));
      const state = await storage.load();
      expect(state.snapshot).toEqual(snapshotAt(20, 2));
      expectSuffix(state, later, 21);
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expectSuffix(await again.load(), later, 21);
      await again.write(batch({ entries: entries(25, 25, 2) }));
      expectSuffix(await again.load(), [...later, ...entries(25, 25, 2)], 21);
      await again.close();
    });

    it.each([
      ['a snapshot older than the stored one', batch({ snapshot: snapshotAt(3) })],
      ['compaction beyond the snapshot', batch({ compactTo: 5 })],
      ['compaction beyond the snapshot it comes with', batch({ snapshot: snapshotAt(5), compactTo: 6 })],
      ['a snapshot beyond the end', batch({ snapshot: snapshotAt(7) })],
      ['entries that end before the snapshot', batch({ snapshot: snapshotAt(9), entries: entries(7, 8) })],
      ['a truncation of what the snapshot covers', batch({ truncateFrom: 4 })],
      [
        'entries that begin anew and end before the snapshot',
        batch({ truncateFrom: 1, snapshot: snapshotAt(9), entries: entries(6, 8) }),
      ],
      [
        'entries that begin anew with a gap behind the snapshot',
        batch({ truncateFrom: 1, snapshot: snapshotAt(9), entries: entries(11, 12) }),
      ],
    ])('refuses %s, and keeps what it has', async (_, wrong) => {
      const { storage, reopen } = await make();
      await storage.load();
      await storage.write(batch({ entries: entries(1, 6) }));
      await storage.write(batch({ snapshot: snapshotAt(4) }));
      await expect(storage.write(wrong)).rejects.toMatchObject({ name: 'StorageError', kind: 'contract' });
      await expect(storage.load()).rejects.toMatchObject({ kind: 'contract' });
      await storage.close();
      if (reopen === null) return;
      const again = await reopen();
      expect(await again.load()).toEqual({
        hardState: null,
        snapshot: snapshotAt(4),
        entries: entries(1, 6),
      });
      await again.close();
    });

    it('equals a plain model under any sequence of writes', async () => {
      const step = fc.record({
        /** How many entries go, from the end on; never one that the snapshot covers. */
        removed: fc.nat(8),
        added: fc.nat(5),
        term: fc.nat(3),
        vote: fc.boolean(),
        /** How far a snapshot reaches, counted back from the end. Null: none is taken. */
        snapshot: fc.option(fc.nat(8)),
        /** How many entries before the snapshot stay. Null: nothing is compacted. */
        retained: fc.option(fc.nat(6)),
        /** A snapshot from elsewhere, so far beyond the end, replaces the log. */
        installed: fc.option(fc.integer({ min: 1, max: 9 }), { freq: 4 }),
        /** With how many of the entries before it. */
        before: fc.nat(3),
        isReopened: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), async (steps) => {
          const { storage: first, reopen } = await make();
          let storage = first;
          let hardState: HardState | null = null;
          let snapshot: Snapshot | null = null;
          /** All entries ever since the log began anew, and which of them the store must still have. */
          let log: Entry[] = [];
          let required = 1;
          let term = 1;
          const check = async (): Promise<void> => {
            const state = await storage.load();
            expect([state.hardState, state.snapshot]).toEqual([hardState, snapshot]);
            expectSuffix(state, log, required);
          };
          await check();
          for (const change of steps) {
            term += change.term;
            const snapshotIndex: number = snapshot?.metadata.index ?? 0;
            const end: number = log.at(-1)?.index ?? snapshotIndex;
            let truncateFrom: number | null;
            let appended: Entry[];
            let taken: Snapshot | null = null;
            if (change.installed === null) {
              const from = Math.max(end - change.removed, snapshotIndex) + 1;
              truncateFrom = from <= end ? from : null;
              appended = entries(from, from + change.added - 1, term);
              log = [...log.filter(({ index }) => index < from), ...appended];
              const last = from + change.added - 1;
              const covered = last - (change.snapshot ?? last);
              if (covered > snapshotIndex) taken = snapshotAt(covered, term);
            } else {
              const index = end + change.installed;
              truncateFrom = 1;
              taken = snapshotAt(index, term);
              appended = entries(Math.max(1, index + 1 - change.before), index + change.added, term);
              log = appended;
              required = appended[0]?.index ?? index + 1;
            }
            snapshot = taken ?? snapshot;
            const reach = (snapshot?.metadata.index ?? 0) - (change.retained ?? 0);
            const compactTo = change.retained === null || reach < 1 ? null : reach;
            required = Math.max(required, (compactTo ?? 0) + 1);
            if (change.vote) hardState = { term, votedFor: null, commitIndex: end };
            await storage.write(
              batch({
                hardState: change.vote ? hardState : null,
                snapshot: taken,
                compactTo,
                truncateFrom,
                entries: appended,
              }),
            );
            if (!change.isReopened || reopen === null) continue;
            await storage.close();
            storage = await reopen();
            await check();
          }
          await check();
          await storage.close();
          if (reopen === null) return;
          storage = await reopen();
          await check();
          await storage.close();
        }),
        { numRuns: 60 },
      );
    });
  });
}
