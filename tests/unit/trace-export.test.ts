import { describe, expect, it } from 'vitest';
import { createTrace } from '../../src/page/trace.ts';
import type { TracePorts } from '../../src/page/trace-export.ts';
import { formatEvent, RUN_LENGTH } from '../../src/trace/event.ts';
import { parseTrace } from '../../src/trace/lines.ts';
import { id } from '../support/core-cluster.ts';

const BEGIN = Date.UTC(2026, 10, 28);
const PAGE = 10;
const PAGES = 100;

/** A node that has done something once a second, and gives away ten events at a time. */
function nodeOf(name: string, asked: string[]) {
  const lines = Array.from({ length: PAGE * PAGES }, (_, at) => {
    const seq = RUN_LENGTH + at + 1;
    const header = { seq, node: id(name), name, time: BEGIN + 1000 * at, clock: { [id(name)]: seq } };
    return `${formatEvent({ ...header, kind: 'campaign' })}\n`;
  });
  return (after: number) => {
    asked.push(name);
    const first = Math.max(0, after - RUN_LENGTH);
    const page = lines.slice(first, first + PAGE);
    return { lines: page.join(''), next: page.length === 0 ? null : RUN_LENGTH + first + page.length };
  };
}

/** `known`: of this time and later the page has seen what the nodes did. */
function setup(known: number) {
  const asked: string[] = [];
  const [own, other] = [nodeOf('A', asked), nodeOf('B', asked)];
  const ports: TracePorts = {
    node: () => ({ tracePage: (after: number) => Promise.resolve(own(after)) }) as never,
    self: () => id('A'),
    others: () => [{ id: id('B'), name: 'B' }],
    lastBefore: (_, time) => (time < known ? 0 : RUN_LENGTH + Math.ceil((time - BEGIN) / 1000)),
    call: (_member, _method, [after]) =>
      Promise.resolve({ kind: 'answered', answer: other(after as number) }),
    onWarning: (text) => asked.push(text),
  };
  return { trace: createTrace(ports), asked };
}

describe('a part of a trace', () => {
  const span = { from: BEGIN + 500_000, to: BEGIN + 503_000 };

  it('is what happened in that time, and little else is read', async () => {
    const { trace, asked } = setup(BEGIN);
    const { events } = parseTrace(await trace.export('jsonl', 'cluster', span));
    const times = events.filter(({ name }) => name === 'B').map(({ time }) => (time - BEGIN) / 1000);
    expect(times).toEqual([500, 501, 502, 503]);
    expect(events).toHaveLength(8);
    expect(asked.filter((name) => name === 'A').length).toBeLessThanOrEqual(3);
    expect(asked.filter((name) => name === 'B').length).toBeLessThanOrEqual(3);
  });

  it('is read from the begin where the page has seen nothing from before it', async () => {
    const { trace, asked } = setup(BEGIN + 600_000);
    const { events } = parseTrace(await trace.export('jsonl', 'node', span));
    expect(events).toHaveLength(4);
    expect(asked.length).toBeGreaterThan(PAGES / 2);
  });

  it('is all of it where none is asked for, and none where the times are in no order', async () => {
    const { trace } = setup(BEGIN);
    expect(parseTrace(await trace.export('jsonl', 'cluster')).events).toHaveLength(2 * PAGE * PAGES);
    const backwards = trace.export('jsonl', 'node', { from: span.to, to: span.from });
    await expect(backwards).rejects.toThrow('span: expected { from, to }, two times in their order');
  });
});
