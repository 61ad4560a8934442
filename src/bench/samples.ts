/** What was measured of one load, in a page or a worker. Times in milliseconds. */
export interface LoadResult {
  readonly count: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export function resultOf(latencies: readonly number[], elapsedMs: number): LoadResult {
  if (latencies.length === 0) throw new Error('Nothing was completed while it was measured.');
  const sorted = Float64Array.from(latencies).sort();
  return {
    count: sorted.length,
    perSecond: (1000 * sorted.length) / elapsedMs,
    p50: percentile(sorted, 0.5),
    p99: percentile(sorted, 0.99),
  };
}

/** The smallest value that at least so large a part of them does not exceed. */
export function percentile(sorted: ArrayLike<number>, part: number): number {
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? Number.NaN;
}
