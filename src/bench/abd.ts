import type { Page } from 'playwright';
import { interleave, type Benchmark } from './benchmark.ts';
import { statusOf } from './cluster-tabs.ts';
import { latencyRows, sum } from './latency.ts';
import { load, replication, roundTrip, warm } from './loads.ts';

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
      const operation = (name: 'abd-put' | 'abd-get') => ({ ...load(context, name), keys: KEYS });
      await cluster.run(page, { ...operation('abd-put'), durationMs: null, count: KEYS });
      const { floors, values } = await interleave(
        context,
        async () => ({
          bare: await floor.run(replication(context)),
          trip: await floor.run(roundTrip(context)),
        }),
        async () => ({
          write: await cluster.run(page, operation('abd-put')),
          read: await cluster.run(page, operation('abd-get')),
        }),
      );
      return [
        ...latencyRows('abd', {
          ...{ what: 'write', values: values.map(({ write }) => write) },
          floor: 'bare replication + a round trip',
          floors: floors.map(({ bare, trip }) => sum(bare, trip)),
          aims: { p50: 1.5 },
        }),
        ...latencyRows('abd', {
          ...{ what: 'read', values: values.map(({ read }) => read) },
          floor: 'two round trips',
          floors: floors.map(({ trip }) => sum(trip, trip)),
          aims: { p50: 1.5 },
        }),
      ];
    }),
};

async function untilRegistersReady(page: Page): Promise<void> {
  while ((await statusOf(page)).registers.ready.length < TABS)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
