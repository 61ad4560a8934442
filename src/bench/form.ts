import { interleave, rowOf, type Benchmark } from './benchmark.ts';

const TABS = 3;

export const form: Benchmark = {
  name: 'form',
  about: 'three tabs opened at once, until all are ready',
  run: async (context) => {
    const { floors, values } = await interleave(
      context,
      () => context.lab.timeFloor(TABS),
      async () => {
        const cluster = await context.lab.serveCluster({});
        try {
          return await cluster.timeOpening(TABS);
        } finally {
          await cluster.close();
        }
      },
    );
    return [
      rowOf('form', {
        ...{ figure: 'until ready', unit: 'ms', values },
        floor: { what: 'page load + channel set-up', values: floors },
      }),
    ];
  },
};
