import type { MemberId, RequestId } from '../ids.ts';
import { IntegerMap } from '../integer-map.ts';
import { createRandom, nextInteger, type Random } from '../random.ts';
import { EMPTY_CONFIGURATION, findMember, isVoter } from './configuration.ts';
import type { Effect, InitialState, RaftEvent, RaftOptions, RaftRole } from './interface.ts';
import { RaftLog } from './log.ts';
import type { Configuration, HardState, Member, Snapshot, SnapshotMetadata } from './log-entry.ts';
import type { Operation, OperationResult, RaftMessage } from './message.ts';
import type { Progress } from './progress.ts';
import { RULES, type Rules, type Vote } from './rules.ts';

/** Who waits for an answer: a client of this node, or one of the node that forwarded it. */
export interface Origin {
  readonly node: MemberId;
  readonly request: RequestId;
  /** Numbers the times that the operation was handed to a leader, from 1. */
  readonly attempt: number;
}

/** How far an operation of this node's own clients has got. */
export type RequestStage =
  | { readonly kind: 'queued'; readonly notBeforeTick: number }
  | { readonly kind: 'forwarded'; readonly to: MemberId; readonly atTick: number }
  /** Accepted by this node as leader, or a read in a batch that waits for its read index. */
  | { readonly kind: 'accepted' };

/** What is `ok` without more to say. */
export const NO_VALUE = new Uint8Array();

export const ACCEPTED: RequestStage = { kind: 'accepted' };

export interface PendingRequest {
  readonly operation: Operation;
  stage: RequestStage;
  /** How often it was handed to a leader. While 0 and `queued`, it is certain not to happen. */
  attempts: number;
  /** An earlier attempt, or a copy of one, may yet succeed: it can no longer fail for certain. */
  isUncertain: boolean;
}

/** Who is to be told once the fate of the entry (`index`, `term`) is settled. */
export interface Waiter {
  readonly term: number;
  readonly origin: Origin;
}

/** All reads of this node's clients that came together share one read index (§6.4). */
export interface ReadBatch {
  /**
   * Its newest read: an answer to any question of that name was given after all of these reads began,
   * though it be late, or from before a restart.
   */
  readonly batch: RequestId;
  readonly requests: readonly RequestId[];
  readonly askedOf: MemberId;
  readonly atTick: number;
}

export interface Reads {
  /** For the next batch. One batch is under way at a time. */
  waiting: RequestId[];
  underWay: ReadBatch | null;
  /** Confirmed batches that wait until this node has applied so far; oldest first. */
  confirmed: { readonly readIndex: number; readonly requests: readonly RequestId[] }[];
  notBeforeTick: number;
}

/** What only a leader has (Figure 2, "volatile state on leaders"). Gone with the leadership. */
export interface Leadership {
  readonly progress: Map<MemberId, Progress>;
  readonly electedAtTick: number;
  /** The newest round of ReadIndex; `confirmedRound` follows it (dissertation §6.4). */
  readRound: number;
  confirmedRound: number;
  /** The commit index when the newest round began. */
  roundReadIndex: number;
  /** The newest batch of each node that the round under way answers, and that waits for the next. */
  roundReads: Map<MemberId, RequestId>;
  waitingReads: Map<MemberId, RequestId>;
}

/** A transfer of leadership that this node has begun as leader (§3.10). Outlives the leadership. */
export interface Transfer {
  readonly to: MemberId;
  readonly origin: Origin;
  readonly term: number;
  readonly deadlineTick: number;
  /** The target was told to campaign: from here on nobody can be certain that it will not. */
  isSent: boolean;
}

/** A batch that was handed to the driver and is not durable yet. */
interface WriteUnderWay {
  readonly sequence: number;
  lastIndex: number;
}

/** A snapshot that is coming in, part by part. */
export interface IncomingSnapshot {
  readonly metadata: SnapshotMetadata;
  readonly parts: Uint8Array[];
  receivedBytes: number;
}

/** A configuration, and where it stands in the log. */
export interface KnownConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}

/** One Raft server, as a plain value. Only `step` changes it. */
export interface Raft {
  readonly id: MemberId;
  readonly options: RaftOptions;
  readonly rules: Rules;
  readonly random: Random;

  term: number;
  votedFor: MemberId | null;
  readonly log: RaftLog;
  /** What stands for the compacted part of the log; null: nothing is compacted. */
  snapshot: Snapshot | null;
  /** Configurations in the snapshot and the log, oldest first; the last is in force (§4.1). */
  configurations: KnownConfiguration[];

  role: RaftRole;
  leader: MemberId | null;
  votes: readonly Vote[];
  leadership: Leadership | null;
  transfer: Transfer | null;
  /** Changes and transfers that others have handed over, so that a copy is known as one. Bounded. */
  readonly forwarded: Set<string>;
  /** Told by the leader, or by the committed log, that this server is no longer a member. */
  removed: boolean;

  commitIndex: number;
  /** Handed to the state machine; `appliedIndex` follows it. */
  deliveredIndex: number;
  appliedIndex: number;
  /** The size of what was delivered since the last snapshot, and the log time of its last command. */
  deliveredBytes: number;
  deliveredTimeMs: number;
  /** A snapshot that the state machine was asked for: all but its size is known. */
  snapshotUnderWay: Omit<SnapshotMetadata, 'bytes' | 'checksum'> | null;
  isSnapshotWanted: boolean;
  incoming: IncomingSnapshot | null;

  ticks: number;
  electionElapsedTicks: number;
  electionTimeoutTicks: number;
  heartbeatElapsedTicks: number;
  leaderHeardAtTick: number;
  /** Log time: never behind any command in the log, and passing while this server leads. */
  logTimeMs: number;

  readonly requests: IntegerMap<PendingRequest>;
  /** The `queued` ones that are no reads; some may have been answered meanwhile. */
  queued: RequestId[];
  reads: Reads;
  /** By the index of the entry. */
  readonly waiters: IntegerMap<Waiter[]>;
  linked: readonly MemberId[];

  /** The last entry that is durable here, as far as the driver has reported. */
  durableIndex: number;
  /** The newest batch handed out, the newest durable one, and the newest that changed term or vote. */
  lastSequence: number;
  durableSequence: number;
  termSequence: number;
  writes: WriteUnderWay[];
  /** What no batch carries yet: entries from here on, a snapshot, and what a batch must remove. */
  unwrittenFrom: number;
  unwrittenSnapshot: boolean;
  compactTo: number | null;
  removeFrom: number | null;
  writtenHardState: HardState;

  /** This turn's effects. */
  outbox: RaftMessage[];
  effects: Effect[];
}

export function createRaft(options: RaftOptions, stored: InitialState, rules: Rules = RULES): Raft {
  const { snapshot, entries } = stored;
  const covered = snapshot?.metadata.index ?? 0;
  const baseIndex = (entries[0]?.index ?? covered + 1) - 1;
  const baseTerm = baseIndex === covered ? (snapshot?.metadata.term ?? 0) : baseIndex === 0 ? 0 : null;
  const log = new RaftLog(entries, { index: baseIndex, term: baseTerm });
  const hardState = stored.hardState ?? { term: 0, votedFor: null, commitIndex: 0 };
  const raft: Raft = {
    id: options.id,
    options,
    rules,
    random: createRandom(options.seed),
    term: hardState.term,
    votedFor: hardState.votedFor,
    log,
    snapshot,
    configurations: storedConfigurations(stored),
    role: 'follower',
    leader: null,
    votes: [],
    leadership: null,
    transfer: null,
    forwarded: new Set(),
    removed: false,
    commitIndex: Math.max(covered, Math.min(hardState.commitIndex, log.lastIndex)),
    deliveredIndex: covered,
    appliedIndex: covered,
    deliveredBytes: 0,
    deliveredTimeMs: snapshot?.metadata.timeMs ?? 0,
    snapshotUnderWay: null,
    isSnapshotWanted: false,
    incoming: null,
    ticks: 0,
    electionElapsedTicks: 0,
    electionTimeoutTicks: 0,
    heartbeatElapsedTicks: 0,
    leaderHeardAtTick: Number.NEGATIVE_INFINITY,
    logTimeMs: storedTimeMs(stored),
    requests: new IntegerMap(),
    queued: [],
    reads: { waiting: [], underWay: null, confirmed: [], notBeforeTick: 0 },
    waiters: new IntegerMap(),
    linked: [],
    durableIndex: log.lastIndex,
    lastSequence: 0,
    durableSequence: 0,
    termSequence: 0,
    writes: [],
    unwrittenFrom: log.lastIndex + 1,
    unwrittenSnapshot: false,
    compactTo: null,
    removeFrom: null,
    writtenHardState: hardState,
    outbox: [],
    effects: snapshot === null ? [] : [{ type: 'restore', snapshot }],
  };
  resetElectionTimer(raft);
  return raft;
}

function storedConfigurations({ snapshot, entries }: InitialState): KnownConfiguration[] {
  const configurations: KnownConfiguration[] = [];
  if (snapshot !== null) {
    const { configurationIndex: index, configuration } = snapshot.metadata;
    configurations.push({ index, configuration });
  }
  const after = snapshot?.metadata.configurationIndex ?? 0;
  for (const { index, payload } of entries) {
    if (payload.kind !== 'configuration' || index <= after) continue;
    configurations.push({ index, configuration: payload.configuration });
  }
  return configurations;
}

function storedTimeMs({ snapshot, entries }: InitialState): number {
  let timeMs = snapshot?.metadata.timeMs ?? 0;
  for (const { payload } of entries)
    if (payload.kind === 'command') timeMs = Math.max(timeMs, payload.timeMs);
  return timeMs;
}

const NO_CONFIGURATION: KnownConfiguration = { index: 0, configuration: EMPTY_CONFIGURATION };

/** The configuration in force. Index 0: there is none. */
export function configurationInForce({ configurations }: Pick<Raft, 'configurations'>): KnownConfiguration {
  return configurations.at(-1) ?? NO_CONFIGURATION;
}

/** The newest configuration up to entry `upTo`. Index 0: there is none. */
export function configurationUpTo(
  { configurations }: Pick<Raft, 'configurations'>,
  upTo: number,
): KnownConfiguration {
  return configurations.findLast(({ index }) => index <= upTo) ?? NO_CONFIGURATION;
}

/** How far the snapshot reaches; 0: there is none. */
export function snapshotIndex(raft: Raft): number {
  return raft.snapshot?.metadata.index ?? 0;
}

/** A leader that hands its leadership over takes nothing new meanwhile (§3.10). */
export function isTransferring(raft: Raft): boolean {
  return raft.transfer?.term === raft.term;
}

/**
 * What this server is in its cluster; null: nothing. A server that an uncommitted configuration leaves
 * out still counts as what it was: its log may be the one that has to win (dissertation §4.2.2).
 */
export function ownKind(raft: Raft): Member['kind'] | null {
  const { index, configuration } = configurationInForce(raft);
  const kind = kindIn(configuration, raft.id);
  if (kind !== null || index <= raft.commitIndex) return kind;
  const previous = raft.configurations.at(-2)?.configuration;
  return previous === undefined ? null : kindIn(previous, raft.id);
}

function kindIn(configuration: Configuration, id: MemberId): Member['kind'] | null {
  if (isVoter(configuration, id)) return 'voter';
  return findMember(configuration, id)?.kind ?? null;
}

export function trace(raft: Raft, event: RaftEvent): void {
  raft.effects.push({ type: 'trace', event });
}

/** Queues a message of this turn. `rules.durableBefore` says what it has to wait for. */
export function send(raft: Raft, message: RaftMessage): void {
  raft.outbox.push(message);
}

export function refuse(raft: Raft, from: MemberId, what: string, reason: string): void {
  trace(raft, { kind: 'refused', what, from, reason });
}

export function resetElectionTimer(raft: Raft): void {
  const [min, max] = raft.options.electionTimeoutTicks;
  raft.electionElapsedTicks = 0;
  raft.electionTimeoutTicks = nextInteger(raft.random, min, max);
}

export function setRole(raft: Raft, role: RaftRole): void {
  if (raft.role === role) return;
  raft.role = role;
  trace(raft, { kind: 'role', role, term: raft.term });
}

export function setLeader(raft: Raft, leader: MemberId | null): void {
  if (raft.leader === leader) return;
  raft.leader = leader;
  trace(raft, { kind: 'leader', leader, term: raft.term });
}

/** §5.1: a newer term makes anyone a follower, with a fresh vote. */
export function becomeFollower(raft: Raft, term: number, leader: MemberId | null): void {
  if (term > raft.term) {
    raft.term = term;
    raft.votedFor = null;
  }
  if (raft.role !== 'follower') resetElectionTimer(raft);
  setRole(raft, 'follower');
  setLeader(raft, leader);
  raft.votes = [];
  raft.leadership = null;
}

/**
 * What waits for a leader, without most of what was answered meanwhile: those are looked for where they may be half
 * of all, so that thousands that run out of time together cost no more than each by itself.
 */
export function stillPending({ requests }: Raft, waiting: RequestId[]): RequestId[] {
  return waiting.length > 2 * requests.size ? waiting.filter((request) => requests.has(request)) : waiting;
}

/**
 * Tells whoever asked. An answer to a request that was given up meanwhile goes nowhere, and no failure
 * is certain for an operation of which another attempt may yet succeed.
 */
export function answer(raft: Raft, origin: Origin, result: OperationResult): void {
  if (origin.node !== raft.id) {
    const { request, attempt } = origin;
    const envelope = { from: raft.id, to: origin.node, term: raft.term };
    send(raft, { type: 'forwardResponse', ...envelope, request, attempt, result });
    return;
  }
  const pending = raft.requests.get(origin.request);
  if (pending === undefined) return;
  raft.requests.delete(origin.request);
  const isDoubtful = pending.isUncertain && result.outcome === 'failed';
  const told = isDoubtful ? { ...result, outcome: 'unknown' as const } : result;
  raft.effects.push({ type: 'reply', request: origin.request, result: told });
}
