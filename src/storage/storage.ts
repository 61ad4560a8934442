import type { Register, ReplicaState, StoredRegisters } from '../core/abd/register.ts';
import type { Entry, HardState, Snapshot } from '../core/raft/log-entry.ts';

/** Whose store it is. Written when it is created, checked whenever it is opened. */
export interface StoreIdentity {
  readonly clusterId: string;
  readonly memberId: string;
}

/** What one node has stored. A fresh store has `hardState` null and no entries. */
export interface StoredState {
  readonly hardState: HardState | null;
  readonly snapshot: Snapshot | null;
  /** Contiguous. They begin no later than right after the snapshot, and at 1 where there is none. */
  readonly entries: readonly Entry[];
}

/** One atomic change: all of it becomes durable, or none of it. */
export interface WriteBatch {
  /** Null: unchanged. */
  readonly hardState: HardState | null;
  /** Takes the place of the stored one. Null: that stays. */
  readonly snapshot: Snapshot | null;
  /**
   * Entries up to this one, which the snapshot covers, may be removed: a store may keep some of them
   * for as long as it suits it. Null: none may.
   */
  readonly compactTo: number | null;
  /** Every stored entry from this index on is removed, before `entries` are added. Null: none is. */
  readonly truncateFrom: number | null;
  /**
   * Contiguous; the first follows directly on the last stored entry that is left. Where none is left,
   * they begin anew, no later than right after the snapshot. Nothing may be missing behind the snapshot.
   */
  readonly entries: readonly Entry[];
  /** Each takes the place of the stored register of its key. Absent: none does. */
  readonly registers?: readonly Register[];
  /** Absent or null: unchanged. */
  readonly replica?: ReplicaState | null;
}

/**
 * Durable state of one node. After any method has failed the store is dead: every later call
 * fails too, and the node must stop, since its log may no longer be what it believes.
 */
export interface Storage {
  load(): Promise<StoredState>;
  /** What is stored of the registers: no part of the log. */
  loadRegisters(): Promise<StoredRegisters>;
  /** Resolves once `batch` would survive a crash of the machine. Calls are applied in call order. */
  write(batch: WriteBatch): Promise<void>;
  /** Waits for writes under way, then releases everything. Idempotent. */
  close(): Promise<void>;
}

/**
 * `newer-version`, `older-version`: written by a release that this one cannot read. `quota`: no space. `lost`: the connection was closed
 * from outside. `blocked`: another tab holds the database. `corrupt`: what is stored does not parse
 * or is not contiguous. `contract`: the caller broke this interface's rules. `io`: anything else.
 */
export type StorageErrorKind =
  'newer-version' | 'older-version' | 'quota' | 'lost' | 'blocked' | 'corrupt' | 'contract' | 'io';

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
