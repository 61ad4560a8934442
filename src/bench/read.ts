import { interleave, rowOf, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, roundTrip, warm } from './loads.ts';

export const read: Benchmark = {
  name: 'read',
  about: 'linearizable reads, one at a time and 256 in flight, through the leader and a follower',
  run: (context) =>
    context.lab.withBoth({ tabs: 3 }, async (cluster, floor) => {
      await warm(context, cluster, floor);
      const rows: Row[] = [];
      for (const [through, page] of [
        ['leader', await cluster.leader()],
        ['follower', await cluster.follower()],
      ] as const) {
        for (const inFlight of [1, 256]) {
          const what = `${through}, ${inFlight} in flight`;
          context.tell(what);
          const { floors, values } = await interleave(
            context,
            async () => ({
              bare: await floor.run(roundTrip(context, inFlight)),
              hop: await floor.run(roundTrip(context, inFlight, 'page')),
            }),
            () => cluster.run(page, load(context, 'get', inFlight)),
          );
          const bare = floors.map((one) => one.bare);
          rows.push(
            ...latencyRows('read', {
              ...{ what, values, floor: 'channel round trip', floors: bare },
              aims: { p50: 1.5 },
            }),
            rowOf('read', {
              ...{ figure: `${what}: a channel round trip, asked from the page: p50`, unit: 'ms' },
              values: floors.map(({ hop }) => hop.p50),
              floor: { what: 'channel round trip', values: bare.map(({ p50 }) => p50) },
            }),
          );
        }
      }
      return rows;
    }),
};
