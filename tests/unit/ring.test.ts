import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../src/trace/event.ts';
import { FLIGHT_MS, Flights } from '../../src/ui/ring/flights.ts';
import { placeOf } from '../../src/ui/ring/places.ts';
import { A, B, eventOf } from '../support/trace-events.ts';

const WALL = 1_000_000;
const DELAY_MS = 500;

const received = (seq: number, time: number, message = 'appendRequest'): TraceEvent => ({
  ...eventOf({ kind: 'receive', from: B, message, facts: {}, sent: 1, sentAt: time }, seq),
  time,
});
const faulted = (seq: number, time: number, act: string): TraceEvent => ({
  ...eventOf({ kind: 'proxy', act, to: B, message: 'heartbeat', sent: 1 }, seq),
  time,
});

describe('messages on the ring', () => {
  it('leave a little after they were sent, take a while, and are gone', () => {
    const flights = new Flights();
    flights.add([received(1, WALL - 100)], 5000, WALL, DELAY_MS);
    expect(flights.at(5000 + DELAY_MS - 101)).toEqual([]);
    expect(flights.at(5000 + DELAY_MS - 100 + FLIGHT_MS / 2)).toMatchObject([
      { flight: { from: B, to: A, kind: 'append', end: 'arrives' }, progress: 0.5 },
    ]);
    expect(flights.at(5000 + DELAY_MS - 100 + FLIGHT_MS)).toEqual([]);
    expect(flights.isEmpty).toBe(true);
  });

  it('are told from those that the proxy drops or holds; pings are not shown', () => {
    const flights = new Flights();
    const events = [faulted(1, WALL, 'dropped'), faulted(2, WALL, 'held'), faulted(3, WALL, 'delayed')];
    flights.add([...events, received(4, WALL, 'ping')], 0, WALL, DELAY_MS);
    expect(flights.at(DELAY_MS).map(({ flight: { from, to, end } }) => [from, to, end])).toEqual([
      [A, B, 'dropped'],
      [A, B, 'held'],
    ]);
  });

  it('are shown once, though the same events come again', () => {
    const flights = new Flights();
    for (let round = 0; round < 3; round += 1)
      flights.add([received(1, WALL), received(2, WALL)], 0, WALL, DELAY_MS);
    expect([flights.shown, flights.at(DELAY_MS).length]).toEqual([2, 2]);
  });

  it('are no more than can be seen; the others are counted', () => {
    const flights = new Flights();
    const events = Array.from({ length: 200 }, (_, at) => received(at + 1, WALL));
    flights.add(events, 0, WALL, DELAY_MS);
    expect(flights.at(DELAY_MS)).toHaveLength(80);
    expect([flights.shown, flights.skipped]).toEqual([80, 120]);
  });

  it('of the past are not shown at all', () => {
    const flights = new Flights();
    flights.add([received(1, WALL - 5000)], 0, WALL, DELAY_MS);
    expect([flights.isEmpty, flights.shown]).toEqual([true, 0]);
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
