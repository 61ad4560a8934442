import type { MemberId, RequestId } from '../ids.ts';
import { createRandom, nextInteger, type Random } from '../random.ts';
import { EMPTY_CONFIGURATION, findMember } from './configuration.ts';
import type { Effect, InitialState, RaftEvent, RaftOptions, RaftRole } from './interface.ts';
import { RaftLog } from './log.ts';
import type { Configuration, HardState, Member } from './log-entry.ts';
import type { Operation, OperationResult, RaftMessage } from './message.ts';
import type { Progress } from './progress.ts';
import { RULES, type Rules } from './rules.ts';

/** Who waits for an answer: a client of this node, or one of the node that forwarded it. */
export interface Origin {
  readonly node: MemberId;
  readonly request: RequestId;
  /** Of a forwarded operation; 0 for one of this node's own clients. */
  readonly attempt: number;
}

/** How far an operation of this node's own clients has got. */
export type RequestStage =
  | { readonly kind: 'queued'; readonly notBeforeTick: number }
  | { readonly kind: 'forwarded'; readonly to: MemberId; readonly atTick: number }
  /** Accepted by this node as leader: appended, or a read that a quorum is to confirm. */
  | { readonly kind: 'accepted' }
  /** A confirmed read that waits until this node has applied `readIndex`. */
  | { readonly kind: 'applying'; readonly readIndex: number };

export interface PendingRequest {
  readonly operation: Operation;
  stage: RequestStage;
  /** How often it was handed to another server. While 0 and `queued`, it is certain not to happen. */
  attempts: number;
}

/** Who is to be told once the fate of the entry (`index`, `term`) is settled. */
export interface Waiter {
  readonly term: number;
  readonly origin: Origin;
}

/** What only a leader has (Figure 2, "volatile state on leaders"). Gone with the leadership. */
export interface Leadership {
  readonly progress: Map<MemberId, Progress>;
  /** The newest round of ReadIndex; `confirmedRound` follows it (dissertation §6.4). */
  readRound: number;
  confirmedRound: number;
  /** The commit index when the newest round began. */
  roundReadIndex: number;
  roundReads: Origin[];
  /** Reads that wait for the next round. */
  waitingReads: Origin[];
}

/** A batch that was handed to the driver and is not durable yet. */
interface WriteUnderWay {
  readonly sequence: number;
  lastIndex: number;
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
  /** Configurations in the log, oldest first; the last one is in force (dissertation §4.1). */
  configurations: { readonly index: number; readonly configuration: Configuration }[];

  role: RaftRole;
  leader: MemberId | null;
  votes: Map<MemberId, boolean>;
  leadership: Leadership | null;
  /** Told by the leader, or by the committed log, that this server is no longer a member. */
  removed: boolean;

  commitIndex: number;
  /** Handed to the state machine; `appliedIndex` follows it. */
  deliveredIndex: number;
  appliedIndex: number;

  ticks: number;
  electionElapsedTicks: number;
  electionTimeoutTicks: number;
  heartbeatElapsedTicks: number;
  leaderHeardAtTick: number;

  requests: Map<RequestId, PendingRequest>;
  waiters: Map<number, Waiter[]>;
  linked: readonly MemberId[];

  /** The last entry that is durable here, as far as the driver has reported. */
  durableIndex: number;
  /** The newest batch handed out, the newest durable one, and the newest that changed term or vote. */
  lastSequence: number;
  durableSequence: number;
  termSequence: number;
  writes: WriteUnderWay[];
  /** The first entry that no batch carries yet, and the first that a batch must remove. */
  unwrittenFrom: number;
  removeFrom: number | null;
  writtenHardState: HardState;

  /** This turn's effects. A message that waits for `log` awaits all entries, else only the term. */
  outbox: { readonly message: RaftMessage; readonly needs: 'term' | 'log' }[];
  effects: Effect[];
}

export function createRaft(options: RaftOptions, stored: InitialState, rules: Rules = RULES): Raft {
  const log = new RaftLog(stored.entries);
  const hardState = stored.hardState ?? { term: 0, votedFor: null, commitIndex: 0 };
  const raft: Raft = {
    id: options.id,
    options,
    rules,
    random: createRandom(options.seed),
    term: hardState.term,
    votedFor: hardState.votedFor,
    log,
    configurations: stored.entries.flatMap(({ index, payload }) =>
      payload.kind === 'configuration' ? [{ index, configuration: payload.configuration }] : [],
    ),
    role: 'follower',
    leader: null,
    votes: new Map(),
    leadership: null,
    removed: false,
    commitIndex: Math.min(hardState.commitIndex, log.lastIndex),
    deliveredIndex: 0,
    appliedIndex: 0,
    ticks: 0,
    electionElapsedTicks: 0,
    electionTimeoutTicks: 0,
    heartbeatElapsedTicks: 0,
    leaderHeardAtTick: Number.NEGATIVE_INFINITY,
    requests: new Map(),
    waiters: new Map(),
    linked: [],
    durableIndex: log.lastIndex,
    lastSequence: 0,
    durableSequence: 0,
    termSequence: 0,
    writes: [],
    unwrittenFrom: log.lastIndex + 1,
    removeFrom: null,
    writtenHardState: hardState,
    outbox: [],
    effects: [],
  };
  resetElectionTimer(raft);
  return raft;
}

/** The configuration in force, and where it stands in the log. */
export function configurationInForce(raft: Raft): { index: number; configuration: Configuration } {
  return raft.configurations.at(-1) ?? { index: 0, configuration: EMPTY_CONFIGURATION };
}

/**
 * What this server is in its cluster; null: nothing. A server that an uncommitted configuration leaves
 * out still counts as what it was: its log may be the one that has to win (dissertation §4.2.2).
 */
export function ownKind(raft: Raft): Member['kind'] | null {
  const { index, configuration } = configurationInForce(raft);
  const member = findMember(configuration, raft.id);
  if (member !== null || index <= raft.commitIndex) return member?.kind ?? null;
  const previous = raft.configurations.at(-2)?.configuration;
  return previous === undefined ? null : (findMember(previous, raft.id)?.kind ?? null);
}

export function trace(raft: Raft, event: RaftEvent): void {
  raft.effects.push({ type: 'trace', event });
}

/**
 * Queues a message of this turn. Invariant: no message leaves before the term it carries is durable,
 * and an acknowledgement of entries (`log`) not before those are.
 */
export function send(raft: Raft, message: RaftMessage, needs: 'term' | 'log' = 'term'): void {
  raft.outbox.push({ message, needs });
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
  raft.votes.clear();
  if (raft.leadership === null) return;
  raft.leadership = null;
  // A read changes nothing, so one that was not confirmed may be asked again of the next leader.
  for (const pending of raft.requests.values()) {
    if (pending.operation.kind === 'read' && pending.stage.kind === 'accepted') {
      pending.stage = { kind: 'queued', notBeforeTick: raft.ticks };
    }
  }
}

/** Tells whoever asked. An answer to a request that was given up meanwhile goes nowhere. */
export function answer(raft: Raft, origin: Origin, result: OperationResult): void {
  if (origin.node === raft.id) {
    if (raft.requests.delete(origin.request)) {
      raft.effects.push({ type: 'reply', request: origin.request, result });
    }
    return;
  }
  send(raft, {
    type: 'forwardResponse',
    from: raft.id,
    to: origin.node,
    term: raft.term,
    request: origin.request,
    attempt: origin.attempt,
    result,
  });
}
