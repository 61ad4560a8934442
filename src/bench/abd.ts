import type { Page } from 'playwright';
import { interleave, type Benchmark } from './benchmark.ts';
import { statusOf } from './cluster-tabs.ts';
import { latencyRow, warm } from './commit.ts';
import { load, replication, roundTrip } from './loads.ts';

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
      const writes = floors.map(({ bare, trip }) => ({ p50: bare.p50 + trip.p50, p99: bare.p99 + trip.p99 }));
      const reads = floors.map(({ trip }) => ({ p50: 2 * trip.p50, p99: 2 * trip.p99 }));
      return (['p50', 'p99'] as const).flatMap((percentile) => {
        const atMost = percentile === 'p50' ? 1.5 : undefined;
        const forWrites = 'bare replication + a round trip';
        return [
          latencyRow(
            ...([
              'abd',
              percentile,
              values.map(({ write }) => write),
              forWrites,
              writes,
              atMost,
              'write: ',
            ] as const),
          ),
          latencyRow(
            ...([
              'abd',
              percentile,
              values.map(({ read }) => read),
              'two round trips',
              reads,
              atMost,
              'read: ',
            ] as const),
          ),
        ];
      });
    }),
};

async function untilRegistersReady(page: Page): Promise<void> {
  while ((await statusOf(page)).registers.ready.length < TABS)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}
