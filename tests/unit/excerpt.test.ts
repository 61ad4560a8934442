import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excerptOf } from '../../src/worker/excerpt.ts';

describe('an excerpt of a map', () => {
  it('has the first keys in their order that contain the filter, and says how many there are', () => {
    const map = new Map([
      ['b', '2'],
      ['ab', '3'],
      ['c', '4'],
      ['a', '1'],
    ]);
    expect(excerptOf(map, '', 2)).toEqual({
      rows: [
        ['a', '1'],
        ['ab', '3'],
      ],
      matching: 4,
      total: 4,
    });
    expect(excerptOf(map, 'b', 10)).toEqual({
      rows: [
        ['ab', '3'],
        ['b', '2'],
      ],
      matching: 2,
      total: 4,
    });
    expect(excerptOf(map, 'x', 10)).toEqual({ rows: [], matching: 0, total: 4 });
    expect(excerptOf(new Map(), '', 10)).toEqual({ rows: [], matching: 0, total: 0 });
  });

  it('is what sorting all of them gives', () => {
    const keys = fc.string({ unit: fc.constantFrom('a', 'b', 'Z', '0', 'ü'), maxLength: 4 });
    fc.assert(
      fc.property(
        fc.uniqueArray(keys, { maxLength: 60 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 2 }),
        fc.integer({ min: 1, max: 8 }),
        (all, filter, limit) => {
          const matching = all.filter((key) => key.includes(filter)).sort();
          const excerpt = excerptOf(
            all.map((key) => [key, `value of ${key}`] as const),
            filter,
            limit,
          );
          expect(excerpt.rows.map(([key]) => key)).toEqual(matching.slice(0, limit));
          expect(excerpt.rows.every(([key, value]) => value === `value of ${key}`)).toBe(true);
          expect([excerpt.matching, excerpt.total]).toEqual([matching.length, all.length]);
        },
      ),
    );
  });
});
