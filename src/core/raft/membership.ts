import type { MemberId } from '../ids.ts';
import { allMembers, applyChanges, findMember, isVoter, leaveJoint, voters } from './configuration.ts';
import type { Configuration } from './log-entry.ts';
import type { ConfigurationChange, JoinRequest, RemovedNotice } from './message.ts';
import { appendAsLeader, broadcastHeartbeat, progressOfMember, tellCommitIndexToAll } from './replication.ts';
import {
  becomeFollower,
  configurationInForce,
  configurationUpTo,
  isTransferring,
  ownKind,
  refuse,
  send,
  trace,
  type Leadership,
  type Raft,
} from './state.ts';

/** Who is in the cluster: joint consensus, learners, replacement of lost voters (dissertation, chapter 4). */

export type Change =
  { readonly ok: true; readonly index: number } | { readonly ok: false; readonly reason: string };

/** Appends the configuration that `changes` lead to, if they may be made now. */
export function changeConfiguration(raft: Raft, changes: readonly ConfigurationChange[]): Change {
  const { configuration } = configurationInForce(raft);
  if (!mayChange(raft) || configuration.outgoing !== null) {
    return { ok: false, reason: 'another change is under way; try again in a moment' };
  }
  const next = applyChanges(configuration, changes, raft.options.memberNames);
  if (!next.ok) return next;
  return { ok: true, index: appendConfiguration(raft, next.configuration) };
}

function appendConfiguration(raft: Raft, configuration: Configuration): number {
  const index = appendAsLeader(raft, { kind: 'configuration', configuration });
  const { leadership } = raft;
  for (const id of leadership?.progress.keys() ?? []) {
    if (findMember(configuration, id) === null) leadership?.progress.delete(id);
  }
  return index;
}

function mayChange(raft: Raft): boolean {
  return raft.rules.mayChangeConfiguration(
    raft.log.termAt(raft.commitIndex),
    raft.term,
    configurationInForce(raft).index,
    raft.commitIndex,
  );
}

/** The leader's own initiative, once a tick: leave what is joint, promote, replace. */
export function maintainConfiguration(raft: Raft, leadership: Leadership): void {
  // A transfer's target has to have the whole log, and would lose the election by one more entry.
  if (!mayChange(raft) || isTransferring(raft)) return;
  const { configuration } = configurationInForce(raft);
  if (configuration.outgoing !== null) {
    appendConfiguration(raft, leaveJoint(configuration));
    return;
  }
  const learner = caughtUpLearner(raft, leadership, configuration);
  if (learner === null) return;
  if (voters(configuration).length < raft.options.targetVoters) {
    changeConfiguration(raft, [{ kind: 'promote', id: learner }]);
    return;
  }
  const lost = lostVoter(raft, leadership, configuration);
  if (lost === null) return;
  changeConfiguration(raft, [
    { kind: 'demote', id: lost },
    { kind: 'promote', id: learner },
  ]);
}

/** Design, section 4: a learner that would not hold the others up as a voter (§4.2.1). */
function caughtUpLearner(raft: Raft, leadership: Leadership, { members }: Configuration): MemberId | null {
  const learner = members.find(({ id, kind }) => kind === 'learner' && isCaughtUp(raft, leadership, id));
  return learner?.id ?? null;
}

export function isCaughtUp(raft: Raft, leadership: Leadership, id: MemberId): boolean {
  const progress = progressOfMember(raft, leadership, id);
  // A learner that has gone silent would only raise the quorum.
  const oldestTick = raft.ticks - raft.options.electionTimeoutTicks[0];
  return progress?.state === 'replicate' && progress.isCaughtUp && progress.heardAtTick >= oldestTick;
}

function lostVoter(raft: Raft, leadership: Leadership, configuration: Configuration): MemberId | null {
  const { replaceVoterTicks } = raft.options;
  if (replaceVoterTicks === null) return null;
  const isLost = (id: MemberId): boolean => {
    const heardAtTick = progressOfMember(raft, leadership, id)?.heardAtTick ?? raft.ticks;
    return raft.ticks - heardAtTick > replaceVoterTicks;
  };
  return voters(configuration).find(isLost) ?? null;
}

// ── Joining and leaving ─────────────────────────────────────────────────────────────────────────

/** Who comes within reach is not kept waiting: a member hears at once who leads, and whoever wants to join asks it. */
export function handleLinks(raft: Raft, linked: readonly MemberId[]): void {
  const reached = linked.filter((id) => !raft.linked.includes(id));
  raft.linked = linked;
  if (raft.leadership !== null) broadcastHeartbeat(raft, raft.leadership);
  else if (wantsToJoin(raft)) askToJoin(raft, reached);
}

/** A server outside the configuration asks everyone it can reach to have it added, until it is. */
export function repeatJoinRequest(raft: Raft): void {
  if (wantsToJoin(raft) && raft.ticks % raft.options.joinTicks === 0) askToJoin(raft, raft.linked);
}

function wantsToJoin(raft: Raft): boolean {
  const kind = ownKind(raft);
  // A learner that nobody leads may have been added by an entry that was never committed.
  return !raft.removed && (kind === null || (kind === 'learner' && raft.leader === null));
}

function askToJoin(raft: Raft, whom: readonly MemberId[]): void {
  const memberAt = knownMembership(raft);
  for (const to of whom) {
    send(raft, { type: 'joinRequest', from: raft.id, to, term: raft.term, joiner: raft.id, memberAt });
  }
}

/** Where the newest configuration stands that is known to be committed, if it names this server; else 0. */
function knownMembership(raft: Raft): number {
  const { index, configuration } = configurationUpTo(raft, raft.commitIndex);
  return findMember(configuration, raft.id) === null ? 0 : index;
}

/** The joiner repeats itself until it is in, so a request that cannot be met now is just dropped. */
export function handleJoinRequest(raft: Raft, message: JoinRequest): void {
  if (raft.leadership !== null) {
    const { configuration } = configurationInForce(raft);
    // A server asks for itself; only members hand on what others ask.
    if (message.from !== message.joiner && findMember(configuration, message.from) === null) {
      refuse(raft, message.from, message.type, 'it asks for another server');
      return;
    }
    if (findMember(configuration, message.joiner) !== null || dismissFormer(raft, message)) return;
    if (!isTransferring(raft)) changeConfiguration(raft, [{ kind: 'add-learner', id: message.joiner }]);
  } else if (raft.leader !== null && message.from === message.joiner) {
    send(raft, { ...message, from: raft.id, to: raft.leader, term: raft.term });
  }
}

/**
 * Whoever asks to join and was a member has been removed since: it comes back as another one, if at all. This server knows
 * of it by its log or, where that is compacted, from the joiner, if that knows. False: it was none.
 */
function dismissFormer(raft: Raft, { joiner, memberAt }: JoinRequest): boolean {
  const { index } = configurationInForce(raft);
  // That it is no member is not certain before.
  if (index > raft.commitIndex) return false;
  const isNamed = raft.configurations.some(({ configuration }) => findMember(configuration, joiner) !== null);
  if (!isNamed && (memberAt === 0 || memberAt >= index)) return false;
  sendRemovedNotice(raft, joiner, index);
  return true;
}

/** The voters, where this server leads and no change is under way; else null. */
export function settledVoters(raft: Raft): readonly MemberId[] | null {
  const { index, configuration } = configurationInForce(raft);
  if (raft.role !== 'leader' || configuration.outgoing !== null || index > raft.commitIndex) return null;
  return voters(configuration);
}

/** Those whom a committed configuration leaves out are told; this server may be one of them. */
export function onConfigurationCommitted(raft: Raft, index: number): void {
  const position = raft.configurations.findIndex((known) => known.index === index);
  const current = raft.configurations[position]?.configuration;
  const previous = raft.configurations[position - 1]?.configuration;
  if (current === undefined || previous === undefined) return;
  for (const { id } of allMembers(previous)) {
    const isOut = findMember(current, id) === null;
    if (isOut && id !== raft.id && raft.leadership !== null) sendRemovedNotice(raft, id, index);
  }
  const { leadership } = raft;
  const stepsDown = leadership !== null && !isVoter(current, raft.id);
  // Until there is another leader, nobody else would tell.
  if (stepsDown) tellCommitIndexToAll(raft, leadership);
  if (findMember(current, raft.id) === null && findMember(previous, raft.id) !== null)
    leaveCluster(raft, index);
  else if (stepsDown) becomeFollower(raft, raft.term, null);
}

/** Dissertation §4.2.2: a leader that is not in the new configuration steps down once it commits. */
function leaveCluster(raft: Raft, index: number): void {
  // A later configuration in the log names this server again, or it is out for good.
  if (configurationInForce(raft).index !== index || !raft.rules.leavesWhenRemoved()) return;
  becomeFollower(raft, raft.term, null);
  raft.removed = true;
  trace(raft, { kind: 'removed', term: raft.term });
}

/** Tells a campaigning stranger that it is out, as far as the committed configuration goes. */
export function dismissStranger(raft: Raft, from: MemberId): void {
  const { index, configuration } = configurationInForce(raft);
  if (index > 0 && index <= raft.commitIndex && findMember(configuration, from) === null) {
    sendRemovedNotice(raft, from, index);
  }
}

function sendRemovedNotice(raft: Raft, to: MemberId, configurationIndex: number): void {
  send(raft, { type: 'removedNotice', from: raft.id, to, term: raft.term, configurationIndex });
}

/**
 * A later configuration than the notice's may name this server again. One that is not known to be committed counts
 * for no longer than its term: what a deposed leader left in the log would keep a removed server waiting for ever.
 */
export function handleRemovedNotice(raft: Raft, { configurationIndex, term }: RemovedNotice): void {
  const { index } = configurationInForce(raft);
  const isOvertaken = configurationIndex < index && term <= (raft.log.termAt(index) ?? 0);
  const isOld = configurationIndex < configurationUpTo(raft, raft.commitIndex).index;
  if (raft.removed || isOld || isOvertaken) return;
  becomeFollower(raft, raft.term, null);
  raft.removed = true;
  trace(raft, { kind: 'removed', term: raft.term });
}
