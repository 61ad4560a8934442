import type { Operation } from './history.ts';
import { search, type SearchLimits } from './search.ts';

export type Verdict = 'linearizable' | 'not linearizable' | 'unknown';

export interface CheckOptions {
  readonly timeLimitMs: number;
  /** Milliseconds from an arbitrary origin. */
  readonly now: () => number;
  /** Bounds the memory, per key. */
  readonly maxBytes?: number;
  /** Of the time limit, what each explanation may take: the verdict is known by then. */
  readonly explainLimitMs?: number;
}

export interface KeyResult {
  readonly key: string;
  readonly verdict: Verdict;
  readonly operations: readonly Operation[];
  /** Where it is linearizable: an order of operations that explains the history. */
  readonly linearization: readonly Operation[] | null;
  /** Where it is not: the smallest useful explanation. */
  readonly failure: Failure | null;
}

export interface Failure {
  /** With the return of this operation the history stopped being linearizable. */
  readonly error: Operation;
  /** False: the limits ended the explanation, so that it may have stopped being so earlier. */
  readonly isFirst: boolean;
  /** What was called by then: these alone cannot be explained. */
  readonly prefix: readonly Operation[];
  /** The longest orders found that explain a part of the prefix. */
  readonly longest: readonly (readonly Operation[])[];
}

export interface CheckResult {
  readonly verdict: Verdict;
  readonly operations: number;
  readonly keys: readonly KeyResult[];
}

const MAX_BYTES = 256 * 1024 * 1024;
const MAX_LONGEST = 8;
const EXPLAIN_LIMIT_MS = 500;

/**
 * Judges a history key by key: a history is linearizable exactly if its keys are (P-compositionality).
 * What cannot be judged within the limits is `unknown`.
 */
export function checkOperations(operations: readonly Operation[], options: CheckOptions): CheckResult {
  const byKey = new Map<string, Operation[]>();
  for (const operation of operations) {
    const list = byKey.get(operation.key);
    if (list === undefined) byKey.set(operation.key, [operation]);
    else list.push(operation);
  }
  const deadline = options.now() + options.timeLimitMs;
  const limits = (until: number): SearchLimits => ({
    mayGoOn: () => options.now() < until,
    maxBytes: options.maxBytes ?? MAX_BYTES,
  });
  const keys = [...byKey].map(([key, list]): KeyResult => {
    const relevant = list.filter(isRelevant);
    const result = search(relevant, limits(deadline));
    const judged = { key, verdict: result.verdict, operations: list, linearization: null, failure: null };
    if (result.verdict === 'linearizable') return { ...judged, linearization: pick(relevant, result.order) };
    if (result.verdict === 'unknown') return judged;
    const until = Math.min(deadline, options.now() + (options.explainLimitMs ?? EXPLAIN_LIMIT_MS));
    return { ...judged, failure: explain(relevant, result.stuckAt, limits(until)) };
  });
  return { verdict: worst(keys), operations: operations.length, keys };
}

function worst(keys: readonly KeyResult[]): Verdict {
  const has = (verdict: Verdict): boolean => keys.some((key) => key.verdict === verdict);
  if (has('not linearizable')) return 'not linearizable';
  return has('unknown') ? 'unknown' : 'linearizable';
}

/** What failed never happened, and a read without an answer says nothing. */
function isRelevant({ f, outcome }: Operation): boolean {
  return outcome === 'ok' || (outcome === 'info' && f !== 'get');
}

function pick(operations: readonly Operation[], order: readonly number[]): Operation[] {
  return order.flatMap((position) => operations[position] ?? []);
}

/**
 * The history up to some event, where what was under way then has an unknown outcome. Once it cannot be
 * explained, no longer one can.
 */
function prefixUntil(operations: readonly Operation[], event: number): Operation[] {
  return operations
    .filter(({ call }) => call <= event)
    .map((operation): Operation =>
      operation.return <= event || operation.outcome === 'info'
        ? operation
        : { ...operation, outcome: 'info', return: Number.POSITIVE_INFINITY },
    )
    .filter(isRelevant);
}

/**
 * Finds the first return with which it was over, and how far one can get without it. Up to the return at `stuckAt`
 * all is known to be well, and the end of it all is known not to be: bisection does the rest.
 */
function explain(operations: readonly Operation[], stuckAt: number, limits: SearchLimits): Failure | null {
  const returns = operations
    .filter(({ outcome, return: end }) => outcome === 'ok' && end >= stuckAt)
    .sort((a, b) => a.return - b.return);
  let [low, high] = [0, returns.length - 1];
  let isFirst = true;
  while (low < high && isFirst) {
    const middle = (low + high) >> 1;
    const { verdict } = search(prefixUntil(operations, returns[middle]?.return ?? 0), limits);
    if (verdict === 'not linearizable') high = middle;
    else if (verdict === 'linearizable') low = middle + 1;
    else isFirst = false;
  }
  const error = returns[high];
  if (error === undefined) return null;
  const prefix = prefixUntil(operations, error.return);
  const result = search(prefix, limits, error);
  const orders = result.verdict === 'linearizable' ? [] : result.longest.slice(0, MAX_LONGEST);
  return { error, isFirst, prefix, longest: orders.map((order) => pick(prefix, order)) };
}
