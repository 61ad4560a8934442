import { encodeRegister } from '../../core/abd/codec.ts';
import type { ReplicaState } from '../../core/abd/register.ts';
import { Reader, Writer } from '../../core/bytes.ts';
import {
  encodeEntries,
  encodeSnapshotMetadata,
  readMemberId,
  writeMemberId,
} from '../../core/raft/entry-codec.ts';
import type { HardState } from '../../core/raft/log-entry.ts';
import type { WriteBatch } from '../storage.ts';
import type { StoredRun, StoredSnapshot } from '../stored.ts';
import { FRAME_BYTES } from './format.ts';

/** What a record says: a batch, or a part of what a rewritten log begins with. */
export interface RecordContent {
  readonly hardState: HardState | null;
  readonly replica: ReplicaState | null;
  readonly truncateFrom: number | null;
  /** What is added behind what is left. */
  readonly run: StoredRun | null;
  readonly snapshot: StoredSnapshot | null;
  readonly compactTo: number | null;
  /** Encoded. */
  readonly registers: readonly Uint8Array[];
}

export const NO_CONTENT: RecordContent = {
  hardState: null,
  replica: null,
  truncateFrom: null,
  run: null,
  snapshot: null,
  compactTo: null,
  registers: [],
};

export function contentOf(batch: WriteBatch): RecordContent {
  const { hardState, snapshot, truncateFrom, compactTo, entries, registers = [], replica = null } = batch;
  const [first] = entries;
  const last = entries.at(-1);
  return {
    ...{ hardState, replica, truncateFrom, compactTo },
    run:
      first === undefined || last === undefined
        ? null
        : { first: first.index, last: last.index, bytes: encodeEntries(entries) },
    snapshot: snapshot && { metadata: encodeSnapshotMetadata(snapshot.metadata), data: snapshot.data },
    registers: registers.map((register) => encodeRegister(register)),
  };
}

/** Room for all but a snapshot, mostly. */
const SMALL_PARTS_BYTES = 1024;

/** Which parts follow, as bits of one byte. */
const PARTS = { hardState: 1, replica: 2, truncateFrom: 4, run: 8, snapshot: 16, compactTo: 32 } as const;
type Part = keyof typeof PARTS;

/** The payload, behind as many bytes as a frame takes. */
export function encodeRecord(content: RecordContent): Uint8Array<ArrayBuffer> {
  const { hardState, replica, truncateFrom, run, snapshot, compactTo, registers } = content;
  // A large snapshot is not to be copied more often than it must be.
  const writer = new Writer(SMALL_PARTS_BYTES + (snapshot?.data.length ?? 0));
  for (let free = 0; free < FRAME_BYTES; free += 1) writer.byte(0);
  const parts = Object.keys(PARTS) as Part[];
  writer.byte(parts.reduce((bits, part) => (content[part] === null ? bits : bits | PARTS[part]), 0));
  if (hardState !== null) writeHardState(writer, hardState);
  if (replica !== null) {
    writer.integer(replica.ready);
    writer.integer(replica.sealed);
  }
  if (truncateFrom !== null) writer.integer(truncateFrom);
  if (run !== null) {
    writer.integer(run.first);
    writer.integer(run.last);
    writer.bytes(run.bytes);
  }
  if (snapshot !== null) {
    writer.bytes(snapshot.metadata);
    writer.bytes(snapshot.data);
  }
  if (compactTo !== null) writer.integer(compactTo);
  writer.integer(registers.length);
  for (const register of registers) writer.bytes(register);
  return writer.finish();
}

/** Throws `DecodeError`. What is encoded in it stays so, as views of `payload`. */
export function decodeRecord(payload: Uint8Array): RecordContent {
  const reader = new Reader(payload);
  const bits = reader.byte();
  const part = <T>(name: Part, read: () => T): T | null => ((bits & PARTS[name]) === 0 ? null : read());
  const bytes = (): Uint8Array => reader.bytes(payload.length);
  const content = {
    hardState: part('hardState', () => readHardState(reader)),
    replica: part('replica', () => ({ ready: reader.integer(), sealed: reader.integer() })),
    truncateFrom: part('truncateFrom', () => reader.integer()),
    run: part('run', () => ({ first: reader.integer(), last: reader.integer(), bytes: bytes() })),
    snapshot: part('snapshot', () => ({ metadata: bytes(), data: bytes() })),
    compactTo: part('compactTo', () => reader.integer()),
    registers: Array.from({ length: reader.count(payload.length) }, bytes),
  };
  reader.end();
  return content;
}

function writeHardState(writer: Writer, { term, votedFor, commitIndex }: HardState): void {
  writer.integer(term);
  writer.bool(votedFor !== null);
  if (votedFor !== null) writeMemberId(writer, votedFor);
  writer.integer(commitIndex);
}

function readHardState(reader: Reader): HardState {
  const term = reader.integer();
  const votedFor = reader.bool() ? readMemberId(reader) : null;
  return { term, votedFor, commitIndex: reader.integer() };
}
