import type { Register } from '../core/abd/register.ts';
import type { Storage, WriteBatch } from '../storage/storage.ts';

interface Waiting {
  readonly batch: WriteBatch;
  readonly onDurable: () => void;
}

/**
 * Writes batches in order, one storage write at a time. Group commit: whatever comes while a write is
 * under way goes into the next one together.
 */
export class Disk {
  #waiting: Waiting[] = [];
  #isWriting = false;
  #isClosed = false;

  constructor(
    private readonly storage: Storage,
    private readonly onError: (error: unknown) => void,
  ) {}

  write(batch: WriteBatch, onDurable: () => void): void {
    this.#waiting.push({ batch, onDurable });
    if (!this.#isWriting) void this.#writeAll();
  }

  /** Nothing is reported as durable from here on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.storage.close();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    try {
      while (this.#waiting.length > 0 && !this.#isClosed) {
        const waiting = this.#waiting;
        this.#waiting = [];
        await this.storage.write(mergeBatches(waiting.map(({ batch }) => batch)));
        this.#report(waiting);
      }
    } catch (error) {
      if (!this.#isClosed) this.onError(error);
    } finally {
      this.#isWriting = false;
    }
  }

  #report(waiting: readonly Waiting[]): void {
    for (const { onDurable } of waiting) if (!this.#isClosed) onDurable();
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
  const registers = new Map<string, Register>();
  let replica: WriteBatch['replica'] = null;
  // From here on the batches alone say what the log is; before, it is what the store has.
  let ownFrom = Number.POSITIVE_INFINITY;
  for (const batch of batches) {
    hardState = batch.hardState ?? hardState;
    snapshot = batch.snapshot ?? snapshot;
    replica = batch.replica ?? replica;
    for (const register of batch.registers ?? []) registers.set(register.key, register);
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
  const log = { hardState, snapshot, compactTo, truncateFrom, entries };
  if (registers.size === 0 && replica === null) return log;
  return { ...log, registers: [...registers.values()], replica };
}
