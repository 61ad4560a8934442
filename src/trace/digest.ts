import type { Payload } from '../core/raft/log-entry.ts';
import { TraceHash, wordAt } from './hash.ts';

const HEAD_BYTES = 16;
const TAIL_BYTES = 8;

/**
 * 30 bits of what an entry holds, which tell two different entries of one index and term apart; more would be an object.
 * Of a command they know its length, its begin, which has its session and number there, and its end.
 */
export function payloadDigest(payload: Payload): number {
  if (payload.kind === 'noop') return 0;
  if (payload.kind === 'command') return commandDigest(payload.command) >>> 2;
  const hash = new TraceHash();
  hash.text(JSON.stringify(payload.configuration));
  return hash.high >>> 2;
}

/** Each node digests each entry: few words, and little is done with each. */
function commandDigest(command: Uint8Array): number {
  const { length } = command;
  const isShort = length <= HEAD_BYTES + TAIL_BYTES;
  const head = isShort ? length : HEAD_BYTES;
  let digest = mixed(0x811c9dc5, length);
  for (let at = 0; at < head; at += 4) digest = mixed(digest, wordAt(command, at));
  if (isShort) return digest;
  digest = mixed(digest, wordAt(command, length - TAIL_BYTES));
  return mixed(digest, wordAt(command, length - TAIL_BYTES + 4));
}

function mixed(digest: number, word: number): number {
  const product = Math.imul(digest ^ word, 0x85ebca6b);
  return product ^ (product >>> 13);
}
