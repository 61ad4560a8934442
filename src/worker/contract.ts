import type {
  Consistency,
  FaultRule,
  LinkTraffic,
  LogEntryView,
  PingResult,
  ReadResult,
  RegisterStatus,
  SessionResult,
  SessionUse,
  TracePage,
  WriteResult,
  Failure,
} from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { StorageKind } from './stores.ts';

/**
 * What page and worker say to each other, through comlink. Plain data in both directions: expected
 * failures are values, and only bugs are exceptions.
 */

export interface ClaimOptions {
  readonly clusterId: string;
  /** The member that this tab ran before, to be claimed if it is free. */
  readonly preferredMember: string | null;
  readonly storage: StorageKind;
}

export interface StartOptions {
  /** Create the cluster: the member becomes its first and only voter. */
  readonly found: boolean;
  readonly config: PageConfig;
}

export type StartResult =
  | { readonly outcome: 'started' }
  /** The node cannot run; `reason` is for people. */
  | { readonly outcome: 'stopped'; readonly reason: string };

export interface LinkView {
  readonly link: string;
  /** Null until the link is open. */
  readonly memberId: string | null;
  readonly roundTripMs: number | null;
}

export interface MemberView {
  readonly id: string;
  readonly name: string;
  readonly kind: 'voter' | 'learner';
  readonly reachable: boolean;
}

/** A log without what its entries hold. */
export interface LogSummary {
  /** The oldest entry in memory; `last + 1` where there is none. */
  readonly first: number;
  readonly last: number;
  readonly snapshotIndex: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** Up to here it is on this node's disk. */
  readonly durableIndex: number;
  /** From which index on entries have which term, ascending, and only as far back as there is room: `[index, term]`. */
  readonly terms: readonly (readonly [number, number])[];
}

/** What a leader knows of another member. */
export interface ProgressView {
  readonly name: string;
  readonly state: 'probe' | 'replicate' | 'snapshot';
  readonly matchIndex: number;
  readonly nextIndex: number;
}

/** What a reader of the paper asks of a server. Members by name, or by id where they have none. */
export interface NodeDetail {
  readonly votedFor: string | null;
  /** Until it campaigns, if it hears from nobody; null: it does not wait for that. */
  readonly timer: { readonly elapsedMs: number; readonly timeoutMs: number } | null;
  readonly log: LogSummary;
  /** Of a leader. */
  readonly progress: readonly ProgressView[];
}

/** The node as the page sees it. `leader` and `name` are display names. */
export interface NodeSnapshot {
  readonly memberId: string;
  readonly name: string | null;
  readonly role: 'follower' | 'candidate' | 'leader' | 'learner' | 'joining' | 'stopped';
  readonly term: number;
  readonly leader: string | null;
  /** A leader that has lately heard from a majority; elsewhere, that a leader is known. */
  readonly hasQuorum: boolean;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  readonly lastIndex: number;
  readonly snapshotIndex: number;
  readonly members: readonly MemberView[];
  readonly links: readonly LinkView[];
  readonly traffic: readonly LinkTraffic[];
  readonly registers: RegisterStatus;
  readonly detail: NodeDetail;
  readonly paused: boolean;
  /** The cluster has removed this member. */
  readonly removed: boolean;
  readonly stoppedReason: string | null;
  readonly counters: Readonly<Record<string, number>>;
}

/** Of the events behind number `after`, up to `last`: the newest there is. 0: no trace is kept. */
export interface WatchedEvents {
  readonly events: readonly TraceEvent[];
  readonly skipped: number;
  /** What was asked for, or later, where that was too long ago. */
  readonly after: number;
  readonly last: number;
}

/** How the node stood behind these events. */
export interface Watched extends WatchedEvents {
  readonly state: Pick<NodeSnapshot, 'role' | 'term' | 'leader' | 'detail'>;
}

/** Something that happened, in words; newest last. */
export interface NodeNotice {
  readonly level: 'info' | 'warning' | 'error';
  readonly text: string;
}

export type KeyReadResult =
  | {
      readonly outcome: 'ok';
      readonly states: Record<string, string | null>;
      readonly commitIndex: number;
      readonly lastIndex: number;
    }
  | Failure;

/**
 * Links have a port of their own, since a channel must be transferred in the task that created it,
 * and a failure to do so must show at once; commands keep their order.
 */
export type LinkCommand =
  | { readonly type: 'add'; readonly link: string; readonly carrier: RTCDataChannel | MessagePort }
  /** Within this browser, between the pages `self` and `page`. */
  | { readonly type: 'add-local'; readonly link: string; readonly self: string; readonly page: string }
  /** The fault rules that the other page knows are in force here: what comes over the link may be answered. */
  | { readonly type: 'use'; readonly link: string }
  | { readonly type: 'remove'; readonly link: string };

/** The worker has the link's carrier, or has given the link up. */
export interface LinkEvent {
  readonly type: 'taken' | 'closed';
  readonly link: string;
}

/** What comes by the thousand, through a port of its own, many in a message: `operation-codec.ts`. */
export type OperationCall =
  | { readonly method: 'read'; readonly keys: readonly string[] | null; readonly consistency: Consistency }
  /** `command`: an encoded transaction; `session` null: in this node's own. */
  | { readonly method: 'transact'; readonly command: Uint8Array; readonly session: SessionUse | null }
  | { readonly method: 'readRegister'; readonly key: string }
  | { readonly method: 'writeRegister'; readonly key: string; readonly value: string | null };

interface Results {
  readonly read: KeyReadResult;
  readonly transact: WriteResult;
  readonly readRegister: ReadResult;
  readonly writeRegister: WriteResult;
}

export type OperationName = OperationCall['method'];
export type CallOf<M extends OperationName> = OperationCall & { readonly method: M };
export type ResultOf<M extends OperationName> = Results[M];
export type OperationAnswer = Results[OperationName];
/** Each calls `done` once. */
export type OperationHandlers = {
  readonly [M in OperationName]: (
    done: (result: ResultOf<M>) => void,
    call: CallOf<M>,
    timeoutMs: number,
  ) => void;
};

export interface StatesRow {
  readonly key: string;
  /** The begin of the value, … */
  readonly begin: string;
  /** … and the length of all of it (UTF-16 code units). */
  readonly length: number;
}

/** A part of the key-value state as it is applied here. */
export interface StatesExcerpt {
  /** In the order of the keys. */
  readonly rows: readonly StatesRow[];
  /** How many keys there are of those asked for, and of all. */
  readonly matching: number;
  readonly total: number;
}

/** Everything else, through comlink. */
export interface NodeApi {
  /**
   * First, and once: the port for `LinkCommand` and `LinkEvent`, and the one for operations. What comes through them
   * waits until the node runs.
   */
  connect(links: MessagePort, operations: MessagePort): void;
  /** Once, then: makes a member this worker's own, and tells its id. Null: none can be had, and `start` says why. */
  claim(options: ClaimOptions): Promise<string | null>;
  /** Once, last, and without waiting for an answer to the others: reads what the member has stored, and runs its node. */
  start(options: StartOptions): Promise<StartResult>;
  /**
   * Calls back with the newest snapshot after changes, and with what happened in between; where nobody looks at the
   * page, not for numbers alone that have risen.
   */
  subscribe(onChange: (snapshot: NodeSnapshot, notices: readonly NodeNotice[]) => void): void;
  snapshot(): NodeSnapshot | null;
  /** Whether somebody looks at the page. */
  setSeen(isSeen: boolean): void;

  /** Also before the node runs: they hold from its first message on. */
  setRules(rules: readonly FaultRule[]): void;

  openSession(timeoutMs: number): Promise<SessionResult>;
  log(from: number, to: number): LogEntryView[];
  /** Of the keys that contain `filter`, the first `limit`, each with so much of its value. It may be behind the leader. */
  excerpt(filter: string, limit: number, valueLength: number): StatesExcerpt;
  change(kind: 'promote' | 'remove' | 'transfer', name: string, timeoutMs: number): Promise<WriteResult>;
  ping(name: string, timeoutMs: number): Promise<PingResult>;

  /** Of this node's newest events, those behind number `after`, about `limit` of them. Null: it does not run yet. */
  watch(after: number, limit: number): Watched | null;
  /** What is stored of them, page by page: `after` is 0, then the `next` of the page before. Null: no trace is kept. */
  tracePage(after: number): TracePage | null;
  /** What the node's cores were fed, for a replay (JSON lines); null: it keeps none. */
  recording(): string | null;

  pause(): void;
  resume(): void;
  campaign(): WriteResult;
  /** Null: there is one now. */
  takeSnapshot(timeoutMs: number): Promise<Failure | null>;
  /** Releases the member: its storage, its links and its lock. */
  stop(): Promise<void>;
  /** Stops, and deletes the member's storage for good. */
  wipe(): Promise<void>;
}
