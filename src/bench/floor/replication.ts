import type { FloorDisk } from './disk.ts';
import { Kind, type FrameLink } from './frames.ts';

export interface Request {
  readonly command: Uint8Array;
  onCommit(): void;
}

/**
 * Bare replication: what came during a write is the next batch, which is written here and sent at once to all, and
 * committed once a majority has it.
 */
export class Replication {
  #waiting: Request[] = [];
  readonly #sent: { readonly number: number; readonly requests: readonly Request[] }[] = [];
  readonly #durable: number[];
  readonly #majority: number;
  #isWriting = false;

  /** Batches have numbers from `next` on: followers that are late with an earlier run's are not mistaken. */
  constructor(
    private readonly disk: FloorDisk,
    private readonly links: readonly FrameLink[],
    public next: number,
  ) {
    this.#durable = new Array<number>(links.length + 1).fill(0);
    this.#majority = Math.floor(this.#durable.length / 2) + 1;
  }

  /** Nothing happens before `flush`, so that those that come together go together. */
  add(request: Request): void {
    this.#waiting.push(request);
  }

  flush(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    const number = this.next;
    this.next += 1;
    const requests = this.#waiting;
    this.#waiting = [];
    this.#sent.push({ number, requests });
    const batch = join(requests);
    for (const link of this.links) link.send(Kind.Append, number, batch);
    this.disk.write(batch, () => {
      this.#isWriting = false;
      this.onDurable(0, number);
      this.flush();
    });
  }

  /** `place` 0 is this tab, the others are the links in their order. */
  onDurable(place: number, number: number): void {
    this.#durable[place] = number;
    const committed = [...this.#durable].sort((a, b) => b - a)[this.#majority - 1] ?? 0;
    let first = this.#sent[0];
    while (first !== undefined && first.number <= committed) {
      this.#sent.shift();
      for (const request of first.requests) request.onCommit();
      first = this.#sent[0];
    }
    this.flush();
  }
}

function join(requests: readonly Request[]): Uint8Array {
  const batch = new Uint8Array(requests.reduce((sum, { command }) => sum + command.length, 0));
  let at = 0;
  for (const { command } of requests) {
    batch.set(command, at);
    at += command.length;
  }
  return batch;
}
