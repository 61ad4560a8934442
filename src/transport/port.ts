import { DataChannelCarrier, MAX_BUFFERED_BYTES } from './data-channel.ts';
import { MAX_FRAME_BYTES, type Carrier } from './link.ts';

/**
 * The worker may have half the channel's buffer under way to the page, and the page asks for more
 * while the other half is free: so nothing that the worker sent overflows the channel, and no more
 * than this waits for a page that is busy.
 */
const WINDOW_BYTES = MAX_BUFFERED_BYTES / 2;

/**
 * What crosses the port between a page, which keeps the data channel, and its worker: frames as
 * buffers that change owner, and these words about the channel. `taken`: there is room again for
 * frames of so many bytes, which the page has handed to the channel.
 */
type PortMessage =
  | ArrayBuffer
  | { readonly type: 'open' }
  | { readonly type: 'taken'; readonly bytes: number }
  | { readonly type: 'close' };

/** The worker's end: frames that the page relays. */
export class PortCarrier implements Carrier {
  onOpen: () => void = () => undefined;
  onFrame: (frame: Uint8Array) => void = () => undefined;
  onClose: () => void = () => undefined;
  #bufferedBytes = 0;
  #isOpen = false;
  #isClosed = false;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<PortMessage>) => {
      if (data instanceof ArrayBuffer) this.onFrame(new Uint8Array(data));
      else this.#onWord(data);
    };
  }

  /** Sent, and not yet known to be on its way through the channel. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  send(frame: Uint8Array<ArrayBuffer>): boolean {
    const isFull = this.#bufferedBytes + frame.length > WINDOW_BYTES;
    if (!this.#isOpen || frame.length > MAX_FRAME_BYTES || isFull) return false;
    this.#bufferedBytes += frame.length;
    const { buffer } = frame.slice();
    this.port.postMessage(buffer, [buffer]);
    return true;
  }

  close(): void {
    this.port.postMessage({ type: 'close' });
    this.#close();
  }

  #onWord(word: Exclude<PortMessage, ArrayBuffer>): void {
    switch (word.type) {
      case 'open':
        this.#isOpen = true;
        this.onOpen();
        return;
      case 'taken':
        this.#bufferedBytes -= word.bytes;
        return;
      case 'close':
        this.#close();
        return;
    }
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpen = false;
    this.onClose();
    this.port.close();
  }
}

/** The page's end: passes frames between the channel and the worker's port until either closes. */
export function relay(channel: RTCDataChannel, port: MessagePort): void {
  const carrier = new DataChannelCarrier(channel);
  const post = (message: PortMessage, transfer: Transferable[] = []): void =>
    port.postMessage(message, transfer);
  carrier.onOpen = () => post({ type: 'open' });
  carrier.onFrame = (frame) => {
    const buffer = frame.buffer as ArrayBuffer;
    post(buffer, [buffer]);
  };
  carrier.onClose = () => post({ type: 'close' });

  let takenBytes = 0;
  const tellTaken = (): void => {
    if (takenBytes === 0 || channel.bufferedAmount > WINDOW_BYTES) return;
    post({ type: 'taken', bytes: takenBytes });
    takenBytes = 0;
  };
  channel.bufferedAmountLowThreshold = WINDOW_BYTES;
  channel.onbufferedamountlow = tellTaken;
  port.onmessage = ({ data }: MessageEvent<PortMessage>) => {
    if (data instanceof ArrayBuffer) {
      takenBytes += data.byteLength;
      carrier.send(new Uint8Array(data));
      tellTaken();
    } else if (data.type === 'close') channel.close();
  };
}
