import type { MemberId, RequestId } from '../ids.ts';
import { findMember } from './configuration.ts';
import type { ReadIndexRequest, ReadIndexResponse } from './message.ts';
import { broadcastHeartbeat, tellCommitIndex } from './replication.ts';
import {
  ACCEPTED,
  answer,
  configurationInForce,
  NO_VALUE,
  refuse,
  send,
  stillPending,
  type Leadership,
  type Raft,
} from './state.ts';

/**
 * Linearizable reads by ReadIndex (dissertation §6.4), in batches: every server, leader, follower or
 * learner, asks the leader once for all reads that wait, and the leader confirms its leadership once
 * for all servers that ask. A voter's question confirms it as well, for that voter's own reads: where the
 * two are a majority, one round trip is enough. There are no leases: a frozen tab would break their clock.
 */

// ── The node that clients talk to ───────────────────────────────────────────────────────────────

/** Sends the next batch, if none is under way, and asks again for one that got lost. */
export function routeReads(raft: Raft): void {
  const { reads, leader } = raft;
  const { underWay } = reads;
  if (underWay !== null && isLost(raft, underWay.askedOf, underWay.atTick)) requeue(raft);
  reads.waiting = stillPending(raft, reads.waiting);
  if (reads.underWay !== null || reads.waiting.length === 0) return;
  if (leader === null || reads.notBeforeTick > raft.ticks) return;
  const requests = reads.waiting.filter((request) => isPending(raft, request));
  reads.waiting = [];
  const batch = requests.at(-1);
  if (batch === undefined) return;
  reads.underWay = { batch, requests, askedOf: leader, atTick: raft.ticks };
  for (const request of requests) markAsked(raft, request);
  if (raft.leadership !== null) raft.rules.readsThatWait(raft.leadership).set(raft.id, batch);
  else send(raft, { type: 'readIndexRequest', from: raft.id, to: leader, term: raft.term, batch });
}

function isPending(raft: Raft, request: RequestId): boolean {
  return raft.requests.has(request);
}

function markAsked(raft: Raft, request: RequestId): void {
  const pending = raft.requests.get(request);
  if (pending === undefined) return;
  pending.stage = ACCEPTED;
  pending.attempts += 1;
}

/** A leader answers itself for as long as it leads; another may have lost the question. */
function isLost(raft: Raft, askedOf: MemberId, atTick: number): boolean {
  if (raft.leader === null) return false;
  if (askedOf !== raft.leader) return true;
  const isSilent = raft.ticks - atTick >= raft.options.electionTimeoutTicks[0];
  if (askedOf === raft.id) return raft.leadership !== null && !isKnownTo(raft.leadership, raft);
  return isSilent;
}

/** A server that lost the leadership and won it again has forgotten its own batch. */
function isKnownTo({ waitingReads, roundReads }: Leadership, { id, reads }: Raft): boolean {
  const batch = reads.underWay?.batch;
  return waitingReads.get(id) === batch || roundReads.get(id) === batch;
}

function requeue(raft: Raft): void {
  const { reads } = raft;
  if (reads.underWay === null) return;
  reads.waiting = [...reads.underWay.requests, ...reads.waiting];
  reads.underWay = null;
}

export function handleReadIndexResponse(raft: Raft, message: ReadIndexResponse): void {
  const { underWay } = raft.reads;
  if (underWay?.batch !== message.batch || underWay.askedOf !== message.from) return;
  if (message.readIndex !== null) {
    confirmBatch(raft, message.readIndex);
    return;
  }
  // Not at once, lest two servers that take each other for the leader keep asking.
  requeue(raft);
  raft.reads.notBeforeTick = raft.ticks + raft.options.heartbeatTicks;
}

function confirmBatch(raft: Raft, readIndex: number): void {
  const { reads } = raft;
  if (reads.underWay === null) return;
  reads.confirmed.push({ readIndex, requests: reads.underWay.requests });
  reads.underWay = null;
}

/** Confirmed reads are answered once this node's state machine has come far enough. */
export function answerReads(raft: Raft): void {
  const { reads } = raft;
  if (reads.confirmed.length === 0) return;
  const isDue = ({ readIndex }: { readIndex: number }): boolean => readIndex <= raft.appliedIndex;
  for (const { readIndex, requests } of reads.confirmed.filter(isDue)) {
    const result = { outcome: 'ok' as const, index: readIndex, term: raft.term, value: NO_VALUE };
    for (const request of requests) answer(raft, { node: raft.id, request, attempt: 0 }, result);
  }
  reads.confirmed = reads.confirmed.filter((batch) => !isDue(batch));
}

// ── The leader ──────────────────────────────────────────────────────────────────────────────────

export function handleReadIndexRequest(raft: Raft, message: ReadIndexRequest): void {
  const { from, batch } = message;
  if (raft.leadership === null) {
    respond(raft, from, batch, null);
  } else if (findMember(configurationInForce(raft).configuration, from) === null) {
    refuse(raft, from, message.type, 'it is not a member');
    respond(raft, from, batch, null);
  } else {
    // Only a node's newest question still matters to it.
    raft.rules.readsThatWait(raft.leadership).set(from, batch);
    confirmByQuestion(raft, raft.leadership, from);
  }
}

/**
 * Who asks took this server for the leader of its own term, which was no later one than this, as the terms of a server
 * never fall; and its reads had come by then. So it stands for itself in the majority that the round would ask.
 */
function confirmByQuestion(raft: Raft, leadership: Leadership, asker: MemberId): void {
  const { configuration } = configurationInForce(raft);
  if (!mayServeReads(raft)) return;
  if (!raft.rules.isReadConfirmed(configuration, (id) => id === raft.id || id === asker)) return;
  for (const node of raft.rules.readsConfirmedByQuestion(leadership, asker)) {
    for (const reads of [leadership.waitingReads, leadership.roundReads]) {
      const batch = reads.get(node);
      if (batch === undefined) continue;
      reads.delete(node);
      grant(raft, leadership, { node, batch, readIndex: raft.commitIndex });
    }
  }
}

function mayServeReads({ rules, log, commitIndex, term }: Raft): boolean {
  return rules.mayServeReads(log.termAt(commitIndex), term);
}

function respond(raft: Raft, to: MemberId, batch: number, readIndex: number | null): void {
  send(raft, { type: 'readIndexResponse', from: raft.id, to, term: raft.term, batch, readIndex });
}

/** Begins a round for all batches that wait, if none is under way. */
export function startReadRound(raft: Raft, leadership: Leadership): void {
  const isUnderWay = leadership.confirmedRound < leadership.readRound;
  if (leadership.waitingReads.size === 0 || isUnderWay) return;
  if (!mayServeReads(raft)) return;
  leadership.readRound += 1;
  leadership.roundReadIndex = raft.commitIndex;
  leadership.roundReads = leadership.waitingReads;
  leadership.waitingReads = new Map();
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
  for (const [node, batch] of leadership.roundReads)
    grant(raft, leadership, { node, batch, readIndex: roundReadIndex });
  leadership.roundReads = new Map();
}

function grant(
  raft: Raft,
  leadership: Leadership,
  { node, batch, readIndex }: { node: MemberId; batch: RequestId; readIndex: number },
): void {
  if (node !== raft.id) {
    // A read waits there until it is known that so much is committed.
    tellCommitIndex(raft, leadership, node);
    respond(raft, node, batch, readIndex);
  } else if (raft.reads.underWay?.batch === batch) confirmBatch(raft, readIndex);
}
