import { assert } from '../assert.ts';
import type { MemberId } from '../ids.ts';
import { allMembers, findMember, isQuorum } from './configuration.ts';
import { entryBytes } from './log.ts';
import type { Entry, Payload } from './log-entry.ts';
import type {
  AppendRequest,
  AppendResponse,
  Heartbeat,
  HeartbeatResponse,
  SnapshotRequest,
  SnapshotResponse,
} from './message.ts';
import * as progressOf from './progress.ts';
import { createProgress, type Progress } from './progress.ts';
import { advanceSnapshot, resumeSnapshot, sendSnapshot } from './snapshot-sender.ts';
import {
  becomeFollower,
  configurationInForce,
  refuse,
  resetElectionTimer,
  send,
  setLeader,
  setRole,
  trace,
  type Leadership,
  type Raft,
} from './state.ts';

// ── The log of this server ──────────────────────────────────────────────────────────────────────

function appendToLog(raft: Raft, entry: Entry): void {
  raft.log.append(entry);
  const { payload } = entry;
  if (payload.kind === 'command') raft.logTimeMs = Math.max(raft.logTimeMs, payload.timeMs);
  if (payload.kind !== 'configuration') return;
  const { configuration } = payload;
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
    electedAtTick: raft.ticks,
    readRound: 0,
    confirmedRound: 0,
    roundReadIndex: 0,
    roundReads: new Map(),
    waitingReads: new Map(),
  };
  setRole(raft, 'leader');
  setLeader(raft, raft.id);
  raft.heartbeatElapsedTicks = 0;
  for (const { id } of allMembers(configurationInForce(raft).configuration)) {
    // The entry that follows, the first of this term, is the first probe.
    if (id !== raft.id) raft.leadership.progress.set(id, createProgress(raft.log.lastIndex + 1, raft.ticks));
  }
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
  const known = leadership.progress.get(id);
  if (known !== undefined) return known;
  if (id === raft.id || findMember(configurationInForce(raft).configuration, id) === null) return null;
  // The configuration that made this progress necessary is the first probe.
  const progress = createProgress(raft.log.lastIndex, raft.ticks);
  leadership.progress.set(id, progress);
  return progress;
}

/**
 * Sends every follower what it lacks, as far as its window allows. The end of each leader's turn. A new
 * commit index goes with the entries that come next (§5.3), or where none do, with the next tick.
 */
export function replicate(raft: Raft, leadership: Leadership): void {
  for (const { id } of allMembers(configurationInForce(raft).configuration)) {
    const progress = progressOfMember(raft, leadership, id);
    if (progress === null) continue;
    while (progress.nextIndex <= raft.log.lastIndex && !progressOf.isPaused(progress, raft.options))
      sendAppend(raft, id, progress);
  }
}

/** Where somebody waits for it, and was not told. */
export function tellCommitIndex(raft: Raft, leadership: Leadership, to: MemberId): void {
  const progress = progressOfMember(raft, leadership, to);
  if (progress === null || progressOf.isPaused(progress, raft.options)) return;
  if (progress.commitIndexSent < raft.commitIndex) sendAppend(raft, to, progress);
}

/** With each tick. Whoever has not answered yet is told once it has. */
export function tellCommitIndexToAll(raft: Raft, leadership: Leadership): void {
  for (const { id } of allMembers(configurationInForce(raft).configuration)) {
    const progress = leadership.progress.get(id);
    if (progress?.inflight.length === 0) tellCommitIndex(raft, leadership, id);
  }
}

function sendAppend(raft: Raft, to: MemberId, progress: Progress): void {
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = raft.log.termAt(prevIndex);
  if (prevTerm === null) {
    sendSnapshot(raft, to, progress);
    return;
  }
  const entries = raft.log.batch(
    progress.nextIndex,
    progressOf.messageBytes(progress, raft.options.maxAppendBytes),
  );
  const { id: from, term, commitIndex } = raft;
  send(raft, { type: 'appendRequest', from, to, term, prevIndex, prevTerm, entries, commitIndex });
  progress.commitIndexSent = commitIndex;
  let bytes = 0;
  for (const entry of entries) bytes += entryBytes(entry);
  progressOf.recordSent(progress, prevIndex + entries.length, bytes);
}

export function broadcastHeartbeat(raft: Raft, leadership: Leadership): void {
  raft.heartbeatElapsedTicks = 0;
  for (const { id } of allMembers(configurationInForce(raft).configuration)) {
    const progress = progressOfMember(raft, leadership, id);
    if (progress === null) continue;
    const { id: from, term } = raft;
    const commitIndex = raft.rules.commitIndexForFollower(raft.commitIndex, progress.matchIndex);
    send(raft, { type: 'heartbeat', from, to: id, term, commitIndex, readRound: leadership.readRound });
    progress.commitIndexSent = Math.max(progress.commitIndexSent, commitIndex);
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
    recordRound(raft, progress);
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
  if (progress.state === 'snapshot') {
    resumeSnapshot(raft, message.from, progress);
    return;
  }
  progress.probeSent = false;
  if (progressOf.isWindowFull(progress, raft.options)) progressOf.forgetOldestInflight(progress);
  // Whatever is missing was sent and may be lost: an append at the end of the log finds out.
  if (progress.matchIndex < raft.log.lastIndex) sendAppend(raft, message.from, progress);
  // Where nothing is missing, no append will be answered that could end a round.
  else recordRound(raft, progress);
}

function recordRound(raft: Raft, progress: Progress): void {
  const { log, ticks, options } = raft;
  progressOf.recordRound(progress, log.lastIndex, ticks, options.electionTimeoutTicks[0]);
}

export function handleSnapshotResponse(raft: Raft, message: SnapshotResponse): void {
  const progress = heardFrom(raft, message.from, message.type);
  if (progress !== null) advanceSnapshot(raft, progress, message);
}

/** Only a leader cares for answers, and only for those of members. */
function heardFrom(raft: Raft, id: MemberId, what: string): Progress | null {
  if (raft.leadership === null) return null;
  const progress = progressOfMember(raft, raft.leadership, id);
  if (progress === null) refuse(raft, id, what, 'it is not a member');
  else progress.heardAtTick = raft.ticks;
  return progress;
}

/** §5.3, §5.4: what a quorum stores is committed, if it is of this term; the leader counts its disk. */
export function advanceCommit(raft: Raft, leadership: Leadership): void {
  const { configuration } = configurationInForce(raft);
  const own = raft.rules.ownMatchIndex(raft.durableIndex, raft.log.lastIndex);
  const reached = raft.rules.quorumIndex(configuration, (id) =>
    id === raft.id ? own : (leadership.progress.get(id)?.matchIndex ?? 0),
  );
  if (raft.rules.mayCommit(reached, raft.log.termAt(reached), raft.commitIndex, raft.term)) {
    raft.commitIndex = reached;
  }
}

/** Whether a leader has lately heard from a quorum; without one it can neither commit nor read. */
export function hearsQuorum(raft: Raft, leadership: Leadership): boolean {
  const oldest = raft.ticks - raft.options.electionTimeoutTicks[1];
  // A new leader has not been able to hear from anybody yet.
  if (leadership.electedAtTick >= oldest) return true;
  const { configuration } = configurationInForce(raft);
  return isQuorum(raft.rules.electorates(configuration), (id) => {
    return id === raft.id || (leadership.progress.get(id)?.heardAtTick ?? 0) >= oldest;
  });
}

// ── Follower ────────────────────────────────────────────────────────────────────────────────────

/**
 * Whoever sends entries or heartbeats in the current term leads it. Election Safety rules a second
 * leader out, so a frame that claims to come from one is refused: it is broken, or forged.
 */
export function followLeader(
  raft: Raft,
  { from, type }: AppendRequest | Heartbeat | SnapshotRequest,
): boolean {
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
  // What is compacted here is committed, and so the same in the leader's log (Leader Completeness).
  const isCompacted = prevIndex < raft.log.firstIndex && prevIndex <= raft.commitIndex;
  if (!isCompacted && raft.log.termAt(prevIndex) !== prevTerm) {
    reject(raft, message);
    return;
  }
  for (const entry of entries) {
    if (entry.index < raft.log.firstIndex) continue;
    const present = raft.log.termAt(entry.index);
    if (present === entry.term) continue;
    if (present !== null) truncateLog(raft, entry.index);
    appendToLog(raft, entry);
  }
  const matchIndex = prevIndex + entries.length;
  raft.commitIndex = raft.rules.commitIndexAfterAppend(raft.commitIndex, message.commitIndex, matchIndex);
  respondAccepted(raft, message.from, matchIndex);
}

/** No leader's log can (Leader Completeness), so such a message is broken, or forged. */
function contradictsCommitted(raft: Raft, { prevIndex, prevTerm, entries }: AppendRequest): boolean {
  if (prevIndex > raft.commitIndex) return false;
  if (isCommittedOtherwise(raft, prevIndex, prevTerm)) return true;
  return entries.some(({ index, term }) => isCommittedOtherwise(raft, index, term));
}

function isCommittedOtherwise({ log, commitIndex }: Raft, index: number, term: number): boolean {
  // The base of a compacted log is known by its term, and committed; of what stands before it nothing is known.
  const known = log.termAt(index);
  return index <= commitIndex && known !== null && known !== term;
}

/** Leaves once all entries are durable (`rules.durableBefore`). */
export function respondAccepted(raft: Raft, to: MemberId, matchIndex: number): void {
  const result = { kind: 'accepted' as const, matchIndex };
  send(raft, { type: 'appendResponse', from: raft.id, to, term: raft.term, result });
}

function reject(raft: Raft, { from, prevIndex, prevTerm }: AppendRequest): void {
  const possible = raft.log.lastPossibleAgreement(prevIndex, prevTerm);
  // Committed entries agree in any case.
  const hintIndex = Math.max(possible, Math.min(raft.commitIndex, prevIndex));
  const hintTerm = raft.log.termAt(hintIndex) ?? 0;
  const result = { kind: 'rejected' as const, prevIndex, hintIndex, hintTerm };
  send(raft, { type: 'appendResponse', from: raft.id, to: from, term: raft.term, result });
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
