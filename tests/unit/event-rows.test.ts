import { describe, expect, it } from 'vitest';
import type { TraceDetail, TraceEvent } from '../../src/trace/event.ts';
import { GROUPS } from '../../src/ui/timeline/groups.ts';
import { timelineModel } from '../../src/ui/timeline/model.ts';
import { countNewer, placeAt, placeOf, rowsOf, type Filter } from '../../src/ui/timeline/rows.ts';
import { neighbour, nextLandmark } from '../../src/ui/timeline/walk.ts';
import { id } from '../support/core-cluster.ts';
import { A, B, eventOf } from '../support/trace-events.ts';

let seq = 0;
const at = (time: number, detail: Partial<TraceDetail> & { kind: string }, node = A): TraceEvent => ({
  ...eventOf(detail, (seq += 1)),
  node,
  name: node === A ? 'A' : 'B',
  time,
});

const C = id('C');
const ALL: Filter = { groups: new Set(GROUPS), leftOut: new Set() };
const campaign = at(10, { kind: 'role', role: 'candidate', term: 2 });
const paused = at(20, { kind: 'paused' }, B);
const ping = at(20, { kind: 'send', to: B, message: 'ping', facts: {} });
const leads = at(30, { kind: 'role', role: 'leader', term: 2 });
const events = [campaign, paused, ping, leads];
const ofC: TraceEvent = { ...at(35, { kind: 'resumed' }, C), name: 'C' };

describe('the rows of the text', () => {
  it('are the events that the picture shows, in their order', () => {
    expect(rowsOf(events, ALL)).toEqual(events);
    expect(rowsOf(events, { ...ALL, groups: new Set(['elections']) })).toEqual([campaign, leads]);
    expect(rowsOf(events, { ...ALL, leftOut: new Set([A]) })).toEqual([paused]);
  });

  it('end with the moment that the picture shows', () => {
    expect(rowsOf(events, ALL, 20)).toEqual([campaign, paused, ping]);
    expect(rowsOf(events, ALL, 9)).toEqual([]);
  });

  it('are found by event, also among those of one moment, and by moment', () => {
    expect(events.map((event) => placeOf(events, event))).toEqual([0, 1, 2, 3]);
    expect(placeOf(events, at(20, { kind: 'resumed' }))).toBe(-1);
    expect([placeAt(events, 0), placeAt(events, 20), placeAt(events, 21), placeAt(events, 31)]).toEqual([
      0, 1, 3, 4,
    ]);
  });

  it('tell how many have come since they are held, of those that are shown', () => {
    const held = [campaign, paused];
    expect(countNewer([...events, at(31, { kind: 'paused' })], held, ALL)).toBe(2);
    expect(countNewer(events, held, { ...ALL, groups: new Set(['faults']) })).toBe(0);
    expect(countNewer(events, events, ALL)).toBe(0);
    expect(countNewer(events, [], ALL)).toBe(4);
  });
});

describe('walking', () => {
  it('goes from landmark to landmark, and behind the last begins anew', () => {
    const next = (chosen: TraceEvent | null, direction: 1 | -1, start = 0) =>
      nextLandmark(events, 'election', direction, chosen, start, new Set());
    expect(next(null, 1)).toBe(campaign);
    expect(next(campaign, 1)).toBe(leads);
    expect(next(leads, 1)).toBe(campaign);
    expect(next(campaign, -1)).toBe(leads);
    expect(next(null, -1, 15)).toBe(campaign);
    expect(nextLandmark(events, 'error', 1, null, 0, new Set())).toBeUndefined();
    expect(nextLandmark(events, 'election', 1, null, 0, new Set([A]))).toBeUndefined();
  });

  it('goes along a lane, and to the nearest event of another', () => {
    const { lanes } = timelineModel(events, new Map());
    const step = (chosen: TraceEvent | null, rows: number, along: number, filter = ALL) =>
      neighbour(lanes, filter, { rows, events: along }, chosen, 28);
    expect(step(null, 0, 1)).toBe(leads);
    expect(step(leads, 0, -1)).toBe(ping);
    expect(step(leads, 0, 1)).toBeUndefined();
    expect(step(leads, 1, 0)).toBe(paused);
    expect(step(paused, -1, 0)).toBe(ping);
    expect(step(leads, 0, -1, { ...ALL, groups: new Set(['elections']) })).toBe(campaign);
    expect(step(null, 0, 1, { ...ALL, leftOut: new Set([A, B]) })).toBeUndefined();
  });

  it('passes over who has told nothing, wherever its lane is', () => {
    const told = events.filter(({ node }) => node === A);
    const members = new Map([
      [id('first'), '0'],
      [A, 'A'],
      [B, 'B'],
      [C, 'C'],
    ]);
    const { lanes } = timelineModel([...told, ofC], new Map(), undefined, members);
    expect(lanes.map(({ name, events: { length } }) => [name, length])).toEqual([
      ['0', 0],
      ['A', 3],
      ['B', 0],
      ['C', 1],
    ]);
    const step = (chosen: TraceEvent | null, rows: number, along: number) =>
      neighbour(lanes, ALL, { rows, events: along }, chosen, 28);
    expect(step(null, 0, 1)).toBe(leads);
    expect(step(leads, 1, 0)).toBe(ofC);
    expect(step(ofC, -1, 0)).toBe(leads);
    expect(step(leads, -1, 0)).toBe(leads);
  });
});
