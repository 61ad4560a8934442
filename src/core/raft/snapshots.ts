import { concatenate } from '../bytes.ts';
import type { MemberId } from '../ids.ts';
import { crc32 } from './checksum.ts';
import { findMember } from './configuration.ts';
import { MAX_SNAPSHOT_BYTES, type Snapshot, type SnapshotMetadata } from './log-entry.ts';
import { entryBytes } from './log.ts';
import type { SnapshotRequest } from './message.ts';
import { followLeader, respondAccepted } from './replication.ts';
import { abandonWaiters } from './requests.ts';
import { configurationUpTo, refuse, send, snapshotIndex, trace, type Raft } from './state.ts';

/** Log compaction (§7; dissertation, chapter 5): taking snapshots, and the receiver's side of InstallSnapshot. */

// ── Taking ──────────────────────────────────────────────────────────────────────────────────────

/**
 * Asks for a snapshot once enough has been applied. Called before this turn's entries are delivered:
 * the state machine stands at `appliedIndex`, if nothing is on its way to it.
 */
export function askForSnapshot(raft: Raft): void {
  const { appliedIndex: index, options } = raft;
  const entries = index - snapshotIndex(raft);
  if (entries === 0) raft.isSnapshotWanted = false;
  if (raft.snapshotUnderWay !== null || index !== raft.deliveredIndex || entries === 0) return;
  // A removed server finds out by its log, when it starts again, that it was.
  if (raft.removed) return;
  const isDue =
    (entries >= options.snapshotEntries || raft.deliveredBytes >= options.snapshotBytes) &&
    // A large state is not written again and again for a few entries, but once the log is as large (dissertation §5.1.2).
    raft.deliveredBytes >= (raft.snapshot?.data.length ?? 0);
  if (!isDue && !raft.isSnapshotWanted) return;
  const term = raft.log.termAt(index);
  const held = configurationUpTo(raft, index);
  if (term === null || held.index === 0) return;
  raft.isSnapshotWanted = false;
  raft.snapshotUnderWay = {
    index,
    term,
    timeMs: raft.deliveredTimeMs,
    configuration: held.configuration,
    configurationIndex: held.index,
  };
  raft.deliveredBytes = 0;
  raft.effects.push({ type: 'snapshot', index });
}

export function handleSnapshotTaken(raft: Raft, index: number, data: Uint8Array): void {
  const begun = raft.snapshotUnderWay;
  raft.snapshotUnderWay = null;
  // One that was installed meanwhile covers more.
  if (begun?.index !== index || index <= snapshotIndex(raft)) return;
  raft.snapshot = { metadata: { ...begun, bytes: data.length, checksum: crc32(data) }, data };
  raft.unwrittenSnapshot = true;
  raft.configurations = raft.configurations.filter((known) => known.index >= begun.configurationIndex);
  const compactTo = oldestRetained(raft, index) - 1;
  if (compactTo >= raft.log.firstIndex) {
    raft.log.compactTo(compactTo);
    raft.compactTo = compactTo;
  }
  trace(raft, { kind: 'snapshot', index, origin: 'taken' });
}

/** Some entries behind the snapshot stay, for followers that lag a little; bounded in bytes as well. */
function oldestRetained(raft: Raft, index: number): number {
  const { retainedEntries, snapshotBytes } = raft.options;
  let oldest = index + 1;
  let bytes = 0;
  while (oldest > raft.log.firstIndex && index + 1 - oldest < retainedEntries) {
    bytes += entryBytes(raft.log.at(oldest - 1));
    if (bytes > snapshotBytes) break;
    oldest -= 1;
  }
  return oldest;
}

// ── Receiving ───────────────────────────────────────────────────────────────────────────────────

/** InstallSnapshot, receiver's side (Figure 13). */
export function handleSnapshotRequest(raft: Raft, message: SnapshotRequest): void {
  if (!followLeader(raft, message)) return;
  const { metadata, offset, part, from } = message;
  const { index, term } = metadata;
  if (index <= raft.commitIndex || raft.log.termAt(index) === term) {
    // The log has it all: what the leader's snapshot covers is committed.
    raft.commitIndex = Math.max(raft.commitIndex, index);
    raft.incoming = null;
    respondAccepted(raft, from, raft.commitIndex);
    return;
  }
  if (metadata.bytes > MAX_SNAPSHOT_BYTES) {
    refuse(raft, from, message.type, `a snapshot of ${metadata.bytes} bytes is too large`);
    return;
  }
  if (raft.incoming === null || !isSame(raft.incoming.metadata, metadata)) {
    raft.incoming = { metadata, parts: [], receivedBytes: 0 };
  }
  const { incoming } = raft;
  if (offset === incoming.receivedBytes && part.length > 0) {
    incoming.parts.push(part);
    incoming.receivedBytes += part.length;
  }
  if (incoming.receivedBytes >= metadata.bytes) finishIncoming(raft, from);
  else respondReceived(raft, from, index, incoming.receivedBytes);
}

/** Every server's snapshot at an index is the same, so that another leader may send the rest. */
function isSame(a: SnapshotMetadata, b: SnapshotMetadata): boolean {
  return a.index === b.index && a.term === b.term && a.bytes === b.bytes && a.checksum === b.checksum;
}

function respondReceived(raft: Raft, to: MemberId, index: number, receivedBytes: number): void {
  send(raft, { type: 'snapshotResponse', from: raft.id, to, term: raft.term, index, receivedBytes });
}

function finishIncoming(raft: Raft, from: MemberId): void {
  const { incoming } = raft;
  if (incoming === null) return;
  const { metadata, parts } = incoming;
  raft.incoming = null;
  const data = concatenate(parts, incoming.receivedBytes);
  if (data.length !== metadata.bytes || crc32(data) !== metadata.checksum) {
    refuse(raft, from, 'snapshotRequest', 'the parts do not make the snapshot that was announced');
    respondReceived(raft, from, metadata.index, 0);
    return;
  }
  install(raft, { metadata, data });
  respondAccepted(raft, from, metadata.index);
}

/** This log ends before the snapshot, or contradicts it: all of it is replaced (§7). */
function install(raft: Raft, snapshot: Snapshot): void {
  const { index, term, timeMs, configuration, configurationIndex } = snapshot.metadata;
  raft.durableIndex = Math.min(raft.durableIndex, raft.commitIndex);
  for (const write of raft.writes) write.lastIndex = Math.min(write.lastIndex, raft.commitIndex);
  raft.snapshot = snapshot;
  raft.unwrittenSnapshot = true;
  raft.removeFrom = 1;
  raft.compactTo = null;
  raft.log.reset({ index, term });
  raft.unwrittenFrom = index + 1;
  raft.configurations = [{ index: configurationIndex, configuration }];
  if (findMember(configuration, raft.id) !== null) raft.removed = false;
  raft.snapshotUnderWay = null;
  raft.deliveredBytes = 0;
  raft.deliveredTimeMs = timeMs;
  raft.logTimeMs = Math.max(raft.logTimeMs, timeMs);
  raft.commitIndex = index;
  raft.deliveredIndex = index;
  raft.appliedIndex = index;
  abandonWaiters(raft, index);
  raft.effects.push({ type: 'restore', snapshot });
  trace(raft, { kind: 'configuration', index: configurationIndex, configuration });
  trace(raft, { kind: 'snapshot', index, origin: 'installed' });
}
