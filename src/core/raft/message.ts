import type { MemberId, RequestId } from '../ids.ts';
import type { Entry } from './log-entry.ts';

/** A configuration change that a client or a joining server asks for. One server at a time (§4.1). */
export type ConfigurationChange =
  | { readonly kind: 'add-learner'; readonly id: MemberId }
  | { readonly kind: 'promote'; readonly id: MemberId }
  | { readonly kind: 'remove'; readonly id: MemberId };

/** What a client asks of the cluster. `command` is opaque to Raft: the state machine reads it. */
export type Operation =
  | { readonly kind: 'command'; readonly command: Uint8Array }
  | { readonly kind: 'read' }
  | { readonly kind: 'change'; readonly change: ConfigurationChange };

export const FAILURE_CODES = [
  'no-leader',
  'not-a-member',
  'lost-leadership',
  'change-refused',
  'too-large',
  'overloaded',
  'timed-out',
  'not-running',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/**
 * `ok`: done; for a command, `index` and `term` are its entry's and `value` is the state machine's
 * answer; for a read, `index` is the read index that the caller's state machine has reached.
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

/**
 * A client's operation handed on to the leader (§6.2). `attempt` counts how often; the answer repeats
 * it, so that a late answer to an earlier attempt is not taken for this one's.
 */
export interface ForwardRequest extends Envelope {
  readonly type: 'forwardRequest';
  readonly request: RequestId;
  readonly attempt: number;
  readonly operation: Operation;
}

export interface ForwardResponse extends Envelope {
  readonly type: 'forwardResponse';
  readonly request: RequestId;
  readonly attempt: number;
  readonly result: OperationResult;
}

/** A server outside the configuration asks to be added. Followers hand it on to the leader. */
export interface JoinRequest extends Envelope {
  readonly type: 'joinRequest';
  readonly joiner: MemberId;
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
  | ForwardRequest
  | ForwardResponse
  | JoinRequest
  | RemovedNotice;
