import type { MemberId } from '../core/ids.ts';
import {
  openPrivateFiles,
  privateDirectory,
  removePrivateEntry,
  writeAll,
} from '../storage/private-files.ts';
import type { TraceChunk, TraceStore } from './store.ts';

/** Where a chunk's bytes stand. */
interface Place {
  readonly file: 0 | 1;
  readonly offset: number;
  readonly length: number;
  readonly last: number;
}

interface Handles {
  /** Which run it is, and which file is written. */
  readonly head: FileSystemSyncAccessHandle;
  readonly files: readonly [FileSystemSyncAccessHandle, FileSystemSyncAccessHandle];
}

const ROOT = 'tabraft-trace';
/** The run (8 bytes), and the file (1). */
const HEAD_BYTES = 9;
/** Before each chunk: its length (4 bytes), and the number of its last event (8). */
const CHUNK_HEAD_BYTES = 12;

export async function deleteStoredTrace(clusterId: string, memberId: MemberId): Promise<void> {
  await removePrivateEntry(await privateDirectory(ROOT, clusterId), memberId);
}

/**
 * Opens a node's trace in the origin's private file system, or creates it, and begins a run. Two files are written in
 * turn, each up to half of `maxBytes`, so that to give up the oldest is to empty one of them.
 */
export async function openOpfsTrace(
  clusterId: string,
  memberId: MemberId,
  maxBytes: number,
): Promise<TraceStore> {
  const directory = await privateDirectory(ROOT, clusterId, memberId);
  const [head, ...files] = await openPrivateFiles(directory, ['head', '0', '1'] as const);
  try {
    return new OpfsTrace({ head, files }, maxBytes / 2);
  } catch (error) {
    for (const file of [head, ...files]) file.close();
    throw error;
  }
}

class OpfsTrace implements TraceStore {
  readonly run: number;
  #current: 0 | 1;
  #size: number;
  /** Oldest first. */
  #places: Place[];

  constructor(
    private readonly handles: Handles,
    private readonly maxFileBytes: number,
  ) {
    const { run, file } = readHead(handles.head);
    this.run = run + 1;
    this.#current = file;
    this.#writeHead();
    const current = [...placesIn(handles.files[file], file)];
    this.#places = [...placesIn(handles.files[otherThan(file)], otherThan(file)), ...current];
    const last = current.at(-1);
    this.#size = last === undefined ? 0 : last.offset + last.length;
    // A killed process may have left half a chunk.
    handles.files[file].truncate(this.#size);
  }

  append({ last, bytes }: TraceChunk): void {
    const needed = CHUNK_HEAD_BYTES + bytes.length;
    if (this.#size > 0 && this.#size + needed > this.maxFileBytes) this.#turn();
    const written = new Uint8Array(needed);
    const head = new DataView(written.buffer);
    head.setUint32(0, bytes.length);
    head.setFloat64(4, last);
    written.set(bytes, CHUNK_HEAD_BYTES);
    writeAll(this.handles.files[this.#current], written, this.#size);
    const offset = this.#size + CHUNK_HEAD_BYTES;
    this.#places.push({ file: this.#current, offset, length: bytes.length, last });
    this.#size += needed;
  }

  next(after: number): TraceChunk | null {
    const place = this.#places.find(({ last }) => last > after);
    if (place === undefined) return null;
    const bytes = new Uint8Array(place.length);
    this.handles.files[place.file].read(bytes, { at: place.offset });
    return { last: place.last, bytes };
  }

  close(): void {
    const { head, files } = this.handles;
    for (const handle of [head, ...files]) handle.close();
  }

  /** Goes on in the other file, whose content is the older one. */
  #turn(): void {
    this.#current = otherThan(this.#current);
    this.handles.files[this.#current].truncate(0);
    this.#size = 0;
    this.#places = this.#places.filter(({ file }) => file !== this.#current);
    this.#writeHead();
  }

  /**
   * A number that was sent to others must never be given to another event, so this much is made durable; in one write
   * in place, so that there is never half of it.
   */
  #writeHead(): void {
    const bytes = new Uint8Array(HEAD_BYTES);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, this.run);
    view.setUint8(8, this.#current);
    writeAll(this.handles.head, bytes, 0);
    this.handles.head.flush();
  }
}

function otherThan(file: 0 | 1): 0 | 1 {
  return file === 0 ? 1 : 0;
}

function readHead(head: FileSystemSyncAccessHandle): { run: number; file: 0 | 1 } {
  const bytes = new DataView(new ArrayBuffer(HEAD_BYTES));
  const isThere = head.read(bytes, { at: 0 }) === HEAD_BYTES;
  const run = isThere ? bytes.getFloat64(0) : 0;
  if (!Number.isSafeInteger(run) || run < 0) throw new Error('its head is damaged');
  return { run, file: isThere && bytes.getUint8(8) === 1 ? 1 : 0 };
}

/** The chunks that are there as a whole. */
function* placesIn(handle: FileSystemSyncAccessHandle, file: 0 | 1): Generator<Place> {
  const size = handle.getSize();
  const head = new DataView(new ArrayBuffer(CHUNK_HEAD_BYTES));
  for (let at = 0; at + CHUNK_HEAD_BYTES <= size;) {
    handle.read(head, { at });
    const length = head.getUint32(0);
    const offset = at + CHUNK_HEAD_BYTES;
    if (offset + length > size) return;
    yield { file, offset, length, last: head.getFloat64(4) };
    at = offset + length;
  }
}
