import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { IntegerMap } from '../../src/core/integer-map.ts';

interface Step {
  readonly kind: 'set' | 'delete' | 'get';
  readonly key: number;
}

const step = (key: fc.Arbitrary<number>): fc.Arbitrary<Step> =>
  fc.record({ kind: fc.constantFrom('set', 'delete', 'get'), key });

/** Few, so that they meet; and alike in their low 32 bits. */
const KEYS = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: 0, max: 40 }).map((times) => 7 + times * 2 ** 32),
  fc.constantFrom(Number.MAX_SAFE_INTEGER, 2 ** 40, 2 ** 31, 2 ** 31 - 1),
);

describe('a map from integers', () => {
  test('is what a Map is', () => {
    fc.assert(
      fc.property(fc.array(step(KEYS), { maxLength: 400 }), (steps) => {
        const map = new IntegerMap<string>();
        const model = new Map<number, string>();
        for (const [at, { kind, key }] of steps.entries()) {
          if (kind === 'set') {
            map.set(key, `${key} at ${at}`);
            model.set(key, `${key} at ${at}`);
          } else if (kind === 'delete') {
            map.delete(key);
            model.delete(key);
          }
          expect(map.get(key)).toBe(model.get(key));
          expect(map.has(key)).toBe(model.has(key));
          expect(map.size).toBe(model.size);
        }
        expect([...map]).toEqual([...model].sort(([a], [b]) => a - b));
        expect([...new IntegerMap(map)]).toEqual([...map]);
      }),
      { numRuns: 500 },
    );
  });

  test('keeps what is there while thousands come and go', () => {
    const map = new IntegerMap<number>([[5, 50]]);
    for (const [first, count] of [
      [1000, 10_000],
      [20_000, 300],
      [30_000, 9000],
    ] as const) {
      for (let key = first; key < first + count; key += 1) map.set(key, -key);
      expect(map.size).toBe(count + 1);
      for (let key = first; key < first + count; key += 1) if (key % 1000 !== 7) map.delete(key);
      const left = Array.from({ length: count }, (_, at) => first + at).filter((key) => key % 1000 === 7);
      expect([...map]).toEqual([[5, 50], ...left.map((key) => [key, -key])]);
      for (const key of left) map.delete(key);
    }
    expect([...map]).toEqual([[5, 50]]);
  });

  test('finds those that are wanted in the order of their keys, whatever is deleted meanwhile', () => {
    const map = new IntegerMap(Array.from({ length: 100 }, (_, key) => [99 - key, 2 * (99 - key)]));
    const seen: number[] = [];
    for (const [key] of map.where((value, own) => value >= 100 && own % 10 === 0)) {
      seen.push(key);
      map.delete(key);
      map.delete(key + 10);
    }
    expect(seen).toEqual([50, 60, 70, 80, 90]);
    expect(map.size).toBe(95);
  });
});
