import { unreachable } from '../assert.ts';
import type { MemberId, RequestId } from '../ids.ts';
import { findMember } from './configuration.ts';
import { MAX_COMMAND_BYTES } from './log-entry.ts';
import { changeConfiguration, isCaughtUp } from './membership.ts';
import type {
  ConfigurationChange,
  FailureCode,
  ForwardRequest,
  ForwardResponse,
  LeaderOperation,
  Operation,
  OperationResult,
} from './message.ts';
import { appendAsLeader } from './replication.ts';
import {
  ACCEPTED,
  answer,
  configurationInForce,
  isTransferring,
  refuse,
  send,
  stillPending,
  type Leadership,
  type Origin,
  type PendingRequest,
  type Raft,
} from './state.ts';
import { beginTransfer } from './transfer.ts';

function own(raft: Raft, request: RequestId, attempt = 0): Origin {
  return { node: raft.id, request, attempt };
}

function failed(code: FailureCode, reason: string): OperationResult {
  return { outcome: 'failed', code, reason };
}

// ── The node that a client talks to ─────────────────────────────────────────────────────────────

export function handleRequest(raft: Raft, request: RequestId, operation: Operation): void {
  const underWay = raft.requests.size;
  const stage = { kind: 'queued' as const, notBeforeTick: raft.ticks };
  raft.requests.set(request, { operation, stage, attempts: 0, isUncertain: false });
  if (raft.removed) {
    answer(raft, own(raft, request), failed('not-a-member', 'This node was removed from the cluster.'));
  } else if (underWay >= raft.options.maxPendingRequests) {
    const reason = `This node has ${underWay} operations under way already.`;
    answer(raft, own(raft, request), failed('overloaded', reason));
  } else if (operation.kind === 'command' && operation.command.length > MAX_COMMAND_BYTES) {
    const reason = `A command of ${operation.command.length} bytes: at most ${MAX_COMMAND_BYTES} fit.`;
    answer(raft, own(raft, request), failed('too-large', reason));
  } else if (operation.kind === 'read') {
    raft.reads.waiting.push(request);
  } else {
    raft.queued.push(request);
  }
}

/**
 * The end of a client's patience. What was never handed to a leader cannot happen any more; of
 * everything else nobody knows (design, section 7).
 */
export function handleExpiry(raft: Raft, request: RequestId): void {
  const pending = raft.requests.get(request);
  if (pending === undefined) return;
  const isUndone = raft.rules.isCertainlyUndone(pending.stage.kind === 'queued', pending.attempts);
  const result: OperationResult = isUndone
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

/** Hands queued operations to the leader, if there is one. */
export function routeRequests(raft: Raft): void {
  raft.queued = stillPending(raft, raft.queued);
  if (raft.leader === null || raft.queued.length === 0 || isTransferring(raft)) return;
  const { queued } = raft;
  raft.queued = [];
  for (const request of queued) {
    const pending = raft.requests.get(request);
    if (pending?.stage.kind !== 'queued') continue;
    if (pending.stage.notBeforeTick > raft.ticks) raft.queued.push(request);
    else handToLeader(raft, raft.leader, request, pending);
  }
}

function handToLeader(raft: Raft, leader: Origin['node'], request: RequestId, pending: PendingRequest): void {
  const { operation } = pending;
  if (operation.kind === 'read') return;
  pending.attempts += 1;
  const { attempts: attempt } = pending;
  if (raft.leadership !== null) {
    pending.stage = ACCEPTED;
    accept(raft, raft.leadership, own(raft, request, attempt), operation);
    return;
  }
  pending.stage = { kind: 'forwarded', to: leader, atTick: raft.ticks };
  pending.isUncertain ||= raft.rules.staysPossible(operation);
  const envelope = { from: raft.id, to: leader, term: raft.term };
  send(raft, { type: 'forwardRequest', ...envelope, request, attempt, operation });
}

function queueAgain(raft: Raft, request: RequestId, pending: PendingRequest, notBeforeTick: number): void {
  pending.stage = { kind: 'queued', notBeforeTick };
  raft.queued.push(request);
}

/**
 * Once a tick, and where another leader is known: what the state machine knows again may be tried anew where the
 * leader it was handed to is gone, or has long been silent. Of anything else the fate stays open until its time is up.
 */
export function repeatLostRequests(raft: Raft): void {
  const { leader } = raft;
  if (leader === null) return;
  for (const [request, pending] of raft.requests.where((each) => isLost(raft, leader, each))) {
    pending.isUncertain = true;
    queueAgain(raft, request, pending, raft.ticks);
  }
}

function isLost(raft: Raft, leader: MemberId, { operation, stage }: PendingRequest): boolean {
  if (operation.kind !== 'command' || !operation.repeatable) return false;
  if (stage.kind === 'accepted') return raft.leadership === null;
  if (stage.kind !== 'forwarded') return false;
  return stage.to !== leader || stage.atTick <= raft.ticks - raft.options.electionTimeoutTicks[0];
}

export function handleForwardResponse(raft: Raft, message: ForwardResponse): void {
  const { from, request, attempt, result } = message;
  const pending = raft.requests.get(request);
  if (pending === undefined || pending.attempts < attempt) return;
  const isCurrent =
    pending.stage.kind === 'forwarded' && pending.stage.to === from && pending.attempts === attempt;
  // An earlier attempt's success is the operation's; its failure says nothing of this one.
  if (!isCurrent && result.outcome !== 'ok') return;
  if (isRepeatedLater(pending, result)) {
    // Tried elsewhere, but not at once, lest two servers that take each other for the leader pass it to and fro.
    queueAgain(raft, request, pending, raft.ticks + raft.options.heartbeatTicks);
  } else {
    answer(raft, own(raft, request), result);
  }
}

function isRepeatedLater({ operation }: PendingRequest, result: OperationResult): boolean {
  if (result.outcome !== 'failed') return false;
  if (result.code === 'no-leader') return true;
  return result.code === 'lost-leadership' && operation.kind === 'command' && operation.repeatable;
}

// ── The leader ──────────────────────────────────────────────────────────────────────────────────

export function handleForwardRequest(raft: Raft, message: ForwardRequest): void {
  const origin: Origin = { node: message.from, request: message.request, attempt: message.attempt };
  if (message.operation.kind !== 'command' && isCopy(raft, origin)) return;
  if (raft.leadership === null || isTransferring(raft)) {
    answer(raft, origin, failed('no-leader', 'The node that was asked is not the leader.'));
  } else if (findMember(configurationInForce(raft).configuration, message.from) === null) {
    refuse(raft, message.from, message.type, 'it is not a member');
    answer(raft, origin, failed('not-a-member', 'This node is not a member of the cluster.'));
  } else {
    accept(raft, raft.leadership, origin, message.operation);
  }
}

const MAX_FORWARDED = 1024;

/**
 * Whether this is a copy of what was forwarded before. The network may make copies, and to refuse the second one,
 * since the first is under way or done, would tell the client that it failed. (A command is taken again: the state
 * machine knows it, and whoever has handed it on never calls it failed.)
 */
function isCopy({ forwarded }: Raft, { node, request, attempt }: Origin): boolean {
  const name = `${node} ${request} ${attempt}`;
  if (forwarded.has(name)) return true;
  forwarded.add(name);
  for (const oldest of forwarded) {
    if (forwarded.size <= MAX_FORWARDED) break;
    forwarded.delete(oldest);
  }
  return false;
}

function accept(raft: Raft, leadership: Leadership, origin: Origin, operation: LeaderOperation): void {
  const underWay = raft.waiters.size;
  if (underWay >= raft.options.maxPendingRequests * 4) {
    answer(raft, origin, failed('overloaded', `The leader has ${underWay} operations under way already.`));
    return;
  }
  switch (operation.kind) {
    case 'command': {
      const { kind, command } = operation;
      waitFor(raft, appendAsLeader(raft, { kind, command, timeMs: raft.logTimeMs }), origin);
      return;
    }
    case 'change':
      acceptChange(raft, leadership, origin, operation.changes);
      return;
    case 'transfer':
      beginTransfer(raft, origin, operation.to);
      return;
    default:
      unreachable(operation);
  }
}

function acceptChange(
  raft: Raft,
  leadership: Leadership,
  origin: Origin,
  changes: readonly ConfigurationChange[],
): void {
  const lagging = changes.some(({ kind, id }) => kind === 'promote' && !isCaughtUp(raft, leadership, id));
  const changed = lagging
    ? { ok: false as const, reason: 'who is to be promoted has not caught up yet' }
    : changeConfiguration(raft, changes);
  if (changed.ok) waitFor(raft, changed.index, origin);
  else answer(raft, origin, failed('change-refused', `The configuration stays as it is: ${changed.reason}.`));
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
  const waiters = raft.waiters.get(index);
  if (waiters === undefined) return;
  raft.waiters.delete(index);
  for (const waiter of waiters) {
    if (waiter.term === term) answer(raft, waiter.origin, { outcome: 'ok', index, term, value });
    else replaced(raft, waiter.origin);
  }
}

function replaced(raft: Raft, origin: Origin): void {
  const result = failed('lost-leadership', 'Another leader committed something else in its place.');
  const pending = origin.node === raft.id ? raft.requests.get(origin.request) : undefined;
  if (pending === undefined || origin.node !== raft.id) {
    answer(raft, origin, result);
  } else if (pending.attempts === origin.attempt) {
    if (isRepeatedLater(pending, result)) queueAgain(raft, origin.request, pending, raft.ticks);
    else answer(raft, origin, result);
  }
}

/** A snapshot covers what was committed at these indexes, but does not say what it was. */
export function abandonWaiters(raft: Raft, upToIndex: number): void {
  for (const [index, waiters] of raft.waiters.where((_, at) => at <= upToIndex)) {
    raft.waiters.delete(index);
    for (const { origin } of waiters) abandon(raft, origin);
  }
}

function abandon(raft: Raft, origin: Origin): void {
  const pending = origin.node === raft.id ? raft.requests.get(origin.request) : undefined;
  const isRepeatable = pending?.operation.kind === 'command' && pending.operation.repeatable;
  if (isRepeatable) return; // `repeatLostRequests` sees to it
  const reason = 'This node was brought up to date by a snapshot, which does not tell what became of it.';
  answer(raft, origin, { outcome: 'unknown', code: 'lost-leadership', reason });
}
