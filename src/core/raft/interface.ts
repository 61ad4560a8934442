import type { MemberId, RequestId } from '../ids.ts';
import type { Configuration, Entry, HardState } from './log-entry.ts';
import type { Operation, OperationResult, RaftMessage } from './message.ts';

/**
 * What a driver tells the core. Inputs are plain serialisable data: the same inputs in the same
 * turns give the same effects, byte for byte.
 */
export type Input =
  /** One tick of the driver's clock has passed. Ticks that a sleeping tab missed are never made up. */
  | { readonly type: 'tick' }
  | { readonly type: 'message'; readonly message: RaftMessage }
  /** The `persist` effect of this sequence number, and all before it, are durable. */
  | { readonly type: 'persisted'; readonly sequence: number }
  /** The state machine has applied all entries up to `index`; answers to the wanted ones. */
  | { readonly type: 'applied'; readonly index: number; readonly answers: readonly Answer[] }
  /** A client of this node asks for something. `request` is new. */
  | { readonly type: 'request'; readonly request: RequestId; readonly operation: Operation }
  /** The client's patience has ended: the core answers with what is certain by now. */
  | { readonly type: 'expire'; readonly request: RequestId }
  /** Force an election, whoever leads. */
  | { readonly type: 'campaign' }
  /** The members to which a link is open. Only joining depends on it. */
  | { readonly type: 'links'; readonly linked: readonly MemberId[] };

export interface Answer {
  readonly index: number;
  readonly value: Uint8Array;
}

/**
 * What the core asks of its driver. Effects of one turn are carried out in order, each under the
 * condition on its own line.
 */
export type Effect =
  /**
   * Write all of it in one atomic batch, strictly after earlier batches, then report `persisted`.
   * Needs nothing first. Driver and storage may merge consecutive batches.
   */
  | {
      readonly type: 'persist';
      readonly sequence: number;
      readonly hardState: HardState | null;
      readonly truncateFrom: number | null;
      readonly entries: readonly Entry[];
    }
  /** Send only once the `persist` effect `awaits` is durable. 0: at once. May be lost. */
  | { readonly type: 'send'; readonly message: RaftMessage; readonly awaits: number }
  /**
   * Apply to the state machine, in order, then report `applied` with the answers to the `wanted`
   * indexes. The entries are committed, that is durable on a majority; this node's own write of
   * them may still be under way.
   */
  | { readonly type: 'apply'; readonly entries: readonly Entry[]; readonly wanted: readonly number[] }
  /** Answer the client. A read's answer is taken from the state machine as it stands now. */
  | { readonly type: 'reply'; readonly request: RequestId; readonly result: OperationResult }
  /** Tell whoever watches. Nothing depends on it. */
  | { readonly type: 'trace'; readonly event: RaftEvent };

export type RaftRole = 'follower' | 'preCandidate' | 'candidate' | 'leader';

export type RaftEvent =
  | { readonly kind: 'role'; readonly role: RaftRole; readonly term: number }
  | { readonly kind: 'leader'; readonly leader: MemberId | null; readonly term: number }
  | { readonly kind: 'vote'; readonly candidate: MemberId; readonly term: number; readonly preVote: boolean }
  | { readonly kind: 'configuration'; readonly index: number; readonly configuration: Configuration }
  | { readonly kind: 'truncate'; readonly from: number }
  | { readonly kind: 'removed'; readonly term: number }
  | { readonly kind: 'refused'; readonly what: string; readonly from: MemberId; readonly reason: string };

export interface RaftOptions {
  readonly id: MemberId;
  /** The seed of this node's election timeouts. */
  readonly seed: number;
  /** Both included; each timeout is drawn anew (§5.2). */
  readonly electionTimeoutTicks: readonly [number, number];
  readonly heartbeatTicks: number;
  /** How often a server outside the configuration asks to be added. */
  readonly joinTicks: number;
  /** Entries in one append, by their bytes; one entry may exceed it. */
  readonly maxAppendBytes: number;
  /** Appends under way to one member. */
  readonly maxInflightAppends: number;
  /** Client operations that one node keeps at a time; more are refused as `overloaded`. */
  readonly maxPendingRequests: number;
  /** A caught-up learner is promoted while there are fewer voters than this. */
  readonly targetVoters: number;
  /** Display names of the first members. */
  readonly memberNames: readonly string[];
}

/** What was stored when the node starts. */
export interface InitialState {
  readonly hardState: HardState | null;
  readonly entries: readonly Entry[];
}
