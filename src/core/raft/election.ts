import type { MemberId } from '../ids.ts';
import { electorates, isQuorum } from './configuration.ts';
import { dismissStranger, repeatJoinRequest } from './membership.ts';
import type { PreVoteRequest, PreVoteResponse, VoteRequest, VoteResponse } from './message.ts';
import { becomeLeader, broadcastHeartbeat, hearsQuorum, tellCommitIndexToAll } from './replication.ts';
import { heartbeatTicks } from './rest.ts';
import {
  becomeFollower,
  configurationInForce,
  ownKind,
  refuse,
  resetElectionTimer,
  send,
  setLeader,
  setRole,
  trace,
  type Leadership,
  type Raft,
} from './state.ts';

export function tick(raft: Raft): void {
  raft.ticks += 1;
  if (raft.leadership !== null) {
    tickAsLeader(raft, raft.leadership);
    return;
  }
  repeatJoinRequest(raft);
  if (ownKind(raft) === null) return;
  raft.electionElapsedTicks += 1;
  if (raft.leader === null && mayCampaign(raft) && isAlone(raft)) campaignAlone(raft);
  else if (raft.electionElapsedTicks >= raft.electionTimeoutTicks) onElectionTimeout(raft);
}

/** Check-quorum (§6.2): who hears from no quorum any more leads nobody, and clients should look elsewhere. */
function tickAsLeader(raft: Raft, leadership: Leadership): void {
  raft.logTimeMs += raft.options.tickMs;
  raft.heartbeatElapsedTicks += 1;
  if (!hearsQuorum(raft, leadership)) {
    trace(raft, { kind: 'quorum-lost', term: raft.term });
    becomeFollower(raft, raft.term, null);
  } else if (raft.heartbeatElapsedTicks >= heartbeatTicks(raft, leadership)) {
    broadcastHeartbeat(raft, leadership);
  } else {
    tellCommitIndexToAll(raft, leadership);
  }
}

function mayCampaign(raft: Raft): boolean {
  return !raft.removed && ownKind(raft) === 'voter';
}

/** This server is the only voter, and so has nobody to wait for. */
function isAlone(raft: Raft): boolean {
  return otherVoters(raft).length === 0;
}

/** Once: the next term would only put off the vote whose write is under way. */
function campaignAlone(raft: Raft): void {
  if (raft.role !== 'candidate') campaign(raft, false);
}

function onElectionTimeout(raft: Raft): void {
  setLeader(raft, null);
  resetElectionTimer(raft);
  if (!mayCampaign(raft)) return;
  if (isAlone(raft)) campaignAlone(raft);
  else if (raft.rules.asksBeforeCampaign()) preCampaign(raft);
  else campaign(raft, false);
}

function otherVoters(raft: Raft): MemberId[] {
  const all = electorates(configurationInForce(raft).configuration).flat();
  return [...new Set(all)].filter((id) => id !== raft.id);
}

/** §9.6: asks whether it could win before it disturbs anyone with a new term. */
function preCampaign(raft: Raft): void {
  setRole(raft, 'preCandidate');
  raft.votes = [{ voter: raft.id, granted: true }];
  const { lastIndex, lastTerm } = raft.log;
  for (const to of otherVoters(raft)) {
    send(raft, { type: 'preVoteRequest', from: raft.id, to, term: raft.term + 1, lastIndex, lastTerm });
  }
}

/** §5.2. The own vote is counted when it is durable (`countOwnVote`). */
function campaign(raft: Raft, force: boolean): void {
  raft.term += 1;
  raft.votedFor = raft.id;
  raft.votes = [];
  setLeader(raft, null);
  setRole(raft, 'candidate');
  resetElectionTimer(raft);
  const { term } = raft;
  const { lastIndex, lastTerm } = raft.log;
  for (const to of otherVoters(raft)) {
    send(raft, { type: 'voteRequest', from: raft.id, to, term, lastIndex, lastTerm, force });
  }
}

/** At a person's or the leader's request (§3.10), whoever leads; who may not lead says so in the trace. */
export function forceCampaign(raft: Raft): void {
  if (raft.leadership !== null) return;
  if (mayCampaign(raft)) campaign(raft, true);
  else refuse(raft, raft.id, 'campaign', 'only a voter can campaign');
}

/** Called when the driver reports a write: a candidate's own vote counts from here on. */
export function countOwnVote(raft: Raft): void {
  if (raft.role !== 'candidate' || raft.votes.some(({ voter }) => voter === raft.id)) return;
  const voteIsWritten =
    raft.writtenHardState.term === raft.term && raft.writtenHardState.votedFor === raft.votedFor;
  if (voteIsWritten && raft.durableSequence >= raft.termSequence) countVote(raft, raft.id, true);
}

function countVote(raft: Raft, voter: MemberId, granted: boolean): void {
  raft.votes = raft.rules.recordVote(raft.votes, { voter, granted });
  const { configuration } = configurationInForce(raft);
  if (raft.rules.isElected(configuration, raft.votes)) {
    if (raft.role === 'preCandidate') campaign(raft, false);
    else becomeLeader(raft);
    return;
  }
  const isOpen = (id: MemberId): boolean => !raft.votes.some((vote) => vote.voter === id && !vote.granted);
  if (!isQuorum(electorates(configuration), isOpen)) becomeFollower(raft, raft.term, null);
}

// ── Voters ──────────────────────────────────────────────────────────────────────────────────────

function isLoyalToLeader(raft: Raft): boolean {
  if (raft.leadership !== null) return true;
  const [minTimeoutTicks] = raft.options.electionTimeoutTicks;
  return raft.leader !== null && raft.rules.isLoyal(raft.ticks - raft.leaderHeardAtTick, minTimeoutTicks);
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
    raft.rules.hasVoteToGive(raft.votedFor, message.from) && raft.rules.isUpToDate(message, raft.log);
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
