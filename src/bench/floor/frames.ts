/** Browsers of today take messages of this size. */
const FRAME_BYTES = 65_536;
const HEADER_BYTES = 6;
/** Beyond it the sender waits: a browser closes a channel that is handed too much. */
const BUFFERED_BYTES = 4 * 1024 * 1024;

export const Kind = { Append: 1, Ack: 2, Ping: 3, Pong: 4, Bulk: 5, BulkAck: 6 } as const;

export interface Frame {
  readonly kind: number;
  readonly number: number;
  readonly isLast: boolean;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Kind, whether it is the last of its message, number; the rest is the body. */
function encode(
  kind: number,
  number: number,
  isLast: boolean,
  body: Uint8Array | null,
): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(HEADER_BYTES + (body?.length ?? 0));
  frame[0] = kind;
  frame[1] = isLast ? 1 : 0;
  new DataView(frame.buffer).setUint32(2, number);
  if (body !== null) frame.set(body, HEADER_BYTES);
  return frame;
}

export function decode(data: ArrayBuffer): Frame {
  const view = new DataView(data);
  return {
    kind: view.getUint8(0),
    isLast: view.getUint8(1) === 1,
    number: view.getUint32(2),
    body: new Uint8Array(data, HEADER_BYTES),
  };
}

/** One channel, with frames in the order in which they were handed over. */
export class FrameLink {
  readonly #waiting: Uint8Array<ArrayBuffer>[] = [];

  constructor(
    private readonly channel: RTCDataChannel,
    onFrame: (frame: Frame) => void,
    onOpen: () => void,
  ) {
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = BUFFERED_BYTES / 2;
    channel.onbufferedamountlow = () => this.#flush();
    channel.onmessage = ({ data }: MessageEvent<ArrayBuffer>) => onFrame(decode(data));
    if (channel.readyState === 'open') onOpen();
    else channel.onopen = onOpen;
  }

  send(kind: number, number: number, body: Uint8Array | null = null): void {
    const size = FRAME_BYTES - HEADER_BYTES;
    const length = body?.length ?? 0;
    let at = 0;
    do {
      const part = body === null ? null : body.subarray(at, at + size);
      at += size;
      this.#waiting.push(encode(kind, number, at >= length, part));
    } while (at < length);
    this.#flush();
  }

  #flush(): void {
    while (this.channel.bufferedAmount < BUFFERED_BYTES) {
      const frame = this.#waiting.shift();
      if (frame === undefined) return;
      this.channel.send(frame);
    }
  }
}
