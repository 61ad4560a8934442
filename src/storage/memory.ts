import {
  NO_REGISTERS,
  type Register,
  type ReplicaState,
  type StoredRegisters,
} from '../core/abd/register.ts';
import type { Entry, HardState, Snapshot } from '../core/raft/log-entry.ts';
import { checkBatch, type LogExtent } from './extent.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from './storage.ts';

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
