import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceDetail, TraceEvent } from '../../src/trace/event.ts';
import { firstAt } from '../../src/trace/first-at.ts';
import { groupOf, GROUPS, LANDMARKS, relationTo } from '../../src/ui/timeline/groups.ts';
import { timelineModel } from '../../src/ui/timeline/model.ts';
import { Layout } from '../../src/ui/timeline/paint.ts';
import { centred, pan, spanOf, ticks, timeLabel, zoom } from '../../src/ui/timeline/scale.ts';
import { EVENT_KINDS } from '../../src/trace/event.ts';
import { A, B, eventOf } from '../support/trace-events.ts';

const at = (
  time: number,
  detail: Partial<TraceDetail> & { kind: string },
  seq: number,
  node = A,
): TraceEvent => ({
  ...eventOf(detail, seq),
  node,
  name: node === A ? 'A' : 'B',
  time,
});

describe('the scale', () => {
  const whole = { from: 1000, to: 2000 };

  it('keeps the moment that is pointed at where it is, and stays within what there is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1000, max: 1900, noNaN: true }),
        fc.double({ min: 1, max: 100, noNaN: true }),
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (from, width, factor, share) => {
          const shown = { from, to: from + width };
          const moment = from + share * width;
          const zoomed = zoom(shown, factor, moment, whole);
          expect(zoomed.from).toBeGreaterThanOrEqual(whole.from - 1e-6);
          expect(zoomed.to).toBeLessThanOrEqual(whole.to + 1e-6);
          const isAtEdge = zoomed.from <= whole.from + 1e-6 || zoomed.to >= whole.to - 1e-6;
          if (!isAtEdge) expect((moment - zoomed.from) / spanOf(zoomed)).toBeCloseTo(share, 6);
        },
      ),
    );
  });

  it('moves no further than to the ends', () => {
    expect(pan({ from: 1100, to: 1200 }, -500, whole)).toEqual({ from: 1000, to: 1100 });
    expect(pan({ from: 1100, to: 1200 }, 5000, whole)).toEqual({ from: 1900, to: 2000 });
    expect(centred({ from: 1100, to: 1200 }, 1500, whole)).toEqual({ from: 1450, to: 1550 });
  });

  it('has round ticks, no more than asked for, at every zoom', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.5, max: 3_600_000, noNaN: true }),
        fc.integer({ min: 1, max: 30 }),
        (width, most) => {
          const found = ticks({ from: 1_700_000_000_000, to: 1_700_000_000_000 + width }, most);
          expect(found.length).toBeLessThanOrEqual(most + 1);
          expect(new Set(found.map(({ label }) => label)).size).toBe(found.length);
        },
      ),
    );
  });

  it('labels a moment as exactly as it must', () => {
    const moment = new Date(2026, 0, 1, 12, 3, 7, 214).getTime();
    expect(timeLabel(moment, 1000)).toBe('12:03:07');
    expect(timeLabel(moment, 1)).toBe('12:03:07.214');
    expect(timeLabel(moment + 0.25, 0.001)).toBe('12:03:07.214250');
  });
});

describe('the model', () => {
  it('has a lane for a member that has told nothing yet, so that nothing moves once it does', () => {
    const members = new Map([
      [B, 'B'],
      [A, 'A'],
    ]);
    const { lanes } = timelineModel([at(10, { kind: 'resumed' }, 1)], new Map([[B, 'leader']]), 20, members);
    expect(lanes.map(({ node, name, events }) => [node, name, events.length])).toEqual([
      [A, 'A', 1],
      [B, 'B', 0],
    ]);
    expect(lanes.map(({ roles }) => roles)).toEqual([[{ from: 10, to: 20, role: 'unknown' }], []]);
  });

  it('has the roles of a node as spans, from what it was at first on', () => {
    const events = [
      at(10, { kind: 'role', role: 'candidate', term: 2 }, 1),
      at(20, { kind: 'role', role: 'leader', term: 2 }, 2),
    ];
    const { lanes } = timelineModel(events, new Map([[A, 'follower']]), 50);
    expect(lanes[0]?.roles).toEqual([
      { from: 10, to: 20, role: 'candidate' },
      { from: 20, to: 50, role: 'leader' },
    ]);
    const later = timelineModel(
      [at(5, { kind: 'link', peer: B, state: 'open' }, 1), ...events],
      new Map([[A, 'follower']]),
    );
    expect(later.lanes[0]?.roles[0]).toEqual({ from: 5, to: 10, role: 'follower' });
  });

  it('has faults as spans, up to now where they have no end', () => {
    const events = [
      at(
        10,
        {
          kind: 'faults',
          rules: ['isolate:A:out', 'isolate:A:in', 'B:in'],
          own: ['isolate:A:out', 'isolate:A:in'],
        },
        1,
      ),
      at(20, { kind: 'paused' }, 2),
      at(30, { kind: 'faults', rules: ['B:in'], own: [] }, 3),
    ];
    const { lanes } = timelineModel(events, new Map(), 100);
    expect(lanes[0]?.faults).toEqual([
      { kind: 'rules', from: 10, to: 30, label: 'isolate:A' },
      { kind: 'paused', from: 20, to: 100, label: 'paused' },
    ]);
  });

  it('draws messages between lanes, and those that were dropped to nowhere', () => {
    const facts = {};
    const events = [
      at(10, { kind: 'proxy', act: 'dropped', to: B, message: 'heartbeat', sent: 1 }, 1),
      at(12, { kind: 'receive', from: A, message: 'appendRequest', facts, sent: 1, sentAt: 11 }, 1, B),
    ];
    const { arrows } = timelineModel(events, new Map());
    expect(
      arrows.map(({ from, to, sentAt, arrivedAt, group }) => [from, to, sentAt, arrivedAt, group]),
    ).toEqual([
      [0, 1, 10, null, 'heartbeats'],
      [0, 1, 11, 12, 'appends'],
    ]);
  });

  it('finds the first of a time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.integer({ min: -1, max: 51 }),
        (numbers, time) => {
          const sorted = numbers.sort((a, b) => a - b);
          const naive = sorted.findIndex((value) => value >= time);
          expect(firstAt(sorted, (value) => value, time)).toBe(naive < 0 ? sorted.length : naive);
        },
      ),
    );
  });
});

it('every kind of event belongs to a group', () => {
  for (const kind of EVENT_KINDS) {
    const event = at(1, { kind, message: 'heartbeat' } as Partial<TraceDetail> & { kind: string }, 1);
    expect(GROUPS).toContain(groupOf(event));
  }
});

it('tells past, future and independent events by their clocks', () => {
  const sent = { ...at(1, { kind: 'paused' }, 5), clock: { [A]: 5 } } as TraceEvent;
  const received = { ...at(2, { kind: 'paused' }, 3, B), clock: { [A]: 5, [B]: 3 } } as TraceEvent;
  const before = { ...at(1, { kind: 'paused' }, 2, B), clock: { [B]: 2 } } as TraceEvent;
  expect(relationTo(received, sent)).toBe('past');
  expect(relationTo(sent, received)).toBe('future');
  expect(relationTo(sent, before)).toBe('concurrent');
  expect(relationTo(sent, sent)).toBe('self');
});

it('an election is one where somebody campaigns or leads', () => {
  const role = (name: string): TraceEvent =>
    at(1, { kind: 'role', role: name, term: 1 } as Partial<TraceDetail> & { kind: string }, 1);
  expect(['follower', 'candidate', 'leader'].map((name) => LANDMARKS.election(role(name)))).toEqual([
    false,
    true,
    true,
  ]);
});

it('what is pointed at is the nearest event that is shown, a telling one before a message', () => {
  const events = [
    at(100, { kind: 'role', role: 'leader', term: 1 }, 1),
    at(101, { kind: 'send', to: B, message: 'heartbeat', facts: {} }, 2),
  ];
  const model = timelineModel(events, new Map(), 200);
  const picture = {
    model,
    shown: { from: 100, to: 200 },
    hidden: new Set<string>(),
    chosen: null,
    cursor: null,
    range: null,
  };
  const layout = new Layout({ ...picture, groups: new Set(GROUPS) }, 1044);
  expect(layout.eventAt(layout.x(100.6), layout.y(0), 14)?.kind).toBe('role');
  const filtered = new Layout({ ...picture, groups: new Set(['heartbeats'] as const) }, 1044);
  expect(filtered.eventAt(filtered.x(100.6), filtered.y(0), 14)?.kind).toBe('send');
  expect(layout.eventAt(layout.x(150), layout.y(0), 14)).toBeNull();
});
