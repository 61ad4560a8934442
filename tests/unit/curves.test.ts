import { describe, expect, it } from 'vitest';
import { placesAlone } from '../../src/ui/curves/series.ts';

describe('what stands alone in a line with gaps', () => {
  it.each<[(number | null)[], number[]]>([
    [[], []],
    [[3], [0]],
    [[null, 3, null], [1]],
    [[1, 2, null, 4], [3]],
    [
      [1, null, 3, 4, null, 6],
      [0, 5],
    ],
    [[0, null, null], [0]],
  ])('of %j is at %j', (values, places) => {
    expect(placesAlone(values)).toEqual(places);
  });
});
