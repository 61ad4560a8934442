import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../src/worker/excerpt.ts';

const row = (key: string, value: string): { key: string; begin: string; length: number } => ({
  ...{ key, begin: value, length: value.length },
});

describe('an excerpt of a map', () => {
  it('has the first keys in their order that contain the filter, and says how many there are', () => {
    const map = new Map([
      ['b', '2'],
      ['ab', '3'],
      ['c', '4'],
      ['a', '1'],
    ]);
    const first = [row('a', '1'), row('ab', '3')];
    expect(excerptOf(map, '', 2, 10)).toEqual({ rows: first, matching: 4, total: 4 });
    const withB = [row('ab', '3'), row('b', '2')];
    expect(excerptOf(map, 'b', 10, 10)).toEqual({ rows: withB, matching: 2, total: 4 });
    expect(excerptOf(map, 'x', 10, 10)).toEqual({ rows: [], matching: 0, total: 4 });
    expect(excerptOf(new Map(), '', 10, 10)).toEqual({ rows: [], matching: 0, total: 0 });
  });

  it('has no more of a long value than is asked for, and its length', () => {
    const map = new Map([['k', 'x'.repeat(70_000)]]);
    expect(excerptOf(map, '', 1, 3).rows).toEqual([{ key: 'k', begin: 'xxx', length: 70_000 }]);
  });

  it('is what sorting all of them gives', () => {
    const keys = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', 'ü'), maxLength: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(keys, { maxLength: 60 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
        fc.integer({ min: 1, max: 8 }),
        (all, filter, limit) => {
          const values = all.map((key) => [key, `value of ${key}`] as const);
          const matching = all.filter((key) => key.includes(filter)).sort();
          expect(excerptOf(values, filter, limit, 100)).toEqual({
            rows: matching.slice(0, limit).map((key) => row(key, `value of ${key}`)),
            ...{ matching: matching.length, total: all.length },
          });
        },
      ),
    );
  });
});
