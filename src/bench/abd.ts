import type { Page } from 'playwright';
import { interleave, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { statusOf } from './cluster-tabs.ts';
import { latencyRows, sum } from './latency.ts';
import { load, replication, roundTrip, warm } from './loads.ts';
import type { Load } from './load/load.ts';
import { named, stagesOf, type Stage } from './stage.ts';

const TABS = 3;
/** Few, so that what is read has been written. */
const KEYS = 100;
const POLL_MS = 100;

export const abd: Benchmark = {
  name: 'abd',
  about: 'writes and reads of the quorum registers, one at a time',
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      const page = await cluster.leader();
      await warm(context, cluster, floor);
      await untilRegistersReady(page);
      await cluster.run(page, { ...operation(context, 'abd-put'), durationMs: null, count: KEYS });
      const rows: Row[] = [];
      for (const stage of stagesOf(context, cluster, floor, page))
        rows.push(...(await abdRows(context, stage)));
      return rows;
    }),
};

function operation(context: BenchContext, name: 'abd-put' | 'abd-get'): Load {
  return { ...load(context, name), keys: KEYS };
}

async function abdRows(context: BenchContext, stage: Stage): Promise<Row[]> {
  const { floors, values } = await interleave(
    context,
    async () => ({
      bare: await stage.floor(replication(context)),
      trip: await stage.floor(roundTrip(context)),
    }),
    async () => ({
      write: await stage.cluster(operation(context, 'abd-put')),
      read: await stage.cluster(operation(context, 'abd-get')),
    }),
  );
  return [
    ...latencyRows('abd', {
      ...{ what: named(stage, 'write'), values: values.map(({ write }) => write) },
      floor: 'bare replication + a round trip',
      floors: floors.map(({ bare, trip }) => sum(bare, trip)),
      aims: { p50: 1.5 },
    }),
    ...latencyRows('abd', {
      ...{ what: named(stage, 'read'), values: values.map(({ read }) => read) },
      floor: 'two round trips',
      floors: floors.map(({ trip }) => sum(trip, trip)),
      aims: { p50: 1.5 },
    }),
  ];
}

async function untilRegistersReady(page: Page): Promise<void> {
  while ((await statusOf(page)).registers.ready.length < TABS)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
