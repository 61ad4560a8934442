import type { Page } from 'playwright';
import { interleave, type Benchmark } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load } from './loads.ts';

const VOTERS = 3;
/** Of a hidden page, an interval fires once a second. */
const PERIOD_MS = 1000;
const BLOCKED_MS = 500;
/** Several periods. */
const MIN_DURATION_MS = 3000;
const BLOCK_PATH = 'bench-block';

/**
 * The load comes from a fourth tab, whose thread is free: what is asked is whether the members suffer. They are blocked
 * by a request that waits, not by work: on few cores, that would measure the lack of cores.
 */
export const jank: Benchmark = {
  name: 'jank',
  about: 'writes while the main threads of all voters are blocked half of the time',
  run: async (context) => {
    const cluster = await context.lab.openCluster({ tabs: VOTERS + 1 });
    try {
      const [client] = cluster.pages.slice(-1);
      if (client === undefined) throw new Error('The load needs a tab.');
      const voters = cluster.pages.slice(0, VOTERS);
      for (const page of voters)
        await page.route(`**/${BLOCK_PATH}`, async (route) => {
          await new Promise((resolve) => setTimeout(resolve, BLOCKED_MS));
          await route.fulfill({ body: '' });
        });
      const durationMs = context.isQuick ? PERIOD_MS : Math.max(MIN_DURATION_MS, context.durationMs);
      const measure = () => cluster.run(client, load({ durationMs }, 'put'));
      await measure();
      const { floors, values } = await interleave(context, measure, async () => {
        const timers = await Promise.all(voters.map(block));
        const result = await measure();
        await Promise.all(voters.map((page, at) => page.evaluate((id) => clearInterval(id), timers[at])));
        return result;
      });
      return latencyRows('jank', { values, floor: 'none blocked', floors, aims: { p50: 1.2 } });
    } finally {
      await cluster.close();
    }
  },
};

async function block(page: Page): Promise<number> {
  return page.evaluate(
    ([path, periodMs]) =>
      window.setInterval(() => {
        const request = new XMLHttpRequest();
        request.open('GET', `/${path}`, false);
        request.send();
      }, periodMs),
    [BLOCK_PATH, PERIOD_MS] as const,
  );
}
