import { encoded } from '../../src/core/bytes.ts';
import { beginFrame, FrameKind, partFrames } from '../../src/transport/framing.ts';
import { MAX_FRAME_BYTES } from '../../src/transport/link.ts';

function frame(kind: FrameKind, body: Uint8Array): Uint8Array<ArrayBuffer> {
  return encoded((writer) => {
    beginFrame(writer, kind);
    writer.raw(body);
  });
}

export function helloFrame(body: Uint8Array): Uint8Array<ArrayBuffer> {
  return frame(FrameKind.hello, body);
}

/** The frames of the link's message `number`, each in a buffer of its own. */
export function framesOf(message: Uint8Array, number: number): Uint8Array<ArrayBuffer>[] {
  const whole = frame(FrameKind.whole, message);
  if (whole.length <= MAX_FRAME_BYTES) return [whole];
  return Array.from(partFrames(message, number), (part) => part.slice());
}
