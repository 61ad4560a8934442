import { interleave, rowOf, type Benchmark } from './benchmark.ts';
import { latencyRows, sum } from './latency.ts';
import { load, replication, roundTrip, warm, WRITE_BYTES } from './loads.ts';

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
          hop: await floor.run(replication(context, 1, WRITE_BYTES, 'page')),
          write: await floor.run({ kind: 'write', bytes: WRITE_BYTES, durationMs: context.durationMs }),
        }),
        () => cluster.run(page, load(context, 'put')),
      );
      const bare = floors.map((one) => one.bare);
      return [
        ...latencyRows('commit', {
          ...{ values, floor: 'bare replication', floors: bare },
          aims: { p50: 1.3, p99: 2 },
        }),
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
      return latencyRows('commit-follower', {
        ...{ values, floor: 'bare replication + a round trip', floors },
        aims: { p50: 1.3 },
      });
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
