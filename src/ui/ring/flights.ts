import type { MessageType } from '../../core/message.ts';
import type { TraceEvent } from '../../trace/event.ts';

/** A message as it is drawn: `end` says what becomes of it. */
export interface Flight {
  readonly from: string;
  readonly to: string;
  readonly kind: FlightKind;
  readonly end: 'arrives' | 'dropped' | 'held';
  /** When it is to leave on the picture, by the clock of the frames. */
  readonly leavesAt: number;
}

export const FLIGHT_KINDS = ['vote', 'append', 'heartbeat', 'snapshot', 'other'] as const;
export type FlightKind = (typeof FLIGHT_KINDS)[number];

/** Real messages take a fraction of a millisecond: they are drawn slower than they are. */
export const FLIGHT_MS = 450;
const MAX_FLIGHTS = 80;

export function flightKind(type: MessageType): FlightKind {
  if (/vote/i.test(type) || type === 'timeoutNow') return 'vote';
  if (type.startsWith('append')) return 'append';
  if (type.startsWith('heartbeat')) return 'heartbeat';
  return type.startsWith('snapshot') ? 'snapshot' : 'other';
}

/**
 * The messages under way on the picture. They come in batches, so that each leaves a little after it was sent; of too
 * many, the newest are left out, and counted.
 */
export class Flights {
  #flights: Flight[] = [];
  #newest = new Map<string, number>();
  skipped = 0;
  shown = 0;

  /** `delayMs`: how long after they happened things are shown. `now` and `wallNow`: the same moment by two clocks. */
  add(events: readonly TraceEvent[], now: number, wallNow: number, delayMs: number): void {
    const before = new Map(this.#newest);
    for (const event of events) {
      if (event.seq <= (before.get(event.node) ?? 0)) continue;
      this.#newest.set(event.node, Math.max(event.seq, this.#newest.get(event.node) ?? 0));
      const flight = flightOf(event, now + (event.time - wallNow) + delayMs);
      if (flight === null || flight.leavesAt + FLIGHT_MS < now) continue;
      if (this.#flights.length >= MAX_FLIGHTS) this.skipped += 1;
      else {
        this.#flights.push(flight);
        this.shown += 1;
      }
    }
  }

  /** Those in the air at `now`, each with how far it has got, from 0 to 1. */
  at(now: number): { readonly flight: Flight; readonly progress: number }[] {
    this.#flights = this.#flights.filter(({ leavesAt }) => leavesAt + FLIGHT_MS > now);
    return this.#flights
      .filter(({ leavesAt }) => leavesAt <= now)
      .map((flight) => ({ flight, progress: (now - flight.leavesAt) / FLIGHT_MS }));
  }

  get isEmpty(): boolean {
    return this.#flights.length === 0;
  }
}

function flightOf(event: TraceEvent, leavesAt: number): Flight | null {
  if (event.kind === 'receive' && event.message !== 'ping' && event.message !== 'pong')
    return { from: event.from, to: event.node, kind: flightKind(event.message), end: 'arrives', leavesAt };
  if (event.kind !== 'proxy' || (event.act !== 'dropped' && event.act !== 'held')) return null;
  return { from: event.node, to: event.to, kind: flightKind(event.message), end: event.act, leavesAt };
}
