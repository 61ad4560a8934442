import { describe, expect, it } from 'vitest';
import { operationsOf, type HistoryEvent, type Operation } from '../../src/check/history.ts';
import { checkOperations, type CheckOptions } from '../../src/check/linearizability.ts';
import {
  faultOf,
  isLinearizableByBruteForce,
  linearizableHistory,
  mutated,
  type HistoryShape,
} from '../support/brute-force.ts';

const PATIENCE = { timeout: 120_000 };
const LIMITS: CheckOptions = { timeLimitMs: 60_000, now: () => performance.now() };

function operations(events: readonly HistoryEvent[]): readonly Operation[] {
  const parsed = operationsOf(events);
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.reason}`);
  return parsed.operations;
}

/** Small enough for brute force, and different in every respect from seed to seed. */
function small(seed: number): HistoryShape {
  const functions = [
    ['get', 'put'],
    ['get', 'put', 'cas'],
    ['get', 'cas'],
    ['get', 'put', 'cas', 'append'],
  ] as const;
  return {
    seed,
    operations: 3 + (seed % 5),
    clients: 2 + (seed % 3),
    keys: 1 + Number(seed % 7 === 0),
    values: 2 + (seed % 2),
    functions: functions[seed % 4] ?? functions[0],
    infoRate: seed % 3 === 0 ? 0.25 : 0,
    failRate: seed % 5 === 0 ? 0.15 : 0,
  };
}

it('agrees with brute force on thousands of small histories, good and bad', PATIENCE, () => {
  const verdicts = new Map<string, number>();
  for (let seed = 1; seed <= 6000; seed += 1) {
    const good = linearizableHistory(small(seed));
    const judged = operations(seed % 2 === 0 ? good : mutated(good, seed, 1 + (seed % 2)));
    const { verdict, keys } = checkOperations(judged, LIMITS);
    const expected = isLinearizableByBruteForce(judged) ? 'linearizable' : 'not linearizable';
    if (seed % 2 === 0) expect(expected, `seed ${seed}`).toBe('linearizable');
    expect(verdict, `seed ${seed}`).toBe(expected);
    verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    for (const { linearization, operations: own } of keys) {
      if (linearization !== null) expect(faultOf(linearization, own), `seed ${seed}`).toBeNull();
    }
  }
  expect(verdicts.get('not linearizable')).toBeGreaterThan(500);
  expect(verdicts.get('linearizable')).toBeGreaterThan(2000);
});

it('explains by the shortest history that is wrong already', PATIENCE, () => {
  let explained = 0;
  for (let seed = 1; seed <= 2000; seed += 2) {
    const judged = operations(mutated(linearizableHistory(small(seed)), seed, 2));
    for (const { failure } of checkOperations(judged, LIMITS).keys) {
      if (failure === null) continue;
      explained += 1;
      expect(isLinearizableByBruteForce(failure.prefix), `seed ${seed}`).toBe(false);
      const withoutError = failure.prefix.map((operation) =>
        operation.id === failure.error.id
          ? { ...operation, outcome: 'info' as const, return: Number.POSITIVE_INFINITY }
          : operation,
      );
      expect(isLinearizableByBruteForce(withoutError), `seed ${seed}`).toBe(true);
      for (const order of failure.longest) {
        const placed = failure.prefix.filter((operation) => order.includes(operation));
        expect(faultOf(order, placed), `seed ${seed}`).toBeNull();
        expect(order.length).toBeLessThan(failure.prefix.length);
      }
    }
  }
  expect(explained).toBeGreaterThan(200);
});

describe('larger histories', () => {
  it.each([
    ['100 operations of ten clients on one key', { operations: 100, clients: 10, values: 1000 }],
    ['4000 operations on ten keys', { operations: 4000, clients: 10, keys: 10, values: 1000 }],
    ['80 operations of five clients on a small register', { operations: 80, clients: 5, values: 5 }],
  ])('%s', PATIENCE, (_, shape) => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const events = linearizableHistory({ ...shape, seed, infoRate: 0.03 });
      const result = checkOperations(operations(events), LIMITS);
      expect(result.verdict).toBe('linearizable');
      for (const { linearization, operations: own } of result.keys) {
        expect(linearization === null ? 'no order' : faultOf(linearization, own)).toBeNull();
      }
    }
  });

  it('a read of something that was overwritten long ago is found among thousands', PATIENCE, () => {
    const events = linearizableHistory({ seed: 5, operations: 2000, clients: 8, keys: 4, values: 1e6 });
    const position = events.findLastIndex(
      ({ type, f, value }) => type === 'ok' && f === 'get' && value !== null,
    );
    const key = events[position]?.key;
    const old = events.find(
      (event) => event.key === key && event.f === 'put' && typeof event.value === 'string',
    );
    const stale = events.map((event, at) =>
      at === position ? { ...event, value: old?.value ?? 'x' } : event,
    );
    expect(checkOperations(operations(stale), LIMITS).verdict).toBe('not linearizable');
  });
});

describe('limits', () => {
  const hard = operations(
    mutated(linearizableHistory({ seed: 4, operations: 300, clients: 30, values: 1e6, infoRate: 0.3 }), 4, 3),
  );

  it('what takes too long is unknown', () => {
    let calls = 0;
    const now = (): number => (calls += 1);
    expect(checkOperations(hard, { timeLimitMs: 1, now }).verdict).not.toBe('linearizable');
  });

  it('what needs too much memory is unknown, never wrong', () => {
    const result = checkOperations(hard, { ...LIMITS, maxConfigurations: 10 });
    expect(result.verdict).toBe('unknown');
  });
});
