import { DecodeError, Reader, Writer } from '../../core/bytes.ts';
import { crc32 } from '../../core/raft/checksum.ts';
import { corrupt } from '../errors.ts';
import type { StoreIdentity } from '../storage.ts';

/**
 * The bytes of a log file: a head, then records one after the other. All numbers are big-endian.
 *
 *     head     magic (8)   version (4)  length (4)       checksum (4)      body: generation, whose it is
 *     record   marker (4)  length (4)   checksum of the  checksum of       payload
 *                                       payload (4)      all of this (4)
 *
 * Each record is flushed before the next one is written. So only the last can be torn by a crash, and whatever is
 * behind a damaged one proves that it once was whole: then it is damage, and no log to go on with.
 */

/** Raised whenever the layout changes. The head's own frame stays as it is, so that any version can refuse any other. */
export const LOG_VERSION = 1;

export interface Head {
  readonly version: number;
  /** Of two files, the one of the higher generation has replaced the other. */
  readonly generation: number;
  readonly identity: StoreIdentity;
}

/** Bytes to be read, wherever they are; callers stay within `size`. */
export interface Source {
  readonly size: number;
  read(at: number, length: number): Uint8Array;
}

const MAGIC = new TextEncoder().encode('tabraftL');
const MARKER = Uint8Array.of(0xf7, 0x72, 0x65, 0x63);
const HEAD_FRAME_BYTES = 20;
/** In front of each record's payload. */
export const FRAME_BYTES = 16;
const MAX_HEAD_BYTES = 1024;
const SEARCH_BYTES = 65_536;

export function encodeHead({ version, generation, identity }: Head): Uint8Array<ArrayBuffer> {
  const writer = new Writer();
  writer.integer(generation);
  writer.text(identity.clusterId);
  writer.text(identity.memberId);
  const body = writer.finish();
  const bytes = new Uint8Array(HEAD_FRAME_BYTES + body.length);
  bytes.set(MAGIC);
  bytes.set(body, HEAD_FRAME_BYTES);
  const frame = viewOf(bytes);
  frame.setUint32(8, version);
  frame.setUint32(12, body.length);
  frame.setUint32(16, headChecksum(bytes));
  return bytes;
}

/**
 * The head, and where the records begin. `missing`: not even the begin of one is there, as where a file was just
 * created or emptied. The identity of another version's head is not read.
 */
export function readHead(source: Source): { head: Head; end: number } | 'missing' | 'damaged' {
  if (source.size < HEAD_FRAME_BYTES) return 'missing';
  const frame = source.read(0, HEAD_FRAME_BYTES);
  const fields = viewOf(frame);
  const length = fields.getUint32(12);
  const end = HEAD_FRAME_BYTES + length;
  if (!MAGIC.every((byte, at) => frame[at] === byte) || length > MAX_HEAD_BYTES || end > source.size)
    return 'damaged';
  const bytes = source.read(0, end);
  if (headChecksum(bytes) !== fields.getUint32(16)) return 'damaged';
  const version = fields.getUint32(8);
  if (version !== LOG_VERSION)
    return { head: { version, generation: 0, identity: { clusterId: '', memberId: '' } }, end };
  try {
    const reader = new Reader(bytes.subarray(HEAD_FRAME_BYTES));
    const generation = reader.integer();
    const identity = { clusterId: reader.text(MAX_HEAD_BYTES), memberId: reader.text(MAX_HEAD_BYTES) };
    reader.end();
    return { head: { version, generation, identity }, end };
  } catch (error) {
    if (error instanceof DecodeError) return 'damaged';
    throw error;
  }
}

/** Of all but the checksum itself. */
function headChecksum(bytes: Uint8Array): number {
  const covered = bytes.slice();
  covered.fill(0, 16, HEAD_FRAME_BYTES);
  return crc32(covered);
}

/** Fills the frame in front of a record's payload: the first `FRAME_BYTES` of `record`. */
export function frameRecord(record: Uint8Array, generation: number, at: number): void {
  const length = record.length - FRAME_BYTES;
  const checksum = crc32(record.subarray(FRAME_BYTES));
  const frame = viewOf(record);
  record.set(MARKER);
  frame.setUint32(4, length);
  frame.setUint32(8, checksum);
  frame.setUint32(12, frameChecksum({ length, checksum }, generation, at));
}

/**
 * Hands over the payload of each record from `from` on, and returns where the last whole one ends: what is behind
 * it is a torn write. Throws where a record is damaged that others were written behind.
 */
export function readRecords(
  source: Source,
  from: number,
  generation: number,
  onRecord: (payload: Uint8Array, at: number) => void,
): number {
  let at = from;
  while (at < source.size) {
    const frame = readFrame(source, at, generation);
    if (frame === null) {
      if (hasFrameBehind(source, at, generation)) throw corrupt(`the record at byte ${at} does not parse`);
      return at;
    }
    const begin = at + FRAME_BYTES;
    const end = begin + frame.length;
    if (end > source.size) return at;
    const payload = source.read(begin, frame.length);
    if (crc32(payload) !== frame.checksum) {
      if (end < source.size) throw corrupt(`the record at byte ${at} has a wrong checksum`);
      return at;
    }
    onRecord(payload, begin);
    at = end;
  }
  return at;
}

interface Frame {
  readonly length: number;
  readonly checksum: number;
}

function readFrame(source: Source, at: number, generation: number): Frame | null {
  if (at + FRAME_BYTES > source.size) return null;
  const bytes = source.read(at, FRAME_BYTES);
  if (!MARKER.every((byte, position) => bytes[position] === byte)) return null;
  const fields = viewOf(bytes);
  const frame = { length: fields.getUint32(4), checksum: fields.getUint32(8) };
  return fields.getUint32(12) === frameChecksum(frame, generation, at) ? frame : null;
}

/** Covers its place and its file's generation, so that no bytes inside of a value can pass for a record. */
function frameChecksum({ length, checksum }: Frame, generation: number, at: number): number {
  const covered = new DataView(new ArrayBuffer(24));
  covered.setFloat64(0, generation);
  covered.setFloat64(8, at);
  covered.setUint32(16, length);
  covered.setUint32(20, checksum);
  return crc32(new Uint8Array(covered.buffer));
}

function hasFrameBehind(source: Source, at: number, generation: number): boolean {
  const [first = 0] = MARKER;
  for (let from = at + 1; from + FRAME_BYTES <= source.size; from += SEARCH_BYTES) {
    const searched = source.read(from, Math.min(SEARCH_BYTES, source.size - from));
    for (let found = searched.indexOf(first); found >= 0; found = searched.indexOf(first, found + 1))
      if (readFrame(source, from + found, generation) !== null) return true;
  }
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
