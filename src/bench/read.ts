import { interleave, type Benchmark, type Row } from './benchmark.ts';
import { latencyRow, warm } from './commit.ts';
import { load, roundTrip } from './loads.ts';

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
          const what = `${through}, ${inFlight} in flight: `;
          context.tell(what.replace(': ', ''));
          const { floors, values } = await interleave(
            context,
            () => floor.run(roundTrip(context, inFlight)),
            () => cluster.run(page, load(context, 'get', inFlight)),
          );
          rows.push(
            latencyRow('read', 'p50', values, 'channel round trip', floors, 1.5, what),
            latencyRow('read', 'p99', values, 'channel round trip', floors, undefined, what),
          );
        }
      }
      return rows;
    }),
};
