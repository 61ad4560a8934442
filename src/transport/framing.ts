import { DecodeError } from '../core/bytes.ts';
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
const KINDS = { hello: 0, whole: 1, part: 2, last: 3 } as const;
type FrameKind = keyof typeof KINDS;

const KIND_OF = new Map<number | undefined, FrameKind>([
  [KINDS.hello, 'hello'],
  [KINDS.whole, 'whole'],
  [KINDS.part, 'part'],
  [KINDS.last, 'last'],
]);

function frame(kind: FrameKind, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  bytes[0] = FRAME_VERSION;
  bytes[1] = KINDS[kind];
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

export function helloFrame(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame('hello', body);
}

/** The frames of the link's message `number`, each small enough for every carrier. */
export function* messageFrames(message: Uint8Array, number: number): Generator<Uint8Array<ArrayBuffer>> {
  if (message.length <= MAX_FRAME_BYTES - HEADER_BYTES) {
    yield frame('whole', message);
    return;
  }
  const room = MAX_FRAME_BYTES - HEADER_BYTES - PART_HEADER_BYTES;
  for (let start = 0; start < message.length; start += room) {
    const kind = start + room < message.length ? 'part' : 'last';
    const piece = message.subarray(start, start + room);
    const body = new Uint8Array(PART_HEADER_BYTES + piece.length);
    const header = new DataView(body.buffer);
    header.setUint32(0, number >>> 0);
    header.setUint16(4, start / room);
    body.set(piece, PART_HEADER_BYTES);
    yield frame(kind, body);
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
    const kind = KIND_OF.get(bytes[1]) ?? this.#fail(`${bytes[1] ?? 'nothing'} is no kind of frame`);
    const body = bytes.subarray(HEADER_BYTES);
    if (kind === 'hello') return { kind: 'hello', body };
    if (kind === 'whole') return { kind: 'message', body };
    this.#add(body);
    return kind === 'last' ? { kind: 'message', body: this.#join() } : null;
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
    const whole = new Uint8Array(this.#bytes);
    let position = 0;
    for (const part of this.#parts) {
      whole.set(part, position);
      position += part.length;
    }
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
