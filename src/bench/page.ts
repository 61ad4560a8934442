import { interleave, rowOf, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, warm } from './loads.ts';
import type { LoadResult } from './samples.ts';

export const page: Benchmark = {
  name: 'page',
  about: 'the same writes with the leader’s page in front and drawing, and with it hidden',
  run: (context) =>
    context.lab.withBoth({ tabs: 3 }, async (cluster, floor) => {
      await warm(context, cluster, floor);
      const leader = await cluster.leader();
      const rows: Row[] = [];
      for (const inFlight of [1, 256]) {
        const hidden = (): Promise<LoadResult> => cluster.runHidden(leader, load(context, 'put', inFlight));
        const { floors, values } = await interleave(
          context,
          async () => {
            await context.lab.showEmptyPage();
            return hidden();
          },
          async () => {
            await context.lab.showBareAnimation();
            return { bare: await hidden(), page: await cluster.run(leader, load(context, 'put', inFlight)) };
          },
        );
        const what = `${inFlight} in flight`;
        const floor = 'hidden';
        const pages = values.map(({ page: drawing }) => drawing);
        rows.push(
          ...latencyRows('page', { what, values: pages, floor, floors, aims: { p50: 1.1 } }),
          rowOf('page', {
            ...{ figure: `${what}, hidden behind a bare animation: p50`, unit: 'ms' },
            values: values.map(({ bare }) => bare.p50),
            floor: { what: floor, values: floors.map(({ p50 }) => p50) },
          }),
        );
      }
      return rows;
    }),
};
