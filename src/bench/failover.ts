import { rowOf, type BenchContext, type Benchmark } from './benchmark.ts';
import type { ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import { roundTrip, warm, WRITE_BYTES } from './loads.ts';

const TABS = 3;
const KILLS = 30;
const KILLS_IF_QUICK = 3;
/** For some writes before the leader dies. */
const LEAD_MS = 200;

interface Failover {
  readonly gap: number;
  /** Without a word from the leader, until somebody began an election. */
  readonly drawn: number;
}

export const failover: Benchmark = {
  name: 'failover',
  about: `the leader's tab is killed, ${KILLS} times: how long nothing is committed`,
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      await warm(context, cluster, floor);
      const steps = [await stepsOf(context, floor)];
      const failovers: Failover[] = [];
      for (let kill = 1; kill <= (context.isQuick ? KILLS_IF_QUICK : KILLS); kill += 1) {
        context.checkInterrupt();
        const failed = await failOver(context, cluster);
        failovers.push(failed);
        context.tell(
          `kill ${kill}: ${failed.gap.toFixed(0)} ms, of which ${failed.drawn.toFixed(0)} timeout`,
        );
        await cluster.openTab();
      }
      steps.push(await stepsOf(context, floor));
      const what = '3 round trips + 2 writes';
      const step = steps.reduce((sum, ms) => sum + ms, 0) / steps.length;
      return [
        rowOf('failover', {
          ...{ figure: 'without a commit', unit: 'ms' },
          values: failovers.map(({ gap }) => gap),
          floor: { what: `election timeout + ${what}`, values: failovers.map(({ drawn }) => drawn + step) },
          aim: { bound: 'at most', limit: 1 },
        }),
        rowOf('failover', {
          ...{ figure: 'from the timeout to the commit', unit: 'ms' },
          values: failovers.map(({ gap, drawn }) => gap - drawn),
          floor: { what, values: steps },
        }),
      ];
    }),
};

/** What an election and the first write take at least, once somebody has begun. */
async function stepsOf(context: BenchContext, floor: FloorTabs): Promise<number> {
  const trip = await floor.run(roundTrip(context));
  const write = await floor.run({ kind: 'write', bytes: WRITE_BYTES, durationMs: context.durationMs });
  return 3 * trip.p50 + 2 * write.p50;
}

async function failOver({ lab }: BenchContext, cluster: ClusterTabs): Promise<Failover> {
  const leader = await cluster.leader();
  const client = await cluster.follower();
  await client.bringToFront();
  for (const page of cluster.pages) await cluster.equip(page);
  const gap = client.evaluate(() => window.bench.commitGap());
  await new Promise((resolve) => setTimeout(resolve, LEAD_MS));
  cluster.pages.splice(cluster.pages.indexOf(leader), 1);
  await (await lab.browser()).crash(leader);
  const ms = await gap;
  const drawn = await (await cluster.leader()).evaluate(() => window.bench.drawnTimeout());
  return { gap: ms, drawn };
}
