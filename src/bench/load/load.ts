import type { Failure } from '../../api.ts';
import { resultOf, type LoadResult } from '../samples.ts';

/** What a page does to its node, through its own API. */
export interface Load {
  readonly operation: 'put' | 'get' | 'abd-put' | 'abd-get';
  readonly inFlight: number;
  /** Of each value that is written. */
  readonly bytes: number;
  /** It ends after so many milliseconds, or so many operations, whichever comes first; null: never for that. */
  readonly durationMs: number | null;
  readonly count: number | null;
  /** Operations are spread over so many keys, in turn. */
  readonly keys: number;
}

type Ask = (key: string) => Promise<{ outcome: 'ok' } | Failure>;

/** Each operation that ends is followed by another one, as long as it lasts. Rejects where one does not end well. */
export async function putLoad({
  operation,
  inFlight,
  bytes,
  durationMs,
  count,
  keys,
}: Load): Promise<LoadResult> {
  const ask = operations('x'.repeat(bytes))[operation];
  const latencies: number[] = [];
  let next = 0;
  const begun = performance.now();
  const isOver = (now: number): boolean =>
    (count !== null && next >= count) || (durationMs !== null && now - begun >= durationMs);
  const client = async (): Promise<void> => {
    let from = performance.now();
    while (!isOver(from)) {
      const key = `bench-${next % keys}`;
      next += 1;
      const result = await ask(key);
      if (result.outcome !== 'ok')
        throw new Error(`An operation ended as ${result.outcome}: ${result.reason}`);
      const now = performance.now();
      latencies.push(now - from);
      from = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return resultOf(latencies, performance.now() - begun);
}

function operations(value: string): Record<Load['operation'], Ask> {
  const { raft, abd } = window.tabraft;
  return {
    put: (key) => raft.put(key, value),
    get: (key) => raft.get(key),
    'abd-put': (key) => abd.put(key, value),
    'abd-get': (key) => abd.get(key),
  };
}
