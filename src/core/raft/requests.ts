import { unreachable } from '../assert.ts';
import type { MemberId, RequestId } from '../ids.ts';
import { MAX_COMMAND_BYTES } from './log-entry.ts';
import { applyChange, findMember, refuseChange, voters } from './configuration.ts';
import type {
  ConfigurationChange,
  FailureCode,
  ForwardRequest,
  ForwardResponse,
  JoinRequest,
  Operation,
  OperationResult,
} from './message.ts';
import { appendAsLeader, broadcastHeartbeat, refuse } from './replication.ts';
import {
  answer,
  configurationInForce,
  send,
  type Leadership,
  type Origin,
  type PendingRequest,
  type Raft,
} from './state.ts';

const NO_VALUE = new Uint8Array();

function own(raft: Raft, request: RequestId): Origin {
  return { node: raft.id, request, attempt: 0 };
}

function failed(code: FailureCode, reason: string): OperationResult {
  return { outcome: 'failed', code, reason };
}

// ── The node that a client talks to ─────────────────────────────────────────────────────────────

export function handleRequest(raft: Raft, request: RequestId, operation: Operation): void {
  const stage = { kind: 'queued' as const, notBeforeTick: raft.ticks };
  const pending: PendingRequest = { operation, stage, attempts: 0 };
  const refusal = raft.removed
    ? failed('not-a-member', 'This node was removed from the cluster.')
    : raft.requests.size >= raft.options.maxPendingRequests
      ? failed('overloaded', `This node has ${raft.requests.size} operations under way already.`)
      : null;
  raft.requests.set(request, pending);
  if (refusal !== null) answer(raft, own(raft, request), refusal);
}

/**
 * The end of a client's patience. What was never handed to a leader cannot happen any more; of
 * everything else nobody knows (design, section 7).
 */
export function handleExpiry(raft: Raft, request: RequestId): void {
  const pending = raft.requests.get(request);
  if (pending === undefined) return;
  const result: OperationResult =
    pending.stage.kind === 'queued' && pending.attempts === 0
      ? failed('no-leader', 'No leader was known in the time given, so nothing was done.')
      : {
          outcome: 'unknown',
          code: 'timed-out',
          reason:
            pending.operation.kind === 'read'
              ? 'No answer came in the time given.'
              : 'No answer came in the time given. It may have happened, or may still happen.',
        };
  answer(raft, own(raft, request), result);
}

/** Hands queued operations to the leader, if there is one, and asks again for reads that got lost. */
export function routeRequests(raft: Raft): void {
  const { leader } = raft;
  if (leader === null) return;
  const retryAfterTicks = raft.options.electionTimeoutTicks[0];
  for (const [request, pending] of raft.requests) {
    const { stage, operation } = pending;
    const isDue = stage.kind === 'queued' && stage.notBeforeTick <= raft.ticks;
    const isLostRead =
      stage.kind === 'forwarded' &&
      operation.kind === 'read' &&
      (stage.to !== leader || stage.atTick + retryAfterTicks <= raft.ticks);
    if (!isDue && !isLostRead) continue;
    if (raft.leadership !== null) {
      pending.stage = { kind: 'accepted' };
      accept(raft, raft.leadership, own(raft, request), operation);
    } else {
      pending.stage = { kind: 'forwarded', to: leader, atTick: raft.ticks };
      pending.attempts += 1;
      const { attempts: attempt } = pending;
      send(raft, {
        type: 'forwardRequest',
        from: raft.id,
        to: leader,
        term: raft.term,
        request,
        attempt,
        operation,
      });
    }
  }
}

export function handleForwardResponse(raft: Raft, message: ForwardResponse): void {
  const { from, request, attempt, result } = message;
  const pending = raft.requests.get(request);
  if (pending?.stage.kind !== 'forwarded' || pending.stage.to !== from) return;
  if (pending.attempts !== attempt) return;
  if (result.outcome === 'ok' && pending.operation.kind === 'read') {
    pending.stage = { kind: 'applying', readIndex: result.index };
  } else if (result.outcome === 'failed' && result.code === 'no-leader') {
    // It surely did not happen there, so it may be tried elsewhere; not at once, lest two servers
    // that take each other for the leader pass it to and fro.
    pending.stage = { kind: 'queued', notBeforeTick: raft.ticks + raft.options.heartbeatTicks };
  } else {
    answer(raft, own(raft, request), result);
  }
}

/** Confirmed reads are answered once this node's state machine has come far enough. */
export function answerReads(raft: Raft): void {
  for (const [request, { stage }] of raft.requests) {
    if (stage.kind !== 'applying' || stage.readIndex > raft.appliedIndex) continue;
    answer(raft, own(raft, request), readAnswer(raft, stage.readIndex));
  }
}

function readAnswer(raft: Raft, readIndex: number): OperationResult {
  return { outcome: 'ok', index: readIndex, term: raft.term, value: NO_VALUE };
}

// ── The leader ──────────────────────────────────────────────────────────────────────────────────

export function handleForwardRequest(raft: Raft, message: ForwardRequest): void {
  const origin: Origin = { node: message.from, request: message.request, attempt: message.attempt };
  if (raft.leadership === null) {
    answer(raft, origin, failed('no-leader', 'The node that was asked is not the leader.'));
  } else if (findMember(configurationInForce(raft).configuration, message.from) === null) {
    refuse(raft, message.from, message.type, 'it is not a member');
    answer(raft, origin, failed('not-a-member', 'This node is not a member of the cluster.'));
  } else {
    accept(raft, raft.leadership, origin, message.operation);
  }
}

function accept(raft: Raft, leadership: Leadership, origin: Origin, operation: Operation): void {
  const underWay = raft.waiters.size + leadership.waitingReads.length + leadership.roundReads.length;
  if (underWay >= raft.options.maxPendingRequests * 4) {
    answer(raft, origin, failed('overloaded', `The leader has ${underWay} operations under way already.`));
    return;
  }
  switch (operation.kind) {
    case 'command':
      if (operation.command.length > MAX_COMMAND_BYTES) {
        const size = operation.command.length;
        answer(
          raft,
          origin,
          failed('too-large', `A command of ${size} bytes: at most ${MAX_COMMAND_BYTES} fit.`),
        );
        return;
      }
      waitFor(raft, appendAsLeader(raft, { kind: 'command', command: operation.command }), origin);
      return;
    case 'read':
      leadership.waitingReads.push(origin);
      return;
    case 'change':
      acceptChange(raft, origin, operation.change);
      return;
    default:
      unreachable(operation);
  }
}

function waitFor(raft: Raft, index: number, origin: Origin): void {
  const waiter = { term: raft.term, origin };
  const present = raft.waiters.get(index);
  if (present === undefined) raft.waiters.set(index, [waiter]);
  else present.push(waiter);
}

/**
 * What is committed at `index` settles the fate of all that was ever appended there: the entry of
 * the same term did happen; any other can never be committed any more (State Machine Safety).
 * Removal from this log alone proves nothing: another server may still hold the entry and lead.
 */
export function settleWaiters(raft: Raft, index: number, term: number, value: Uint8Array): void {
  for (const waiter of raft.waiters.get(index) ?? []) {
    const result: OperationResult =
      waiter.term === term
        ? { outcome: 'ok', index, term, value }
        : failed('lost-leadership', 'Another leader committed something else in its place.');
    answer(raft, waiter.origin, result);
  }
  raft.waiters.delete(index);
}

export { NO_VALUE };

/** Begins a round of ReadIndex for all reads that wait, if none is under way (dissertation §6.4). */
export function startReadRound(raft: Raft, leadership: Leadership): void {
  const isUnderWay = leadership.confirmedRound < leadership.readRound;
  if (leadership.waitingReads.length === 0 || isUnderWay) return;
  if (!raft.rules.mayServeReads(raft.log.termAt(raft.commitIndex), raft.term)) return;
  leadership.readRound += 1;
  leadership.roundReadIndex = raft.commitIndex;
  leadership.roundReads = leadership.waitingReads;
  leadership.waitingReads = [];
  broadcastHeartbeat(raft, leadership);
}

export function confirmReadRound(raft: Raft, leadership: Leadership): void {
  const { readRound, roundReadIndex, progress } = leadership;
  if (leadership.confirmedRound === readRound) return;
  const { configuration } = configurationInForce(raft);
  const isConfirmed = raft.rules.isReadConfirmed(
    configuration,
    (id) => id === raft.id || (progress.get(id)?.readRound ?? 0) >= readRound,
  );
  if (!isConfirmed) return;
  leadership.confirmedRound = readRound;
  for (const origin of leadership.roundReads) confirmRead(raft, origin, roundReadIndex);
  leadership.roundReads = [];
}

function confirmRead(raft: Raft, origin: Origin, readIndex: number): void {
  if (origin.node !== raft.id) {
    answer(raft, origin, readAnswer(raft, readIndex));
    return;
  }
  const pending = raft.requests.get(origin.request);
  if (pending !== undefined) pending.stage = { kind: 'applying', readIndex };
}

// ── Configuration changes, one server at a time (dissertation §4.1) ─────────────────────────────

function mayChange(raft: Raft): boolean {
  return raft.rules.mayChangeConfiguration(
    raft.log.termAt(raft.commitIndex),
    raft.term,
    configurationInForce(raft).index,
    raft.commitIndex,
  );
}

function acceptChange(raft: Raft, origin: Origin, change: ConfigurationChange): void {
  const refusal = refuseChange(configurationInForce(raft).configuration, change);
  if (refusal !== null) {
    answer(raft, origin, failed('change-refused', `The configuration stays as it is: ${refusal}.`));
  } else if (!mayChange(raft)) {
    answer(raft, origin, failed('change-refused', 'Another change is under way. Try again in a moment.'));
  } else {
    waitFor(raft, changeConfiguration(raft, change), origin);
  }
}

function changeConfiguration(raft: Raft, change: ConfigurationChange): number {
  const { configuration } = configurationInForce(raft);
  const next = applyChange(configuration, change, raft.options.memberNames);
  if (change.kind === 'remove') raft.leadership?.progress.delete(change.id);
  return appendAsLeader(raft, { kind: 'configuration', configuration: next });
}

/** The joiner repeats itself until it is in, so a request that cannot be met now is just dropped. */
export function handleJoinRequest(raft: Raft, message: JoinRequest): void {
  const change: ConfigurationChange = { kind: 'add-learner', id: message.joiner };
  if (raft.leadership !== null) {
    // A server asks for itself; only members hand on what others ask.
    const isMembers = findMember(configurationInForce(raft).configuration, message.from) !== null;
    if (message.from !== message.joiner && !isMembers) {
      refuse(raft, message.from, message.type, 'it asks for another server');
      return;
    }
    const isNew = refuseChange(configurationInForce(raft).configuration, change) === null;
    if (isNew && mayChange(raft)) changeConfiguration(raft, change);
  } else if (raft.leader !== null && message.from === message.joiner) {
    send(raft, { ...message, from: raft.id, to: raft.leader, term: raft.term });
  }
}

/** Design, section 4: caught-up learners become voters until there are as many as configured. */
export function promoteLearner(raft: Raft, leadership: Leadership): void {
  const { configuration } = configurationInForce(raft);
  if (voters(configuration).length >= raft.options.targetVoters || !mayChange(raft)) return;
  // A learner that has gone silent would only raise the quorum.
  const oldestTick = raft.ticks - raft.options.electionTimeoutTicks[0];
  const isCaughtUp = (id: MemberId): boolean => {
    const progress = leadership.progress.get(id);
    if (progress?.state !== 'replicate' || progress.heardAtTick === null) return false;
    return progress.matchIndex >= raft.commitIndex && progress.heardAtTick >= oldestTick;
  };
  const learner = configuration.members.find((member) => member.kind === 'learner' && isCaughtUp(member.id));
  if (learner !== undefined) changeConfiguration(raft, { kind: 'promote', id: learner.id });
}
