import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../src/trace/event.ts';
import { FLIGHT_MS, flightsAt } from '../../src/ui/ring/flights.ts';
import { placeOf } from '../../src/ui/ring/places.ts';
import { A, B, eventOf } from '../support/trace-events.ts';

const WALL = 1_000_000;

const received = (seq: number, time: number, message = 'appendRequest', tookMs = 0): TraceEvent => ({
  ...eventOf({ kind: 'receive', from: B, message, facts: {}, sent: 1, sentAt: time - tookMs }, seq),
  time,
});
const faulted = (seq: number, time: number, act: string): TraceEvent => ({
  ...eventOf({ kind: 'proxy', act, to: B, message: 'heartbeat', sent: 1 }, seq),
  time,
});

describe('messages on the ring', () => {
  it('take at least as long as one can follow, and are gone', () => {
    const events = [received(1, WALL)];
    expect(flightsAt(events, WALL - 1, 1).flights).toEqual([]);
    expect(flightsAt(events, WALL + FLIGHT_MS / 2, 1).flights).toEqual([
      { from: B, to: A, kind: 'append', end: 'arrives', progress: 0.5 },
    ]);
    expect(flightsAt(events, WALL + FLIGHT_MS, 1).flights).toEqual([]);
  });

  it('take as long as they took, where the view is slow enough', () => {
    const events = [received(1, WALL, 'appendRequest', 40)];
    expect(flightsAt(events, WALL - 30, 50).flights).toMatchObject([{ progress: 0.25 }]);
    expect(flightsAt(events, WALL, 50).flights).toEqual([]);
  });

  it('are told from those that the proxy drops or holds; pings are not shown', () => {
    const events = [faulted(1, WALL, 'dropped'), faulted(2, WALL, 'held'), faulted(3, WALL, 'delayed')];
    const { flights } = flightsAt([...events, received(4, WALL, 'ping')], WALL, 1);
    expect(flights.map(({ from, to, end }) => [from, to, end])).toEqual([
      [A, B, 'dropped'],
      [A, B, 'held'],
    ]);
  });

  it('are no more than can be seen; the others are counted', () => {
    const events = Array.from({ length: 200 }, (_, at) => received(at + 1, WALL));
    const { flights, skipped } = flightsAt(events, WALL, 1);
    expect([flights.length, skipped]).toEqual([48, 152]);
  });
});

it('members stand in a circle, the first on top, and one alone in the middle', () => {
  expect(placeOf(0, 1)).toEqual({ x: 50, y: 50 });
  const places = [0, 1, 2, 3].map((at) => placeOf(at, 4));
  const rounded = places.map(({ x, y }) => [Math.round(x), Math.round(y)]);
  expect(rounded).toEqual([
    [50, 10],
    [86, 46],
    [50, 82],
    [14, 46],
  ]);
});
