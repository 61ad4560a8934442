import { describe, expect, it } from 'vitest';
import type { TraceChunk } from '../../src/trace/store.ts';

/** A store, wherever it is: what takes it a while to say is awaited. */
export interface StoreUnderTest {
  run(): number | Promise<number>;
  append(chunk: TraceChunk): void | Promise<void>;
  next(after: number): TraceChunk | null | Promise<TraceChunk | null>;
  close(): void | Promise<void>;
}

/** Opens the same node's store again, as its next start would. */
export type Reopen = (maxBytes: number) => Promise<StoreUnderTest>;

const CHUNK_BYTES = 700;
/** Filled with what tells it from others. */
const chunk = (last: number, length = CHUNK_BYTES): TraceChunk => ({
  last,
  bytes: new Uint8Array(length).fill(last % 251),
});

/** The numbers of all chunks behind `after`, in the order in which they are handed out, each as it was stored. */
async function chunksIn(store: StoreUnderTest, after = 0): Promise<number[]> {
  const numbers: number[] = [];
  for (let found = await store.next(after); found !== null; found = await store.next(found.last)) {
    expect(found.last).toBeGreaterThan(numbers.at(-1) ?? after);
    expect(new Set(found.bytes)).toEqual(new Set([found.last % 251]));
    numbers.push(found.last);
  }
  return numbers;
}

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, at) => from + at);

/** What every store of a trace does. `make`: a node that has never been started. */
export function traceStoreContract(name: string, make: () => Reopen): void {
  describe(`trace store contract: ${name}`, () => {
    it('begins a higher run with each start', async () => {
      const open = make();
      const runs: number[] = [];
      for (let start = 0; start < 3; start += 1) {
        const store = await open(100_000);
        runs.push(await store.run());
        await store.close();
      }
      expect(runs).toEqual([1, 2, 3]);
    });

    it('hands out what is behind a number, in order, and nothing where there is nothing', async () => {
      const store = await make()(100_000);
      expect(await store.next(0)).toBeNull();
      for (const last of [7, 9, 2 ** 32 + 5]) await store.append(chunk(last, last % 100));
      expect(await chunksIn(store)).toEqual([7, 9, 2 ** 32 + 5]);
      expect(await store.next(7)).toEqual(chunk(9, 9));
      expect(await store.next(8)).toEqual(chunk(9, 9));
      expect(await store.next(2 ** 32 + 5)).toBeNull();
      await store.close();
    });

    it('keeps what it has over a restart, and goes on behind it', async () => {
      const open = make();
      const before = await open(100_000);
      for (const last of range(1, 40)) await before.append(chunk(last));
      await before.close();
      const after = await open(100_000);
      await after.append(chunk(1001));
      expect(await chunksIn(after)).toEqual([...range(1, 40), 1001]);
      await after.close();
    });

    it('gives up the oldest for the newest, and keeps nearly half of what it may at least', async () => {
      const open = make();
      const maxChunks = 20;
      let last = 0;
      for (let start = 0; start < 3; start += 1) {
        const store = await open(maxChunks * CHUNK_BYTES);
        for (let round = 0; round < 50; round += 1) {
          last += 1;
          await store.append(chunk(last));
          const held = await chunksIn(store);
          expect(held).toEqual(range(last - held.length + 1, last));
          expect(held.length).toBeLessThanOrEqual(maxChunks);
          expect(held.length).toBeGreaterThanOrEqual(Math.min(last, maxChunks / 2 - 2));
        }
        await store.close();
      }
    });
  });
}
