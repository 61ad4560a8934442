import type { TraceEvent } from '../../trace/event.ts';
import { firstAt } from '../../trace/first-at.ts';
import { groupOf, type Group } from './groups.ts';

/** What the reader has left in the picture, and so in the words beneath it. */
export interface Filter {
  readonly groups: ReadonlySet<Group>;
  /** Nodes left out. */
  readonly leftOut: ReadonlySet<string>;
}

/** Of `events` by time those that are shown, up to the moment `until`. */
export function rowsOf(
  events: readonly TraceEvent[],
  { groups, leftOut }: Filter,
  until = Number.POSITIVE_INFINITY,
): TraceEvent[] {
  const rows: TraceEvent[] = [];
  for (const event of events) {
    if (event.time > until) break;
    if (groups.has(groupOf(event)) && !leftOut.has(event.node)) rows.push(event);
  }
  return rows;
}

/** The place of an event among rows by time; -1: it is not there. */
export function placeOf(rows: readonly TraceEvent[], event: TraceEvent): number {
  for (let at = placeAt(rows, event.time); rows[at]?.time === event.time; at += 1)
    if (rows[at] === event) return at;
  return -1;
}

/** The place of the first row of that moment, or after it. */
export function placeAt(rows: readonly TraceEvent[], time: number): number {
  return firstAt(rows, (row) => row.time, time);
}

/** How many of `events` are shown and come after all of `held`. */
export function countNewer(
  events: readonly TraceEvent[],
  held: readonly TraceEvent[],
  filter: Filter,
): number {
  if (events === held) return 0;
  const last = held.at(-1)?.time ?? Number.NEGATIVE_INFINITY;
  const newer = events.slice(placeAt(events, last)).filter(({ time }) => time > last);
  return rowsOf(newer, filter).length;
}

/** One of a kind among all nodes and runs. */
export function keyOf({ node, seq }: TraceEvent): string {
  return `${node}:${seq}`;
}
