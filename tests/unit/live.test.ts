import { expect, it } from 'vitest';
import { LiveFeed } from '../../src/page/live.ts';
import type { NodeSnapshot } from '../../src/worker/contract.ts';

it.each([
  [0, 80],
  [3, 80],
  [5, 48],
  [9, 27],
])(
  'of %i members no more events are asked for than anybody can follow: %i of each at a time',
  async (members, limit) => {
    const asked: [number, number][] = [];
    const snapshot = { members: Array.from({ length: members }, () => ({})) } as unknown as NodeSnapshot;
    const live = new LiveFeed({
      snapshot: () => snapshot,
      watch: (after, most) => {
        asked.push([after, most]);
        return Promise.resolve(null);
      },
      others: () => [],
      send: () => true,
      onChange: () => undefined,
      onRefused: (reason) => {
        throw new Error(reason);
      },
    });
    await live.onWatch('a page', 7);
    expect(asked).toEqual([[7, limit]]);
  },
);
