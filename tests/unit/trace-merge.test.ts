import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { Names } from '../../src/trace/describe.ts';
import { countOf, formatEvent, RUN_LENGTH, runOf, type TraceEvent } from '../../src/trace/event.ts';
import { exportTrace } from '../../src/trace/export.ts';
import { traceFormat } from '../../src/trace/formats.ts';
import { Gaps } from '../../src/trace/gaps.ts';
import { parseTrace } from '../../src/trace/lines.ts';
import { joinStreams, mergeByCausality } from '../../src/trace/merge.ts';
import { ClockOffsets, correctedTime } from '../../src/trace/offsets.ts';
import { id } from '../support/core-cluster.ts';
import { byNode, randomTrace, type TraceShape } from '../support/random-trace.ts';

const shapes = fc.record({
  seed: fc.nat(1_000_000),
  nodes: fc.integer({ min: 1, max: 5 }),
  events: fc.integer({ min: 1, max: 300 }),
  maxSkewMs: fc.constantFrom(0, 3, 10_000),
});

const never = (): never => {
  throw new Error('this was not to happen');
};

function merged(
  nodes: ReadonlyMap<MemberId, TraceEvent[]>,
  timeOf = (event: TraceEvent) => event.time,
): TraceEvent[] {
  const streams = new Map([...nodes].map(([node, events]) => [node, events.values()]));
  return [...mergeByCausality(streams, { timeOf, onContradiction: never })];
}

/** Every event stands behind all that happened before it. */
function expectCausal(events: readonly TraceEvent[]): void {
  const seen = new Map<MemberId, number>();
  const known = byNode(events);
  for (const event of events) {
    for (const [node, seq] of Object.entries(event.clock) as [MemberId, number][]) {
      if (node === event.node) continue;
      const newest = known.get(node)?.findLast((other) => other.seq <= seq)?.seq ?? 0;
      expect(seen.get(node) ?? 0).toBeGreaterThanOrEqual(newest);
    }
    expect(event.seq).toBeGreaterThan(seen.get(event.node) ?? 0);
    seen.set(event.node, event.seq);
  }
}

describe('merging', () => {
  it('puts causes before effects, whatever the clocks say, and loses and doubles nothing', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { events } = randomTrace(shape);
        const result = merged(byNode(events));
        expectCausal(result);
        expect([...result].sort(bySeq)).toEqual([...events].sort(bySeq));
      }),
      { numRuns: 200 },
    );
  });

  it('orders by time what causality does not', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { events } = randomTrace({ ...shape, maxSkewMs: 0 });
        const times = merged(byNode(events)).map(({ time }) => time);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }),
      { numRuns: 100 },
    );
  });

  it('goes on where clocks contradict each other, and says so', () => {
    const [a, b] = [id('A'), id('B')];
    const event = (node: MemberId, time: number, clock: Record<string, number>): TraceEvent => ({
      ...{ seq: RUN_LENGTH + 1, node, name: null, time },
      ...{ clock: clock, kind: 'campaign' },
    });
    const both = { [a]: RUN_LENGTH + 1, [b]: RUN_LENGTH + 1 };
    const streams = new Map([
      [a, [event(a, 2, both)].values()],
      [b, [event(b, 1, both)].values()],
    ]);
    const contradicted: TraceEvent[] = [];
    const order = mergeByCausality(streams, {
      timeOf: ({ time }) => time,
      onContradiction: (one) => contradicted.push(one),
    });
    expect([...order].map(({ node }) => node)).toEqual([b, a]);
    expect(contradicted.map(({ node }) => node)).toEqual([b]);
  });

  it('takes what stands in several files once, and leaves out what stands out of order', () => {
    const { events } = randomTrace({ seed: 1, nodes: 1, events: 50, maxSkewMs: 0 });
    const counts = { repeated: 0, misplaced: 0 };
    const problems = {
      onRepeated: () => void (counts.repeated += 1),
      onMisplaced: () => void (counts.misplaced += 1),
    };
    const files = [events.slice(0, 30), events.slice(20), events.slice(40, 45)];
    const joined = [
      ...joinStreams(
        files.map((file) => file.values()),
        problems,
      ),
    ];
    expect(joined).toEqual(events);
    expect(counts).toEqual({ repeated: 15, misplaced: 0 });
    const swapped = [...events.slice(0, 10), ...events.slice(11, 20), ...events.slice(10, 11)];
    expect([...joinStreams([swapped.values()], problems)]).toHaveLength(19);
    expect(counts.misplaced).toBe(1);
  });
});

const bySeq = (a: TraceEvent, b: TraceEvent): number =>
  a.node === b.node ? a.seq - b.seq : a.node < b.node ? -1 : 1;

describe('clock offsets', () => {
  it('are found from messages in both directions, within what the messages took', () => {
    fc.assert(
      fc.property(fc.nat(100_000), (seed) => {
        const { events, skewsMs } = randomTrace({ seed, nodes: 3, events: 600, maxSkewMs: 60_000 });
        const offsets = new ClockOffsets();
        // Node by node, as from their files.
        const nodes = byNode(events);
        for (const own of nodes.values()) for (const event of own) offsets.add(event);
        const known = offsets.estimate().filter(({ uncertaintyMs }) => uncertaintyMs !== null);
        expect(new Set(known.map(({ node }) => node)).size).toBe(3);
        const reference = known.find(({ uncertaintyMs }) => uncertaintyMs === 0)?.node ?? id('A');
        const base = skewsMs.get(reference) ?? 0;
        for (const { node, offsetMs, uncertaintyMs } of offsets.estimate()) {
          const truth = (skewsMs.get(node) ?? 0) - base;
          if (uncertaintyMs !== null)
            expect(Math.abs(offsetMs - truth)).toBeLessThanOrEqual(uncertaintyMs + 1e-6);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('are corrected, and what is within their uncertainty is left as it is', () => {
    const [a, b] = [id('A'), id('B')];
    const at = (node: MemberId, time: number): TraceEvent => ({
      ...{ seq: RUN_LENGTH + 1, node, name: null, time, clock: {}, kind: 'campaign' },
    });
    const timeOf = correctedTime([
      { node: a, run: 1, offsetMs: 1000, uncertaintyMs: 2 },
      { node: b, run: 1, offsetMs: 1, uncertaintyMs: 2 },
    ]);
    expect([timeOf(at(a, 5000)), timeOf(at(b, 5000))]).toEqual([4000, 5000]);
  });
});

describe('gaps', () => {
  function gapsIn(events: readonly TraceEvent[]): string[] {
    const gaps = new Gaps();
    for (const event of events) gaps.add(event);
    return gaps.list().map(({ node, run, from, to }) => `${node.slice(7, 8)} ${run}:${from}-${to}`);
  }
  const shape: TraceShape = { seed: 3, nodes: 3, events: 400, maxSkewMs: 0 };

  it('are none where nothing is missing, nor where a buffer began later', () => {
    const { events } = randomTrace(shape);
    expect(gapsIn(events)).toEqual([]);
    const late = byNode(events);
    late.set(id('B'), late.get(id('B'))?.slice(40) ?? []);
    expect(gapsIn(merged(late))).toEqual([]);
  });

  it('are numbers left out, ends that others depend on, and nodes of which there is nothing', () => {
    const nodes = byNode(randomTrace(shape).events);
    const b = nodes.get(id('B')) ?? [];
    // In the middle of a run.
    const at = b.findIndex(({ seq }, place) => place > 10 && b[place + 3]?.seq === seq + 3);
    const [lost, alsoLost] = [b[at + 1], b[at + 2]];
    const left = b.filter((event) => event !== lost && event !== alsoLost);
    const numbers = `${runOf(lost?.seq ?? 0)}:${countOf(lost?.seq ?? 0)}-${countOf(alsoLost?.seq ?? 0)}`;
    expect(gapsIn(merged(new Map([...nodes, [id('B'), left]])))).toEqual([`B ${numbers}`]);
    const withoutEnd = gapsIn(merged(new Map([...nodes, [id('B'), b.slice(0, 10)]])));
    expect(withoutEnd.length).toBeGreaterThan(0);
    for (const gap of withoutEnd) expect(gap).toMatch(/^B /);
    nodes.delete(id('C'));
    const withoutC = gapsIn(merged(nodes));
    expect(withoutC[0]).toMatch(/^C \d:1-/);
    for (const gap of withoutC) expect(gap).toMatch(/^C /);
  });
});

describe('formats', () => {
  const { events } = randomTrace({ seed: 9, nodes: 3, events: 300, maxSkewMs: 50 });
  const texts = [...byNode(events).values()].map((own) =>
    own.map((event) => `${formatEvent(event)}\n`).join(''),
  );

  it('as JSON lines are events again', () => {
    const again = parseTrace(exportTrace(texts, 'jsonl'));
    expect(again.problem).toBeNull();
    expectCausal(again.events);
    expect(again.events).toHaveLength(events.length);
  });

  it('as text name node, place and what happened', () => {
    const lines = exportTrace(texts, 'text').trimEnd().split('\n');
    expect(lines).toHaveLength(events.length);
    for (const line of lines)
      expect(line).toMatch(/^2026-01-01T\d\d:\d\d:\d\d\.\d{6}Z [ABC] {2} +\d+:\d+ {2}\S/);
  });

  it('keep a message of several lines together in text', () => {
    const [first] = events;
    if (first === undefined) throw new Error('there are events');
    const error: TraceEvent = { ...first, kind: 'error', message: 'one\ntwo\nthree' };
    const line = traceFormat('text', new Names()).line(error, error.time);
    expect(line.split('\n').slice(1)).toEqual(['    two', '    three', '']);
  });

  it('for ShiViz are read by its default expression, with clocks that it takes', () => {
    const text = exportTrace(texts, 'shiviz');
    const expression = /(?<event>.*)\n(?<host>\S*) (?<clock>{.*})/g;
    const found = [...text.matchAll(expression)].map(({ groups = {} }) => ({
      event: groups['event'] ?? '',
      host: groups['host'] ?? '',
      clock: JSON.parse(groups['clock'] ?? '{}') as Record<string, number>,
    }));
    expect(found).toHaveLength(events.length);
    expect(text.replace(expression, '').trim()).toBe('');
    const counts = new Map<string, number>();
    const newest = new Map<string, Record<string, number>>();
    for (const { event, host, clock } of found) {
      expect(event).not.toBe('');
      counts.set(host, (counts.get(host) ?? 0) + 1);
      expect(clock[host]).toBe(counts.get(host));
      for (const [other, count] of Object.entries(clock)) {
        expect(count).toBeLessThanOrEqual(counts.get(other) ?? 0);
        expect(count).toBeGreaterThanOrEqual(newest.get(host)?.[other] ?? 0);
      }
      newest.set(host, clock);
    }
    expect([...counts.keys()].sort()).toEqual(['A', 'B', 'C']);
  });
});
