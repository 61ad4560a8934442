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

/** Of one unit of a JavaScript string. */
const MAX_UTF8_BYTES = 3;

/** Appends to a buffer that grows. */
export class Writer {
  #buffer: Uint8Array<ArrayBuffer>;
  /** Before it stands what was cut off. */
  #start = 0;
  #end = 0;

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
    this.#putInteger(value);
  }

  #putInteger(value: number): void {
    let rest = value;
    for (; rest > 0x7fffffff; rest = Math.floor(rest / 0x80)) this.#put((rest % 0x80) | 0x80);
    // Small enough for the processor's own arithmetic.
    for (; rest >= 0x80; rest >>>= 7) this.#put((rest & 0x7f) | 0x80);
    this.#put(rest);
  }

  /** 32 bits, in four bytes. */
  word(value: number): void {
    this.#reserve(4);
    for (let shift = 24; shift >= 0; shift -= 8) this.#put(value >>> shift);
  }

  /** Each as `word` has it. */
  words(values: readonly number[]): void {
    const { length } = values;
    this.#reserve(4 * length);
    const buffer = this.#buffer;
    let end = this.#end;
    for (let at = 0; at < length; at += 1, end += 4) {
      const value = values[at] ?? 0;
      buffer[end] = value >>> 24;
      buffer[end + 1] = value >>> 16;
      buffer[end + 2] = value >>> 8;
      buffer[end + 3] = value;
    }
    this.#end = end;
  }

  /** Where there is room. */
  #put(byte: number): void {
    this.#buffer[this.#end] = byte;
    this.#end += 1;
  }

  bytes(value: Uint8Array): void {
    this.integer(value.length);
    this.raw(value);
  }

  /** What another writer has written: its length is not told. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#buffer.set(value, this.#end);
    this.#end += value.length;
  }

  text(value: string): void {
    if (!this.#shortAscii(value)) this.#anyText(value);
  }

  textOrNull(value: string | null): void {
    this.bool(value !== null);
    if (value !== null) this.text(value);
  }

  /** False: it is not one, and nothing was written. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    if (length > SHORT_TEXT_BYTES) return false;
    // Before the place is taken: what was written may stand elsewhere after it.
    this.#reserve(MAX_INTEGER_BYTES + length);
    const start = this.#end;
    this.integer(length);
    for (let at = 0; at < length; at += 1) {
      const code = value.charCodeAt(at);
      if (code >= 0x80) {
        this.#end = start;
        return false;
      }
      this.#buffer[this.#end + at] = code;
    }
    this.#end += length;
    return true;
  }

  /** In place: an array for each would keep the garbage collector busy. */
  #anyText(value: string): void {
    // Its length stands before it, and is known behind it.
    this.#reserve(MAX_INTEGER_BYTES);
    this.#end += MAX_INTEGER_BYTES;
    const before = this.length;
    // Almost all is ASCII, and needs no more room at first.
    let rest = value;
    for (let room = 1; rest !== ''; room = MAX_UTF8_BYTES) {
      this.#reserve(room * rest.length);
      const { read, written } = encoder.encodeInto(rest, this.#buffer.subarray(this.#end));
      this.#end += written;
      rest = rest.slice(read);
    }
    const length = this.length - before;
    const begin = this.#end - length;
    this.#end = begin - MAX_INTEGER_BYTES;
    this.#putInteger(length);
    this.#buffer.copyWithin(this.#end, begin, begin + length);
    this.#end += length;
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** What was written, not copied: good until more is. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.view().slice();
  }

  /** What was written, not copied, and begins anew behind it. */
  cut(): Uint8Array<ArrayBuffer> {
    const bytes = this.view();
    this.#start = this.#end;
    return bytes;
  }

  /** Takes back what was written behind the first `length` bytes. */
  truncate(length: number): void {
    assert(length <= this.length, 'only what was written is taken back');
    this.#end = this.#start + length;
  }

  /** Begins anew, in the same buffer. */
  clear(): void {
    this.#end = this.#start;
  }

  get capacity(): number {
    return this.#buffer.length;
  }

  #reserve(more: number): void {
    if (this.#end + more <= this.#buffer.length) return;
    const written = this.view();
    // What was cut off stays in the old one; if nothing was, there is too little room for what is written at once.
    const capacity = this.#buffer.length * (this.#start === 0 ? 2 : 1);
    this.#buffer = new Uint8Array(Math.max(written.length + more, capacity));
    this.#buffer.set(written);
    this.#start = 0;
    this.#end = written.length;
  }
}

/** Of so many bytes together. */
export function concatenate(parts: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}

/** As much as a turn writes at once; a snapshot may be larger, but is seldom. */
const MAX_SPARE_BYTES = 4 * 1024 * 1024;

/** A buffer that grew beyond what a turn writes was needed once. */
export function isWorthKeeping(writer: Writer): boolean {
  return writer.capacity <= MAX_SPARE_BYTES;
}

/** One for each `encoded` within another. */
const spareWriters: Writer[] = [];

/** Lends `use` what `write` writes, until it returns: the buffer then serves the next one. */
export function lendEncoded<T>(
  write: (writer: Writer) => void,
  use: (bytes: Uint8Array<ArrayBuffer>) => T,
): T {
  const writer = spareWriters.pop() ?? new Writer();
  writer.clear();
  write(writer);
  const result = use(writer.view());
  if (isWorthKeeping(writer)) spareWriters.push(writer);
  return result;
}

/** What `write` writes. */
export function encoded(write: (writer: Writer) => void): Uint8Array<ArrayBuffer> {
  return lendEncoded(write, (bytes) => bytes.slice());
}

/** By length: to make a text of anything but a list of its own length takes a copy. */
const codesOf: number[][] = [];

const SHARED_BYTES = 32 * 1024;
/** More is worth a buffer of its own. */
const MAX_SHARE_BYTES = 1024;
let shared = new Writer(SHARED_BYTES);

/**
 * As `encoded`, for what is small, comes by the thousand and lives about as long as its neighbours: it shares a buffer
 * with them, and keeps them alive. `write` must not ask for more of the kind.
 */
export function encodedTogether(write: (writer: Writer) => void): Uint8Array {
  shared.clear();
  write(shared);
  if (shared.length <= MAX_SHARE_BYTES) return shared.cut();
  const bytes = shared.finish();
  if (shared.capacity > SHARED_BYTES) shared = new Writer(SHARED_BYTES);
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

  /** 32 bits, signed. */
  word(): number {
    let value = 0;
    for (let left = 4; left > 0; left -= 1) value = (value << 8) | this.byte();
    return value;
  }

  /** A view of the input, not a copy. */
  bytes(maxBytes: number): Uint8Array {
    return this.#view(this.#lengthWithin(maxBytes));
  }

  text(maxBytes: number): string {
    const length = this.#lengthWithin(maxBytes);
    const codes = length <= SHORT_TEXT_BYTES ? this.#asciiCodes(length) : null;
    if (codes !== null) {
      this.#position += length;
      return String.fromCharCode.apply(null, codes);
    }
    try {
      return decoder.decode(this.#view(length));
    } catch {
      throw new DecodeError('a text is not UTF-8');
    }
  }

  textOrNull(maxBytes: number): string | null {
    return this.bool() ? this.text(maxBytes) : null;
  }

  /** Of what follows, all of which is there. */
  #lengthWithin(maxBytes: number): number {
    const length = this.integer();
    if (length > maxBytes) throw new DecodeError(`${length} bytes where at most ${maxBytes} may be`);
    if (length > this.input.length - this.#position) throw new DecodeError('it ends too early');
    return length;
  }

  #view(length: number): Uint8Array {
    const start = this.#position;
    this.#position += length;
    return this.input.subarray(start, this.#position);
  }

  /** Null: they are not. The list is good until the next call. */
  #asciiCodes(length: number): number[] | null {
    const codes = (codesOf[length] ??= new Array<number>(length).fill(0));
    for (let at = 0; at < length; at += 1) {
      const code = this.input[this.#position + at] ?? 0;
      if (code >= 0x80) return null;
      codes[at] = code;
    }
    return codes;
  }

  /** How many items follow, each of one byte at least. */
  count(max: number): number {
    const count = this.integer();
    if (count > max) throw new DecodeError(`${count} items where at most ${max} may be`);
    if (count > this.input.length - this.#position) throw new DecodeError('it ends too early');
    return count;
  }

  get position(): number {
    return this.#position;
  }

  /** A view of what was read from there on. */
  since(position: number): Uint8Array {
    return this.input.subarray(position, this.#position);
  }

  get isAtEnd(): boolean {
    return this.#position === this.input.length;
  }

  end(): void {
    const left = this.input.length - this.#position;
    if (left > 0) throw new DecodeError(`${left} bytes follow its end`);
  }
}
