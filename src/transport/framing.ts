import { DecodeError } from '../core/bytes.ts';
import { MAX_FRAME_BYTES } from './link.ts';

/** The first byte of every frame. A peer of another version is refused by its hello. */
export const FRAME_VERSION = 1;
const HEADER_BYTES = 2;
const MAX_MESSAGE_BYTES = 32 * 1024 * 1024;

/** The second byte. A message is one `whole` frame, or `part`s and a `last`. */
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

/** The frames of one message, each small enough for every carrier. */
export function* messageFrames(message: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
  const room = MAX_FRAME_BYTES - HEADER_BYTES;
  if (message.length <= room) {
    yield frame('whole', message);
    return;
  }
  for (let start = 0; start < message.length; start += room) {
    const kind = start + room < message.length ? 'part' : 'last';
    yield frame(kind, message.subarray(start, start + room));
  }
}

interface Received {
  readonly kind: 'hello' | 'message';
  readonly body: Uint8Array;
}

/** Puts messages together again from the frames of one link, which keep their order. */
export class Assembler {
  #parts: Uint8Array[] = [];
  #bytes = 0;

  /**
   * What `bytes` completes; null where more is to come. Throws `DecodeError` for what makes no sense,
   * and is then ready for the next message.
   */
  receive(bytes: Uint8Array): Received | null {
    if (bytes[0] !== FRAME_VERSION)
      this.#fail(`frame version ${bytes[0] ?? 'none'} instead of ${FRAME_VERSION}`);
    const kind = KIND_OF.get(bytes[1]) ?? this.#fail(`${bytes[1] ?? 'nothing'} is no kind of frame`);
    const body = bytes.subarray(HEADER_BYTES);
    if (kind === 'hello') return { kind: 'hello', body };
    if (kind === 'whole') {
      if (this.#parts.length > 0) this.#fail('a message breaks off');
      return { kind: 'message', body };
    }
    if (kind === 'last' && this.#parts.length === 0) this.#fail('a message lacks its beginning');
    this.#bytes += body.length;
    if (this.#bytes > MAX_MESSAGE_BYTES) this.#fail(`a message has more than ${MAX_MESSAGE_BYTES} bytes`);
    this.#parts.push(body);
    return kind === 'last' ? { kind: 'message', body: this.#join() } : null;
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
