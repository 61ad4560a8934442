import type { MemberId } from '../ids.ts';
import type { SnapshotResponse } from './message.ts';
import { beginSnapshot, messageBytes, type Progress } from './progress.ts';
import { refuse, send, type Raft } from './state.ts';

/** The leader's side of InstallSnapshot (§7): a snapshot goes out in parts, a window of them at a time. */

const WINDOW_PARTS = 4;

/** What `to` lacks is compacted: it gets this server's snapshot, part by part. */
export function sendSnapshot(raft: Raft, to: MemberId, progress: Progress): void {
  if (raft.snapshot === null) return;
  beginSnapshot(progress, raft.snapshot);
  sendParts(raft, to, progress);
}

function sendParts(raft: Raft, to: MemberId, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === null) return;
  const { metadata, data } = transfer.snapshot;
  const partBytes = messageBytes(progress, raft.options.maxAppendBytes);
  while (
    transfer.sentBytes < data.length &&
    transfer.sentBytes - transfer.acknowledgedBytes < WINDOW_PARTS * partBytes
  ) {
    const offset = transfer.sentBytes;
    const part = data.subarray(offset, offset + partBytes);
    send(raft, { type: 'snapshotRequest', from: raft.id, to, term: raft.term, metadata, offset, part });
    transfer.sentBytes += part.length;
  }
}

export function advanceSnapshot(raft: Raft, progress: Progress, message: SnapshotResponse): void {
  const { transfer } = progress;
  if (transfer?.snapshot.metadata.index !== message.index) return;
  if (message.receivedBytes > transfer.snapshot.data.length) {
    refuse(raft, message.from, message.type, 'it has more of the snapshot than there is');
    return;
  }
  // What the receiver says is what counts: it may have lost all of it, or have parts from an earlier leader.
  const isLost = message.receivedBytes < transfer.acknowledgedBytes;
  transfer.acknowledgedBytes = message.receivedBytes;
  if (isLost) transfer.sentBytes = message.receivedBytes;
  transfer.sentBytes = Math.max(transfer.sentBytes, message.receivedBytes);
  sendParts(raft, message.from, progress);
}

/**
 * A heartbeat was answered, and since the one before it no part: what is under way is lost. As long as
 * parts are acknowledged, the window sees to it that more follow.
 */
export function resumeSnapshot(raft: Raft, to: MemberId, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === null) return;
  const hasAdvanced = transfer.acknowledgedBytes !== transfer.acknowledgedAtHeartbeat;
  transfer.acknowledgedAtHeartbeat = transfer.acknowledgedBytes;
  if (hasAdvanced) return;
  transfer.sentBytes = transfer.acknowledgedBytes;
  // All arrived and nothing came of it: any part asks for the acknowledgement.
  if (transfer.sentBytes === transfer.snapshot.data.length) transfer.sentBytes -= 1;
  sendParts(raft, to, progress);
}
