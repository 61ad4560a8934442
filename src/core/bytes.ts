import { assert } from './assert.ts';

/** Bytes that do not say what they should. What is read here came from a peer or from a disk. */
export class DecodeError extends Error {
  override readonly name = 'DecodeError';
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text of no more bytes is written and read byte by byte while it is ASCII: that beats the calls that can do more. */
const SHORT_TEXT_BYTES = 256;

/** Seven bits a byte. */
const MAX_INTEGER_BYTES = 8;

/** Appends to a buffer that grows; `finish` returns a copy of what was written. */
export class Writer {
  #buffer: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** `capacity`: how much is likely to be written. */
  constructor(capacity = 256) {
    this.#buffer = new Uint8Array(capacity);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#put(value);
  }

  bool(value: boolean): void {
    this.byte(value ? 1 : 0);
  }

  /** A non-negative safe integer in base 128, low digits first (LEB128). */
  integer(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, 'only non-negative safe integers are written');
    this.#reserve(MAX_INTEGER_BYTES);
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) this.#put((rest % 0x80) | 0x80);
    // Small enough for the processor's own arithmetic.
    for (; rest >= 0x80; rest >>>= 7) this.#put((rest & 0x7f) | 0x80);
    this.#put(rest);
  }

  /** Where there is room. */
  #put(byte: number): void {
    this.#buffer[this.#length] = byte;
    this.#length += 1;
  }

  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  text(value: string): void {
    if (!this.#shortAscii(value)) this.bytes(encoder.encode(value));
  }

  /** False: it is not one, and nothing was written. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT_BYTES) return false;
    const start = this.#length;
    this.integer(length);
    this.#reserve(length);
    for (let at = 0; at < length; at += 1) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) {
        this.#length = start;
        return false;
      }
      this.#buffer[this.#length + at] = code;
    }
    this.#length += length;
    return true;
  }

  get length(): number {
    return this.#length;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(0, this.#length);
  }

  /** Begins anew, in the same buffer. */
  clear(): void {
    this.#length = 0;
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}

const MAX_SPARE_BYTES = 1024 * 1024;
/** One for each `encoded` within another. */
const spareWriters: Writer[] = [];

/** What `write` writes. The buffer that it grows in serves the next one. */
export function encoded(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  const writer = spareWriters.pop() ?? new Writer();
  writer.clear();
  write(writer);
  const bytes = writer.finish();
  if (writer.capacity <= MAX_SPARE_BYTES) spareWriters.push(writer);
  return bytes;
}

/** Reads what `Writer` wrote. Never beyond its input, and nothing is allocated by an unchecked length. */
export class Reader {
  #position = 0;

  constructor(private readonly input: Uint8Array) {}

  byte(): number {
    const value = this.input[this.#position];
    if (value === undefined) throw new DecodeError('it ends too early');
    this.#position += 1;
    return value;
  }

  bool(): boolean {
    const value = this.byte();
    if (value > 1) throw new DecodeError(`${value} is neither true nor false`);
    return value === 1;
  }

  integer(): number {
    let value = 0;
    for (let factor = 1; factor <= 0x80 ** 7; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        if (byte === 0 && factor > 1) throw new DecodeError('an integer has needless digits');
        return value;
      }
    }
    throw new DecodeError('an integer is too large');
  }

  /** A view of the input, not a copy. */
  bytes(maxBytes: number): Uint8Array {
    const length = this.integer();
    if (length > maxBytes) throw new DecodeError(`${length} bytes where at most ${maxBytes} may be`);
    const end = this.#position + length;
    if (end > this.input.length) throw new DecodeError('it ends too early');
    const value = this.input.subarray(this.#position, end);
    this.#position = end;
    return value;
  }

  text(maxBytes: number): string {
    const value = this.bytes(maxBytes);
    if (value.length <= SHORT_TEXT_BYTES && isAscii(value))
      return String.fromCharCode.apply(null, value as unknown as number[]);
    try {
      return decoder.decode(value);
    } catch {
      throw new DecodeError('a text is not UTF-8');
    }
  }

  /** How many items follow, each of one byte at least. */
  count(max: number): number {
    const count = this.integer();
    if (count > max) throw new DecodeError(`${count} items where at most ${max} may be`);
    if (count > this.input.length - this.#position) throw new DecodeError('it ends too early');
    return count;
  }

  get isAtEnd(): boolean {
    return this.#position === this.input.length;
  }

  end(): void {
    const left = this.input.length - this.#position;
    if (left > 0) throw new DecodeError(`${left} bytes follow its end`);
  }
}

function isAscii(bytes: Uint8Array): boolean {
  // An iterator makes an object for each byte.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let at = 0; at < bytes.length; at += 1) if ((bytes[at] ?? 0) >= 0x80) return false;
  return true;
}
