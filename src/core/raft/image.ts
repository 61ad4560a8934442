import { IntegerMap } from '../integer-map.ts';
import { RaftLog } from './log.ts';
import type { Rules } from './rules.ts';
import type { Raft } from './state.ts';

/** All that a `Raft` is between two steps, as plain data: what `step` changes is copied, the rest is shared. */
export type RaftImage = Omit<Raft, 'rules' | 'log'> & { readonly log: ReturnType<RaftLog['image']> };

export function raftImage(raft: Raft): RaftImage {
  const plain: Partial<Raft> = { ...raft };
  Reflect.deleteProperty(plain, 'rules');
  Reflect.deleteProperty(plain, 'log');
  return { ...(copied(plain) as Omit<Raft, 'rules' | 'log'>), log: raft.log.image() };
}

/** Goes on where the image was made. */
export function raftOf(image: RaftImage, rules: Rules): Raft {
  const { log, ...rest } = image;
  return { ...(copied(rest) as typeof rest), rules, log: new RaftLog(log.entries, log.base) };
}

/** Bytes are never changed in place, so they are shared. */
function copied(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(copied);
  if (value instanceof Map) return new Map([...value].map(([key, held]) => [key, copied(held)]));
  if (value instanceof IntegerMap)
    return new IntegerMap([...value].map(([key, held]) => [key, copied(held)]));
  if (value instanceof Set) return new Set(value);
  return Object.fromEntries(Object.entries(value).map(([key, held]) => [key, copied(held)]));
}
