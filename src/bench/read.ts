import { interleave, rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, roundTrip, warm } from './loads.ts';
import { named, stagesOf, type Stage } from './stage.ts';

export const read: Benchmark = {
  name: 'read',
  about: 'linearizable reads, one at a time and 256 in flight, through the leader and a follower',
  run: (context) =>
    context.lab.withBoth({ tabs: 3 }, async (cluster, floor) => {
      await warm(context, cluster, floor);
      const rows: Row[] = [];
      for (const through of ['leader', 'follower'] as const) {
        const page = await cluster[through]();
        for (const stage of stagesOf(context, cluster, floor, page))
          for (const inFlight of [1, 256])
            rows.push(...(await readRows(context, stage, { through, inFlight })));
      }
      return rows;
    }),
};

async function readRows(
  context: BenchContext,
  stage: Stage,
  { through, inFlight }: { readonly through: string; readonly inFlight: number },
): Promise<Row[]> {
  const what = named(stage, `${through}, ${inFlight} in flight`);
  context.tell(what);
  const { floors, values } = await interleave(
    context,
    async () => ({
      bare: await stage.floor(roundTrip(context, inFlight)),
      hop: await stage.floor(roundTrip(context, inFlight, 'page')),
    }),
    () => stage.cluster(load(context, 'get', inFlight)),
  );
  const bare = floors.map((one) => one.bare);
  return [
    ...latencyRows('read', {
      ...{ what, values, floor: 'channel round trip', floors: bare },
      aims: { p50: 1.5 },
    }),
    rowOf('read', {
      ...{ figure: `${what}: a channel round trip, asked from the page: p50`, unit: 'ms' },
      values: floors.map(({ hop }) => hop.p50),
      floor: { what: 'channel round trip', values: bare.map(({ p50 }) => p50) },
    }),
  ];
}
