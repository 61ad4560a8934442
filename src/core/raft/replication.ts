import { assert } from '../assert.ts';
import type { MemberId } from '../ids.ts';
import { findMember, isQuorum, quorumIndex } from './configuration.ts';
import type { Entry, Payload } from './log-entry.ts';
import type { AppendRequest, AppendResponse, Heartbeat, HeartbeatResponse } from './message.ts';
import * as progressOf from './progress.ts';
import type { Progress } from './progress.ts';
import {
  becomeFollower,
  configurationInForce,
  resetElectionTimer,
  send,
  setLeader,
  setRole,
  trace,
  type Leadership,
  type Raft,
} from './state.ts';

// ── The log of this server ──────────────────────────────────────────────────────────────────────

export function appendToLog(raft: Raft, entry: Entry): void {
  raft.log.append(entry);
  if (entry.payload.kind !== 'configuration') return;
  const { configuration } = entry.payload;
  raft.configurations.push({ index: entry.index, configuration });
  if (findMember(configuration, raft.id) !== null) raft.removed = false;
  trace(raft, { kind: 'configuration', index: entry.index, configuration });
}

/** Only a follower's log ever loses entries, and never committed ones (§5.3, §5.4). */
function truncateLog(raft: Raft, from: number): void {
  assert(from > raft.commitIndex, `entry ${from} is not committed, so it may be removed`);
  raft.log.truncateFrom(from);
  raft.configurations = raft.configurations.filter(({ index }) => index < from);
  raft.durableIndex = Math.min(raft.durableIndex, from - 1);
  // A write under way no longer proves anything about what is removed behind it: the same index may
  // be written again before it completes (the ABA race of asynchronous storage).
  for (const write of raft.writes) write.lastIndex = Math.min(write.lastIndex, from - 1);
  if (from < raft.unwrittenFrom) {
    raft.removeFrom = Math.min(raft.removeFrom ?? from, from);
    raft.unwrittenFrom = from;
  }
  trace(raft, { kind: 'truncate', from });
}

// ── Leader ──────────────────────────────────────────────────────────────────────────────────────

export function becomeLeader(raft: Raft): void {
  raft.leadership = {
    progress: new Map(),
    readRound: 0,
    confirmedRound: 0,
    roundReadIndex: 0,
    roundReads: [],
    waitingReads: [],
  };
  setRole(raft, 'leader');
  setLeader(raft, raft.id);
  raft.heartbeatElapsedTicks = 0;
  // §8: an entry of its own term lets the leader learn, and then advance, the commit index.
  appendAsLeader(raft, { kind: 'noop' });
}

export function appendAsLeader(raft: Raft, payload: Payload): number {
  const index = raft.log.lastIndex + 1;
  appendToLog(raft, { index, term: raft.term, payload });
  return index;
}

/** The leader's view of `id`, created when a configuration first names it. Null: not a member. */
export function progressOfMember(raft: Raft, leadership: Leadership, id: MemberId): Progress | null {
  if (id === raft.id || findMember(configurationInForce(raft).configuration, id) === null) return null;
  let progress = leadership.progress.get(id);
  if (progress === undefined) {
    // The entry that made this progress necessary, the noop or the configuration, is the first probe.
    progress = progressOf.createProgress(raft.log.lastIndex);
    leadership.progress.set(id, progress);
  }
  return progress;
}

function* followers(raft: Raft, leadership: Leadership): Generator<[MemberId, Progress]> {
  for (const member of configurationInForce(raft).configuration.members) {
    const progress = progressOfMember(raft, leadership, member.id);
    if (progress !== null) yield [member.id, progress];
  }
}

/** Sends every follower what it lacks, as far as its window allows. The end of each leader's turn. */
export function replicate(raft: Raft, leadership: Leadership): void {
  for (const [id, progress] of followers(raft, leadership)) {
    while (!progressOf.isPaused(progress, raft.options.maxInflightAppends)) {
      const hasEntries = progress.nextIndex <= raft.log.lastIndex;
      const hasCommit = progress.commitIndexSent < Math.min(raft.commitIndex, raft.log.lastIndex);
      if (!hasEntries && !hasCommit) break;
      sendAppend(raft, id, progress);
    }
  }
}

function sendAppend(raft: Raft, to: MemberId, progress: Progress): void {
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = raft.log.termAt(prevIndex);
  assert(prevTerm !== null, 'the leader has the entry before the next one');
  const entries = raft.log.batch(progress.nextIndex, raft.options.maxAppendBytes);
  send(raft, {
    type: 'appendRequest',
    from: raft.id,
    to,
    term: raft.term,
    prevIndex,
    prevTerm,
    entries,
    commitIndex: raft.commitIndex,
  });
  progress.commitIndexSent = raft.commitIndex;
  progressOf.recordSent(progress, prevIndex + entries.length, entries.length > 0);
}

export function broadcastHeartbeat(raft: Raft, leadership: Leadership): void {
  raft.heartbeatElapsedTicks = 0;
  for (const [id, progress] of followers(raft, leadership)) {
    send(raft, {
      type: 'heartbeat',
      from: raft.id,
      to: id,
      term: raft.term,
      commitIndex: raft.rules.commitIndexForFollower(raft.commitIndex, progress.matchIndex),
      readRound: leadership.readRound,
    });
  }
}

export function handleAppendResponse(raft: Raft, message: AppendResponse): void {
  const progress = heardFrom(raft, message.from, message.type);
  if (progress === null) return;
  const { result } = message;
  if (result.kind === 'accepted') {
    if (result.matchIndex > raft.log.lastIndex) {
      refuse(raft, message.from, message.type, 'it acknowledges entries that were never sent');
      return;
    }
    progressOf.recordAccepted(progress, result.matchIndex);
    return;
  }
  if (progressOf.isStaleRejection(progress, result.prevIndex)) return;
  const agreement = raft.log.lastPossibleAgreement(result.hintIndex, result.hintTerm);
  progressOf.backToProbe(
    progress,
    raft.rules.nextIndexAfterRejection(progress.matchIndex, result.prevIndex, agreement),
  );
}

export function handleHeartbeatResponse(raft: Raft, message: HeartbeatResponse): void {
  const progress = heardFrom(raft, message.from, message.type);
  if (progress === null) return;
  progress.readRound = Math.max(progress.readRound, message.readRound);
  progress.probeSent = false;
  if (progress.inflight.length >= raft.options.maxInflightAppends) progress.inflight.shift();
  // Whatever is missing was sent and may be lost: an append at the end of the log finds out.
  if (progress.matchIndex < raft.log.lastIndex) sendAppend(raft, message.from, progress);
}

/** Only a leader cares for answers, and only for those of members. */
function heardFrom(raft: Raft, id: MemberId, what: string): Progress | null {
  if (raft.leadership === null) return null;
  const progress = progressOfMember(raft, raft.leadership, id);
  if (progress === null) refuse(raft, id, what, 'it is not a member');
  else progress.heardAtTick = raft.ticks;
  return progress;
}

export function refuse(raft: Raft, from: MemberId, what: string, reason: string): void {
  trace(raft, { kind: 'refused', what, from, reason });
}

/** §5.3, §5.4: what a quorum stores is committed, if it is of this term; the leader counts its disk. */
export function advanceCommit(raft: Raft, leadership: Leadership): void {
  const { configuration } = configurationInForce(raft);
  const reached = quorumIndex(configuration, (id) =>
    id === raft.id ? raft.durableIndex : (leadership.progress.get(id)?.matchIndex ?? 0),
  );
  if (raft.rules.mayCommit(reached, raft.log.termAt(reached), raft.commitIndex, raft.term)) {
    raft.commitIndex = reached;
  }
}

/** Whether a leader has lately heard from a quorum; without one it can neither commit nor read. */
export function hearsQuorum(raft: Raft, leadership: Leadership): boolean {
  const oldest = raft.ticks - raft.options.electionTimeoutTicks[1];
  return isQuorum(configurationInForce(raft).configuration, (id) => {
    if (id === raft.id) return true;
    const heardAtTick = leadership.progress.get(id)?.heardAtTick ?? null;
    return heardAtTick !== null && heardAtTick >= oldest;
  });
}

// ── Follower ────────────────────────────────────────────────────────────────────────────────────

/**
 * Whoever sends entries or heartbeats in the current term leads it. Election Safety rules a second
 * leader out, so a frame that claims to come from one is refused: it is broken, or forged.
 */
function followLeader(raft: Raft, { from, type }: AppendRequest | Heartbeat): boolean {
  if (raft.role === 'leader' || (raft.leader !== null && raft.leader !== from)) {
    refuse(raft, from, type, `term ${raft.term} has another leader`);
    return false;
  }
  becomeFollower(raft, raft.term, from);
  resetElectionTimer(raft);
  raft.leaderHeardAtTick = raft.ticks;
  return true;
}

/** AppendEntries, receiver's side (Figure 2). */
export function handleAppendRequest(raft: Raft, message: AppendRequest): void {
  if (!followLeader(raft, message)) return;
  const { prevIndex, prevTerm, entries } = message;
  if (contradictsCommitted(raft, message)) {
    refuse(raft, message.from, message.type, 'it contradicts committed entries');
    return;
  }
  if (raft.log.termAt(prevIndex) !== prevTerm) {
    const hintIndex = raft.log.lastPossibleAgreement(prevIndex, prevTerm);
    const hintTerm = raft.log.termAt(hintIndex) ?? 0;
    respond(raft, message, { kind: 'rejected', prevIndex, hintIndex, hintTerm });
    return;
  }
  for (const entry of entries) {
    const present = raft.log.termAt(entry.index);
    if (present === entry.term) continue;
    if (present !== null) truncateLog(raft, entry.index);
    appendToLog(raft, entry);
  }
  const matchIndex = prevIndex + entries.length;
  raft.commitIndex = raft.rules.commitIndexAfterAppend(raft.commitIndex, message.commitIndex, matchIndex);
  respond(raft, message, { kind: 'accepted', matchIndex });
}

/** No leader's log can (Leader Completeness), so such a message is broken, or forged. */
function contradictsCommitted(raft: Raft, { prevIndex, prevTerm, entries }: AppendRequest): boolean {
  const differs = (index: number, term: number): boolean =>
    index <= raft.commitIndex && raft.log.termAt(index) !== term;
  return differs(prevIndex, prevTerm) || entries.some(({ index, term }) => differs(index, term));
}

/** Figure 2: nobody acknowledges entries before they are durable. */
function respond(raft: Raft, { from }: AppendRequest, result: AppendResponse['result']): void {
  const needs = result.kind === 'accepted' ? 'log' : 'term';
  send(raft, { type: 'appendResponse', from: raft.id, to: from, term: raft.term, result }, needs);
}

export function handleHeartbeat(raft: Raft, message: Heartbeat): void {
  if (!followLeader(raft, message)) return;
  raft.commitIndex = raft.rules.commitIndexAfterAppend(
    raft.commitIndex,
    message.commitIndex,
    raft.log.lastIndex,
  );
  send(raft, {
    type: 'heartbeatResponse',
    from: raft.id,
    to: message.from,
    term: raft.term,
    readRound: message.readRound,
  });
}
