import { readBlock } from './block.ts';
import { formatEvent } from './event.ts';

/** Consecutive events of one node, as a block (block.ts). */
export interface TraceChunk {
  /** The number of its last event. */
  readonly last: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Where a node's events outlive its process. Bounded: the oldest are given up for the newest. */
export interface TraceStore {
  /** Of this start: higher than that of any earlier one of this node. */
  readonly run: number;
  /** Not durable against a crash of the machine, which shows as a gap. Throws where it cannot be stored. */
  append(chunk: TraceChunk): void;
  /** The oldest chunk with an event of a higher number than `after`. */
  next(after: number): TraceChunk | null;
  close(): void;
}

/** For a node whose data does not outlive it either. */
export class MemoryTrace implements TraceStore {
  readonly run: number;
  #chunks: TraceChunk[];
  #length: number;

  /** `earlier`: of the run before; null: there was none. */
  constructor(
    private readonly maxBytes: number,
    earlier: MemoryTrace | null = null,
  ) {
    this.run = (earlier?.run ?? 0) + 1;
    this.#chunks = earlier === null ? [] : earlier.#chunks.slice();
    this.#length = this.#chunks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  append(chunk: TraceChunk): void {
    this.#chunks.push(chunk);
    this.#length += chunk.bytes.length;
    while (this.#length > this.maxBytes && this.#chunks.length > 1)
      this.#length -= this.#chunks.shift()?.bytes.length ?? 0;
  }

  next(after: number): TraceChunk | null {
    return this.#chunks.find(({ last }) => last > after) ?? null;
  }

  /** All of it, as JSON lines. */
  text(): string {
    return this.#chunks
      .flatMap(({ bytes }) => readBlock(bytes).map((event) => `${formatEvent(event)}\n`))
      .join('');
  }

  /** What it holds is there for the next run. */
  close(): void {
    // Nothing is to be released.
  }
}
