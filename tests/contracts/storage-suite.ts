import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Entry, HardState } from '../../src/core/raft/log-entry.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { Storage, WriteBatch } from '../../src/storage/storage.ts';

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

    it('equals a plain array under any sequence of writes', async () => {
      const step = fc.record({ keep: fc.nat(12), added: fc.nat(4), term: fc.nat(3), vote: fc.boolean() });
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
          const { storage, reopen } = await make();
          await storage.load();
          let model: Entry[] = [];
          let hardState: HardState | null = null;
          let term = 1;
          for (const { keep, added, term: more, vote } of steps) {
            term += more;
            const truncateFrom = keep < model.length ? keep + 1 : null;
            model = truncateFrom === null ? model : model.slice(0, keep);
            const appended = entries(model.length + 1, model.length + added, term);
            if (vote) hardState = { term, votedFor: null, commitIndex: model.length };
            model = [...model, ...appended];
            await storage.write(
              batch({ hardState: vote ? hardState : null, truncateFrom, entries: appended }),
            );
          }
          expect(await storage.load()).toEqual({ snapshot: null, hardState, entries: model });
          await storage.close();
          if (reopen === null) return;
          const again = await reopen();
          expect(await again.load()).toEqual({ snapshot: null, hardState, entries: model });
          await again.close();
        }),
        { numRuns: 30 },
      );
    });
  });
}
