import { MAX_FRAME_BYTES, type Carrier } from './link.ts';

/** Two ends of a link within one process. `soon` decides when what was sent arrives, in order. */
export function createMemoryLink(soon: (callback: () => void) => void): [Carrier, Carrier] {
  const ends: [MemoryCarrier, MemoryCarrier] = [new MemoryCarrier(soon), new MemoryCarrier(soon)];
  ends[0].other = ends[1];
  ends[1].other = ends[0];
  for (const end of ends) soon(() => end.onOpen());
  return ends;
}

class MemoryCarrier implements Carrier {
  onOpen: () => void = () => undefined;
  onFrame: (frame: Uint8Array) => void = () => undefined;
  onClose: () => void = () => undefined;
  readonly bufferedBytes = 0;
  other: MemoryCarrier | null = null;
  #isClosed = false;

  constructor(private readonly soon: (callback: () => void) => void) {}

  send(frame: Uint8Array): boolean {
    if (this.#isClosed || frame.length > MAX_FRAME_BYTES) return false;
    const copy = frame.slice();
    this.soon(() => this.other?.receive(copy));
    return true;
  }

  receive(frame: Uint8Array): void {
    if (!this.#isClosed) this.onFrame(frame);
  }

  close(): void {
    this.end();
    this.soon(() => this.other?.end());
  }

  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.onClose();
  }
}
