import { concatenate, DecodeError, Writer } from '../core/bytes.ts';
import { MAX_FRAME_BYTES } from './link.ts';

/** The first byte of every frame. A peer of another version is refused by its hello. */
export const FRAME_VERSION = 2;
const HEADER_BYTES = 2;
/** In a part, before its bytes: the number of its message (4 bytes), and its position there (2 bytes). */
const PART_HEADER_BYTES = 6;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/**
 * The second byte. A message is one `whole` frame, or `part`s and a `last`, between which others may
 * come whole. Every part says where it belongs: whatever is lost, parts of two messages must never
 * make a third.
 */
export const FrameKind = { hello: 0, whole: 1, part: 2, last: 3 } as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/** What is written behind it is a frame, where that is not too large. */
export function beginFrame(writer: Writer, kind: FrameKind): void {
  writer.byte(FRAME_VERSION);
  writer.byte(kind);
}

const PART_BYTES = MAX_FRAME_BYTES - HEADER_BYTES - PART_HEADER_BYTES;
/** One for all: what is sent is the carrier's by the time the next part is written. */
const partWriter = new Writer(MAX_FRAME_BYTES);

/** The frames of the link's message `number`, which is too large for one. Each is good until the next. */
export function* partFrames(message: Uint8Array, number: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let start = 0; start < message.length; start += PART_BYTES) {
    const end = start + PART_BYTES;
    const position = start / PART_BYTES;
    partWriter.clear();
    beginFrame(partWriter, end < message.length ? FrameKind.part : FrameKind.last);
    partWriter.word(number);
    partWriter.byte(position >> 8);
    partWriter.byte(position);
    partWriter.raw(message.subarray(start, end));
    yield partWriter.view();
  }
}

interface Received {
  readonly kind: 'hello' | 'message';
  readonly body: Uint8Array;
}

/** Puts messages together again from the frames of one link, which keep their order. */
export class Assembler {
  #number = 0;
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /**
   * What `bytes` completes; null where more is to come. Throws `DecodeError` for what makes no sense,
   * and is then ready for the next message. One that breaks off is forgotten when another begins.
   */
  receive(bytes: Uint8Array): Received | null {
    if (bytes.length > MAX_FRAME_BYTES) this.#fail(`a frame has more than ${MAX_FRAME_BYTES} bytes`);
    if (bytes[0] !== FRAME_VERSION)
      this.#fail(`frame version ${bytes[0] ?? 'none'} instead of ${FRAME_VERSION}`);
    const kind = bytes[1];
    const body = bytes.subarray(HEADER_BYTES);
    switch (kind) {
      case FrameKind.hello:
        return { kind: 'hello', body };
      case FrameKind.whole:
        return { kind: 'message', body };
      case FrameKind.part:
        this.#add(body);
        return null;
      case FrameKind.last:
        this.#add(body);
        return { kind: 'message', body: this.#join() };
      default:
        this.#fail(`${kind ?? 'nothing'} is no kind of frame`);
    }
  }

  #add(body: Uint8Array): void {
    if (body.length <= PART_HEADER_BYTES) this.#fail('a part is empty');
    const header = new DataView(body.buffer, body.byteOffset, PART_HEADER_BYTES);
    const number = header.getUint32(0);
    const position = header.getUint16(4);
    if (position === 0) {
      this.#reset();
      this.#number = number;
    } else if (number !== this.#number || position !== this.#parts.length) {
      this.#fail('a message lacks a part');
    }
    const piece = body.subarray(PART_HEADER_BYTES);
    this.#bytes += piece.length;
    if (this.#bytes > MAX_MESSAGE_BYTES) this.#fail(`a message has more than ${MAX_MESSAGE_BYTES} bytes`);
    this.#parts.push(piece);
  }

  #join(): Uint8Array {
    const whole = concatenate(this.#parts, this.#bytes);
    this.#reset();
    return whole;
  }

  #reset(): void {
    this.#parts = [];
    this.#bytes = 0;
  }

  #fail(reason: string): never {
    this.#reset();
    throw new DecodeError(reason);
  }
}
