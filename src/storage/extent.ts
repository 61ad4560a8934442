import { StorageError, type WriteBatch } from './storage.ts';

/** What of a stored log the contract of `WriteBatch` depends on. `firstIndex` is that of no entry in an empty log. */
export interface LogExtent {
  readonly snapshotIndex: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
}

/** Checks the contract of `WriteBatch` against what is stored; what is stored after it. */
export function checkBatch(batch: WriteBatch, stored: LogExtent): LogExtent {
  const { truncateFrom, compactTo, entries } = batch;
  const snapshotIndex = batch.snapshot?.metadata.index ?? stored.snapshotIndex;
  if (snapshotIndex < stored.snapshotIndex) throw contractError('a snapshot replaces a newer one');
  if (compactTo !== null && compactTo > snapshotIndex)
    throw contractError(`entries up to ${compactTo} are removed, and the snapshot ends at ${snapshotIndex}`);
  if (truncateFrom !== null && (truncateFrom < 1 || truncateFrom > stored.lastIndex + 1))
    throw contractError(`a log of ${stored.lastIndex} entries is truncated at ${truncateFrom}`);
  let lastIndex = truncateFrom === null ? stored.lastIndex : truncateFrom - 1;
  let { firstIndex } = stored;
  if (lastIndex < firstIndex) {
    // Nothing is left: the log begins anew, and no later than right after the snapshot.
    firstIndex = Math.min(entries[0]?.index ?? snapshotIndex + 1, snapshotIndex + 1);
    lastIndex = firstIndex - 1;
  }
  for (const { index } of entries) {
    if (index !== lastIndex + 1) throw contractError(`entry ${index} follows entry ${lastIndex}`);
    lastIndex = index;
  }
  if (lastIndex < snapshotIndex) throw contractError(`entries end at ${lastIndex}, before the snapshot does`);
  return { snapshotIndex, firstIndex, lastIndex };
}

function contractError(what: string): StorageError {
  return new StorageError(
    'contract',
    `A write does not fit the stored log: ${what}. This is a bug; please report it.`,
  );
}
