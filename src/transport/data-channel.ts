import { MAX_FRAME_BYTES, type Carrier } from './link.ts';

/** Chromium closes a channel whose buffer passes about 16 MB; what would exceed this is not sent. */
export const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** Frames over a WebRTC data channel, in the page or, transferred, in a worker. */
export class DataChannelCarrier implements Carrier {
  onOpen: () => void = () => undefined;
  onFrame: (frame: Uint8Array) => void = () => undefined;
  onClose: () => void = () => undefined;
  #isClosed = false;

  constructor(private readonly channel: RTCDataChannel) {
    channel.binaryType = 'arraybuffer';
    channel.onopen = () => this.onOpen();
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      // Text is no frame; an empty one is refused, and counted, like any that cannot be read.
      this.onFrame(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array());
    };
    channel.onclose = () => this.#close();
  }

  get bufferedBytes(): number {
    return this.channel.bufferedAmount;
  }

  send(frame: Uint8Array<ArrayBuffer>): boolean {
    const isFull = this.channel.bufferedAmount + frame.length > MAX_BUFFERED_BYTES;
    if (this.channel.readyState !== 'open' || frame.length > MAX_FRAME_BYTES || isFull) return false;
    try {
      this.channel.send(frame);
      return true;
    } catch {
      return false; // closed by the other side since its state was read
    }
  }

  close(): void {
    this.channel.close();
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose();
  }
}
