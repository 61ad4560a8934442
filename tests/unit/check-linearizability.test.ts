import { describe, expect, it } from 'vitest';
import { operationsOf, type HistoryEvent, type Operation } from '../../src/check/history.ts';
import { checkOperations, type CheckOptions, type Failure } from '../../src/check/linearizability.ts';
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
    ['get', 'append'],
    ['get', 'cas', 'append'],
  ] as const;
  return {
    seed,
    operations: 3 + (seed % 5),
    clients: 2 + (seed % 3),
    keys: 1 + Number(seed % 7 === 0),
    values: 2 + (seed % 2),
    functions: functions[(seed >> 1) % 6] ?? functions[0],
    infoRate: [0, 0, 0.25, 0.6][(seed >> 1) % 4] ?? 0,
    failRate: seed % 5 === 0 ? 0.15 : 0,
  };
}

it('agrees with brute force on thousands of small histories, good and bad', PATIENCE, () => {
  const verdicts = new Map<string, number>();
  for (let seed = 1; seed <= 20_000; seed += 1) {
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
  expect(verdicts.get('not linearizable')).toBeGreaterThan(3000);
  expect(verdicts.get('linearizable')).toBeGreaterThan(10_000);
});

it('explains by the shortest history that is wrong already', PATIENCE, () => {
  let explained = 0;
  for (let seed = 1; seed <= 2000; seed += 2) {
    const judged = operations(mutated(linearizableHistory(small(seed)), seed, 2));
    for (const { failure } of checkOperations(judged, LIMITS).keys) {
      if (failure === null) continue;
      explained += 1;
      expect(failure.isFirst).toBe(true);
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
  /** Appends that all overlap, and then a read of what they cannot have left: every set of them is tried. */
  function overlapping(appended: readonly string[], seen: string): readonly Operation[] {
    const events: HistoryEvent[] = [];
    const add = (process: string, type: HistoryEvent['type'], value: string | null): void => {
      const f = process === 'reader' ? 'get' : 'append';
      events.push({ index: events.length, time: events.length, process, type, f, key: 'x', value });
    };
    for (const [at, value] of appended.entries()) add(`${at}`, 'invoke', value);
    for (const [at, value] of appended.entries()) add(`${at}`, 'ok', value);
    add('reader', 'invoke', null);
    add('reader', 'ok', seen);
    return operations(events);
  }
  /** Nothing but the length of what was read is wrong. */
  const hopeless = (appends: number): readonly Operation[] =>
    overlapping(
      Array.from({ length: appends }, (_, at) => 'a'.repeat(at + 1)),
      'a'.repeat((appends * (appends + 1)) / 2 + 1),
    );
  const hard = hopeless(30);

  it('what takes too long is unknown', () => {
    let calls = 0;
    const now = (): number => (calls += 1);
    expect(checkOperations(hard, { timeLimitMs: 5, now }).verdict).toBe('unknown');
  });

  it('wherever they end it, what is said is true', PATIENCE, () => {
    const judged = hopeless(11);
    const said = new Set<string>();
    for (let timeLimitMs = 1; !said.has('explained'); timeLimitMs += 1) {
      let calls = 0;
      const { verdict, keys } = checkOperations(judged, { timeLimitMs, now: () => (calls += 1) });
      const failure = keys[0]?.failure ?? null;
      if (failure === null) expect(verdict).toBe('unknown');
      else expect(failure).toMatchObject({ error: { process: 'reader' }, isFirst: true });
      const isExplained = failure?.longest.some(({ length }) => length === 11) === true;
      said.add(isExplained ? 'explained' : verdict);
    }
    expect([...said]).toEqual(['unknown', 'explained']);
  });

  it('an explanation has a limit of its own, past which it ends with what it has', () => {
    const explained = (explainLimitMs: number): { calls: number; longest: number | undefined } => {
      let calls = 0;
      const now = (): number => (calls += 1);
      const { keys } = checkOperations(hopeless(11), { timeLimitMs: 1e6, explainLimitMs, now });
      return { calls, longest: keys[0]?.failure?.longest[0]?.length };
    };
    const [short, long] = [explained(0), explained(1e6)];
    expect(short.calls).toBeLessThan(long.calls);
    expect([short.longest, long.longest]).toEqual([11, 11]);
  });

  it('an error that may not be the first is not called so', () => {
    const judged = overlapping(
      Array.from({ length: 30 }, (_, at) => `${at} `),
      'never written',
    );
    const failure = (maxBytes: number): Failure | null | undefined =>
      checkOperations(judged, { ...LIMITS, maxBytes, explainLimitMs: 100 }).keys[0]?.failure;
    expect(failure(10_000)).toMatchObject({ error: { process: 'reader' }, isFirst: false });
    expect(failure(1e6)).toMatchObject({ error: { process: 'reader' }, isFirst: true });
  });

  it('what needs too much memory is unknown, never wrong', () => {
    const result = checkOperations(hard, { ...LIMITS, maxBytes: 3000 });
    expect(result).toMatchObject({ verdict: 'unknown', keys: [{ linearization: null, failure: null }] });
  });
});
