import type { MemberId } from '../ids.ts';
import { findMember, isQuorum, voters } from './configuration.ts';
import type { PreVoteRequest, PreVoteResponse, RemovedNotice, VoteRequest, VoteResponse } from './message.ts';
import { becomeLeader, broadcastHeartbeat, refuse } from './replication.ts';
import {
  becomeFollower,
  configurationInForce,
  ownKind,
  resetElectionTimer,
  send,
  setLeader,
  setRole,
  trace,
  type Raft,
} from './state.ts';

export function tick(raft: Raft): void {
  raft.ticks += 1;
  if (raft.leadership !== null) {
    raft.heartbeatElapsedTicks += 1;
    if (raft.heartbeatElapsedTicks >= raft.options.heartbeatTicks) broadcastHeartbeat(raft, raft.leadership);
    return;
  }
  if (ownKind(raft) === null) {
    askToJoin(raft);
    return;
  }
  raft.electionElapsedTicks += 1;
  if (mayCampaign(raft) && isAlone(raft)) campaignAlone(raft);
  else if (raft.electionElapsedTicks >= raft.electionTimeoutTicks) onElectionTimeout(raft);
  // A learner that nobody leads may have been added by an entry that was never committed.
  if (raft.leader === null && ownKind(raft) === 'learner') askToJoin(raft);
}

function mayCampaign(raft: Raft): boolean {
  return !raft.removed && ownKind(raft) === 'voter';
}

/** This server is the only voter, and so has nobody to wait for. */
function isAlone(raft: Raft): boolean {
  const [only, ...others] = voters(configurationInForce(raft).configuration);
  return only?.id === raft.id && others.length === 0;
}

/** Once: the next term would only put off the vote whose write is under way. */
function campaignAlone(raft: Raft): void {
  if (raft.role !== 'candidate') campaign(raft, false);
}

function onElectionTimeout(raft: Raft): void {
  setLeader(raft, null);
  resetElectionTimer(raft);
  if (mayCampaign(raft)) preCampaign(raft);
}

/** A server outside the configuration asks everyone it can reach to have it added. */
function askToJoin(raft: Raft): void {
  if (raft.removed || raft.ticks % raft.options.joinTicks !== 0) return;
  for (const to of raft.linked) {
    send(raft, { type: 'joinRequest', from: raft.id, to, term: raft.term, joiner: raft.id });
  }
}

function otherVoters(raft: Raft): MemberId[] {
  return voters(configurationInForce(raft).configuration)
    .map((member) => member.id)
    .filter((id) => id !== raft.id);
}

/** §9.6: asks whether it could win before it disturbs anyone with a new term. */
function preCampaign(raft: Raft): void {
  setRole(raft, 'preCandidate');
  raft.votes = new Map([[raft.id, true]]);
  const { lastIndex, lastTerm } = raft.log;
  for (const to of otherVoters(raft)) {
    send(raft, { type: 'preVoteRequest', from: raft.id, to, term: raft.term + 1, lastIndex, lastTerm });
  }
}

/** §5.2. The own vote is counted when it is durable (`countOwnVote`). */
export function campaign(raft: Raft, force: boolean): void {
  raft.term += 1;
  raft.votedFor = raft.id;
  raft.votes = new Map();
  setLeader(raft, null);
  setRole(raft, 'candidate');
  resetElectionTimer(raft);
  const { term } = raft;
  const { lastIndex, lastTerm } = raft.log;
  for (const to of otherVoters(raft)) {
    send(raft, { type: 'voteRequest', from: raft.id, to, term, lastIndex, lastTerm, force });
  }
}

/** At a person's request, whoever leads; a server that may not lead says so in the trace. */
export function forceCampaign(raft: Raft): void {
  if (raft.leadership !== null) return;
  if (mayCampaign(raft)) campaign(raft, true);
  else refuse(raft, raft.id, 'campaign', 'only a voter can campaign');
}

/** Called when the driver reports a write: a candidate's own vote counts from here on. */
export function countOwnVote(raft: Raft): void {
  if (raft.role !== 'candidate' || raft.votes.has(raft.id)) return;
  const voteIsWritten =
    raft.writtenHardState.term === raft.term && raft.writtenHardState.votedFor === raft.votedFor;
  if (voteIsWritten && raft.durableSequence >= raft.termSequence) countVote(raft, raft.id, true);
}

function countVote(raft: Raft, voter: MemberId, granted: boolean): void {
  raft.votes.set(voter, granted);
  const { configuration } = configurationInForce(raft);
  if (raft.rules.isElected(configuration, (id) => raft.votes.get(id) === true)) {
    if (raft.role === 'preCandidate') campaign(raft, false);
    else becomeLeader(raft);
  } else if (isQuorum(configuration, (id) => raft.votes.get(id) === false)) {
    becomeFollower(raft, raft.term, null);
  }
}

// ── Voters ──────────────────────────────────────────────────────────────────────────────────────

function isLoyalToLeader(raft: Raft): boolean {
  if (raft.leadership !== null) return true;
  const [minTimeoutTicks] = raft.options.electionTimeoutTicks;
  return raft.leader !== null && raft.rules.isLoyal(raft.ticks - raft.leaderHeardAtTick, minTimeoutTicks);
}

/** Tells a campaigning stranger that it is out, as far as the committed configuration goes. */
function dismissStranger(raft: Raft, from: MemberId): void {
  const { index, configuration } = configurationInForce(raft);
  if (index > 0 && index <= raft.commitIndex && findMember(configuration, from) === null) {
    sendRemovedNotice(raft, from, index);
  }
}

export function sendRemovedNotice(raft: Raft, to: MemberId, configurationIndex: number): void {
  send(raft, { type: 'removedNotice', from: raft.id, to, term: raft.term, configurationIndex });
}

/**
 * Neither a pre-vote nor its answer changes anybody's term. A candidate's configuration is not held
 * against it: the voter's own may be older (dissertation §4.1).
 */
export function handlePreVoteRequest(raft: Raft, message: PreVoteRequest): void {
  dismissStranger(raft, message.from);
  const granted =
    message.term > raft.term && !isLoyalToLeader(raft) && raft.rules.isUpToDate(message, raft.log);
  if (granted) trace(raft, { kind: 'vote', candidate: message.from, term: message.term, preVote: true });
  const term = granted ? message.term : raft.term;
  send(raft, { type: 'preVoteResponse', from: raft.id, to: message.from, term, granted });
}

export function handlePreVoteResponse(raft: Raft, message: PreVoteResponse): void {
  if (!message.granted && message.term > raft.term) {
    becomeFollower(raft, message.term, null);
    return;
  }
  if (raft.role !== 'preCandidate') return;
  const replyTerm = message.granted ? message.term : raft.term + 1;
  if (raft.rules.countsVote(replyTerm, raft.term + 1)) countVote(raft, message.from, message.granted);
}

/** Whether a vote request may touch this server at all; else it is ignored, its term included. */
export function mayConsiderVote(raft: Raft, message: VoteRequest): boolean {
  dismissStranger(raft, message.from);
  return message.force || message.term <= raft.term || !isLoyalToLeader(raft);
}

/** RequestVote, receiver's side (Figure 2). The term is already this server's. */
export function handleVoteRequest(raft: Raft, message: VoteRequest): void {
  const granted =
    raft.leader === null &&
    raft.rules.hasVoteToGive(raft.votedFor, message.from) &&
    raft.rules.isUpToDate(message, raft.log);
  if (granted) {
    raft.votedFor = message.from;
    resetElectionTimer(raft);
    trace(raft, { kind: 'vote', candidate: message.from, term: message.term, preVote: false });
  }
  send(raft, { type: 'voteResponse', from: raft.id, to: message.from, term: raft.term, granted });
}

export function handleVoteResponse(raft: Raft, message: VoteResponse): void {
  if (raft.role !== 'candidate') return;
  if (raft.rules.countsVote(message.term, raft.term)) countVote(raft, message.from, message.granted);
}

/** A later configuration than the notice's may name this server again; it will then be told so. */
export function handleRemovedNotice(raft: Raft, message: RemovedNotice): void {
  if (message.configurationIndex < configurationInForce(raft).index || raft.removed) return;
  becomeFollower(raft, raft.term, null);
  raft.removed = true;
  trace(raft, { kind: 'removed', term: raft.term });
}
