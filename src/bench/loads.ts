import type { BenchContext } from './benchmark.ts';
import type { ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import type { FloorLoad } from './floor/contract.ts';
import type { Load } from './load/load.ts';

/** What a write is in most of the benchmarks. */
export const WRITE_BYTES = 100;
/** A frame of the cluster with one such write. */
const ROUND_TRIP_BYTES = 200;
const KEYS = 1000;

export function load(
  { durationMs }: Pick<BenchContext, 'durationMs'>,
  operation: Load['operation'],
  inFlight = 1,
  bytes = WRITE_BYTES,
): Load {
  return { operation, inFlight, bytes, durationMs, count: null, keys: KEYS };
}

export function replication(
  { durationMs }: Pick<BenchContext, 'durationMs'>,
  inFlight = 1,
  bytes = WRITE_BYTES,
  from: 'worker' | 'page' = 'worker',
): FloorLoad {
  return { kind: 'replicate', inFlight, bytes, durationMs, from };
}

export function roundTrip(
  { durationMs }: Pick<BenchContext, 'durationMs'>,
  inFlight = 1,
  from: 'worker' | 'page' = 'worker',
): FloorLoad {
  return { kind: 'round-trip', inFlight, bytes: ROUND_TRIP_BYTES, durationMs, from };
}

/** What was never run is slow. */
export async function warm(
  { durationMs }: Pick<BenchContext, 'durationMs'>,
  cluster: ClusterTabs,
  floor: FloorTabs,
): Promise<void> {
  await floor.run(replication({ durationMs: durationMs / 2 }));
  for (const page of cluster.pages) await cluster.run(page, load({ durationMs: durationMs / 2 }, 'put'));
}
