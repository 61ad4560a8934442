import { interleave, rowOf, type Benchmark } from './benchmark.ts';
import { load } from './loads.ts';

const TABS = 3;
const IN_FLIGHT = 256;

/** Two clusters, of which one is idle at a time. */
export const trace: Benchmark = {
  name: 'trace',
  about: `what recording a trace costs while nobody looks: writes with it and without, ${IN_FLIGHT} in flight`,
  run: async (context) => {
    const { lab } = context;
    const [traced, untraced] = [
      await lab.openCluster({ tabs: TABS, query: '?trace=on' }),
      await lab.openCluster({ tabs: TABS, query: '?trace=off' }),
    ];
    try {
      const measure = async (cluster: typeof traced): Promise<number> =>
        (await cluster.runHidden(await cluster.leader(), load(context, 'put', IN_FLIGHT))).perSecond;
      await lab.showEmptyPage();
      await measure(traced);
      const { floors, values } = await interleave(
        context,
        () => measure(untraced),
        () => measure(traced),
      );
      return [
        rowOf('trace', {
          ...{ figure: `${IN_FLIGHT} in flight`, unit: 'writes/s', values },
          floor: { what: 'without a trace', values: floors },
          aim: { bound: 'at least', limit: 0.95 },
        }),
      ];
    } finally {
      await traced.close();
      await untraced.close();
    }
  },
};
