import type { TraceEvent } from '../../trace/event.ts';
import { groupOf, LANDMARKS, type Landmark } from './groups.ts';
import type { Lane } from './model.ts';
import type { Filter } from './rows.ts';

/** The next landmark after the chosen event, or after the moment `start`; behind the last comes the first again. */
export function nextLandmark(
  events: readonly TraceEvent[],
  landmark: Landmark,
  direction: 1 | -1,
  chosen: TraceEvent | null,
  start: number,
  leftOut: ReadonlySet<string>,
): TraceEvent | undefined {
  const found = events.filter((event) => LANDMARKS[landmark](event) && !leftOut.has(event.node));
  const at = chosen?.time ?? start;
  const next =
    direction === 1
      ? found.find((event) => event !== chosen && event.time > at)
      : found.findLast((event) => event !== chosen && event.time < at);
  return next ?? found.at(direction === 1 ? 0 : -1);
}

/**
 * So many events further on the lane of the chosen one, or the nearest event of a lane so many rows beneath. Where
 * none is chosen: the one nearest to the moment `time` on the first lane. Lanes without events are passed over.
 */
export function neighbour(
  all: readonly Lane[],
  { groups, leftOut }: Filter,
  step: { readonly rows: number; readonly events: number },
  chosen: TraceEvent | null,
  time: number,
): TraceEvent | undefined {
  const lanes = all
    .filter(({ node }) => !leftOut.has(node))
    .map(({ node, events }) => ({ node, events: events.filter((event) => groups.has(groupOf(event))) }))
    .filter(({ node, events }) => events.length > 0 || node === chosen?.node);
  const row = Math.max(
    0,
    lanes.findIndex(({ node }) => node === chosen?.node),
  );
  const lane = lanes[Math.min(Math.max(row + (chosen === null ? 0 : step.rows), 0), lanes.length - 1)];
  const events = lane?.events ?? [];
  const at = events.findIndex((event) => event === chosen);
  return at >= 0 ? events[at + step.events] : nearest(events, chosen?.time ?? time);
}

function nearest(events: readonly TraceEvent[], time: number): TraceEvent | undefined {
  return events.reduce<TraceEvent | undefined>(
    (best, event) =>
      best === undefined || Math.abs(event.time - time) < Math.abs(best.time - time) ? event : best,
    undefined,
  );
}
