import { allMembers, voters } from './configuration.ts';
import type { RaftOptions } from './interface.ts';
import { configurationInForce, ownKind, type Leadership, type Raft } from './state.ts';

/**
 * When nothing happens for a while: a leader whose followers have all that there is says less often that it is there,
 * and ticks at which nothing is due need not wake anybody (docs/decisions/0020).
 */

/** Heartbeats of a leader at rest are this many times as far apart, … */
const RESTING_FACTOR = 2;
/** … as long as the shortest election timeout has this many of them. */
const HEARTBEATS_PER_TIMEOUT = 5;

/** A heartbeat that is lost is what a follower's next entry waits for, so only a leader at rest takes its time. */
export function heartbeatTicks(raft: Raft, leadership: Leadership): number {
  return isAtRest(raft, leadership, 0) ? restingTicks(raft.options) : raft.options.heartbeatTicks;
}

function restingTicks({ heartbeatTicks: usual, electionTimeoutTicks: [shortest] }: RaftOptions): number {
  return Math.max(usual, Math.min(RESTING_FACTOR * usual, Math.floor(shortest / HEARTBEATS_PER_TIMEOUT)));
}

/**
 * So many of the next ticks change nothing but how many there were, if nothing else comes: they may be told late, all
 * at once, before whatever comes next. 0: something may be due at the very next.
 */
export function uneventfulTicks(raft: Raft): number {
  const { requests, reads, transfer, leadership } = raft;
  // A read that nobody waits for any more is forgotten with some later tick.
  if (requests.size > 0 || reads.underWay !== null || transfer !== null) return 0;
  if (leadership === null) return ticksToElection(raft);
  const count = restingTicks(raft.options) - raft.heartbeatElapsedTicks - 1;
  return isAtRest(raft, leadership, count) ? Math.max(0, count) : 0;
}

function ticksToElection(raft: Raft): number {
  if (raft.role !== 'follower' || raft.leader === null || ownKind(raft) === null) return 0;
  return Math.max(0, raft.electionTimeoutTicks - raft.electionElapsedTicks - 1);
}

/**
 * All members have the whole log, were told what of it is committed, and are there, `ahead` ticks from now as well if
 * nothing comes; nobody is to be promoted or replaced.
 */
function isAtRest(raft: Raft, leadership: Leadership, ahead: number): boolean {
  const { index, configuration } = configurationInForce(raft);
  if (configuration.outgoing !== null || index > raft.commitIndex) return false;
  if (leadership.confirmedRound < leadership.readRound) return false;
  const members = allMembers(configuration);
  const { length: voterCount } = voters(configuration);
  if (voterCount < members.length && voterCount < raft.options.targetVoters) return false;
  const oldestTick = raft.ticks + ahead - raft.options.electionTimeoutTicks[0] / 2;
  return members.every(({ id }) => {
    if (id === raft.id) return true;
    const progress = leadership.progress.get(id);
    if (progress === undefined) return false;
    const { matchIndex, commitIndexSent, heardAtTick } = progress;
    const hasAll = matchIndex === raft.log.lastIndex && commitIndexSent >= raft.commitIndex;
    return hasAll && heardAtTick >= oldestTick;
  });
}
