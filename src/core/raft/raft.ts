import { unreachable } from '../assert.ts';
import * as election from './election.ts';
import type { Answer, Effect, Input } from './interface.ts';
import { entryBytes } from './log.ts';
import * as membership from './membership.ts';
import type { RaftMessage } from './message.ts';
import * as reads from './reads.ts';
import * as replication from './replication.ts';
import * as requests from './requests.ts';
import * as snapshots from './snapshots.ts';
import { becomeFollower, NO_VALUE, resetElectionTimer, send, type Leadership, type Raft } from './state.ts';
import * as transfer from './transfer.ts';

/**
 * One turn of the state machine: takes all inputs that have come since the last one, and returns
 * what is to be done, in order. Everything that came together is written and sent together.
 */
export function step(raft: Raft, inputs: readonly Input[]): Effect[] {
  const { leader } = raft;
  for (const input of inputs) handleInput(raft, input);
  transfer.settleTransfer(raft);
  if (raft.leader !== leader) requests.repeatLostRequests(raft);
  requests.routeRequests(raft);
  reads.routeReads(raft);
  if (raft.leadership !== null) finishLeadersTurn(raft, raft.leadership);
  snapshots.askForSnapshot(raft);
  emitWrites(raft);
  emitCommitted(raft);
  reads.answerReads(raft);
  emitSends(raft);
  const { effects } = raft;
  raft.effects = [];
  return effects;
}

function handleInput(raft: Raft, input: Input): void {
  switch (input.type) {
    case 'tick':
      handleTick(raft);
      return;
    case 'woke':
      resetElectionTimer(raft);
      return;
    case 'message':
      handleMessage(raft, input.message);
      return;
    case 'persisted':
      handlePersisted(raft, input.sequence);
      return;
    case 'applied':
      handleApplied(raft, input.index, input.answers);
      return;
    case 'snapshotTaken':
      snapshots.handleSnapshotTaken(raft, input.index, input.data);
      return;
    case 'compact':
      raft.isSnapshotWanted = true;
      return;
    case 'request':
      requests.handleRequest(raft, input.request, input.operation);
      return;
    case 'expire':
      requests.handleExpiry(raft, input.request);
      return;
    case 'campaign':
      election.forceCampaign(raft);
      return;
    case 'links':
      membership.handleLinks(raft, input.linked);
      return;
    default:
      unreachable(input);
  }
}

function handleTick(raft: Raft): void {
  election.tick(raft);
  if (raft.leadership !== null) membership.maintainConfiguration(raft, raft.leadership);
  transfer.expireTransfer(raft);
  requests.repeatLostRequests(raft);
}

/** Messages of which the term decides what they may do; all others say in their handlers. */
type TermMessage = Extract<
  RaftMessage,
  {
    type:
      | 'voteRequest'
      | 'voteResponse'
      | 'appendRequest'
      | 'appendResponse'
      | 'heartbeat'
      | 'heartbeatResponse'
      | 'snapshotRequest'
      | 'snapshotResponse'
      | 'timeoutNow';
  }
>;

function handleMessage(raft: Raft, message: RaftMessage): void {
  switch (message.type) {
    case 'forwardRequest':
      requests.handleForwardRequest(raft, message);
      return;
    case 'forwardResponse':
      requests.handleForwardResponse(raft, message);
      return;
    case 'readIndexRequest':
      reads.handleReadIndexRequest(raft, message);
      return;
    case 'readIndexResponse':
      reads.handleReadIndexResponse(raft, message);
      return;
    case 'joinRequest':
      membership.handleJoinRequest(raft, message);
      return;
    case 'removedNotice':
      membership.handleRemovedNotice(raft, message);
      return;
    case 'preVoteRequest':
      election.handlePreVoteRequest(raft, message);
      return;
    case 'preVoteResponse':
      election.handlePreVoteResponse(raft, message);
      return;
    case 'voteRequest':
      if (election.mayConsiderVote(raft, message)) handleTermMessage(raft, message);
      return;
    default:
      handleTermMessage(raft, message);
  }
}

/** §5.1: a newer term is adopted before anything else; an older sender is told, not obeyed. */
function handleTermMessage(raft: Raft, message: TermMessage): void {
  if (message.term > raft.term) becomeFollower(raft, message.term, null);
  else if (message.term < raft.term && message.type !== 'voteResponse') {
    tellOlderSender(raft, message);
    return;
  }
  switch (message.type) {
    case 'voteRequest':
      election.handleVoteRequest(raft, message);
      return;
    case 'voteResponse':
      election.handleVoteResponse(raft, message);
      return;
    case 'appendRequest':
      replication.handleAppendRequest(raft, message);
      return;
    case 'appendResponse':
      replication.handleAppendResponse(raft, message);
      return;
    case 'heartbeat':
      replication.handleHeartbeat(raft, message);
      return;
    case 'heartbeatResponse':
      replication.handleHeartbeatResponse(raft, message);
      return;
    case 'snapshotRequest':
      snapshots.handleSnapshotRequest(raft, message);
      return;
    case 'snapshotResponse':
      replication.handleSnapshotResponse(raft, message);
      return;
    case 'timeoutNow':
      transfer.handleTimeoutNow(raft, message);
      return;
    default:
      unreachable(message);
  }
}

/** Any answer with the newer term makes the sender a follower; late answers need none. */
function tellOlderSender(raft: Raft, message: TermMessage): void {
  const envelope = { from: raft.id, to: message.from, term: raft.term };
  switch (message.type) {
    case 'voteRequest':
      send(raft, { ...envelope, type: 'voteResponse', granted: false });
      return;
    case 'appendRequest':
    case 'heartbeat':
    case 'snapshotRequest':
      if (raft.rules.tellsOlderLeader()) send(raft, { ...envelope, type: 'heartbeatResponse', readRound: 0 });
      return;
    default:
  }
}

function handlePersisted(raft: Raft, sequence: number): void {
  raft.durableSequence = Math.max(raft.durableSequence, sequence);
  let completed = 0;
  for (const write of raft.writes) {
    if (write.sequence > sequence) break;
    raft.durableIndex = Math.max(raft.durableIndex, write.lastIndex);
    completed += 1;
  }
  raft.writes.splice(0, completed);
  election.countOwnVote(raft);
}

function handleApplied(raft: Raft, index: number, answers: readonly Answer[]): void {
  raft.appliedIndex = Math.max(raft.appliedIndex, index);
  for (const { index: answered, term, value } of answers) {
    requests.settleWaiters(raft, answered, term, value);
  }
}

function finishLeadersTurn(raft: Raft, leadership: Leadership): void {
  replication.advanceCommit(raft, leadership);
  reads.confirmReadRound(raft, leadership);
  reads.startReadRound(raft, leadership);
  reads.confirmReadRound(raft, leadership);
  replication.replicate(raft, leadership);
  transfer.advanceTransfer(raft, leadership);
}

/** All that no batch carries yet, as one batch. */
function emitWrites(raft: Raft): void {
  const { term, votedFor, commitIndex, writtenHardState } = raft;
  const isNewVote = term !== writtenHardState.term || votedFor !== writtenHardState.votedFor;
  // The commit index alone is never worth a write, but travels with one; except for a server that it
  // takes out of the cluster, which must not come back believing otherwise.
  const isRemoval = raft.removed && commitIndex > writtenHardState.commitIndex;
  const hasEntries = raft.unwrittenFrom <= raft.log.lastIndex;
  const isIdle = !hasEntries && raft.removeFrom === null && !raft.unwrittenSnapshot;
  if (isIdle && !isNewVote && !isRemoval) return;
  raft.lastSequence += 1;
  if (isNewVote) raft.termSequence = raft.lastSequence;
  const isNewHardState = isNewVote || commitIndex !== writtenHardState.commitIndex;
  const hardState = isNewHardState ? { term, votedFor, commitIndex } : null;
  if (hardState !== null) raft.writtenHardState = hardState;
  raft.effects.push({
    type: 'persist',
    sequence: raft.lastSequence,
    hardState,
    snapshot: raft.unwrittenSnapshot ? raft.snapshot : null,
    compactTo: raft.compactTo,
    truncateFrom: raft.removeFrom,
    entries: hasEntries ? raft.log.range(raft.unwrittenFrom, raft.log.lastIndex) : [],
  });
  raft.writes.push({ sequence: raft.lastSequence, lastIndex: raft.log.lastIndex });
  raft.unwrittenFrom = raft.log.lastIndex + 1;
  raft.unwrittenSnapshot = false;
  raft.compactTo = null;
  raft.removeFrom = null;
}

/** Hands newly committed entries to the state machine and settles what needs no answer from it. */
function emitCommitted(raft: Raft): void {
  if (raft.deliveredIndex >= raft.commitIndex) return;
  const entries = raft.log.range(raft.deliveredIndex + 1, raft.commitIndex);
  const wanted: number[] = [];
  raft.deliveredIndex = raft.commitIndex;
  for (const entry of entries) {
    const { index, term, payload } = entry;
    raft.deliveredBytes += entryBytes(entry);
    if (payload.kind === 'command') raft.deliveredTimeMs = payload.timeMs;
    if (payload.kind === 'configuration') membership.onConfigurationCommitted(raft, index);
    if (!raft.waiters.has(index)) continue;
    if (payload.kind === 'command') wanted.push(index);
    else requests.settleWaiters(raft, index, term, NO_VALUE);
  }
  raft.effects.push({ type: 'apply', entries, wanted });
}

function emitSends(raft: Raft): void {
  for (const message of raft.outbox) {
    const needed = raft.rules.durableBefore(message);
    const sequence = needed === 'log' ? raft.lastSequence : needed === 'term' ? raft.termSequence : 0;
    raft.effects.push({ type: 'send', message, awaits: sequence > raft.durableSequence ? sequence : 0 });
  }
  raft.outbox = [];
}
