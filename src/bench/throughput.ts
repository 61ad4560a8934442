import { interleave, rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, replication, warm, WRITE_BYTES } from './loads.ts';
import type { LoadResult } from './samples.ts';
import { named, stagesOf, type Stage } from './stage.ts';

interface Depth {
  readonly inFlight: number;
  readonly bytes: number;
}

const DEPTHS: readonly Depth[] = [
  { inFlight: 16, bytes: WRITE_BYTES },
  { inFlight: 256, bytes: WRITE_BYTES },
  { inFlight: 2048, bytes: WRITE_BYTES },
  { inFlight: 256, bytes: 4096 },
];

export const throughput: Benchmark = {
  name: 'throughput',
  about: 'writes a second through the leader, with 16, 256 and 2,048 in flight, and 256 of 4 KiB',
  run: (context) =>
    context.lab.withBoth({ tabs: 3 }, async (cluster, floor) => {
      const page = await cluster.leader();
      await warm(context, cluster, floor);
      const rows: Row[] = [];
      for (const stage of stagesOf(context, cluster, floor, page))
        for (const depth of DEPTHS) rows.push(...(await throughputRows(context, stage, depth)));
      return rows;
    }),
};

async function throughputRows(
  context: BenchContext,
  stage: Stage,
  { inFlight, bytes }: Depth,
): Promise<Row[]> {
  const size = bytes === WRITE_BYTES ? '' : `, ${bytes / 1024} KiB`;
  const what = named(stage, `${inFlight.toLocaleString('en')} in flight${size}`);
  context.tell(what);
  const { floors, values } = await interleave(
    context,
    async () => ({
      bare: await stage.floor(replication(context, inFlight, bytes)),
      hop: await stage.floor(replication(context, inFlight, bytes, 'page')),
    }),
    () => stage.cluster(load(context, 'put', inFlight, bytes)),
  );
  const bare = floors.map((one) => one.bare);
  const rate = ({ perSecond }: LoadResult): number => perSecond;
  return [
    rowOf('throughput', {
      ...{ figure: what, unit: 'writes/s' },
      values: values.map(rate),
      floor: { what: 'bare replication', values: bare.map(rate) },
      aim: { bound: 'at least', limit: 0.7 },
    }),
    rowOf('throughput', {
      ...{ figure: `${what}: bare replication, asked from the page`, unit: 'writes/s' },
      values: floors.map(({ hop }) => rate(hop)),
      floor: { what: 'bare replication', values: bare.map(rate) },
    }),
    ...latencyRows('throughput', { what, values, floor: 'bare replication', floors: bare }),
  ];
}
