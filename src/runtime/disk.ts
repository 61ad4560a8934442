import type { Effect } from '../core/raft/interface.ts';
import type { Storage, WriteBatch } from '../storage/storage.ts';

type Persist = Extract<Effect, { type: 'persist' }>;

/**
 * Writes the core's batches in order, one storage write at a time. Group commit: whatever comes while
 * a write is under way goes into the next one together.
 */
export class Disk {
  #waiting: Persist[] = [];
  #isWriting = false;
  #isClosed = false;

  constructor(
    private readonly storage: Storage,
    private readonly onDurable: (sequence: number) => void,
    private readonly onError: (error: unknown) => void,
  ) {}

  write(effect: Persist): void {
    this.#waiting.push(effect);
    if (!this.#isWriting) void this.#writeAll();
  }

  /** Nothing is reported as durable from here on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.storage.close();
  }

  #report(sequence: number): void {
    if (!this.#isClosed) this.onDurable(sequence);
  }

  #fail(error: unknown): void {
    if (!this.#isClosed) this.onError(error);
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting.length > 0 && !this.#isClosed) {
        const effects = this.#waiting;
        this.#waiting = [];
        await this.storage.write(mergeBatches(effects));
        for (const { sequence } of effects.slice(-1)) this.#report(sequence);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#isWriting = false;
    }
  }
}

/** One batch with the effect of all: the newest hard state and snapshot, and no entry that a later one removes. */
export function mergeBatches(batches: readonly WriteBatch[]): WriteBatch {
  const [only] = batches;
  if (only !== undefined && batches.length === 1) return only;
  let hardState: WriteBatch['hardState'] = null;
  let snapshot: WriteBatch['snapshot'] = null;
  let compactTo: number | null = null;
  let truncateFrom: number | null = null;
  let entries: WriteBatch['entries'] = [];
  // From here on the batches alone say what the log is; before, it is what the store has.
  let ownFrom = Number.POSITIVE_INFINITY;
  for (const batch of batches) {
    hardState = batch.hardState ?? hardState;
    snapshot = batch.snapshot ?? snapshot;
    if (batch.compactTo !== null) compactTo = Math.max(compactTo ?? 0, batch.compactTo);
    const from = batch.truncateFrom;
    if (from !== null) {
      entries = entries.filter((entry) => entry.index < from);
      // What was only waiting is simply not written; what is older must be removed from the store.
      if (from < ownFrom) truncateFrom = from;
    }
    ownFrom = Math.min(ownFrom, from ?? ownFrom, batch.entries[0]?.index ?? ownFrom);
    entries = entries.length === 0 ? batch.entries : [...entries, ...batch.entries];
  }
  return { hardState, snapshot, compactTo, truncateFrom, entries };
}
