import { DecodeError } from '../../core/bytes.ts';
import type { StoredRegisters } from '../../core/abd/register.ts';
import { encodeEntries } from '../../core/raft/entry-codec.ts';
import type { Entry } from '../../core/raft/log-entry.ts';
import { anotherMembers, corrupt, deleted, newerVersion, olderVersion } from '../errors.ts';
import { checkBatch } from '../extent.ts';
import type { StoredState, StoreIdentity, WriteBatch } from '../storage.ts';
import { decodeRun, decodeSnapshot, decodeStoredRegister, extentOf, type StoredSnapshot } from '../stored.ts';
import { writeAll } from '../private-files.ts';
import { FileReader, type LogFile } from './file.ts';
import {
  encodeHead,
  FRAME_BYTES,
  frameRecord,
  LOG_VERSION,
  readHead,
  readRecords,
  type Head,
} from './format.ts';
import { Live, type LiveRun, type LiveSnapshot, type Place } from './live.ts';
import { contentOf, decodeRecord, encodeRecord, NO_CONTENT, type RecordContent } from './record.ts';

export interface LogOptions {
  readonly identity: StoreIdentity;
  /** A member that is known to exist is never created anew: it would have forgotten its vote. */
  readonly mustExist: boolean;
  /** The log is rewritten once more than this of it counts no longer, and more than still does. */
  readonly maxDeadBytes: number;
}

export type LogFiles = readonly [LogFile, LogFile];

/** Rewritten, short runs and registers are put together to records of about this size. */
const REWRITTEN_BYTES = 262_144;

/**
 * A log in one of two files. The other is empty, except while the log is rewritten into it: that is complete, and
 * durable, before its head is written, and the old one is emptied before anything more is acknowledged. So whichever
 * file has a head of the higher generation is the whole log, wherever a crash has struck.
 *
 * Every call is synchronous, and throws where it fails; the log is not to be used then any more.
 */
export class Log {
  #live = new Live();
  /** Where the next record goes. */
  #end: number;

  /** Opens the log, or creates it. */
  static open(files: LogFiles, options: LogOptions): Log {
    const heads = files.map((file) => readHead(new FileReader(file)));
    const found = heads.flatMap((head, at) => (typeof head === 'object' ? [{ ...head, at }] : []));
    for (const { head } of found) checkHead(head, options.identity);
    const [newest, older] = found.sort((a, b) => b.head.generation - a.head.generation);
    if (newest === undefined) {
      if (heads.includes('damaged')) throw corrupt('its head does not parse');
      if (options.mustExist) throw deleted();
      return Log.#create(files, options);
    }
    if (newest.head.generation === older?.head.generation) throw corrupt('there are two of it');
    const [current, spare] = newest.at === 0 ? files : [files[1], files[0]];
    return new Log(options, current, spare, newest.head.generation, newest.end);
  }

  static #create(files: LogFiles, options: LogOptions): Log {
    const [current, spare] = files;
    const head = encodeHead({ version: LOG_VERSION, generation: 1, identity: options.identity });
    empty(current);
    writeAll(current, head, 0);
    current.flush();
    return new Log(options, current, spare, 1, head.length);
  }

  private constructor(
    private readonly options: LogOptions,
    private current: LogFile,
    private spare: LogFile,
    private generation: number,
    private headBytes: number,
  ) {
    const source = new FileReader(current);
    this.#end = readRecords(source, headBytes, generation, (payload, at) => {
      applyTo(this.#live, payload, at);
    });
    if (this.#end < source.size) {
      current.truncate(this.#end);
      current.flush();
    }
    // A rewriting that was not completed, or what it replaced.
    if (spare.getSize() > 0) empty(spare);
  }

  load(): StoredState {
    const { snapshot: stored, runs, hardState } = this.#live;
    const source = new FileReader(this.current);
    const snapshot = stored && decodeSnapshot(snapshotAt(stored, source));
    const entries = runs.flatMap((run) => entriesOf(run, source));
    extentOf(snapshot, entries);
    return { hardState, snapshot, entries };
  }

  loadRegisters(): StoredRegisters {
    const { replica, registers } = this.#live;
    const source = new FileReader(this.current);
    const inOrder = [...registers].sort(([, a], [, b]) => a.at - b.at);
    const stored = inOrder.map(([key, place]) => decodeStoredRegister(key, source.readPlace(place)));
    return { state: replica, registers: stored };
  }

  /** Durable when it returns. */
  append(batch: WriteBatch): void {
    checkBatch(batch, this.#live.extent);
    this.#end += writeRecord(contentOf(batch), this.current, this.#end, this.generation, this.#live);
    this.current.flush();
    const deadBytes = this.#end - this.headBytes - this.#live.bytes;
    if (deadBytes > Math.max(this.options.maxDeadBytes, this.#live.bytes)) this.#rewrite();
  }

  #rewrite(): void {
    const [old, target, generation] = [this.current, this.spare, this.generation + 1];
    const head = encodeHead({ version: LOG_VERSION, generation, identity: this.options.identity });
    const live = new Live();
    target.truncate(0);
    let end = head.length;
    for (const content of liveContents(this.#live, new FileReader(old)))
      end += writeRecord(content, target, end, generation, live);
    target.flush();
    writeAll(target, head, 0);
    target.flush();
    empty(old);
    [this.current, this.spare, this.generation] = [target, old, generation];
    [this.#live, this.#end, this.headBytes] = [live, end, head.length];
  }
}

function checkHead({ version, identity }: Head, expected: StoreIdentity): void {
  if (version > LOG_VERSION) throw newerVersion();
  if (version < LOG_VERSION) throw olderVersion();
  const { clusterId, memberId } = identity;
  if (clusterId !== expected.clusterId || memberId !== expected.memberId) throw anotherMembers();
}

/** Durably: what is written elsewhere afterwards would else stand beside an old log. */
function empty(file: LogFile): void {
  file.truncate(0);
  file.flush();
}

/** Returns how long the record is. */
function writeRecord(
  content: RecordContent,
  file: LogFile,
  at: number,
  generation: number,
  live: Live,
): number {
  const record = encodeRecord(content);
  frameRecord(record, generation, at);
  writeAll(file, record, at);
  applyTo(live, record.subarray(FRAME_BYTES), at + FRAME_BYTES);
  return record.length;
}

/** `at`: where the payload stands in its file. */
function applyTo(live: Live, payload: Uint8Array, at: number): void {
  const placeOf = ({ byteOffset, length }: Uint8Array): Place => ({
    at: at + byteOffset - payload.byteOffset,
    length,
  });
  try {
    live.apply(decodeRecord(payload), placeOf);
  } catch (error) {
    if (error instanceof DecodeError) throw corrupt(error.message);
    throw error;
  }
}

function entriesOf({ first, last, written, place }: LiveRun, source: FileReader): Entry[] {
  const entries = decodeRun({ first, last: written, bytes: source.readPlace(place) });
  return last < written ? entries.slice(0, last - first + 1) : entries;
}

function snapshotAt({ metadata, data }: LiveSnapshot, source: FileReader): StoredSnapshot {
  return { metadata: source.readPlace(metadata), data: source.readPlace(data) };
}

/** All that counts of a log, as the contents of the records that a new one begins with. */
function* liveContents(live: Live, source: FileReader): Generator<RecordContent> {
  const { runs, snapshot, registers, hardState, replica } = live;
  for (const group of inGroups(runs, ({ place }) => place.length)) {
    const entries = group.flatMap((run) => entriesOf(run, source));
    const [first, last] = [entries[0]?.index ?? 0, entries.at(-1)?.index ?? 0];
    yield { ...NO_CONTENT, run: { first, last, bytes: encodeEntries(entries) } };
  }
  if (snapshot !== null) yield { ...NO_CONTENT, snapshot: snapshotAt(snapshot, source) };
  const places = [...registers.values()].sort((a, b) => a.at - b.at);
  for (const group of inGroups(places, ({ length }) => length))
    yield { ...NO_CONTENT, registers: group.map((place) => source.readPlace(place)) };
  yield { ...NO_CONTENT, hardState, replica };
}

function* inGroups<T>(items: readonly T[], bytesOf: (item: T) => number): Generator<T[]> {
  let group: T[] = [];
  let bytes = 0;
  for (const item of items) {
    group.push(item);
    bytes += bytesOf(item);
    if (bytes < REWRITTEN_BYTES) continue;
    yield group;
    [group, bytes] = [[], 0];
  }
  if (group.length > 0) yield group;
}
