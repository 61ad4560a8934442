import { interleave, rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import type { ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import { load, replication, roundTrip, WRITE_BYTES } from './loads.ts';
import type { LoadResult } from './samples.ts';

const TABS = 3;
const SEQUENCE = 100;

export const commit: Benchmark = {
  name: 'commit',
  about: 'one write at a time through the leader: 100 bytes, three tabs, strict durability',
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      const page = await cluster.leader();
      await warm(context, cluster, floor);
      const { floors, values } = await interleave(
        context,
        async () => ({
          bare: await floor.run(replication(context)),
          hop: await floor.run({
            kind: 'replicate',
            inFlight: 1,
            bytes: WRITE_BYTES,
            durationMs: context.durationMs,
            from: 'page',
          }),
          write: await floor.run({ kind: 'write', bytes: WRITE_BYTES, durationMs: context.durationMs }),
        }),
        () => cluster.run(page, load(context, 'put')),
      );
      const bare = floors.map((one) => one.bare);
      return [
        latencyRow('commit', 'p50', values, 'bare replication', bare, 1.3),
        latencyRow('commit', 'p99', values, 'bare replication', bare, 2),
        rowOf('commit', {
          ...{ figure: 'bare replication, asked from the page: p50', unit: 'ms' },
          values: floors.map(({ hop }) => hop.p50),
          floor: { what: 'bare replication', values: bare.map(({ p50 }) => p50) },
        }),
        rowOf('commit', {
          ...{ figure: 'bare strict write: p50', unit: 'ms' },
          values: floors.map(({ write }) => write.p50),
        }),
      ];
    }),
};

export const commitFollower: Benchmark = {
  name: 'commit-follower',
  about: 'the same through a follower',
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      const page = await cluster.follower();
      await warm(context, cluster, floor);
      const { floors, values } = await interleave(
        context,
        async () => sum(await floor.run(replication(context)), await floor.run(roundTrip(context))),
        () => cluster.run(page, load(context, 'put')),
      );
      const what = 'bare replication + a round trip';
      return [
        latencyRow('commit-follower', 'p50', values, what, floors, 1.3),
        latencyRow('commit-follower', 'p99', values, what, floors),
      ];
    }),
};

export const serial: Benchmark = {
  name: 'serial-100',
  about: `${SEQUENCE} writes through the leader, one after the other`,
  run: (context) =>
    context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
      const page = await cluster.leader();
      await warm(context, cluster, floor);
      const { floors, values } = await interleave(
        context,
        () => floor.run(replication(context)),
        () => cluster.run(page, { ...load(context, 'put'), durationMs: null, count: SEQUENCE }),
      );
      return [
        rowOf('serial-100', {
          ...{ figure: `${SEQUENCE} writes`, unit: 's' },
          values: values.map(({ perSecond }) => SEQUENCE / perSecond),
          floor: {
            what: 'bare replication',
            values: floors.map(({ perSecond }) => SEQUENCE / perSecond),
          },
          aim: { bound: 'at most', limit: 0.6, of: 'value' },
        }),
      ];
    }),
};

/** What was never run is slow. */
export async function warm(
  { durationMs }: BenchContext,
  cluster: ClusterTabs,
  floor: FloorTabs,
): Promise<void> {
  await floor.run(replication({ durationMs: durationMs / 2 }));
  for (const page of cluster.pages) await cluster.run(page, load({ durationMs: durationMs / 2 }, 'put'));
}

export function latencyRow(
  benchmark: string,
  percentile: 'p50' | 'p99',
  values: readonly LoadResult[],
  what: string,
  floors: readonly Pick<LoadResult, 'p50' | 'p99'>[],
  atMost?: number,
  prefix = '',
): Row {
  return rowOf(benchmark, {
    ...{ figure: `${prefix}${percentile}`, unit: 'ms' },
    values: values.map((one) => one[percentile]),
    floor: { what, values: floors.map((one) => one[percentile]) },
    ...(atMost === undefined ? {} : { aim: { bound: 'at most', limit: atMost } }),
  });
}

/** One after the other. */
function sum(first: LoadResult, second: LoadResult): Pick<LoadResult, 'p50' | 'p99'> {
  return { p50: first.p50 + second.p50, p99: first.p99 + second.p99 };
}
