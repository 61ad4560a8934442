import { interleave, rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows, sum } from './latency.ts';
import { load, replication, roundTrip, warm, WRITE_BYTES } from './loads.ts';
import { named, stagesOf, type Stage } from './stage.ts';

const TABS = 3;
const SEQUENCE = 100;

export const commit: Benchmark = {
  name: 'commit',
  about: 'one write at a time through the leader: 100 bytes, three tabs, strict durability',
  run: (context) => onStages(context, 'leader', (stage) => commitRows(context, stage)),
};

export const commitFollower: Benchmark = {
  name: 'commit-follower',
  about: 'the same through a follower',
  run: (context) =>
    onStages(context, 'follower', async (stage) => {
      const { floors, values } = await interleave(
        context,
        async () => sum(await stage.floor(replication(context)), await stage.floor(roundTrip(context))),
        () => stage.cluster(load(context, 'put')),
      );
      return latencyRows('commit-follower', {
        ...{ what: stage.name, values, floor: 'bare replication + a round trip', floors },
        aims: { p50: 1.3 },
      });
    }),
};

export const serial: Benchmark = {
  name: 'serial-100',
  about: `${SEQUENCE} writes through the leader, one after the other`,
  run: (context) =>
    onStages(context, 'leader', async (stage) => {
      const { floors, values } = await interleave(
        context,
        () => stage.floor(replication(context)),
        () => stage.cluster({ ...load(context, 'put'), durationMs: null, count: SEQUENCE }),
      );
      return [
        rowOf('serial-100', {
          ...{ figure: named(stage, `${SEQUENCE} writes`), unit: 's' },
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

async function onStages(
  context: BenchContext,
  through: 'leader' | 'follower',
  measure: (stage: Stage) => Promise<Row[]>,
): Promise<Row[]> {
  return context.lab.withBoth({ tabs: TABS }, async (cluster, floor) => {
    const page = await cluster[through]();
    await warm(context, cluster, floor);
    const rows: Row[] = [];
    for (const stage of stagesOf(context, cluster, floor, page)) rows.push(...(await measure(stage)));
    return rows;
  });
}

async function commitRows(context: BenchContext, stage: Stage): Promise<Row[]> {
  const { floors, values } = await interleave(
    context,
    async () => ({
      bare: await stage.floor(replication(context)),
      hop: await stage.floor(replication(context, 1, WRITE_BYTES, 'page')),
      write: await stage.floor({ kind: 'write', bytes: WRITE_BYTES, durationMs: context.durationMs }),
    }),
    () => stage.cluster(load(context, 'put')),
  );
  const bare = floors.map((one) => one.bare);
  return [
    ...latencyRows('commit', {
      ...{ what: stage.name, values, floor: 'bare replication', floors: bare },
      aims: { p50: 1.3, p99: 2 },
    }),
    rowOf('commit', {
      ...{ figure: named(stage, 'bare replication, asked from the page: p50'), unit: 'ms' },
      values: floors.map(({ hop }) => hop.p50),
      floor: { what: 'bare replication', values: bare.map(({ p50 }) => p50) },
    }),
    rowOf('commit', {
      ...{ figure: named(stage, 'bare strict write: p50'), unit: 'ms' },
      values: floors.map(({ write }) => write.p50),
    }),
  ];
}
