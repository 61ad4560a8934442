import { describe, expect, it } from 'vitest';
import { CurveCollector, placesAlone } from '../../src/ui/curves/series.ts';
import type { LiveNode } from '../../src/ui/view.ts';
import { liveNode } from '../ui/fake-controller.ts';

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

describe('how far the slowest follower is behind', () => {
  type Progress = LiveNode['detail']['progress'][number];
  const follower = (state: Progress['state'], matchIndex: number): Progress => ({
    ...{ name: 'B', state, matchIndex, nextIndex: matchIndex + 1 },
  });

  function lagWith(...progress: Progress[]): number | null | undefined {
    const leader = liveNode('A', { role: 'leader' });
    const { detail } = leader;
    const node = { ...leader, detail: { ...detail, progress, log: { ...detail.log, last: 100 } } };
    const collector = new CurveCollector();
    collector.take({ nodes: [node], events: [], skipped: 0, verdicts: [] }, 1_000_000);
    collector.take({ nodes: [], events: [], skipped: 0, verdicts: [] }, 1_001_000);
    return collector.curves.lag[0];
  }

  it('is what the leader knows that it lacks', () => {
    expect(lagWith(follower('replicate', 97), follower('replicate', 100))).toBe(3);
    expect(lagWith(follower('probe', 40), follower('replicate', 100))).toBe(60);
    expect(lagWith(follower('snapshot', 0))).toBe(100);
  });

  it('is unknown where the leader has not heard what it has', () => {
    expect(lagWith(follower('probe', 0), follower('replicate', 98))).toBe(2);
    expect(lagWith(follower('probe', 0))).toBeNull();
  });
});
