import type { Page } from 'playwright';
import { interleave, rowOf, type Benchmark, type Row } from './benchmark.ts';
import { SETTLE_MS } from './cluster-tabs.ts';
import { latencyRows } from './latency.ts';
import { load } from './loads.ts';
import type { LoadResult } from './samples.ts';

const TABS = 5;
/** An operation of each of so many clients: none, one, those of a cluster at work, and of one that can do no more. */
const LOADS = [0, 1, 16, 256];

/**
 * The tab in front is a follower's, and the load comes from the leader's, which is hidden: what is asked is how often
 * the page is drawn. The floor is the least that a moving picture can be, in front of the same load.
 */
export const frames: Benchmark = {
  name: 'frames',
  about: 'how long the page in front takes for each frame, with five tabs under load',
  run: async (context) => {
    const cluster = await context.lab.openCluster({ tabs: TABS });
    try {
      const bare = await context.lab.showBareAnimation();
      const leader = await cluster.leader();
      const follower = await cluster.follower();
      await cluster.equip(follower);
      const rows: Row[] = [];
      for (const inFlight of LOADS) {
        const measure = async (page: Page): Promise<LoadResult> => {
          const { durationMs } = context;
          await page.bringToFront();
          const frameTimes = async (lengthMs: number): Promise<LoadResult> =>
            page.evaluate((ms) => window.bench.frameTimes(ms), lengthMs);
          const [drawn] = await Promise.all([
            frameTimes(SETTLE_MS).then(() => frameTimes(durationMs)),
            inFlight === 0
              ? null
              : cluster.runHidden(leader, load({ durationMs: SETTLE_MS + durationMs }, 'put', inFlight)),
          ]);
          return drawn;
        };
        const { floors, values } = await interleave(
          context,
          () => measure(bare),
          () => measure(follower),
        );
        const what = inFlight === 0 ? 'idle' : `${inFlight} in flight`;
        const floor = 'a bare animation';
        rows.push(...latencyRows('frames', { what, values, floor, floors }));
        rows.push(
          rowOf('frames', {
            ...{
              figure: `${what}: drawn`,
              unit: 'frames/s',
              values: values.map(({ perSecond }) => perSecond),
            },
            floor: { what: floor, values: floors.map(({ perSecond }) => perSecond) },
          }),
        );
      }
      return rows;
    } finally {
      await cluster.close();
    }
  },
};
