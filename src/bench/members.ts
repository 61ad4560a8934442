import type { Config } from '../config/schema.ts';
import { interleave, rowOf, type Benchmark, type Row } from './benchmark.ts';
import { latencyRows } from './latency.ts';
import { load, replication, warm } from './loads.ts';

const SIZES = [3, 5, 7, 9];
const SIZES_IF_QUICK = [3, 5];
const IN_FLIGHT = 256;
const NAMES = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I'];

export const members: Benchmark = {
  name: 'members',
  about: 'how writes grow dearer with 3, 5, 7 and 9 voters, each in a tab',
  run: async (context) => {
    const rows: Row[] = [];
    for (const tabs of context.isQuick ? SIZES_IF_QUICK : SIZES) {
      context.checkInterrupt();
      context.tell(`${tabs} voters`);
      const servers = NAMES.slice(0, tabs).map((name) => ({ name, logLevel: 'info' as const }));
      const options = { tabs, amend: (config: Config) => ({ ...config, servers }) };
      rows.push(
        ...(await context.lab.withBoth(options, async (cluster, floor) => {
          const page = await cluster.leader();
          await warm(context, cluster, floor);
          const single = await interleave(
            context,
            () => floor.run(replication(context)),
            () => cluster.run(page, load(context, 'put')),
          );
          const many = await interleave(
            context,
            () => floor.run(replication(context, IN_FLIGHT)),
            () => cluster.run(page, load(context, 'put', IN_FLIGHT)),
          );
          const below = 'bare replication';
          return [
            ...latencyRows('members', { what: String(tabs), ...single, floor: below }),
            rowOf('members', {
              ...{ figure: `${tabs}: ${IN_FLIGHT} in flight`, unit: 'writes/s' },
              values: many.values.map(({ perSecond }) => perSecond),
              floor: { what: below, values: many.floors.map(({ perSecond }) => perSecond) },
            }),
          ];
        })),
      );
    }
    return rows;
  },
};
