import type { MemberId } from '../core/ids.ts';
import type { MessageType } from '../core/message.ts';
import type { RaftRole } from '../core/raft/interface.ts';

/**
 * What a node did, one event each. Events of a node are numbered by `seq`; `clock` says what had happened before
 * (Fidge 1988, Mattern 1989): of each node the number of its newest event that this one may depend on. A node's own
 * component is the event's own `seq`, so an event `a` happened before another one `b` exactly if
 * `b.clock[a.node] >= a.seq`.
 */
export interface EventHeader {
  readonly seq: number;
  readonly node: MemberId;
  /** Null: it has none yet. */
  readonly name: string | null;
  /** By the node's own clock: milliseconds since the epoch, with a fraction. */
  readonly time: number;
  readonly clock: VectorClock;
}

/** Nodes of which nothing is known are absent. */
export type VectorClock = Readonly<Record<MemberId, number>>;

/**
 * Each start of a node begins a run, whose events are numbered from `run * RUN_LENGTH + 1` on: no number comes
 * twice, even where the end of an earlier run was lost with its process.
 */
export const RUN_LENGTH = 2 ** 32;

/** From 1 on; 0 belongs to no run. */
export function runOf(seq: number): number {
  return Math.floor(seq / RUN_LENGTH);
}

/** Within its run, from 1 on. */
export function countOf(seq: number): number {
  return seq % RUN_LENGTH;
}

/** What a message says, as far as it is short: indexes, terms, whether a vote was granted. */
export type MessageFacts = Readonly<Record<string, number | string | boolean | null>>;

/** What the proxy did to a message that was sent. */
export const PROXY_ACTS = ['dropped', 'delayed', 'held', 'duplicated', 'reordered', 'lost'] as const;
export type ProxyAct = (typeof PROXY_ACTS)[number];

export type TraceDetail =
  /** The node begins a run, with what it found stored. `lastTerm` is null where it is not known any more. */
  | {
      readonly kind: 'start';
      readonly term: number;
      readonly commitIndex: number;
      readonly snapshotIndex: number;
      readonly lastIndex: number;
      readonly lastTerm: number | null;
    }
  /** It ends, for good. */
  | { readonly kind: 'stop'; readonly reason: string }
  | { readonly kind: 'role'; readonly role: RaftRole; readonly term: number }
  /** Whom it takes for the leader. */
  | { readonly kind: 'leader'; readonly leader: MemberId | null; readonly term: number }
  | { readonly kind: 'vote'; readonly candidate: MemberId; readonly term: number; readonly preVote: boolean }
  | {
      readonly kind: 'send';
      readonly to: MemberId;
      readonly message: MessageType;
      readonly facts: MessageFacts;
    }
  /** `sent`: the number of the sender's event, and the time of it by the sender's clock; null: it records none. */
  | {
      readonly kind: 'receive';
      readonly from: MemberId;
      readonly message: MessageType;
      readonly facts: MessageFacts;
      readonly sent: number | null;
      readonly sentAt: number | null;
    }
  /** `sent`: the event in which this node sent it. */
  | {
      readonly kind: 'proxy';
      readonly act: ProxyAct;
      readonly to: MemberId;
      readonly message: MessageType;
      readonly sent: number;
    }
  /**
   * Entries `first` to `first + terms.length - 1` follow on the one before `first`, whose term is `prevTerm` (null:
   * compacted). `digests` tell what they hold (`payloadDigest`). Not durable yet: `write` says when.
   */
  | {
      readonly kind: 'append';
      readonly first: number;
      readonly prevTerm: number | null;
      readonly terms: readonly number[];
      readonly digests: readonly number[];
    }
  /** Entry `from` and all behind it are removed. */
  | { readonly kind: 'truncate'; readonly from: number }
  /** The commit index has risen from `from` to `to` while the node's term was `term`. */
  | { readonly kind: 'commit'; readonly from: number; readonly to: number; readonly term: number }
  /** The state machine has applied entries `from` to `to`. */
  | { readonly kind: 'apply'; readonly from: number; readonly to: number }
  /** `installed`: it takes the place of the log up to `index`, and of whatever does not follow on it. */
  | {
      readonly kind: 'snapshot';
      readonly index: number;
      readonly term: number;
      readonly origin: 'taken' | 'installed';
    }
  /** The configuration in force is that of entry `index`. `outgoing`: while joint, the voters of the old one. */
  | {
      readonly kind: 'configuration';
      readonly index: number;
      readonly voters: readonly string[];
      readonly learners: readonly string[];
      readonly outgoing: readonly string[] | null;
    }
  /** What was written is durable, `ms` after it was handed to the storage. */
  | { readonly kind: 'write'; readonly ms: number; readonly entries: number; readonly registers: number }
  /**
   * Clients of this node have asked for so many `operations`, all at once, numbered within the node's run from `first`
   * on. `keys`: the first few that they are about.
   */
  | {
      readonly kind: 'invoke';
      readonly first: number;
      readonly operations: number;
      readonly f: string;
      readonly keys: readonly string[];
    }
  /** They were answered, all at once and alike, the quickest after `leastMs`, the slowest after `mostMs`. */
  | {
      readonly kind: 'result';
      readonly first: number;
      readonly operations: number;
      readonly f: string;
      readonly keys: readonly string[];
      readonly leastMs: number;
      readonly mostMs: number;
      readonly outcome: 'ok' | 'failed' | 'unknown';
      readonly reason: string | null;
    }
  /**
   * The fault rules in force at this node are these now, by their ids. `own`: of them, those that name this member, or
   * no member at all.
   */
  | { readonly kind: 'faults'; readonly rules: readonly string[]; readonly own: readonly string[] }
  | { readonly kind: 'paused' | 'resumed' | 'campaign' }
  /** Nothing ran for `ms`: the tab slept. */
  | { readonly kind: 'gap'; readonly ms: number }
  /** A leader stops leading, as it hears from no majority. */
  | { readonly kind: 'quorum-lost'; readonly term: number }
  | {
      readonly kind: 'transfer';
      readonly to: MemberId;
      readonly outcome: 'begun' | 'done' | 'given-up';
    }
  /** The cluster has removed this node. */
  | { readonly kind: 'removed'; readonly term: number }
  | { readonly kind: 'link'; readonly peer: MemberId; readonly state: 'open' | 'closed' }
  /** Something that must not be believed was dropped, or something was lost for lack of room. */
  | { readonly kind: 'refused'; readonly what: string; readonly from: string | null; readonly reason: string }
  | { readonly kind: 'error'; readonly message: string };

export type TraceEvent = EventHeader & TraceDetail;
export type EventKind = TraceDetail['kind'];

export const EVENT_KINDS = [
  'start',
  'stop',
  'role',
  'leader',
  'vote',
  'send',
  'receive',
  'proxy',
  'append',
  'truncate',
  'commit',
  'apply',
  'snapshot',
  'configuration',
  'write',
  'invoke',
  'result',
  'faults',
  'paused',
  'resumed',
  'campaign',
  'gap',
  'quorum-lost',
  'transfer',
  'removed',
  'link',
  'refused',
  'error',
] as const satisfies readonly EventKind[];

/** As a line; `parseEvent` reads it. */
export function formatEvent(event: TraceEvent): string {
  return JSON.stringify(event);
}
