import type { MessageType } from '../../core/message.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { firstAt } from '../../trace/first-at.ts';

/** A message as it is drawn: `end` says what becomes of it. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly kind: FlightKind;
  readonly end: 'arrives' | 'dropped' | 'held';
  /** Of the way, from 0 to 1. */
  readonly progress: number;
}

export const FLIGHT_KINDS = ['vote', 'append', 'heartbeat', 'snapshot', 'other'] as const;
export type FlightKind = (typeof FLIGHT_KINDS)[number];

/** Real messages take a fraction of a millisecond: none is drawn faster than this, by the reader's clock. */
export const FLIGHT_MS = 450;
/** One that took longer is drawn from so long before its arrival on. */
const MAX_REAL_MS = 2000;
const MAX_FLIGHTS = 48;

export function flightKind(type: MessageType): FlightKind {
  if (/vote/i.test(type) || type === 'timeoutNow') return 'vote';
  if (type.startsWith('append')) return 'append';
  if (type.startsWith('heartbeat')) return 'heartbeat';
  return type.startsWith('snapshot') ? 'snapshot' : 'other';
}

export interface InFlight {
  readonly flights: readonly Flight[];
  /** Left out, since there were too many. */
  readonly skipped: number;
}

/**
 * The messages under way at the moment `at`, of `events` by time. `slowness`: by how much the view is slower than
 * what happened; a message is drawn as fast as it was, and at most so fast that one can follow it.
 */
export function flightsAt(events: readonly TraceEvent[], at: number, slowness: number): InFlight {
  const leastMs = FLIGHT_MS / slowness;
  const flights: Flight[] = [];
  let skipped = 0;
  for (let place = firstAt(events, ({ time }) => time, at - leastMs); place < events.length; place += 1) {
    const event = events[place];
    if (event === undefined || event.time > at + MAX_REAL_MS) break;
    const flight = flightOf(event, at, leastMs);
    if (flight === null) continue;
    if (flights.length < MAX_FLIGHTS) flights.push(flight);
    else skipped += 1;
  }
  return { flights, skipped };
}

function flightOf(event: TraceEvent, at: number, leastMs: number): Flight | null {
  if (event.kind === 'receive') {
    if (event.message === 'ping' || event.message === 'pong') return null;
    const leaves = Math.max(event.sentAt ?? event.time, event.time - MAX_REAL_MS);
    const tookMs = Math.max(leastMs, event.time - leaves);
    if (at < leaves || at >= leaves + tookMs) return null;
    const progress = (at - leaves) / tookMs;
    return { from: event.from, to: event.node, kind: flightKind(event.message), end: 'arrives', progress };
  }
  if (event.kind !== 'proxy' || (event.act !== 'dropped' && event.act !== 'held')) return null;
  if (at < event.time || at >= event.time + leastMs) return null;
  const progress = (at - event.time) / leastMs;
  return { from: event.node, to: event.to, kind: flightKind(event.message), end: event.act, progress };
}
