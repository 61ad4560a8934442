import { expect, it } from 'vitest';
import { operationsOf, type HistoryEvent } from '../../src/check/history.ts';
import { checkOperations } from '../../src/check/linearizability.ts';
import { renderHtml } from '../../src/check/visualize.ts';
import { linearizableHistory, mutated } from '../support/brute-force.ts';

function page(file: string, events: readonly HistoryEvent[]): string {
  const parsed = operationsOf(events);
  if (!parsed.ok) throw new Error(parsed.reason);
  return renderHtml([
    {
      file,
      result: checkOperations(parsed.operations, { timeLimitMs: 10_000, now: () => performance.now() }),
    },
  ]);
}

it('draws every operation, and the order of a good history', () => {
  const events = linearizableHistory({ seed: 3, operations: 30, clients: 4, infoRate: 0.1 });
  const html = page('history.jsonl', events);
  expect(html.match(/class="bar /g)).toHaveLength(30);
  const known = events.filter(({ type }) => type === 'ok').length;
  expect(html.match(/class="dot"/g)?.length).toBeGreaterThanOrEqual(known);
  expect(html).not.toContain('data-error aria-label');
});

it('marks the first error of a bad one, and says why', () => {
  const events = mutated(linearizableHistory({ seed: 8, operations: 40, clients: 4, values: 1000 }), 8, 3);
  const html = page('history.jsonl', events);
  expect(html).toContain('data-error aria-label');
  expect(html).toContain('no order explains the history any more');
  expect(html.match(/<svg/g)?.length).toBeGreaterThan(0);
});

it('shows what clients wrote as text, never as markup', () => {
  const html = page('<b>.jsonl', [
    {
      index: 0,
      time: 0,
      process: '<i>',
      type: 'invoke',
      f: 'put',
      key: '"><script>',
      value: '<script>alert(1)',
    },
    { index: 1, time: 1, process: '<i>', type: 'ok', f: 'put', key: '"><script>', value: null },
  ]);
  expect(html.match(/<script>/g)).toHaveLength(1);
  expect(html).not.toContain('<i>');
  expect(html).not.toContain('<b>');
});
