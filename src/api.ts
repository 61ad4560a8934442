/**
 * The public types of `window.tabraft` (docs/api.md). The page itself, the tests and any outside
 * script use this and nothing else.
 */

import type { HistoryEvent } from './check/history.ts';

/** A part of time, both ends included: milliseconds since the epoch. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export type Role = 'follower' | 'candidate' | 'leader' | 'learner' | 'joining' | 'stopped';

export interface MemberStatus {
  id: string;
  name: string;
  kind: 'voter' | 'learner';
  /** Something has come from this member lately, through the proxies. Always true for this node. */
  reachable: boolean;
}

export interface PeerStatus {
  /** The member's id; the connection's own id until the member is known. */
  id: string;
  name: string | null;
  state: 'connecting' | 'connected' | 'failed';
  /** Who carries consensus traffic; null until the link is up. */
  channel: 'worker' | 'relay' | 'local' | null;
  roundTripMs: number | null;
}

/** Where the quorum registers are, as far as this node's log tells. Members by name. */
export interface RegisterStatus {
  /** 0: nowhere yet. */
  epoch: number;
  replicas: string[];
  /** Those of them that hold what was written in earlier epochs. */
  ready: string[];
}

export interface Status {
  clusterId: string;
  memberId: string;
  name: string | null;
  role: Role;
  term: number;
  leader: string | null;
  commitIndex: number;
  appliedIndex: number;
  lastIndex: number;
  snapshotIndex: number;
  members: MemberStatus[];
  peers: PeerStatus[];
  registers: RegisterStatus;
  /** Why the node stopped; null while it runs. */
  stoppedReason: string | null;
  /** Things that were refused or lost, by kind, since this node started. */
  counters: Record<string, number>;
}

export type Consistency = 'linearizable' | 'local';

/** `code` lets a program tell the reasons apart; `reason` is for people. */
export interface Failure {
  outcome: 'failed' | 'unknown';
  reason: string;
  code: string;
}

export type ReadResult = { outcome: 'ok'; value: string | null } | Failure;
export type WriteResult = { outcome: 'ok'; index: number; term: number } | Failure;

export type SessionResult = { outcome: 'ok'; session: number } | Failure;

/**
 * The place of a write in its client's session. Whatever is asked again in the same place, at whichever node, is
 * done once, and answered the same.
 */
export interface SessionUse {
  id: number;
  /** From 1 on; each write of the session has one of its own. */
  sequence: number;
  /** All below it have had their answers, and are not asked again. */
  lowestPending: number;
}

export interface Instruction {
  op: 'ASSERT' | 'SET';
  key: string;
  /** Null: the key is absent (ASSERT), or is deleted (SET). */
  val: string | null;
}

/** `hold`: kept until the rule is cleared, then delivered late. `reorder`: overtaken by later messages. */
export type FaultKind = 'drop' | 'delay' | 'hold' | 'duplicate' | 'reorder';

export interface FaultRule {
  id: string;
  kind: FaultKind;
  /** Names of sending members; absent: every member. */
  from?: string | string[];
  /** Names of receiving members; absent: every member. */
  to?: string | string[];
  /** Message types; absent: every type. */
  messages?: string[];
  /** From 0 to 1; absent: 1. */
  probability?: number;
  /**
   * Bounds in milliseconds, both included: how much later, for `delay`; for `reorder` (absent: 10 to 200) and for
   * the copy of `duplicate` (absent: 0 to 100) as well.
   */
  delayMs?: [number, number];
}

/** Between this node and one member, by its id; all but `received` on the way to it. */
export interface LinkTraffic {
  peer: string;
  sent: number;
  received: number;
  dropped: number;
  delayed: number;
  held: number;
  duplicated: number;
  reordered: number;
  lost: number;
}

/** What became of the messages from one member to another, since the two nodes started. */
export interface LinkCounters {
  from: string;
  to: string;
  sent: number;
  delivered: number;
  dropped: number;
  delayed: number;
  held: number;
  duplicated: number;
  reordered: number;
  /** No channel, or no room to keep it. */
  lost: number;
}

export interface LogEntryView {
  index: number;
  term: number;
  kind: string;
  data: unknown;
}

export interface StatesResult {
  states: Record<string, string | null>;
  commitIndex: number;
  lastIndex: number;
}

export interface TestFigure {
  what: string;
  count: number;
  perSecond: number;
  medianMs: number;
  p99Ms: number;
}

/** What became of a consistency test. `operations` are those that ended, one way or another. */
export interface TestReport {
  name: string;
  algorithm: string;
  passed: boolean;
  operations: number;
  durationMs: number;
  steps: string[];
  error?: string;
  /** It was ended before it was over. */
  cancelled?: true;
  seed: number;
  /** Operations that ended well. */
  completed: number;
  /** What the checker says of the history; null: the test records none. */
  verdict: 'linearizable' | 'not linearizable' | 'unknown' | null;
  /** How often each kind of fault struck. */
  faults: Record<string, number>;
  figures: TestFigure[];
}

export interface TestRunOptions {
  algorithm?: 'raft' | 'abd';
  seed?: number;
  /** Of the nemesis: how long it strikes; absent: 30,000. */
  durationMs?: number;
  /** Of the nemesis: kinds of faults; absent: all that can be done from within a tab. */
  faults?: string[];
}

export type PingResult = { ok: true; rttMs: number } | { ok: false; reason: string };

/** `crash`: the worker is killed in the middle of what it does, and stays dead until `restart`. */
export type NodeAction = 'pause' | 'resume' | 'restart' | 'crash' | 'campaign' | 'wipe';

interface Timeout {
  timeoutMs?: number;
}
interface WriteOptions extends Timeout {
  /** Absent: in the node's own session, so that asking again is another write. */
  session?: SessionUse;
}
interface ReadOptions extends Timeout {
  consistency?: Consistency;
}

/** Whole JSON lines, and the number of the last event in them. */
export interface TracePage {
  lines: string;
  next: number | null;
}

export interface Tabraft {
  ready(timeoutMs?: number): Promise<Status>;
  status(): Promise<Status>;
  raft: {
    get(key: string, o?: ReadOptions): Promise<ReadResult>;
    put(key: string, value: string | null, o?: WriteOptions): Promise<WriteResult>;
    cas(key: string, expected: string | null, value: string | null, o?: WriteOptions): Promise<WriteResult>;
    transact(instructions: Instruction[], o?: WriteOptions): Promise<WriteResult>;
    /** For writes that are to be tried at several nodes. It ends after an hour without use. */
    openSession(o?: Timeout): Promise<SessionResult>;
    states(keys?: string[], o?: { consistency?: Consistency }): Promise<StatesResult>;
    log(o?: { from?: number; to?: number }): Promise<LogEntryView[]>;
    removeMember(name: string): Promise<WriteResult>;
    promote(name: string): Promise<WriteResult>;
    transferLeadership(name: string): Promise<WriteResult>;
    snapshot(): Promise<void>;
  };
  /** The quorum register: needs a majority of the replicas, and no leader. */
  abd: {
    get(key: string, o?: Timeout): Promise<ReadResult>;
    put(key: string, value: string | null, o?: Timeout): Promise<WriteResult>;
  };
  faults: {
    set(rule: FaultRule): Promise<void>;
    clear(ids?: string[]): Promise<string[]>;
    list(): Promise<FaultRule[]>;
    preset(name: string, ...names: string[]): Promise<string[]>;
    /** Counters of every directed link, as the nodes last reported them. */
    links(): Promise<LinkCounters[]>;
  };
  /** Of this tab's node, or of the member named: its tab carries it out. */
  node: Record<NodeAction, (name?: string) => Promise<void>>;
  ping(name: string): Promise<PingResult>;
  /** What the nodes did, as typed events with vector clocks (docs/monitor.md). */
  trace: {
    /**
     * Of this tab's node; absent: `node`. `cluster`: of all whose tabs answer, merged by causality. `span`: only what
     * happened from one moment to another by the clock of its own node, in milliseconds since the epoch; to read all of
     * it may take minutes.
     */
    export(format: 'jsonl' | 'shiviz' | 'text', scope?: 'node' | 'cluster', span?: Span): Promise<string>;
    /**
     * What this tab's node has stored, page by page: `after` is 0, then the `next` of the page before. Null: that was
     * all, for now.
     */
    page(after: number): Promise<TracePage>;
    /** What the cores of this tab's node were fed, for `npm run replay`. Rejects where it keeps none. */
    recording(): Promise<string>;
  };
  /** Consistency tests of this cluster, one at a time. */
  tests: {
    list(): { name: string; about: string; algorithms: ('raft' | 'abd')[] }[];
    /** Rejects where it cannot begin; a test that fails resolves with a report that says so. */
    run(name: string, o?: TestRunOptions): Promise<TestReport>;
    /** Of the test under way: its faults are healed. Resolves when that is done. */
    cancel(): Promise<void>;
    /** What the clients of the last test asked and were told. */
    history(): Promise<HistoryEvent[]>;
  };
}
