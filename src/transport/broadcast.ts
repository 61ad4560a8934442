import { MAX_FRAME_BYTES, type Carrier } from './link.ts';

interface BroadcastFrame {
  readonly link: string;
  readonly from: string;
  readonly to: string;
  /** Null: the sender has closed the link. */
  readonly frame: Uint8Array | null;
}

function isBroadcastFrame(data: unknown): data is BroadcastFrame {
  if (typeof data !== 'object' || data === null) return false;
  const { link, from, to, frame } = data as Partial<Record<keyof BroadcastFrame, unknown>>;
  const isNamed = typeof link === 'string' && typeof from === 'string' && typeof to === 'string';
  return isNamed && (frame === null || frame instanceof Uint8Array);
}

/**
 * Links between workers of one browser over one `BroadcastChannel`, for tabs that have no network at
 * all. Everyone hears everything, so frames name link, sender and receiver.
 */
export class BroadcastNetwork {
  readonly #channel: BroadcastChannel;
  readonly #carriers = new Map<string, BroadcastCarrier>();

  constructor(name: string) {
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isBroadcastFrame(data)) return;
      const carrier = this.#carriers.get(data.link);
      if (carrier?.self === data.to && carrier.peer === data.from) carrier.receive(data.frame);
    };
  }

  connect(link: string, self: string, peer: string): Carrier {
    const carrier = new BroadcastCarrier(self, peer, (frame) => {
      const message: BroadcastFrame = { link, from: self, to: peer, frame };
      this.#channel.postMessage(message);
      if (frame === null) this.#carriers.delete(link);
    });
    this.#carriers.set(link, carrier);
    queueMicrotask(() => carrier.onOpen());
    return carrier;
  }

  close(): void {
    for (const carrier of this.#carriers.values()) carrier.close();
    this.#channel.close();
  }
}

class BroadcastCarrier implements Carrier {
  onOpen: () => void = () => undefined;
  onFrame: (frame: Uint8Array) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly bufferedBytes = 0;
  #isClosed = false;

  constructor(
    readonly self: string,
    readonly peer: string,
    private readonly post: (frame: Uint8Array | null) => void,
  ) {}

  receive(frame: Uint8Array | null): void {
    if (this.#isClosed) return;
    if (frame !== null) this.onFrame(frame);
    else this.#close();
  }

  send(frame: Uint8Array): boolean {
    if (this.#isClosed || frame.length > MAX_FRAME_BYTES) return false;
    // A copy: whoever hears it would get the whole buffer that the frame stands in.
    this.post(frame.slice());
    return true;
  }

  close(): void {
    this.#close();
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.post(null);
    this.onClose();
  }
}
