import { rowOf, type Row } from './benchmark.ts';
import type { LoadResult } from './samples.ts';

type Percentiles = Pick<LoadResult, 'p50' | 'p99'>;

export interface Latencies {
  /** Which of several of the benchmark; empty where it is the only one. */
  readonly what?: string;
  readonly values: readonly Percentiles[];
  readonly floor: string;
  readonly floors: readonly Percentiles[];
  /** At most so many times the floor. */
  readonly aims?: Partial<Percentiles>;
}

export function latencyRows(benchmark: string, { what = '', values, floor, floors, aims }: Latencies): Row[] {
  return (['p50', 'p99'] as const).map((percentile) => {
    const limit = aims?.[percentile];
    return rowOf(benchmark, {
      ...{ figure: what === '' ? percentile : `${what}: ${percentile}`, unit: 'ms' },
      values: values.map((one) => one[percentile]),
      floor: { what: floor, values: floors.map((one) => one[percentile]) },
      ...(limit === undefined ? {} : { aim: { bound: 'at most', limit } }),
    });
  });
}

/** One after the other. */
export function sum(...parts: readonly Percentiles[]): Percentiles {
  const total = (percentile: 'p50' | 'p99'): number => parts.reduce((ms, part) => ms + part[percentile], 0);
  return { p50: total('p50'), p99: total('p99') };
}
