import { unreachable } from '../assert.ts';
import { DecodeError, encoded, Reader, type Writer } from '../bytes.ts';
import type { MemberId } from '../ids.ts';
import {
  MAX_COMMAND_BYTES,
  MAX_MEMBERS,
  MAX_SNAPSHOT_BYTES,
  type Configuration,
  type Entry,
  type Member,
  type Payload,
  type SnapshotMetadata,
} from './log-entry.ts';

/** Bounds of what is believed from a peer or a disk. */
const MAX_NAME_BYTES = 64;
const MAX_ENTRIES = 1_000_000;

const PAYLOAD_TAGS = { noop: 0, command: 1, configuration: 2 } as const;

export function writeMemberId(writer: Writer, id: MemberId): void {
  writer.text(id);
}

export function readMemberId(reader: Reader): MemberId {
  const text = reader.text(64);
  if (!/^[A-Za-z0-9_-]{16,64}$/.test(text))
    throw new DecodeError('a member id has 16 to 64 of A-Z a-z 0-9 _ -');
  return text as MemberId;
}

function writeMembers(writer: Writer, members: readonly Member[]): void {
  writer.integer(members.length);
  for (const { id, name, kind } of members) {
    writeMemberId(writer, id);
    writer.text(name);
    writer.bool(kind === 'voter');
  }
}

function readMembers(reader: Reader): Member[] {
  const members: Member[] = [];
  for (let left = reader.count(MAX_MEMBERS); left > 0; left -= 1) {
    const id = readMemberId(reader);
    const name = reader.text(MAX_NAME_BYTES);
    members.push({ id, name, kind: reader.bool() ? 'voter' : 'learner' });
  }
  if (new Set(members.map(({ id }) => id)).size < members.length)
    throw new DecodeError('a member stands twice');
  return members;
}

function writeConfiguration(writer: Writer, { members, outgoing, namesAssigned }: Configuration): void {
  writer.integer(namesAssigned);
  writeMembers(writer, members);
  writer.bool(outgoing !== null);
  if (outgoing !== null) writeMembers(writer, outgoing);
}

function readConfiguration(reader: Reader): Configuration {
  const namesAssigned = reader.integer();
  const members = readMembers(reader);
  return { members, outgoing: reader.bool() ? readMembers(reader) : null, namesAssigned };
}

export function writeSnapshotMetadata(writer: Writer, metadata: SnapshotMetadata): void {
  writer.integer(metadata.index);
  writer.integer(metadata.term);
  writer.integer(metadata.timeMs);
  writer.integer(metadata.configurationIndex);
  writeConfiguration(writer, metadata.configuration);
  writer.integer(metadata.bytes);
  writer.integer(metadata.checksum);
}

export function readSnapshotMetadata(reader: Reader): SnapshotMetadata {
  const [index, term, timeMs, configurationIndex] = [
    reader.integer(),
    reader.integer(),
    reader.integer(),
    reader.integer(),
  ];
  const configuration = readConfiguration(reader);
  const [bytes, checksum] = [reader.integer(), reader.integer()];
  if (index === 0 || configurationIndex > index || bytes === 0 || bytes > MAX_SNAPSHOT_BYTES)
    throw new DecodeError('this is no description of a snapshot');
  return { index, term, timeMs, configuration, configurationIndex, bytes, checksum };
}

/** Metadata as a store keeps them beside the data. */
export function encodeSnapshotMetadata(metadata: SnapshotMetadata): Uint8Array<ArrayBuffer> {
  return encoded((writer) => writeSnapshotMetadata(writer, metadata));
}

/** Throws `DecodeError`. */
export function decodeSnapshotMetadata(bytes: Uint8Array): SnapshotMetadata {
  const reader = new Reader(bytes);
  const metadata = readSnapshotMetadata(reader);
  reader.end();
  return metadata;
}

function writePayload(writer: Writer, payload: Payload): void {
  writer.byte(PAYLOAD_TAGS[payload.kind]);
  switch (payload.kind) {
    case 'noop':
      return;
    case 'command':
      writer.integer(payload.timeMs);
      writer.bytes(payload.command);
      return;
    case 'configuration':
      writeConfiguration(writer, payload.configuration);
      return;
    default:
      unreachable(payload);
  }
}

function readPayload(reader: Reader): Payload {
  const tag = reader.byte();
  switch (tag) {
    case PAYLOAD_TAGS.noop:
      return { kind: 'noop' };
    case PAYLOAD_TAGS.command:
      return { kind: 'command', timeMs: reader.integer(), command: reader.bytes(MAX_COMMAND_BYTES) };
    case PAYLOAD_TAGS.configuration:
      return { kind: 'configuration', configuration: readConfiguration(reader) };
    default:
      throw new DecodeError(`${tag} is no kind of entry`);
  }
}

/** A run of entries and its bytes, which may be a part of something larger. */
interface EncodedRun {
  readonly first: Entry | undefined;
  readonly last: Entry | undefined;
  readonly bytes: Uint8Array;
}

/**
 * The run that was encoded or decoded last: a leader stores it and sends it to each follower, a follower stores what it
 * was sent. Entries never change, and whatever lies between two of them in a log goes when the later one goes, so that
 * the ends of a run say all of it.
 */
let newest: EncodedRun | null = null;

/** To write larger entries is no more than to copy their bytes: those are written anew each time. */
const MAX_KEPT_ENTRY_BYTES = 1024;

function remember(entries: readonly Entry[], bytes: Uint8Array): void {
  newest = { first: entries[0], last: entries.at(-1), bytes };
}

/** A contiguous run: the first index once, then each entry's term and payload. */
export function writeEntries(writer: Writer, entries: readonly Entry[]): void {
  if (newest !== null && newest.first === entries[0] && newest.last === entries.at(-1)) {
    writer.raw(newest.bytes);
    return;
  }
  const begin = writer.length;
  writeRun(writer, entries);
  const bytes = writer.view().subarray(begin);
  if (bytes.length < MAX_KEPT_ENTRY_BYTES * entries.length) remember(entries, bytes.slice());
}

function writeRun(writer: Writer, entries: readonly Entry[]): void {
  writer.integer(entries.length);
  writer.integer(entries[0]?.index ?? 0);
  for (const { term, payload } of entries) {
    writer.integer(term);
    writePayload(writer, payload);
  }
}

export function readEntries(reader: Reader): Entry[] {
  const begin = reader.position;
  const count = reader.count(MAX_ENTRIES);
  const first = reader.integer();
  if (count > 0 && first === 0) throw new DecodeError('the first entry has index 1');
  if (count === 0 && first !== 0) throw new DecodeError('no entry has an index where there are none');
  if (first + count > Number.MAX_SAFE_INTEGER) throw new DecodeError('an index is too large');
  const entries: Entry[] = [];
  for (let index = first; index < first + count; index += 1) {
    const term = reader.integer();
    if (term < (entries.at(-1)?.term ?? 1)) throw new DecodeError('terms never decrease along a log');
    entries.push({ index, term, payload: readPayload(reader) });
  }
  if (count > 0) remember(entries, reader.since(begin));
  return entries;
}

/** In a buffer of their own: a store would copy all that they are a part of. */
export function encodeEntries(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  return encoded((writer) => writeEntries(writer, entries));
}

/** Throws `DecodeError`. Commands are views of `bytes`. */
export function decodeEntries(bytes: Uint8Array): Entry[] {
  const reader = new Reader(bytes);
  const entries = readEntries(reader);
  reader.end();
  return entries;
}
