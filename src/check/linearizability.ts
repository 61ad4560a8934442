import type { Operation } from './history.ts';
import { search, type SearchLimits, type SearchResult } from './search.ts';

export type Verdict = 'linearizable' | 'not linearizable' | 'unknown';

export interface CheckOptions {
  readonly timeLimitMs: number;
  /** Milliseconds from an arbitrary origin. */
  readonly now: () => number;
  /** Bounds the memory: configurations remembered per key. */
  readonly maxConfigurations?: number;
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
  /** What was called by then: these alone cannot be explained. */
  readonly prefix: readonly Operation[];
  /** The longest orders that explain a part of the prefix. */
  readonly longest: readonly (readonly Operation[])[];
}

export interface CheckResult {
  readonly verdict: Verdict;
  readonly operations: number;
  readonly keys: readonly KeyResult[];
}

const MAX_CONFIGURATIONS = 2_000_000;
const MAX_LONGEST = 8;

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
  const limits: SearchLimits = {
    mayGoOn: () => options.now() < deadline,
    maxConfigurations: options.maxConfigurations ?? MAX_CONFIGURATIONS,
  };
  const keys = [...byKey].map(([key, list]) => checkKey(key, list, limits));
  return { verdict: worst(keys), operations: operations.length, keys };
}

function worst(keys: readonly KeyResult[]): Verdict {
  const has = (verdict: Verdict): boolean => keys.some((key) => key.verdict === verdict);
  if (has('not linearizable')) return 'not linearizable';
  return has('unknown') ? 'unknown' : 'linearizable';
}

function checkKey(key: string, operations: readonly Operation[], limits: SearchLimits): KeyResult {
  const relevant = operations.filter(isRelevant);
  const result = search(relevant, limits, false);
  const linearization = result.verdict === 'linearizable' ? pick(relevant, result.order) : null;
  const failure = result.verdict === 'not linearizable' ? explain(relevant, limits) : null;
  return { key, verdict: result.verdict, operations, linearization, failure };
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

/** Finds the first return with which it was over, by bisection, and how far one can get until there. */
function explain(operations: readonly Operation[], limits: SearchLimits): Failure | null {
  const returns = operations.filter(({ outcome }) => outcome === 'ok').sort((a, b) => a.return - b.return);
  let [low, high] = [0, returns.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    const result = search(prefixUntil(operations, returns[middle]?.return ?? 0), limits, false);
    if (result.verdict === 'not linearizable') high = middle;
    else low = middle + 1;
  }
  const error = returns[high];
  if (error === undefined) return null;
  const prefix = prefixUntil(operations, error.return);
  const result: SearchResult = search(prefix, limits, true);
  const longest = result.verdict === 'not linearizable' ? result.longest : [];
  return { error, prefix, longest: longest.slice(0, MAX_LONGEST).map((order) => pick(prefix, order)) };
}
