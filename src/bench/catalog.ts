import { abd } from './abd.ts';
import type { Benchmark } from './benchmark.ts';
import { catchUp } from './catch-up.ts';
import { check } from './check.ts';
import { commit, commitFollower, serial } from './commit.ts';
import { core } from './core.ts';
import { failover } from './failover.ts';
import { form } from './form.ts';
import { frames } from './frames.ts';
import { idle } from './idle.ts';
import { jank } from './jank.ts';
import { members } from './members.ts';
import { page } from './page.ts';
import { read } from './read.ts';
import { reload } from './reload.ts';
import { sim } from './sim.ts';
import { size } from './size.ts';
import { soak } from './soak.ts';
import { throughput } from './throughput.ts';
import { trace } from './trace.ts';

/** In the order in which they are run and shown. */
export const BENCHMARKS: readonly Benchmark[] = [
  ...[commit, commitFollower, throughput, read, serial, abd],
  ...[failover, form, reload, catchUp, members, jank, page, frames, trace, idle],
  ...[core, sim, check, size, soak],
];
