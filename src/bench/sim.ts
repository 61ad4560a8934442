import { run } from '../sim/run.ts';
import { algorithmOf } from '../sim/sweep.ts';
import { rowOf, type Benchmark } from './benchmark.ts';

const SEEDS = 16;
const SEEDS_IF_QUICK = 4;

export const sim: Benchmark = {
  name: 'sim',
  about: 'the simulator: virtual seconds of a cluster in a real one',
  run: async ({ runs, isQuick, checkInterrupt }) => {
    const values: number[] = [];
    while (values.length < runs) {
      const begun = performance.now();
      let virtualMs = 0;
      for (let seed = 1; seed <= (isQuick ? SEEDS_IF_QUICK : SEEDS); seed += 1) {
        checkInterrupt();
        const result = await run({ seed, nodes: null, mutant: null, algorithm: algorithmOf(seed, null) });
        virtualMs += result.virtualMs;
      }
      values.push(virtualMs / (performance.now() - begun));
    }
    return [rowOf('sim', { figure: 'the same seeds each time', unit: 'virtual s/s', values })];
  },
};
