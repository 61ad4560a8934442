import { createRandom, nextInteger, type Random } from '../../src/core/random.ts';
import type { LogFile } from '../../src/storage/wal/file.ts';

/** The process has died: thrown in place of the call that it did not live to make. */
export class Crash extends Error {}

/** Calls that change a file, until one is the last. */
export class Countdown {
  made = 0;
  constructor(private readonly allowed = Number.POSITIVE_INFINITY) {}

  step(): void {
    if (this.made >= this.allowed) throw new Crash(`after ${this.made} calls`);
    this.made += 1;
  }
}

type Change = { readonly at: number; readonly bytes: Uint8Array } | { readonly size: number };

/** What may be torn apart by a crash: a disk writes no less at once. */
const SECTOR_BYTES = 16;

/** A file in memory, with a disk below it that has only surely got what was flushed. */
export class FakeFile implements LogFile {
  #bytes: Uint8Array<ArrayBuffer>;
  #durable: Uint8Array<ArrayBuffer>;
  #pending: Change[] = [];
  #isClosed = false;
  bytesWritten = 0;

  constructor(
    bytes: Uint8Array = new Uint8Array(),
    private readonly countdown = new Countdown(),
  ) {
    this.#bytes = bytes.slice();
    this.#durable = this.#bytes;
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }

  read(buffer: AllowSharedBufferSource, { at = 0 } = {}): number {
    this.#check();
    if (!(buffer instanceof Uint8Array)) throw new Error('bytes are read');
    const found = this.#bytes.subarray(at, at + buffer.length);
    buffer.set(found);
    return found.length;
  }

  write(buffer: AllowSharedBufferSource, { at = 0 } = {}): number {
    if (!(buffer instanceof Uint8Array)) throw new Error('bytes are written');
    const bytes = buffer.slice();
    this.#change({ at, bytes });
    this.bytesWritten += bytes.length;
    return bytes.length;
  }

  truncate(size: number): void {
    this.#change({ size });
  }

  getSize(): number {
    this.#check();
    return this.#bytes.length;
  }

  flush(): void {
    this.#check();
    this.countdown.step();
    this.#durable = this.#bytes;
    this.#pending = [];
  }

  close(): void {
    this.#isClosed = true;
  }

  /** What is found after the power has failed: of what was not flushed, any part, in any order. */
  crashed(random: Random): Uint8Array {
    let bytes = this.#durable;
    for (const change of this.#pending) {
      const fate = nextInteger(random, 0, 3);
      if (fate === 0) continue;
      bytes = fate === 1 && 'bytes' in change ? tornly(bytes, change, random) : applied(bytes, change);
    }
    return bytes;
  }

  #change(change: Change): void {
    this.#check();
    this.countdown.step();
    this.#bytes = applied(this.#bytes, change);
    this.#pending.push(change);
  }

  #check(): void {
    if (this.#isClosed) throw new Error('the file is closed');
  }
}

/** The two files of a log. */
export function fakeFiles(
  bytes: readonly Uint8Array[] = [],
  countdown = new Countdown(),
): readonly [FakeFile, FakeFile] {
  return [new FakeFile(bytes[0], countdown), new FakeFile(bytes[1], countdown)];
}

export function crashedFiles(files: readonly FakeFile[], seed: number): Uint8Array[] {
  const random = createRandom(seed);
  return files.map((file) => file.crashed(random));
}

function applied(bytes: Uint8Array, change: Change): Uint8Array<ArrayBuffer> {
  const size = 'size' in change ? change.size : Math.max(bytes.length, change.at + change.bytes.length);
  const result = new Uint8Array(size);
  result.set(bytes.subarray(0, size));
  if ('bytes' in change) result.set(change.bytes, change.at);
  return result;
}

/** The file has got its new size, and some sectors of what was written. */
function tornly(
  bytes: Uint8Array,
  { at, bytes: written }: Extract<Change, { bytes: Uint8Array }>,
  random: Random,
): Uint8Array<ArrayBuffer> {
  const size =
    nextInteger(random, 0, 1) === 0 ? at + nextInteger(random, 0, written.length) : at + written.length;
  let result = applied(bytes, { size: Math.max(bytes.length, size) });
  for (let from = 0; from < written.length; from += SECTOR_BYTES) {
    const sector = written.subarray(from, Math.min(from + SECTOR_BYTES, size - at));
    if (sector.length > 0 && nextInteger(random, 0, 1) === 1)
      result = applied(result, { at: at + from, bytes: sector });
  }
  return result;
}
