import { decodeRegister } from '../core/abd/codec.ts';
import type { Register } from '../core/abd/register.ts';
import { DecodeError } from '../core/bytes.ts';
import { crc32 } from '../core/raft/checksum.ts';
import { decodeEntries, decodeSnapshotMetadata } from '../core/raft/entry-codec.ts';
import type { Entry, HardState, Snapshot } from '../core/raft/log-entry.ts';
import { corrupt } from './errors.ts';
import type { LogExtent } from './extent.ts';

/** What was read from a disk, parsed and judged. Every function here throws a `StorageError` for what cannot be. */

/** A contiguous run of entries, as they were written together. */
export interface StoredRun {
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array;
  /** What the hard state says besides, since then. Absent: no more than what stands there. */
  readonly commitIndex?: number;
}

export interface StoredSnapshot {
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

export function decodeSnapshot({ metadata: bytes, data }: StoredSnapshot): Snapshot {
  const metadata = parsed('its snapshot does not parse', () => decodeSnapshotMetadata(bytes));
  if (metadata.bytes === data.length && metadata.checksum === crc32(data)) return { metadata, data };
  throw corrupt('its snapshot does not parse');
}

export function decodeStoredRegister(key: string, bytes: Uint8Array): Register {
  const what = `the register "${key}" does not parse`;
  const register = parsed(what, () => decodeRegister(bytes));
  if (register.key === key) return register;
  throw corrupt(what);
}

export function decodeRun({ first, last, bytes }: StoredRun): Entry[] {
  const what = `the run from entry ${first} is damaged`;
  const entries = parsed(what, () => decodeEntries(bytes));
  if (entries[0]?.index === first && entries.at(-1)?.index === last) return entries;
  throw corrupt(what);
}

/** With what the runs say of it. Null: there is none. */
export function hardStateOf(stored: HardState | undefined, runs: readonly StoredRun[]): HardState | null {
  if (stored === undefined) return null;
  let { commitIndex } = stored;
  for (const run of runs) commitIndex = Math.max(commitIndex, run.commitIndex ?? 0);
  return { ...stored, commitIndex };
}

/** Of all that was loaded: nothing may be missing in between, nor behind the snapshot. */
export function extentOf(snapshot: Snapshot | null, entries: readonly Entry[]): LogExtent {
  const snapshotIndex = snapshot?.metadata.index ?? 0;
  const firstIndex = entries[0]?.index ?? snapshotIndex + 1;
  const gap = entries.findIndex((entry, position) => entry.index !== firstIndex + position);
  if (gap >= 0) throw corrupt(`entry ${firstIndex + gap} is missing`);
  if (firstIndex > snapshotIndex + 1) throw corrupt(`entry ${snapshotIndex + 1} is missing`);
  const lastIndex = entries.at(-1)?.index ?? snapshotIndex;
  if (lastIndex < snapshotIndex) throw corrupt('it ends before its snapshot does');
  return { snapshotIndex, firstIndex, lastIndex };
}

function parsed<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof DecodeError) throw corrupt(what);
    throw error;
  }
}
