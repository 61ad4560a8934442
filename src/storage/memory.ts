import {
  NO_REGISTERS,
  type Register,
  type ReplicaState,
  type StoredRegisters,
} from '../core/abd/register.ts';
import type { Entry, HardState, Snapshot } from '../core/raft/log-entry.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from './storage.ts';

/** What of a stored log the contract of `WriteBatch` depends on. `firstIndex` is that of no entry in an empty log. */
export interface LogExtent {
  readonly snapshotIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/** Checks the contract of `WriteBatch` against what is stored; what is stored after it. */
export function checkBatch(batch: WriteBatch, stored: LogExtent): LogExtent {
  const { truncateFrom, compactTo, entries } = batch;
  const snapshotIndex = batch.snapshot?.metadata.index ?? stored.snapshotIndex;
  if (snapshotIndex < stored.snapshotIndex) throw contractError('a snapshot replaces a newer one');
  if (compactTo !== null && compactTo > snapshotIndex)
    throw contractError(`entries up to ${compactTo} are removed, and the snapshot ends at ${snapshotIndex}`);
  if (truncateFrom !== null && (truncateFrom < 1 || truncateFrom > stored.lastIndex + 1))
    throw contractError(`a log of ${stored.lastIndex} entries is truncated at ${truncateFrom}`);
  let lastIndex = truncateFrom === null ? stored.lastIndex : truncateFrom - 1;
  let { firstIndex } = stored;
  if (lastIndex < firstIndex) {
    // Nothing is left: the log begins anew, and no later than right after the snapshot.
    firstIndex = Math.min(entries[0]?.index ?? snapshotIndex + 1, snapshotIndex + 1);
    lastIndex = firstIndex - 1;
  }
  for (const { index } of entries) {
    if (index !== lastIndex + 1) throw contractError(`entry ${index} follows entry ${lastIndex}`);
    lastIndex = index;
  }
  if (lastIndex < snapshotIndex) throw contractError(`entries end at ${lastIndex}, before the snapshot does`);
  return { snapshotIndex, firstIndex, lastIndex };
}

function contractError(what: string): StorageError {
  return new StorageError(
    'contract',
    `A write does not fit the stored log: ${what}. This is a bug; please report it.`,
  );
}

/** What a store holds, as plain values. */
export class StoredImage {
  hardState: HardState | null = null;
  snapshot: Snapshot | null = null;
  entries: Entry[] = [];
  replica: ReplicaState = NO_REGISTERS.state;
  readonly registers = new Map<string, Register>();
  #extent: LogExtent = { snapshotIndex: 0, firstIndex: 1, lastIndex: 0 };

  get lastIndex(): number {
    return this.#extent.lastIndex;
  }

  /** Throws where `batch` breaks the contract, and has changed nothing then. */
  apply(batch: WriteBatch): void {
    const { hardState, snapshot, compactTo, truncateFrom, entries } = batch;
    const { firstIndex: first } = this.#extent;
    const extent = checkBatch(batch, this.#extent);
    if (truncateFrom !== null) this.entries.length = Math.max(0, truncateFrom - first);
    for (const entry of entries) this.entries.push(entry);
    const covered = (compactTo ?? 0) + 1 - extent.firstIndex;
    const compacted = Math.max(0, Math.min(covered, this.entries.length));
    if (compacted > 0) this.entries = this.entries.slice(compacted);
    this.#extent = { ...extent, firstIndex: extent.firstIndex + compacted };
    this.snapshot = snapshot ?? this.snapshot;
    this.hardState = hardState ?? this.hardState;
    for (const register of batch.registers ?? []) this.registers.set(register.key, register);
    this.replica = batch.replica ?? this.replica;
  }
}

/** Forgets everything with the tab: for tests, and for `storage.kind: "memory"`. */
export class MemoryStorage implements Storage {
  readonly #image = new StoredImage();
  #failure: StorageError | null = null;

  async load(): Promise<StoredState> {
    this.#check();
    const { hardState, snapshot, entries } = this.#image;
    return Promise.resolve({ hardState, snapshot, entries: [...entries] });
  }

  async loadRegisters(): Promise<StoredRegisters> {
    this.#check();
    const { replica, registers } = this.#image;
    return Promise.resolve({ state: replica, registers: [...registers.values()] });
  }

  async write(batch: WriteBatch): Promise<void> {
    this.#check();
    try {
      this.#image.apply(batch);
    } catch (error) {
      if (error instanceof StorageError) this.#failure = error;
      throw error;
    }
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
