import type { MemberId, RequestId } from '../ids.ts';
import type { Entry, SnapshotMetadata } from './log-entry.ts';

/** One member's part in a configuration change. */
export interface ConfigurationChange {
  readonly kind: (typeof CHANGE_KINDS)[number];
  readonly id: MemberId;
}
export const CHANGE_KINDS = ['add-learner', 'promote', 'demote', 'remove'] as const;

/** What a client asks the leader to do. `command` is opaque to Raft: the state machine reads it. */
export type LeaderOperation =
  /**
   * `repeatable`: the state machine knows it again, so that it may be tried anew where its fate is
   * uncertain (sessions, dissertation §6.3).
   */
  | { readonly kind: 'command'; readonly command: Uint8Array; readonly repeatable: boolean }
  /** All of the changes at once, through a joint configuration where that is needed (§4.3). */
  | { readonly kind: 'change'; readonly changes: readonly ConfigurationChange[] }
  /** Leadership transfer (§3.10). */
  | { readonly kind: 'transfer'; readonly to: MemberId };

export type Operation = LeaderOperation | { readonly kind: 'read' };

export const FAILURE_CODES = [
  'no-leader',
  'not-a-member',
  'lost-leadership',
  'change-refused',
  'transfer-failed',
  'session-expired',
  'too-large',
  'overloaded',
  'timed-out',
  'not-running',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/**
 * `ok`: done; for a command, `index` and `term` are its entry's and `value` is the state machine's
 * answer; for a read, `index` is the read index that the caller's state machine has reached; a
 * transfer is `ok` once the other leads; a change is, once its configuration is committed, be it joint.
 * `failed`: it did not and will not happen. `unknown`: it may have happened, or may yet.
 */
export type OperationResult =
  | { readonly outcome: 'ok'; readonly index: number; readonly term: number; readonly value: Uint8Array }
  | { readonly outcome: 'failed' | 'unknown'; readonly code: FailureCode; readonly reason: string };

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** The sender's current term, except in pre-vote messages (see there). */
  readonly term: number;
}

/** Would you vote for me in `term`? (§9.6.) `term` is the candidate's current term plus one. */
export interface PreVoteRequest extends Envelope {
  readonly type: 'preVoteRequest';
  readonly lastIndex: number;
  readonly lastTerm: number;
}

/** `term` repeats the request's where granted, and is the voter's own where refused. */
export interface PreVoteResponse extends Envelope {
  readonly type: 'preVoteResponse';
  readonly granted: boolean;
}

/** RequestVote (Figure 2). `force` overrides the voter's loyalty to a live leader (§4.2.3, §3.10). */
export interface VoteRequest extends Envelope {
  readonly type: 'voteRequest';
  readonly lastIndex: number;
  readonly lastTerm: number;
  readonly force: boolean;
}

export interface VoteResponse extends Envelope {
  readonly type: 'voteResponse';
  readonly granted: boolean;
}

/** AppendEntries (Figure 2). `entries` are contiguous and start at `prevIndex + 1`. */
export interface AppendRequest extends Envelope {
  readonly type: 'appendRequest';
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
}

/**
 * `accepted`: the follower's durable log equals the leader's up to `matchIndex`.
 * `rejected`: it has no entry (`prevIndex`, `prevTerm`); it does have (`hintIndex`, `hintTerm`), the
 * newest entry that could still agree with the leader's log (§5.3, fast backtracking).
 */
export type AppendResult =
  | { readonly kind: 'accepted'; readonly matchIndex: number }
  | {
      readonly kind: 'rejected';
      readonly prevIndex: number;
      readonly hintIndex: number;
      readonly hintTerm: number;
    };

export interface AppendResponse extends Envelope {
  readonly type: 'appendResponse';
  readonly result: AppendResult;
}

/**
 * Leadership and commit index without entries. `commitIndex` never exceeds what the receiver is
 * known to store. `readRound` numbers the leader's newest round of ReadIndex (§6.4).
 */
export interface Heartbeat extends Envelope {
  readonly type: 'heartbeat';
  readonly commitIndex: number;
  readonly readRound: number;
}

export interface HeartbeatResponse extends Envelope {
  readonly type: 'heartbeatResponse';
  readonly readRound: number;
}

/** A part of a snapshot (§7). Parts overlap answers: a window of them is under way at a time. */
export interface SnapshotRequest extends Envelope {
  readonly type: 'snapshotRequest';
  readonly metadata: SnapshotMetadata;
  readonly offset: number;
  readonly part: Uint8Array;
}

/**
 * The receiver has the first `receivedBytes` of the snapshot at `index` and wants what follows. A
 * snapshot that is installed is acknowledged by an `appendResponse`, once it is durable.
 */
export interface SnapshotResponse extends Envelope {
  readonly type: 'snapshotResponse';
  readonly index: number;
  readonly receivedBytes: number;
}

/**
 * A client's operation handed on to the leader (§6.2). `attempt` counts how often; the answer repeats
 * it, so that a late answer to an earlier attempt is not taken for this one's.
 */
export interface ForwardRequest extends Envelope {
  readonly type: 'forwardRequest';
  readonly request: RequestId;
  readonly attempt: number;
  readonly operation: LeaderOperation;
}

export interface ForwardResponse extends Envelope {
  readonly type: 'forwardResponse';
  readonly request: RequestId;
  readonly attempt: number;
  readonly result: OperationResult;
}

/** Asks for a read index for all reads that the sender had when it sent this (§6.4). */
export interface ReadIndexRequest extends Envelope {
  readonly type: 'readIndexRequest';
  readonly batch: number;
}

/** Null: the one that was asked cannot say, since it does not lead. */
export interface ReadIndexResponse extends Envelope {
  readonly type: 'readIndexResponse';
  readonly batch: number;
  readonly readIndex: number | null;
}

/** The receiver, which is caught up, is to campaign at once (§3.10). */
export interface TimeoutNow extends Envelope {
  readonly type: 'timeoutNow';
}

/**
 * A server outside the configuration asks to be added. Followers hand it on to the leader. `memberAt`: where the newest
 * configuration stands that names the joiner and that it knows to be committed; 0: it knows of none.
 */
export interface JoinRequest extends Envelope {
  readonly type: 'joinRequest';
  readonly joiner: MemberId;
  readonly memberAt: number;
}

/**
 * Tells a server that the committed configuration at `configurationIndex` does not name it (§4.2.3).
 * It says nothing to a server that knows a later one.
 */
export interface RemovedNotice extends Envelope {
  readonly type: 'removedNotice';
  readonly configurationIndex: number;
}

export type RaftMessage =
  | PreVoteRequest
  | PreVoteResponse
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | SnapshotRequest
  | SnapshotResponse
  | ForwardRequest
  | ForwardResponse
  | ReadIndexRequest
  | ReadIndexResponse
  | TimeoutNow
  | JoinRequest
  | RemovedNotice;
