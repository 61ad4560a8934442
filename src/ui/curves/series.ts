import type { TraceEvent } from '../../trace/event.ts';
import type { LiveNode, LiveView } from '../view.ts';

/** What is shown, seconds. */
export const SHOWN_S = 120;

/** One second of the cluster. */
interface Second {
  readonly second: number;
  latencies: number[];
  committed: number;
  lag: number | null;
}

/** Against the time in seconds since the epoch; null: there was nothing to measure. */
export interface Curves {
  readonly seconds: readonly number[];
  /** From the leader's append to its commit: the median and the worst, milliseconds. */
  readonly medianMs: readonly (number | null)[];
  readonly worstMs: readonly (number | null)[];
  /** Entries committed in this second. */
  readonly throughput: readonly (number | null)[];
  /** By how many entries the follower that is furthest behind trails the leader's log, at worst. */
  readonly lag: readonly (number | null)[];
}

/** Collects the curves from what all nodes tell; of what they left out, nothing is made up. */
export class CurveCollector {
  readonly #seconds: Second[] = [];
  readonly #taken = new Map<string, number>();
  /** Of each node: when which entry was appended, oldest first. */
  readonly #appended = new Map<string, { readonly last: number; readonly time: number }[]>();
  #committed: number | null = null;
  #seen: readonly TraceEvent[] = [];

  /** `now`: milliseconds since the epoch. */
  take({ nodes, events }: LiveView, now: number): void {
    const second = this.#at(now);
    const leader = leaderOf(nodes);
    this.#takeEvents(events, leader);
    const committed = Math.max(0, ...nodes.map(({ detail }) => detail.log.commitIndex));
    if (this.#committed !== null && committed > this.#committed)
      second.committed += committed - this.#committed;
    if (nodes.length > 0) this.#committed = Math.max(this.#committed ?? 0, committed);
    const lag = leader === null ? null : lagOf(leader);
    if (lag !== null) second.lag = Math.max(second.lag ?? 0, lag);
  }

  get curves(): Curves {
    // The last one is not over yet.
    const over = this.#seconds.slice(0, -1);
    return {
      seconds: over.map(({ second }) => second),
      medianMs: over.map(({ latencies }) => sorted(latencies)[Math.floor(latencies.length / 2)] ?? null),
      worstMs: over.map(({ latencies }) => sorted(latencies).at(-1) ?? null),
      throughput: over.map(({ committed }) => committed),
      lag: over.map(({ lag }) => lag),
    };
  }

  /** Seconds without anything are there as well, so that a pause looks like one. */
  #at(now: number): Second {
    const wanted = Math.floor(now / 1000);
    const newest = this.#seconds.at(-1);
    if (newest !== undefined && wanted <= newest.second) return newest;
    const from = Math.max(newest === undefined ? wanted : newest.second + 1, wanted - SHOWN_S);
    for (let second = from; second <= wanted; second += 1)
      this.#seconds.push({ second, latencies: [], committed: 0, lag: null });
    while (this.#seconds.length > SHOWN_S + 1) this.#seconds.shift();
    return this.#seconds.at(-1) ?? { second: wanted, latencies: [], committed: 0, lag: null };
  }

  #takeEvents(events: readonly TraceEvent[], leader: LiveNode | null): void {
    if (events === this.#seen) return;
    const before = this.#seen.at(-1);
    this.#seen = events;
    // Late ones are a few places before the end that was seen.
    const from = before === undefined ? 0 : Math.max(0, events.lastIndexOf(before) - 1000);
    for (const event of events.slice(from)) {
      if (event.seq <= (this.#taken.get(event.node) ?? 0)) continue;
      this.#taken.set(event.node, event.seq);
      if (event.node === leader?.memberId) this.#takeLeaderEvent(event);
    }
  }

  #takeLeaderEvent(event: TraceEvent): void {
    let waiting = this.#appended.get(event.node);
    if (waiting === undefined) this.#appended.set(event.node, (waiting = []));
    if (event.kind === 'append') {
      waiting.push({ last: event.first + event.terms.length - 1, time: event.time });
      if (waiting.length > 10_000) waiting.shift();
    }
    if (event.kind === 'truncate') waiting.length = 0;
    if (event.kind !== 'commit') return;
    const second = this.#seconds.find((one) => one.second === Math.floor(event.time / 1000));
    while ((waiting[0]?.last ?? Number.POSITIVE_INFINITY) <= event.to) {
      const appended = waiting.shift();
      if (appended !== undefined) second?.latencies.push(event.time - appended.time);
    }
  }
}

/** Of a line with gaps, the places of what no line leads to or from. */
export function placesAlone(values: ArrayLike<number | null | undefined>): number[] {
  const isGap = (at: number): boolean => (values[at] ?? null) === null;
  const places = Array.from({ length: values.length }, (_, at) => at);
  return places.filter((at) => !isGap(at) && isGap(at - 1) && isGap(at + 1));
}

/** Of several, that of the highest term. */
function leaderOf(nodes: readonly LiveNode[]): LiveNode | null {
  const leaders = nodes.filter(({ role }) => role === 'leader');
  return leaders.reduce<LiveNode | null>(
    (best, node) => (best === null || node.term > best.term ? node : best),
    null,
  );
}

/** Null: of nobody it is known. A leader that is new, or does not reach a member, does not know what that has. */
function lagOf({ detail: { log, progress } }: LiveNode): number | null {
  const known = progress.filter(({ state, matchIndex }) => state !== 'probe' || matchIndex > 0);
  if (known.length === 0) return null;
  return Math.max(...known.map(({ matchIndex }) => Math.max(0, log.last - matchIndex)));
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}
