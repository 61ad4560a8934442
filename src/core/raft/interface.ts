import type { MemberId, RequestId } from '../ids.ts';
import type { Configuration, Entry, HardState, Snapshot } from './log-entry.ts';
import type { Operation, OperationResult, RaftMessage } from './message.ts';

/**
 * What a driver tells the core. Inputs are plain serialisable data: the same inputs in the same
 * turns give the same effects, byte for byte.
 */
export type Input =
  /** One tick of the driver's clock has passed. Ticks that a sleeping tab missed are never made up. */
  | { readonly type: 'tick' }
  /** The tab slept. Whoever led may still be there, and gets a whole election timeout to be heard. */
  | { readonly type: 'woke' }
  | { readonly type: 'message'; readonly message: RaftMessage }
  /** The `persist` effect of this sequence number, and all before it, are durable. */
  | { readonly type: 'persisted'; readonly sequence: number }
  /** The state machine has applied all entries up to `index`; answers to the wanted ones. */
  | { readonly type: 'applied'; readonly index: number; readonly answers: readonly Answer[] }
  /** The state machine's snapshot as of `index`, which a `snapshot` effect asked for. */
  | { readonly type: 'snapshotTaken'; readonly index: number; readonly data: Uint8Array }
  /** Take a snapshot now, whatever the thresholds say. */
  | { readonly type: 'compact' }
  /** A client of this node asks for something. `request` is new. */
  | { readonly type: 'request'; readonly request: RequestId; readonly operation: Operation }
  /** The client's patience has ended: the core answers with what is certain by now. */
  | { readonly type: 'expire'; readonly request: RequestId }
  /** Force an election, whoever leads. */
  | { readonly type: 'campaign' }
  /** The servers to which a link is open: only joining depends on it, and how soon a member hears of its leader. */
  | { readonly type: 'links'; readonly linked: readonly MemberId[] };

export interface Answer {
  readonly index: number;
  readonly term: number;
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
      /** Stored in place of the previous one; the log need only reach back to it. */
      readonly snapshot: Snapshot | null;
      /** Entries up to and including this one are needed no more. */
      readonly compactTo: number | null;
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
  /** Report the state machine as it stands now, at `index`, by `snapshotTaken`. Needs nothing else. */
  | { readonly type: 'snapshot'; readonly index: number }
  /** Put the state machine into the state of `snapshot`. What it was before is of no use. */
  | { readonly type: 'restore'; readonly snapshot: Snapshot }
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
  | { readonly kind: 'snapshot'; readonly index: number; readonly origin: 'taken' | 'installed' }
  | { readonly kind: 'quorum-lost'; readonly term: number }
  | { readonly kind: 'transfer'; readonly to: MemberId; readonly outcome: 'begun' | 'done' | 'given-up' }
  | { readonly kind: 'removed'; readonly term: number }
  | { readonly kind: 'refused'; readonly what: string; readonly from: MemberId; readonly reason: string };

export interface RaftOptions {
  readonly id: MemberId;
  /** The seed of this node's election timeouts. */
  readonly seed: number;
  /** Both included; each timeout is drawn anew (§5.2). */
  readonly electionTimeoutTicks: readonly [number, number];
  /** What a tick stands for in log time. */
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  /** How often a server outside the configuration asks to be added. */
  readonly joinTicks: number;
  /** Entries in one append, by their bytes; one entry may exceed it. */
  readonly maxAppendBytes: number;
  /** Appends under way to one member, and their bytes; one append may exceed those. */
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
  /** A snapshot is taken after so many entries, or so many bytes of them, whichever comes first. */
  readonly snapshotEntries: number;
  readonly snapshotBytes: number;
  /** Entries kept behind a snapshot for followers that lag a little. */
  readonly retainedEntries: number;
  /** Client operations that one node keeps at a time; more are refused as `overloaded`. */
  readonly maxPendingRequests: number;
  /** A caught-up learner is promoted while there are fewer voters than this. */
  readonly targetVoters: number;
  /** A voter that was not heard from for so long gives its place to a caught-up learner; null: never. */
  readonly replaceVoterTicks: number | null;
  /** Display names of the first members. */
  readonly memberNames: readonly string[];
}

/** What was stored when the node starts. */
export interface InitialState {
  readonly hardState: HardState | null;
  readonly snapshot: Snapshot | null;
  /** Contiguous; the first at most follows on the snapshot. */
  readonly entries: readonly Entry[];
}
