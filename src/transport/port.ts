import { DataChannelCarrier } from './data-channel.ts';
import { MAX_FRAME_BYTES, type Carrier } from './link.ts';

/**
 * What crosses the port between a page, which keeps the data channel, and its worker: frames as
 * buffers that change owner, and these words about the channel.
 */
type PortMessage =
  ArrayBuffer | { readonly type: 'open' } | { readonly type: 'close'; readonly reason: string };

/** The worker's end: frames that the page relays. */
export class PortCarrier implements Carrier {
  onOpen: () => void = () => undefined;
  onFrame: (frame: Uint8Array) => void = () => undefined;
  onClose: (reason: string) => void = () => undefined;
  /** The page cannot tell its channel's buffer in time; it drops what does not fit. */
  readonly bufferedBytes = 0;
  #isOpen = false;
  #isClosed = false;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<PortMessage>) => {
      if (data instanceof ArrayBuffer) this.onFrame(new Uint8Array(data));
      else if (data.type === 'close') this.#close(data.reason);
      else {
        this.#isOpen = true;
        this.onOpen();
      }
    };
  }

  send(frame: Uint8Array<ArrayBuffer>): boolean {
    if (!this.#isOpen || frame.length > MAX_FRAME_BYTES) return false;
    // A frame that shares its buffer with others is copied, so that only its own is handed over.
    const { buffer } = frame.byteLength === frame.buffer.byteLength ? frame : frame.slice();
    this.port.postMessage(buffer, [buffer]);
    return true;
  }

  close(): void {
    this.port.postMessage({ type: 'close', reason: 'The worker closed the link.' });
    this.#close('This side closed the link.');
  }

  #close(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isOpen = false;
    this.onClose(reason);
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
  carrier.onClose = (reason) => post({ type: 'close', reason });
  port.onmessage = ({ data }: MessageEvent<PortMessage>) => {
    if (data instanceof ArrayBuffer) carrier.send(new Uint8Array(data));
    else if (data.type === 'close') channel.close();
  };
}
