import { operationsOf, type HistoryEvent } from '../check/history.ts';
import { checkOperations, type KeyResult } from '../check/linearizability.ts';
import type { Violation } from './invariants.ts';

const TIME_LIMIT_MS = 20_000;

/** What the checker says of the clients' history. Not to know is not good enough here. */
export function judgeHistory(events: readonly HistoryEvent[]): Violation | null {
  const history = operationsOf(events);
  if (!history.ok)
    return { invariant: 'well-formed history', detail: `event ${history.line}: ${history.reason}` };
  const result = checkOperations(history.operations, {
    timeLimitMs: TIME_LIMIT_MS,
    now: () => performance.now(),
  });
  const bad = result.keys.find(({ verdict }) => verdict !== 'linearizable');
  return bad === undefined ? null : { invariant: 'linearizability', detail: describe(bad) };
}

function describe({ key, verdict, failure }: KeyResult): string {
  if (failure === null) return `the history of "${key}" is ${verdict}`;
  const { process, f, input, output } = failure.error;
  const what = f === 'get' ? `read ${JSON.stringify(output)}` : `${f} ${JSON.stringify(input)}`;
  return `the history of "${key}" is ${verdict}: ${process} ${what} (event ${failure.error.return})`;
}
