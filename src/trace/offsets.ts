import type { MemberId } from '../core/ids.ts';
import { runOf, type TraceEvent } from './event.ts';

/** One process: a node in one of its runs, with a clock of its own. */
type ProcessKey = string;

const keyOf = (node: MemberId, seq: number): ProcessKey => `${node}/${runOf(seq)}`;

export interface Offset {
  readonly node: MemberId;
  readonly run: number;
  /** How far its clock is ahead of that of the process that the most others have talked with, milliseconds. */
  readonly offsetMs: number;
  /** And how far off that may be. Null: it has never exchanged messages with the others. */
  readonly uncertaintyMs: number | null;
}

/**
 * How far clocks are apart, from messages in both directions (Cristian 1989; NTP, RFC 5905): what a clock is ahead
 * lengthens one way and shortens the other. Of each way the fastest message counts, as it waited least.
 */
export class ClockOffsets {
  /** The least time that a message took from one process to another, by both clocks. */
  readonly #delays = new Map<ProcessKey, Map<ProcessKey, number>>();
  readonly #processes = new Map<ProcessKey, { readonly node: MemberId; readonly run: number }>();

  add(event: TraceEvent): void {
    const to = keyOf(event.node, event.seq);
    if (!this.#processes.has(to)) this.#processes.set(to, { node: event.node, run: runOf(event.seq) });
    if (event.kind !== 'receive' || event.sent === null || event.sentAt === null) return;
    const from = keyOf(event.from, event.sent);
    let delays = this.#delays.get(from);
    if (delays === undefined) this.#delays.set(from, (delays = new Map<ProcessKey, number>()));
    const delayMs = event.time - event.sentAt;
    const least = delays.get(to);
    if (least === undefined || delayMs < least) delays.set(to, delayMs);
  }

  /** Of every process, along the paths of the least uncertainty from the best known one. */
  estimate(): Offset[] {
    const known = new Map<ProcessKey, { offsetMs: number; uncertaintyMs: number }>();
    const open = new Map<ProcessKey, { offsetMs: number; uncertaintyMs: number }>();
    const best = this.#bestKnown();
    if (best !== null) open.set(best, { offsetMs: 0, uncertaintyMs: 0 });
    while (open.size > 0) {
      const [key, found] = [...open].reduce((best, other) =>
        other[1].uncertaintyMs < best[1].uncertaintyMs ? other : best,
      );
      open.delete(key);
      known.set(key, found);
      for (const [other, there] of this.#delays.get(key) ?? []) {
        const back = this.#delays.get(other)?.get(key);
        if (back === undefined || known.has(other) || !this.#processes.has(other)) continue;
        const uncertaintyMs = found.uncertaintyMs + (there + back) / 2;
        if (uncertaintyMs >= (open.get(other)?.uncertaintyMs ?? Number.POSITIVE_INFINITY)) continue;
        open.set(other, { offsetMs: found.offsetMs + (there - back) / 2, uncertaintyMs });
      }
    }
    return [...this.#processes].map(([key, process]) => {
      const { offsetMs = 0, uncertaintyMs = null } = known.get(key) ?? {};
      return { ...process, offsetMs, uncertaintyMs };
    });
  }

  /** The process that has exchanged messages with the most others. */
  #bestKnown(): ProcessKey | null {
    let best: { readonly key: ProcessKey; readonly peers: number } | null = null;
    for (const key of this.#processes.keys()) {
      const to = this.#delays.get(key)?.keys() ?? [];
      const peers = [...to].filter((other) => this.#delays.get(other)?.has(key)).length;
      if (best === null || peers > best.peers) best = { key, peers };
    }
    return best?.key ?? null;
  }
}

/** An event's time by the clock of the best known process; an offset that is within its uncertainty is none. */
export function correctedTime(offsets: readonly Offset[]): (event: TraceEvent) => number {
  const ahead = new Map<ProcessKey, number>();
  for (const { node, run, offsetMs, uncertaintyMs } of offsets)
    if (Math.abs(offsetMs) > (uncertaintyMs ?? Number.POSITIVE_INFINITY))
      ahead.set(`${node}/${run}`, offsetMs);
  if (ahead.size === 0) return ({ time }) => time;
  return ({ node, seq, time }) => time - (ahead.get(keyOf(node, seq)) ?? 0);
}
