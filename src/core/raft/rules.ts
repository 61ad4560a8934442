import type { MemberId } from '../ids.ts';
import { isQuorum } from './configuration.ts';
import type { Configuration } from './log-entry.ts';

/** The last entry of a log, as far as elections care. */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/**
 * The safety rules of Raft, each a pure function of plain values, so that a reader finds Figure 2
 * here and a test can swap one for a known bug. Sections are the extended paper's unless said.
 */
export const RULES = {
  /** §5.4.1: the later last term wins; with equal terms, the longer log is more up-to-date. */
  isUpToDate(candidate: LogEnd, own: LogEnd): boolean {
    return (
      candidate.lastTerm > own.lastTerm ||
      (candidate.lastTerm === own.lastTerm && candidate.lastIndex >= own.lastIndex)
    );
  },

  /** §5.2, Figure 2: one vote a term, first come, first served. The log is judged by `isUpToDate`. */
  hasVoteToGive(votedFor: MemberId | null, candidate: MemberId): boolean {
    return votedFor === null || votedFor === candidate;
  },

  /** §5.2: a reply counts only for the term in which its question was asked. */
  countsVote(replyTerm: number, currentTerm: number): boolean {
    return replyTerm === currentTerm;
  },

  /** §5.2: a candidate leads once a majority of the voters has granted it their vote. */
  isElected(configuration: Configuration, granted: (id: MemberId) => boolean): boolean {
    return isQuorum(configuration, granted);
  },

  /** §4.2.3 (dissertation): a server that hears from a live leader does not help to depose it. */
  isLoyal(ticksSinceLeader: number, minElectionTimeoutTicks: number): boolean {
    return ticksSinceLeader < minElectionTimeoutTicks;
  },

  /** §5.4.2, Figure 8: only an entry of the leader's own term is committed by counting replicas. */
  mayCommit(
    quorumIndex: number,
    termAtQuorumIndex: number | null,
    commitIndex: number,
    term: number,
  ): boolean {
    return quorumIndex > commitIndex && termAtQuorumIndex === term;
  },

  /** Figure 2, AppendEntries 5: the commit index never moves back, nor past what was just matched. */
  commitIndexAfterAppend(commitIndex: number, leaderCommit: number, lastMatched: number): number {
    return Math.max(commitIndex, Math.min(leaderCommit, lastMatched));
  },

  /** What a leader may tell a follower by heartbeat: never more than the follower is known to store. */
  commitIndexForFollower(commitIndex: number, matchIndex: number): number {
    return Math.min(commitIndex, matchIndex);
  },

  /** After a rejection the next index moves back, but never to or below what is known to match. */
  nextIndexAfterRejection(
    matchIndex: number,
    rejectedPrevIndex: number,
    lastPossibleAgreement: number,
  ): number {
    return Math.max(matchIndex + 1, Math.min(rejectedPrevIndex, lastPossibleAgreement + 1));
  },

  /** §8 and dissertation §6.4: a new leader does not know the commit index before it commits itself. */
  mayServeReads(termAtCommitIndex: number | null, term: number): boolean {
    return termAtCommitIndex === term;
  },

  /** Dissertation §6.4: a read is linearizable once a quorum has confirmed the leader after it came. */
  isReadConfirmed(configuration: Configuration, confirmed: (id: MemberId) => boolean): boolean {
    return isQuorum(configuration, confirmed);
  },

  /**
   * Dissertation §4.1 and its erratum of 2015: one change at a time, and none before an entry of the
   * leader's own term is committed.
   */
  mayChangeConfiguration(
    termAtCommitIndex: number | null,
    term: number,
    configurationIndex: number,
    commitIndex: number,
  ): boolean {
    return termAtCommitIndex === term && configurationIndex <= commitIndex;
  },
};

export type Rules = typeof RULES;
