import type { Entry, HardState } from '../core/raft/log-entry.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from './storage.ts';

/** Checks the contract of `WriteBatch` against what is stored; the end of the log after it. */
export function checkBatch(batch: WriteBatch, lastIndex: number): number {
  const { truncateFrom, entries } = batch;
  const isTruncation = truncateFrom === null || (truncateFrom >= 1 && truncateFrom <= lastIndex + 1);
  if (!isTruncation) throw contractError(`a log of ${lastIndex} entries is truncated at ${truncateFrom}`);
  let last = truncateFrom === null ? lastIndex : truncateFrom - 1;
  for (const { index } of entries) {
    if (index !== last + 1) throw contractError(`entry ${index} follows entry ${last}`);
    last = index;
  }
  return last;
}

function contractError(what: string): StorageError {
  return new StorageError(
    'contract',
    `A write does not fit the stored log: ${what}. This is a bug; please report it.`,
  );
}

/** Forgets everything with the tab: for tests, and for `storage.kind: "memory"`. */
export class MemoryStorage implements Storage {
  #hardState: HardState | null = null;
  #entries: Entry[] = [];
  #failure: StorageError | null = null;

  async load(): Promise<StoredState> {
    this.#check();
    return Promise.resolve({ hardState: this.#hardState, entries: [...this.#entries] });
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#check();
    try {
      checkBatch(batch, this.#entries.length);
    } catch (error) {
      if (error instanceof StorageError) this.#failure = error;
      throw error;
    }
    if (batch.truncateFrom !== null) this.#entries.length = batch.truncateFrom - 1;
    this.#entries.push(...batch.entries);
    this.#hardState = batch.hardState ?? this.#hardState;
    return Promise.resolve();
  }

  async close(): Promise<void> {
    this.#failure ??= new StorageError('lost', 'The storage was closed.');
    return Promise.resolve();
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure;
  }
}
