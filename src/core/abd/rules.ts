import type { RequestId, MemberId } from '../ids.ts';
import { majorityOf } from './epochs.ts';
import { compareTags, type Found, type ReplicaState, type Tag } from './register.ts';

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
  /** Up to which epoch a replica is sealed that hands over its registers of the epoch `ended`. */
  sealedOnTransfer(sealed: number, ended: number): number;
  /** How many replicas of the epoch before have to hand over. */
  transferQuorum(previous: readonly MemberId[]): number;
  /** Under which name an answer counts: all of one replica are one. `answers` is how many there are so far. */
  nameOfAnswer(from: MemberId, answers: number): string;
  /** What an operation that has begun to store goes on to store in the next epoch: the same, under the same tag. */
  carriedOver(stored: Found | null): Found | null;
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
  sealedOnTransfer: (sealed, ended) => Math.max(sealed, ended),
  transferQuorum: majorityOf,
  nameOfAnswer: (from) => from,
  carriedOver: (stored) => stored,
  isUncertain: (hasStored) => hasStored,
};
