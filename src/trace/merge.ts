import type { MemberId } from '../core/ids.ts';
import type { TraceEvent } from './event.ts';

/** One node's events, by rising number. */
export type EventStream = Iterator<TraceEvent>;

export interface MergeOptions {
  /** An event's time, comparable between nodes; decides where causality does not. */
  readonly timeOf: (event: TraceEvent) => number;
  /** Clocks that contradict each other: no event can come first. The earliest then does. */
  readonly onContradiction: (event: TraceEvent) => void;
}

interface Head {
  readonly node: MemberId;
  readonly stream: EventStream;
  event: TraceEvent;
  time: number;
}

/**
 * All events in one order: none before another that happened before it, and otherwise by time. Only the next event of
 * each node is in memory.
 */
export function* mergeByCausality(
  streams: ReadonlyMap<MemberId, EventStream>,
  { timeOf, onContradiction }: MergeOptions,
): Generator<TraceEvent> {
  let heads: Head[] = [];
  for (const [node, stream] of streams) {
    const next = stream.next();
    if (next.done !== true) heads.push({ node, stream, event: next.value, time: timeOf(next.value) });
  }
  while (heads.length > 0) {
    let first = earliest(heads.filter((head) => isFree(head, heads)));
    if (first === null) {
      first = earliest(heads);
      if (first === null) return;
      onContradiction(first.event);
    }
    yield first.event;
    const next = first.stream.next();
    if (next.done === true) heads = heads.filter((head) => head !== first);
    else {
      first.event = next.value;
      first.time = timeOf(next.value);
    }
  }
}

/** Nothing that happened before its event is still to come: of no node the next event is one. */
function isFree({ node, event }: Head, heads: readonly Head[]): boolean {
  for (const other of heads)
    if (other.node !== node && (event.clock[other.node] ?? 0) >= other.event.seq) return false;
  return true;
}

function earliest(heads: readonly Head[]): Head | null {
  let best: Head | null = null;
  for (const head of heads) if (best === null || head.time < best.time) best = head;
  return best;
}

export interface StreamProblems {
  /** It was there already: files overlap. */
  readonly onRepeated: (event: TraceEvent) => void;
  /** It stands behind one of a higher number, and is left out. */
  readonly onMisplaced: (event: TraceEvent) => void;
}

/** One node's events from several files, each of them by rising number, as one stream. */
export function* joinStreams(
  streams: readonly EventStream[],
  { onRepeated, onMisplaced }: StreamProblems,
): Generator<TraceEvent> {
  const heads = streams.flatMap((stream) => {
    const event = nextOf(stream);
    return event === null ? [] : [{ stream, event }];
  });
  let last = 0;
  while (heads.length > 0) {
    let at = 0;
    for (let other = 1; other < heads.length; other += 1)
      if ((heads[other]?.event.seq ?? 0) < (heads[at]?.event.seq ?? 0)) at = other;
    const head = heads[at];
    if (head === undefined) return;
    const { event } = head;
    if (event.seq > last) {
      last = event.seq;
      yield event;
    } else if (event.seq === last) onRepeated(event);
    else onMisplaced(event);
    const next = nextOf(head.stream);
    if (next === null) heads.splice(at, 1);
    else head.event = next;
  }
}

function nextOf(stream: EventStream): TraceEvent | null {
  const next = stream.next();
  return next.done === true ? null : next.value;
}
