import type { Payload } from '../core/raft/log-entry.ts';
import { TraceHash } from './hash.ts';

/** One for all: each node digests each entry. */
const hash = new TraceHash();

/**
 * 30 bits of what an entry holds, which tell two different entries of one index and term apart; more would be an object.
 * Of a command they know its length, its begin, which has its session and number there, and its end.
 */
export function payloadDigest(payload: Payload): number {
  if (payload.kind === 'noop') return 0;
  hash.clear();
  if (payload.kind === 'command') hash.ends(payload.command);
  else hash.text(JSON.stringify(payload.configuration));
  return hash.high >>> 2;
}
