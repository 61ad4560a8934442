import type { Entry, HardState } from '../core/raft/log-entry.ts';

/** What one node has stored. A fresh store has `hardState` null and no entries. */
export interface StoredState {
  readonly hardState: HardState | null;
  /** Contiguous, starting at index 1 as long as nothing has been compacted. */
  readonly entries: readonly Entry[];
}

/** One atomic change: all of it becomes durable, or none of it. */
export interface WriteBatch {
  /** Null: unchanged. */
  readonly hardState: HardState | null;
  /** Every stored entry from this index on is removed, before `entries` are added. Null: none is. */
  readonly truncateFrom: number | null;
  /** Contiguous; the first follows directly on the last stored entry that is left. */
  readonly entries: readonly Entry[];
}

/**
 * Durable state of one node. After any method has failed the store is dead: every later call
 * fails too, and the node must stop, since its log may no longer be what it believes.
 */
export interface Storage {
  load(): Promise<StoredState>;
  /** Resolves once `batch` would survive a crash of the machine. Calls are applied in call order. */
  write(batch: WriteBatch): Promise<void>;
  /** Waits for writes under way, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * `newer-version`: written by a newer release. `quota`: no space. `lost`: the connection was closed
 * from outside. `blocked`: another tab holds the database. `corrupt`: what is stored does not parse
 * or is not contiguous. `contract`: the caller broke this interface's rules. `io`: anything else.
 */
export type StorageErrorKind = 'newer-version' | 'quota' | 'lost' | 'blocked' | 'corrupt' | 'contract' | 'io';

/** `message` is a sentence for the person at the page: what happened and what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
  constructor(
    readonly kind: StorageErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
