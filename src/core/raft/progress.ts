import { assert } from '../assert.ts';

/**
 * What a leader knows of one other member.
 *
 * `probe`: the leader does not know where the logs agree and keeps one append under way at a time.
 * `replicate`: it does, and sends ahead of the answers, `inflight` being the last index of each append
 * that has not been answered. Invariant: `matchIndex < nextIndex`.
 */
export interface Progress {
  state: 'probe' | 'replicate';
  matchIndex: number;
  nextIndex: number;
  /** In `probe`: an append is under way, the next waits for its answer or for a heartbeat's. */
  probeSent: boolean;
  inflight: number[];
  /** The highest commit index that an append has carried to this member. */
  commitIndexSent: number;
  /** The highest round of ReadIndex that this member has confirmed (dissertation §6.4). */
  readRound: number;
  /** The leader's tick at which this member was last heard from in this term; null: not yet. */
  heardAtTick: number | null;
}

export function createProgress(nextIndex: number): Progress {
  return {
    state: 'probe',
    matchIndex: 0,
    nextIndex,
    probeSent: false,
    inflight: [],
    commitIndexSent: 0,
    readRound: 0,
    heardAtTick: null,
  };
}

export function isPaused(progress: Progress, maxInflight: number): boolean {
  return progress.state === 'probe' ? progress.probeSent : progress.inflight.length >= maxInflight;
}

/** An append up to `lastIndex` goes out. In `replicate` the next one follows on it at once. */
export function recordSent(progress: Progress, lastIndex: number, carriesEntries: boolean): void {
  if (progress.state === 'probe') {
    progress.probeSent = true;
  } else if (carriesEntries) {
    progress.inflight.push(lastIndex);
    progress.nextIndex = lastIndex + 1;
  }
}

/** Returns whether the answer told anything new. */
export function recordAccepted(progress: Progress, matchIndex: number): boolean {
  const advanced = matchIndex > progress.matchIndex;
  progress.matchIndex = Math.max(progress.matchIndex, matchIndex);
  progress.nextIndex = Math.max(progress.nextIndex, progress.matchIndex + 1);
  progress.inflight = progress.inflight.filter((lastIndex) => lastIndex > progress.matchIndex);
  if (progress.state === 'probe') {
    progress.state = 'replicate';
    progress.probeSent = false;
    progress.nextIndex = progress.matchIndex + 1;
  }
  return advanced;
}

/** A rejection that answers an append older than what is known by now. */
export function isStaleRejection(progress: Progress, prevIndex: number): boolean {
  return progress.state === 'replicate'
    ? prevIndex <= progress.matchIndex
    : prevIndex !== progress.nextIndex - 1;
}

export function backToProbe(progress: Progress, nextIndex: number): void {
  assert(nextIndex > progress.matchIndex, 'the next index stays above the match index');
  progress.state = 'probe';
  progress.nextIndex = nextIndex;
  progress.probeSent = false;
  progress.inflight = [];
}
