import { assert } from '../assert.ts';
import type { Snapshot } from './log-entry.ts';

/** A snapshot on its way. It stays the same one until it is installed, even if a newer one is taken. */
export interface SnapshotTransfer {
  readonly snapshot: Snapshot;
  acknowledgedBytes: number;
  sentBytes: number;
  /** What was acknowledged when a heartbeat was last answered. */
  acknowledgedAtHeartbeat: number;
}

/**
 * What a leader knows of one other member.
 *
 * `probe`: the leader does not know where the logs agree and keeps one append under way at a time.
 * `replicate`: it does, and sends ahead of the answers, `inflight` being the appends that have not
 * been answered. `snapshot`: what the member lacks is compacted, so it gets a snapshot first.
 * Invariant: `matchIndex < nextIndex`.
 */
export interface Progress {
  state: 'probe' | 'replicate' | 'snapshot';
  matchIndex: number;
  nextIndex: number;
  /** In `probe`: an append is under way, the next waits for its answer or for a heartbeat's. */
  probeSent: boolean;
  inflight: { readonly lastIndex: number; readonly bytes: number }[];
  inflightBytes: number;
  transfer: SnapshotTransfer | null;
  /** The highest commit index that this member was told. */
  commitIndexSent: number;
  /** The highest round of ReadIndex that this member has confirmed (dissertation §6.4). */
  readRound: number;
  /** The leader's tick at which this member was last heard from; at first, when the leader began. */
  heardAtTick: number;
  /**
   * Rounds of catch-up (dissertation §4.2.1): a round replicates what was there at its begin. A member
   * whose last round took less than an election timeout is caught up.
   */
  roundEndIndex: number;
  roundBeganAtTick: number;
  isCaughtUp: boolean;
}

export function createProgress(nextIndex: number, tick: number): Progress {
  return {
    state: 'probe',
    matchIndex: 0,
    nextIndex,
    probeSent: false,
    inflight: [],
    inflightBytes: 0,
    transfer: null,
    commitIndexSent: 0,
    readRound: 0,
    heardAtTick: tick,
    roundEndIndex: nextIndex,
    roundBeganAtTick: tick,
    isCaughtUp: false,
  };
}

/**
 * To a member that is not caught up, as much as may be under way, and as large as a message may be. Its channel is new
 * as a rule, and doubles what it sends with each round trip: with more at once it overflows the other side's socket,
 * and then stands still for seconds.
 */
const CATCH_UP_WINDOW_BYTES = 1_048_576;
const CATCH_UP_MESSAGE_BYTES = 131_072;

export interface Window {
  readonly maxInflightAppends: number;
  readonly maxInflightBytes: number;
}

/** Whether the next append has to wait. */
export function isPaused(progress: Progress, window: Window): boolean {
  switch (progress.state) {
    case 'probe':
      return progress.probeSent;
    case 'replicate':
      return isWindowFull(progress, window);
    case 'snapshot':
      return true;
  }
}

export function isWindowFull(progress: Progress, { maxInflightAppends, maxInflightBytes }: Window): boolean {
  return (
    progress.inflight.length >= maxInflightAppends ||
    progress.inflightBytes >= withCare(progress, maxInflightBytes, CATCH_UP_WINDOW_BYTES)
  );
}

/** Of one message at most, where `maxBytes` is what a caught-up member gets. */
export function messageBytes(progress: Progress, maxBytes: number): number {
  return withCare(progress, maxBytes, CATCH_UP_MESSAGE_BYTES);
}

function withCare({ isCaughtUp }: Progress, bytes: number, catchUpBytes: number): number {
  return isCaughtUp ? bytes : Math.min(bytes, catchUpBytes);
}

/** An append up to `lastIndex` goes out. In `replicate` the next one follows on it at once. */
export function recordSent(progress: Progress, lastIndex: number, bytes: number): void {
  if (progress.state === 'probe') {
    progress.probeSent = true;
  } else if (bytes > 0) {
    progress.inflight.push({ lastIndex, bytes });
    progress.inflightBytes += bytes;
    progress.nextIndex = lastIndex + 1;
  }
}

/** Makes room for one append that finds out what became of those under way. */
export function forgetOldestInflight(progress: Progress): void {
  progress.inflightBytes -= progress.inflight.shift()?.bytes ?? 0;
}

export function recordAccepted(progress: Progress, matchIndex: number): void {
  progress.matchIndex = Math.max(progress.matchIndex, matchIndex);
  progress.nextIndex = Math.max(progress.nextIndex, progress.matchIndex + 1);
  let answered = 0;
  for (const { lastIndex, bytes } of progress.inflight) {
    if (lastIndex > progress.matchIndex) break;
    progress.inflightBytes -= bytes;
    answered += 1;
  }
  if (answered > 0) progress.inflight.splice(0, answered);
  const isInstalled = progress.matchIndex >= (progress.transfer?.snapshot.metadata.index ?? 0);
  if (progress.state === 'replicate' || !isInstalled) return;
  progress.state = 'replicate';
  progress.transfer = null;
  progress.probeSent = false;
  progress.nextIndex = progress.matchIndex + 1;
}

/** A rejection that answers an append older than what is known by now. */
export function isStaleRejection(progress: Progress, prevIndex: number): boolean {
  switch (progress.state) {
    case 'probe':
      return prevIndex !== progress.nextIndex - 1;
    case 'replicate':
      return prevIndex <= progress.matchIndex;
    case 'snapshot':
      return true;
  }
}

export function backToProbe(progress: Progress, nextIndex: number): void {
  assert(nextIndex > progress.matchIndex, 'the next index stays above the match index');
  progress.state = 'probe';
  progress.nextIndex = nextIndex;
  progress.probeSent = false;
  progress.inflight = [];
  progress.inflightBytes = 0;
}

/** What the member lacks is compacted: from here on it gets `snapshot`. */
export function beginSnapshot(progress: Progress, snapshot: Snapshot): void {
  assert(snapshot.metadata.index > progress.matchIndex, 'a snapshot brings what the member lacks');
  progress.state = 'snapshot';
  progress.isCaughtUp = false;
  progress.probeSent = false;
  progress.inflight = [];
  progress.inflightBytes = 0;
  progress.transfer = { snapshot, acknowledgedBytes: 0, sentBytes: 0, acknowledgedAtHeartbeat: 0 };
}

/** Ends a round of catch-up that has reached its end, and begins the next. */
export function recordRound(
  progress: Progress,
  lastIndex: number,
  tick: number,
  maxRoundTicks: number,
): void {
  if (progress.matchIndex < progress.roundEndIndex) return;
  progress.isCaughtUp = tick - progress.roundBeganAtTick <= maxRoundTicks;
  progress.roundEndIndex = lastIndex;
  progress.roundBeganAtTick = tick;
}
