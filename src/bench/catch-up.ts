import { interleave, rowOf, type Benchmark } from './benchmark.ts';
import { statusOf, type ClusterTabs } from './cluster-tabs.ts';
import { load } from './loads.ts';

const TABS = 3;
const STATE_BYTES = 50_000_000;
const STATE_BYTES_IF_QUICK = 5_000_000;
const VALUE_BYTES = 50_000;
const IN_FLIGHT = 8;
const RUNS = 3;
const READY_TIMEOUT_MS = 120_000;

export const catchUp: Benchmark = {
  name: 'catch-up',
  about: `a wiped member until it votes again, with ${STATE_BYTES / 1e6} MB of state`,
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      const bytes = context.isQuick ? STATE_BYTES_IF_QUICK : STATE_BYTES;
      const keys = bytes / VALUE_BYTES;
      context.tell(`${bytes / 1e6} MB of state`);
      await cluster.run(await cluster.leader(), {
        ...load(context, 'put', IN_FLIGHT, VALUE_BYTES),
        ...{ durationMs: null, count: keys, keys },
      });
      const { floors, values } = await interleave(
        { ...context, runs: Math.min(context.runs, RUNS) },
        () => floor.run({ kind: 'transfer', bytes }),
        () => wipeAndCatchUp(cluster),
      );
      return [
        rowOf('catch-up', {
          ...{ figure: 'until it votes', unit: 'ms', values },
          floor: { what: 'the same bytes through a channel', values: floors.map(({ p50 }) => p50) },
          aim: { bound: 'at most', limit: 2 },
        }),
      ];
    }),
};

/** It is removed first, as otherwise its successor would have to wait until it is given up. */
async function wipeAndCatchUp(cluster: ClusterTabs): Promise<number> {
  const leader = await cluster.leader();
  const page = await cluster.follower();
  const { name } = await statusOf(page);
  if (name === null) throw new Error('A follower has a name.');
  const removed = await leader.evaluate((whom) => window.tabraft.raft.removeMember(whom), name);
  if (removed.outcome !== 'ok') throw new Error(`${name} was not removed: ${removed.reason}`);
  await page.bringToFront();
  return page.evaluate(async (timeoutMs) => {
    const begun = performance.now();
    await window.tabraft.node.wipe();
    await window.tabraft.ready(timeoutMs);
    return performance.now() - begun;
  }, READY_TIMEOUT_MS);
}
