import type { MemberId, RequestId } from '../ids.ts';

/**
 * Says which of two writes is the later one: by the counter, then by the writer, then by the writer's operation, so
 * that no two writes ever have the same tag, not even those of one writer before and after a restart.
 */
export interface Tag {
  readonly counter: number;
  readonly writer: MemberId;
  readonly operation: RequestId;
}

/** What a replica holds of a key that was ever written. A deleted one holds null. */
export interface Register {
  readonly key: string;
  readonly tag: Tag;
  readonly value: string | null;
}

/** The part of a register that its key does not say. */
export type Found = Omit<Register, 'key'>;

/** Below 0: `a` is the earlier. */
export function compareTags(a: Tag, b: Tag): number {
  if (a.counter !== b.counter) return a.counter - b.counter;
  if (a.writer !== b.writer) return a.writer < b.writer ? -1 : 1;
  return a.operation - b.operation;
}

/** What a replica has stored besides the registers. */
export interface ReplicaState {
  /** The newest epoch for which this replica holds whatever was written before; 0: none. */
  readonly ready: number;
  /** Up to this epoch nothing is stored or answered any more. */
  readonly sealed: number;
}

export interface StoredRegisters {
  readonly state: ReplicaState;
  readonly registers: readonly Register[];
}

export const NO_REGISTERS: StoredRegisters = { state: { ready: 0, sealed: 0 }, registers: [] };
