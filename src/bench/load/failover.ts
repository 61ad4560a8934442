import type { MessageType } from '../../core/message.ts';
import type { TraceEvent } from '../../trace/event.ts';

const PATIENCE_MS = 30_000;
/** What only a leader sends, and nobody asked for. */
const LEADERS_MESSAGES: readonly MessageType[] = ['appendRequest', 'heartbeat', 'snapshotRequest'];

/**
 * Writes one after the other, until one is committed in a later term: how long it was from the last commit of the
 * leader before to the first of the new one, in milliseconds.
 */
export async function commitGap(): Promise<number> {
  let term: number | null = null;
  let last = performance.now();
  for (const deadline = last + 2 * PATIENCE_MS; last < deadline;) {
    const result = await window.tabraft.raft.put('bench-failover', 'x'.repeat(100), {
      timeoutMs: PATIENCE_MS,
    });
    if (result.outcome !== 'ok') continue; // lost with its leader: the next one tells
    const now = performance.now();
    if (term !== null && result.term > term) return now - last;
    ({ term } = result);
    last = now;
  }
  throw new Error('The leader was not replaced.');
}

/**
 * Of a node that has just become the leader, by its trace: how long it had heard nothing of the leader before when it
 * began its election, in milliseconds.
 */
export async function drawnTimeout(): Promise<number> {
  const text = await window.tabraft.trace.export('jsonl');
  const events = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TraceEvent);
  const led = events.findLastIndex((event) => event.kind === 'role' && event.role === 'leader');
  const heard = events.findLastIndex(
    (event, at) => at < led && event.kind === 'receive' && LEADERS_MESSAGES.includes(event.message),
  );
  const began = events.find(
    (event, at) => at > heard && event.kind === 'role' && event.role === 'preCandidate',
  );
  const heardAt = events[heard]?.time;
  if (began === undefined || heardAt === undefined)
    throw new Error('The trace does not tell of the election.');
  return began.time - heardAt;
}
