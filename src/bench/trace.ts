import { interleave, rowOf, type BenchContext, type Benchmark, type Interleaved } from './benchmark.ts';
import type { ClusterTabs } from './cluster-tabs.ts';
import { load } from './loads.ts';

const TABS = 3;
const IN_FLIGHT = 256;

/** The queries of the pages' URLs. */
const ON = '?trace=on';
const OFF = '?trace=off';

/** In each order: both differ by a few percent, and so do the runs of one of them. */
const MORE_RUNS = 2;
/** The cluster whose tabs are opened last is faster by a percent or two: each of both is that for half of the runs. */
const ORDERS = [
  [ON, OFF],
  [OFF, ON],
] as const;

export const trace: Benchmark = {
  name: 'trace',
  about: `what recording a trace costs while nobody looks: writes with it and without, ${IN_FLIGHT} in flight`,
  run: async (context) => {
    const runs = MORE_RUNS * context.runs;
    const values: number[] = [];
    const floors: number[] = [];
    for (const order of ORDERS) {
      const half = await compare({ ...context, runs }, order);
      values.push(...half.values);
      floors.push(...half.floors);
    }
    return [
      rowOf('trace', {
        ...{ figure: `${IN_FLIGHT} in flight`, unit: 'writes/s', values },
        floor: { what: 'without a trace', values: floors },
        aim: { bound: 'at least', limit: 0.95 },
      }),
    ];
  },
};

/** Two clusters, opened in this order, of which one is idle at a time. In writes a second. */
async function compare(
  context: BenchContext,
  order: readonly string[],
): Promise<Interleaved<number, number>> {
  const { lab } = context;
  const clusters = new Map<string, ClusterTabs>();
  const measure = async (query: string): Promise<number> => {
    const cluster = clusters.get(query);
    if (cluster === undefined) throw new Error(`There is no cluster ${query}.`);
    return (await cluster.runHidden(await cluster.leader(), load(context, 'put', IN_FLIGHT))).perSecond;
  };
  try {
    for (const query of order) clusters.set(query, await lab.openCluster({ tabs: TABS, query }));
    await lab.showEmptyPage();
    for (const query of order) await measure(query);
    return await interleave(
      context,
      () => measure(OFF),
      () => measure(ON),
    );
  } finally {
    for (const cluster of clusters.values()) await cluster.close();
  }
}
