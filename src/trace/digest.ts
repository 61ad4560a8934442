import type { Payload } from '../core/raft/log-entry.ts';

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a, 32 bits, of what an entry holds: tells two different entries of one index and term apart. */
export function payloadDigest(payload: Payload): number {
  switch (payload.kind) {
    case 'noop':
      return 0;
    case 'command':
      return digestBytes(payload.command);
    case 'configuration':
      return digestText(JSON.stringify(payload.configuration));
  }
}

function digestBytes(bytes: Uint8Array): number {
  let hash = OFFSET;
  // An iterator makes an object for each byte.
  // eslint-disable-next-line @typescript-eslint/prefer-for-of
  for (let at = 0; at < bytes.length; at += 1) hash = Math.imul(hash ^ (bytes[at] ?? 0), PRIME);
  return hash >>> 0;
}

function digestText(text: string): number {
  let hash = OFFSET;
  for (let position = 0; position < text.length; position += 1)
    hash = Math.imul(hash ^ text.charCodeAt(position), PRIME);
  return hash >>> 0;
}
