import { interleave, type Benchmark, type Row } from './benchmark.ts';
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
            () => floor.run(roundTrip(context, inFlight)),
            () => cluster.run(page, load(context, 'get', inFlight)),
          );
          rows.push(
            ...latencyRows('read', {
              ...{ what, values, floor: 'channel round trip', floors },
              aims: { p50: 1.5 },
            }),
          );
        }
      }
      return rows;
    }),
};
