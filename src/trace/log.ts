import type { TracePage } from '../api.ts';
import type { MemberId } from '../core/ids.ts';
import { messageOf } from '../error-text.ts';
import { BlockWriter, isReadable, readBlock } from './block.ts';
import { countsOf, type ClockReading } from './clock.ts';
import { formatEvent, type TraceDetail, type TraceEvent } from './event.ts';
import { millis } from './fields.ts';
import type { TraceChunk, TraceStore } from './store.ts';

/** A new event waits no longer than this for others to be stored with it; a killed process loses what waits. */
const FLUSH_PERIOD_MS = 250;
/** So many are worth a task of their own, behind what the node is at. */
const ENOUGH_WAITING = 32;
/** Where the node never comes to rest. */
const MAX_WAITING = 1000;
const MAX_BLOCK_BYTES = 48 * 1024;
/** The newest blocks are kept at hand, for whoever watches. */
const MAX_RECENT_BLOCKS = 8;
/** For whoever watches; they ask again long before that many came, or so much time has passed. */
const MAX_WATCHED = 20_000;
const MAX_WATCHED_MS = 5000;
/** Of lines handed out at a time, so that a data channel carries them (characters). */
const MAX_PAGE_LENGTH = 24_000;

export interface TraceLogPorts {
  after(delayMs: number, callback: () => void): () => void;
  onFailure(reason: string): void;
}

/** `clock` is the event's own: it does not change any more. */
interface Waiting {
  readonly seq: number;
  readonly name: string | null;
  readonly time: number;
  readonly clock: ClockReading;
  readonly detail: TraceDetail;
}

/**
 * The newest of a node's events. They are encoded soon, so that an event that nobody ever reads leaves nothing behind
 * but some bytes; but not at once, since whatever the node does next waits for it meanwhile, and many together cost
 * less than each by itself, for which the processor would have to fetch all that code anew.
 */
export class TraceLog {
  #waiting: Waiting[] = [];
  #block: BlockWriter | null = null;
  #recent: TraceChunk[] = [];
  /** What came since somebody asked last; null: nobody watches. `next`: the number of the first to come then. */
  #watched: { readonly events: TraceEvent[]; readonly next: number; readonly since: number } | null = null;
  /** Of the newest event. */
  #time = 0;
  #cancelFlush: (() => void) | null = null;
  #hasFailed = false;
  /** The block that was read last: its pages are asked for one after the other. */
  #opened: { readonly chunk: TraceChunk; readonly events: readonly TraceEvent[] } | null = null;

  constructor(
    private readonly node: MemberId,
    private readonly store: TraceStore,
    private readonly ports: TraceLogPorts,
  ) {}

  push(event: Waiting): void {
    this.#waiting.push(event);
    this.#flushSoon();
    if (this.#waiting.length === ENOUGH_WAITING) this.ports.after(0, () => this.#settle());
    else if (this.#waiting.length >= MAX_WAITING) this.#settle();
  }

  #flushSoon(): void {
    this.#cancelFlush ??= this.ports.after(FLUSH_PERIOD_MS, () => this.flush());
  }

  /** From here on all events are encoded. */
  #settle(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const event of waiting) this.#encode(event);
  }

  #encode({ seq, name, time, clock, detail }: Waiting): void {
    if (this.#block !== null && !this.#block.fits(name, clock)) this.#store();
    if (this.#block === null) {
      this.#block = new BlockWriter(this.node, name, seq, time, clock);
      this.#flushSoon();
    }
    this.#block.add(time, clock, detail);
    if (this.#block.length >= MAX_BLOCK_BYTES) this.#store();
    this.#time = time;
    this.#keep(seq, name, time, clock, detail);
  }

  /** Those at hand with a higher number than `after`, oldest first; older ones may be stored. */
  recent(after: number): TraceEvent[] {
    this.#settle();
    const kept = this.#watched;
    // Whoever asks again goes on behind what it got: then nothing needs to be decoded.
    const isAtHand = kept !== null && (kept.events[0]?.seq ?? kept.next) <= after + 1;
    const events = isAtHand ? kept.events.filter(({ seq }) => seq > after) : this.#decode(after);
    this.#watched = { events: [...events], next: (events.at(-1)?.seq ?? after) + 1, since: this.#time };
    return events;
  }

  #decode(after: number): TraceEvent[] {
    return [...this.#recent, ...this.#current()]
      .filter(({ last }) => last > after)
      .flatMap(({ bytes }) => readBlock(bytes))
      .filter(({ seq }) => seq > after);
  }

  /** As it would be read from its block. Nobody has asked for long: nobody watches any more. */
  #keep(seq: number, name: string | null, time: number, clock: ClockReading, detail: TraceDetail): void {
    if (this.#watched === null) return;
    const { events, since } = this.#watched;
    if (events.length >= MAX_WATCHED || time - since > MAX_WATCHED_MS) {
      this.#watched = null;
      return;
    }
    events.push({ seq, node: this.node, name, time: millis(time), clock: countsOf(clock), ...detail });
  }

  /** Stores whatever waits; what cannot be stored is lost. */
  flush(): void {
    this.#settle();
    this.#store();
  }

  #store(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = null;
    const [chunk] = this.#current();
    this.#block = null;
    if (chunk === undefined) return;
    this.#recent.push(chunk);
    if (this.#recent.length > MAX_RECENT_BLOCKS) this.#recent.shift();
    if (this.#hasFailed) return;
    try {
      this.store.append(chunk);
    } catch (error) {
      this.#hasFailed = true;
      this.ports.onFailure(messageOf(error));
    }
  }

  /** What is stored behind event `after`, oldest first. */
  page(after: number): TracePage {
    const chunk = this.store.next(after);
    if (chunk === null) return { lines: '', next: null };
    // The others are not lost with it.
    if (!isReadable(chunk.bytes)) return { lines: '', next: chunk.last };
    if (this.#opened?.chunk.last !== chunk.last) this.#opened = { chunk, events: readBlock(chunk.bytes) };
    let next = after;
    let lines = '';
    for (const event of this.#opened.events) {
      if (event.seq <= after) continue;
      const line = `${formatEvent(event)}\n`;
      if (lines.length > 0 && lines.length + line.length > MAX_PAGE_LENGTH) break;
      lines += line;
      next = event.seq;
    }
    return { lines, next };
  }

  close(): void {
    this.flush();
    this.store.close();
  }

  #current(): TraceChunk[] {
    if (this.#block === null || this.#block.count === 0) return [];
    return [{ last: this.#block.lastSeq, bytes: this.#block.finish() }];
  }
}
