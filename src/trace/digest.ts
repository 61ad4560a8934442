import type { Payload } from '../core/raft/log-entry.ts';

const OFFSET = 0x811c9dc5;
const FACTOR = 0x85ebca6b;

/** 32 bits of what an entry holds: they tell two different entries of one index and term apart. */
export function payloadDigest(payload: Payload): number {
  switch (payload.kind) {
    case 'noop':
      return 0;
    case 'command':
      return digestBytes(payload.command);
    case 'configuration':
      return digestBytes(new TextEncoder().encode(JSON.stringify(payload.configuration)));
  }
}

/** Four bytes at a time: each entry is digested by each node, and a hidden tab's code is hardly optimised. */
function digestBytes(bytes: Uint8Array): number {
  const { length } = bytes;
  let hash = OFFSET ^ length;
  for (let at = 0; at < length; at += 4) {
    // A function's result would be an object: a word does not fit into what the engine keeps in place.
    const word =
      (bytes[at] ?? 0) |
      ((bytes[at + 1] ?? 0) << 8) |
      ((bytes[at + 2] ?? 0) << 16) |
      ((bytes[at + 3] ?? 0) << 24);
    hash = Math.imul(hash ^ word, FACTOR);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
