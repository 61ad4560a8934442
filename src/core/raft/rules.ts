import type { MemberId, RequestId } from '../ids.ts';
import { electorates, isQuorum, quorumIndex } from './configuration.ts';
import type { Configuration } from './log-entry.ts';
import type { LeaderOperation, RaftMessage } from './message.ts';

/** The last entry of a log, as far as elections care. */
export interface LogEnd {
  readonly lastIndex: number;
  readonly lastTerm: number;
}

export interface Vote {
  readonly voter: MemberId;
  readonly granted: boolean;
}

/** A leader's rounds of ReadIndex, and the batches of each member that wait for one. */
export interface ReadRounds {
  readonly readRound: number;
  readonly confirmedRound: number;
  readonly roundReads: Map<MemberId, RequestId>;
  readonly waitingReads: Map<MemberId, RequestId>;
}

/**
 * The safety rules of Raft, each a pure function of plain values, so that a reader finds Figure 2
 * here and a test can swap one for a known bug. Sections are the extended paper's unless said.
 */
export const RULES = {
  // ── Elections ─────────────────────────────────────────────────────────────────────────────────

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

  /** A voter says the same each time it is asked, and counts once however often it says so. */
  recordVote(votes: readonly Vote[], vote: Vote): readonly Vote[] {
    return [...votes.filter(({ voter }) => voter !== vote.voter), vote];
  },

  /** §5.2: a candidate leads once a majority of the voters has granted it their vote. */
  isElected(configuration: Configuration, votes: readonly Vote[]): boolean {
    const granted = (id: MemberId): boolean => votes.some((vote) => vote.voter === id && vote.granted);
    return isQuorum(this.electorates(configuration), granted);
  },

  /** §9.6 (dissertation): whoever times out asks first whether it could win. */
  asksBeforeCampaign(): boolean {
    return true;
  },

  /** §4.2.3 (dissertation): a server that hears from a live leader does not help to depose it. */
  isLoyal(ticksSinceLeader: number, minElectionTimeoutTicks: number): boolean {
    return ticksSinceLeader < minElectionTimeoutTicks;
  },

  /** §5.1: a leader of an older term is told the newer one, or it would never give way. */
  tellsOlderLeader(): boolean {
    return true;
  },

  // ── Replication ───────────────────────────────────────────────────────────────────────────────

  /** §5.4.2, Figure 8: only an entry of the leader's own term is committed by counting replicas. */
  mayCommit(
    quorumIndex: number,
    termAtQuorumIndex: number | null,
    commitIndex: number,
    term: number,
  ): boolean {
    return quorumIndex > commitIndex && termAtQuorumIndex === term;
  },

  /** Dissertation §10.2.1: a leader counts itself only for what its own disk holds. */
  ownMatchIndex(durableIndex: number, lastIndex: number): number {
    return Math.min(durableIndex, lastIndex);
  },

  /** The highest index that the quorums store. */
  quorumIndex(configuration: Configuration, matchIndexOf: (id: MemberId) => number): number {
    return quorumIndex(this.electorates(configuration), matchIndexOf);
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

  /**
   * Figure 2: term and vote are durable before anything is said in that term, and entries before they
   * are acknowledged. Entries may leave before the leader's own write (dissertation §10.2.1).
   */
  durableBefore(message: RaftMessage): 'nothing' | 'term' | 'log' {
    return message.type === 'appendResponse' && message.result.kind === 'accepted' ? 'log' : 'term';
  },

  // ── Clients ───────────────────────────────────────────────────────────────────────────────────

  /** §8 and dissertation §6.4: a new leader does not know the commit index before it commits itself. */
  mayServeReads(termAtCommitIndex: number | null, term: number): boolean {
    return termAtCommitIndex === term;
  },

  /** §6.4, step 3: where a read waits that has just come, which is for the round after the one under way. */
  readsThatWait({ waitingReads }: ReadRounds): ReadRounds['waitingReads'] {
    return waitingReads;
  },

  /** Whose reads a question confirms, as far as its sender goes: others may have come after it was sent. */
  readsConfirmedByQuestion(_: ReadRounds, asker: MemberId): readonly MemberId[] {
    return [asker];
  },

  /** Dissertation §6.4: a read is linearizable once a quorum has confirmed the leader after it came. */
  isReadConfirmed(configuration: Configuration, confirmed: (id: MemberId) => boolean): boolean {
    return isQuorum(this.electorates(configuration), confirmed);
  },

  /** Design, section 7: only what was never handed to a leader is certain not to happen. */
  isCertainlyUndone(isQueued: boolean, attempts: number): boolean {
    return isQueued && attempts === 0;
  },

  /**
   * Whether what was handed on can never fail for certain: the network may make copies, and whatever became of one, a
   * leader takes the next. It does so of commands alone.
   */
  staysPossible({ kind }: LeaderOperation): boolean {
    return kind === 'command';
  },

  // ── Membership ────────────────────────────────────────────────────────────────────────────────

  /** §4.3 (dissertation): while joint, majorities of both configurations must agree, separately. */
  electorates(configuration: Configuration): readonly (readonly MemberId[])[] {
    return electorates(configuration);
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

  /** Dissertation §4.2.2: a leader that is not in the committed configuration steps down. */
  leavesWhenRemoved(): boolean {
    return true;
  },
};

export type Rules = typeof RULES;
