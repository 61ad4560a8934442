import type { Benchmark } from './benchmark.ts';
import { commit, commitFollower, serial } from './commit.ts';
import { read } from './read.ts';
import { throughput } from './throughput.ts';

export const BENCHMARKS: readonly Benchmark[] = [commit, commitFollower, throughput, read, serial];
