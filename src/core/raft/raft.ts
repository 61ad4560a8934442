import { unreachable } from '../assert.ts';
import { findMember } from './configuration.ts';
import * as election from './election.ts';
import type { Answer, Effect, Input } from './interface.ts';
import type { RaftMessage } from './message.ts';
import * as replication from './replication.ts';
import * as requests from './requests.ts';
import { becomeFollower, configurationInForce, send, trace, type Raft } from './state.ts';

/**
 * One turn of the state machine: takes all inputs that have come since the last one, and returns
 * what is to be done, in order. Everything that came together is written and sent together.
 */
export function step(raft: Raft, inputs: readonly Input[]): Effect[] {
  for (const input of inputs) handleInput(raft, input);
  requests.routeRequests(raft);
  if (raft.leadership !== null) finishLeadersTurn(raft);
  emitWrites(raft);
  emitCommitted(raft);
  requests.answerReads(raft);
  emitSends(raft);
  const { effects } = raft;
  raft.effects = [];
  return effects;
}

function handleInput(raft: Raft, input: Input): void {
  switch (input.type) {
    case 'tick':
      election.tick(raft);
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
      raft.linked = input.linked;
      return;
    default:
      unreachable(input);
  }
}

function handleMessage(raft: Raft, message: RaftMessage): void {
  switch (message.type) {
    case 'forwardRequest':
      requests.handleForwardRequest(raft, message);
      return;
    case 'forwardResponse':
      requests.handleForwardResponse(raft, message);
      return;
    case 'joinRequest':
      requests.handleJoinRequest(raft, message);
      return;
    case 'removedNotice':
      election.handleRemovedNotice(raft, message);
      return;
    case 'preVoteRequest':
      election.handlePreVoteRequest(raft, message);
      return;
    case 'preVoteResponse':
      election.handlePreVoteResponse(raft, message);
      return;
    case 'voteRequest':
      if (!election.mayConsiderVote(raft, message)) return;
      break;
    case 'voteResponse':
    case 'appendRequest':
    case 'appendResponse':
    case 'heartbeat':
    case 'heartbeatResponse':
      break;
    default:
      unreachable(message);
  }
  handleTermMessage(raft, message);
}

type TermMessage = Extract<
  RaftMessage,
  {
    type:
      'voteRequest' | 'voteResponse' | 'appendRequest' | 'appendResponse' | 'heartbeat' | 'heartbeatResponse';
  }
>;

/** §5.1: a newer term is adopted before anything else; an older sender is told, not obeyed. */
function handleTermMessage(raft: Raft, message: TermMessage): void {
  if (message.term > raft.term) becomeFollower(raft, message.term, null);
  else if (message.term < raft.term) {
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
    default:
      unreachable(message);
  }
}

/** Any answer with the newer term makes the sender a follower; late answers need none. */
function tellOlderSender(raft: Raft, message: TermMessage): void {
  const envelope = { from: raft.id, to: message.from, term: raft.term };
  if (message.type === 'voteRequest') send(raft, { ...envelope, type: 'voteResponse', granted: false });
  if (message.type === 'appendRequest' || message.type === 'heartbeat') {
    send(raft, { ...envelope, type: 'heartbeatResponse', readRound: 0 });
  }
}

function handlePersisted(raft: Raft, sequence: number): void {
  raft.durableSequence = Math.max(raft.durableSequence, sequence);
  for (const write of raft.writes) {
    if (write.sequence <= sequence) raft.durableIndex = Math.max(raft.durableIndex, write.lastIndex);
  }
  raft.writes = raft.writes.filter((write) => write.sequence > sequence);
  election.countOwnVote(raft);
}

function handleApplied(raft: Raft, index: number, answers: readonly Answer[]): void {
  raft.appliedIndex = index;
  for (const { index: answered, value } of answers) {
    requests.settleWaiters(raft, answered, raft.log.at(answered).term, value);
  }
}

function finishLeadersTurn(raft: Raft): void {
  const { leadership } = raft;
  if (leadership === null) return;
  replication.advanceCommit(raft, leadership);
  requests.promoteLearner(raft, leadership);
  requests.startReadRound(raft, leadership);
  requests.confirmReadRound(raft, leadership);
  replication.replicate(raft, leadership);
}

/** All entries and the hard state that no batch carries yet, as one batch. */
function emitWrites(raft: Raft): void {
  const entries = raft.log.range(raft.unwrittenFrom, raft.log.lastIndex);
  const { term, votedFor, commitIndex, writtenHardState } = raft;
  const isNewVote = term !== writtenHardState.term || votedFor !== writtenHardState.votedFor;
  // The commit index alone is never worth a write, but travels with one; except for a server that it
  // takes out of the cluster, which must not come back believing otherwise.
  const isRemoval = raft.removed && commitIndex > writtenHardState.commitIndex;
  if (entries.length === 0 && raft.removeFrom === null && !isNewVote && !isRemoval) return;
  raft.lastSequence += 1;
  if (isNewVote) raft.termSequence = raft.lastSequence;
  const isNewHardState = isNewVote || commitIndex !== writtenHardState.commitIndex;
  const hardState = isNewHardState ? { term, votedFor, commitIndex } : null;
  if (hardState !== null) raft.writtenHardState = hardState;
  raft.effects.push({
    type: 'persist',
    sequence: raft.lastSequence,
    hardState,
    truncateFrom: raft.removeFrom,
    entries,
  });
  raft.writes.push({ sequence: raft.lastSequence, lastIndex: raft.log.lastIndex });
  raft.unwrittenFrom = raft.log.lastIndex + 1;
  raft.removeFrom = null;
}

/** Hands newly committed entries to the state machine and settles what needs no answer from it. */
function emitCommitted(raft: Raft): void {
  if (raft.deliveredIndex >= raft.commitIndex) return;
  const entries = raft.log.range(raft.deliveredIndex + 1, raft.commitIndex);
  const wanted: number[] = [];
  for (const { index, term, payload } of entries) {
    if (payload.kind === 'configuration') onConfigurationCommitted(raft, index);
    if (!raft.waiters.has(index)) continue;
    if (payload.kind === 'command') wanted.push(index);
    else requests.settleWaiters(raft, index, term, requests.NO_VALUE);
  }
  raft.deliveredIndex = raft.commitIndex;
  raft.effects.push({ type: 'apply', entries, wanted });
}

/** Those whom a committed configuration leaves out are told; this server may be one of them. */
function onConfigurationCommitted(raft: Raft, index: number): void {
  const position = raft.configurations.findIndex((known) => known.index === index);
  const current = raft.configurations[position]?.configuration;
  const previous = raft.configurations[position - 1]?.configuration;
  if (current === undefined || previous === undefined) return;
  for (const { id } of previous.members) {
    if (findMember(current, id) !== null) continue;
    if (id === raft.id) leaveCluster(raft, index);
    else if (raft.leadership !== null) election.sendRemovedNotice(raft, id, index);
  }
}

/** Dissertation §4.2.2: a leader that is not in the new configuration steps down once it commits. */
function leaveCluster(raft: Raft, index: number): void {
  // A later configuration in the log names this server again, or it is out for good.
  if (configurationInForce(raft).index !== index) return;
  becomeFollower(raft, raft.term, null);
  raft.removed = true;
  trace(raft, { kind: 'removed', term: raft.term });
}

function emitSends(raft: Raft): void {
  for (const { message, needs } of raft.outbox) {
    const sequence = needs === 'log' ? raft.lastSequence : raft.termSequence;
    raft.effects.push({ type: 'send', message, awaits: sequence > raft.durableSequence ? sequence : 0 });
  }
  raft.outbox = [];
}
