import { interleave, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, warm } from './loads.ts';

export const page: Benchmark = {
  name: 'page',
  about: 'the same writes with the leader’s page in front and drawing, and with it hidden',
  run: (context) =>
    context.lab.withBoth({ tabs: 3 }, async (cluster, floor) => {
      await warm(context, cluster, floor);
      const leader = await cluster.leader();
      const rows: Row[] = [];
      for (const inFlight of [1, 256]) {
        const { floors, values } = await interleave(
          context,
          async () => {
            await context.lab.showEmptyPage();
            return cluster.runHidden(leader, load(context, 'put', inFlight));
          },
          () => cluster.run(leader, load(context, 'put', inFlight)),
        );
        const what = `${inFlight} in flight`;
        rows.push(...latencyRows('page', { what, values, floor: 'hidden', floors, aims: { p50: 1.1 } }));
      }
      return rows;
    }),
};
