import type { RequestId, MemberId } from '../ids.ts';
import { majorityOf } from './epochs.ts';
import { compareTags, type ReplicaState, type Tag } from './register.ts';

/** What the correctness of the registers hangs on. Only the simulator's mutants ever exchange one of these. */
export interface RegisterRules {
  /** Of whatever is asked. Any two majorities have a replica in common. */
  quorum(replicas: readonly MemberId[]): number;
  /** A read makes sure that a majority holds what it returns: else a later one might not find it. */
  writesBack(holders: number, quorum: number): boolean;
  /** A replica answers once what it says is durable. */
  awaits(sequence: number): number;
  /** Later than all that a majority has ever stored: `known` is the latest that the query found. */
  nextTag(known: Tag | null, writer: MemberId, operation: RequestId): Tag;
  /** Whether a replica takes `stored` in place of `held`. */
  supersedes(stored: Tag, held: Tag): boolean;
  /** Whether a replica answers in this epoch. */
  serves(epoch: number, state: ReplicaState): boolean;
  /** Whether a replica that hands over its registers may go on storing in that epoch. */
  sealsBeforeTransfer(): boolean;
  /** How many replicas of the epoch before have to hand over. */
  transferQuorum(previous: readonly MemberId[]): number;
  /** Whether one replica's answers count once. */
  countsOnce(): boolean;
  /** A write whose outcome is open in one epoch goes on in the next with the tag it has. */
  keepsTag(): boolean;
  /** Whether the time that is up leaves a write open: it may have been stored, or may yet be. */
  isUncertain(hasStored: boolean): boolean;
}

export const REGISTER_RULES: RegisterRules = {
  quorum: majorityOf,
  writesBack: (holders, quorum) => holders < quorum,
  awaits: (sequence) => sequence,
  nextTag: (known, writer, operation) => ({ counter: (known?.counter ?? 0) + 1, writer, operation }),
  supersedes: (stored, held) => compareTags(stored, held) > 0,
  serves: (epoch, { ready, sealed }) => epoch === ready && epoch > sealed,
  sealsBeforeTransfer: () => true,
  transferQuorum: majorityOf,
  countsOnce: () => true,
  keepsTag: () => true,
  isUncertain: (hasStored) => hasStored,
};
