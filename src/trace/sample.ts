import type { TraceEvent } from './event.ts';

/** What a node tells whoever watches it, at a time. */
export interface Sample {
  readonly events: TraceEvent[];
  /** How many it does not tell. Those of appends, commits and applies are told together, and count as told. */
  readonly skipped: number;
}

type Kind = TraceEvent['kind'];

/** There may be thousands of them a second. All others are few, and are always told. */
const FREQUENT: ReadonlySet<Kind> = new Set<Kind>(['send', 'receive', 'proxy', 'write', 'invoke', 'result']);

export function isFrequent({ kind }: TraceEvent): boolean {
  return FREQUENT.has(kind);
}

/**
 * About `limit` of the events of one node, in their order, such that nothing is missing that a log, a term or a role
 * depends on: what follows on each other in the log becomes one event, and of messages, writes and operations every
 * so many are left.
 */
export function sample(events: readonly TraceEvent[], limit: number): Sample {
  if (events.length <= limit) return { events: [...events], skipped: 0 };
  const merged = merge(events);
  const frequent = merged.filter(isFrequent).length;
  const room = Math.max(0, limit - (merged.length - frequent));
  let seen = 0;
  const kept = merged.filter((event) => {
    if (!isFrequent(event)) return true;
    seen += 1;
    // Evenly: as many as the share of the room that belongs to those seen so far.
    return Math.floor((seen * room) / frequent) > Math.floor(((seen - 1) * room) / frequent);
  });
  return { events: kept, skipped: merged.length - kept.length };
}

/** Appends, commits and applies that follow on each other become one; nothing else changes its place among them. */
function merge(events: readonly TraceEvent[]): TraceEvent[] {
  const merged: TraceEvent[] = [];
  /** Where the last of each stands that more may be added to. */
  const open = new Map<Kind, number>();
  for (const event of events) {
    const at = open.get(event.kind);
    const before = at === undefined ? undefined : merged[at];
    const joined = before === undefined ? null : join(before, event);
    if (joined !== null && at !== undefined) {
      merged[at] = joined;
      continue;
    }
    if (event.kind === 'append' || event.kind === 'commit' || event.kind === 'apply')
      open.set(event.kind, merged.length);
    else if (!isFrequent(event)) open.clear();
    merged.push(event);
  }
  return merged;
}

/** The header stays that of the first, so that numbers go on rising. Null: they do not follow on each other. */
function join(a: TraceEvent, b: TraceEvent): TraceEvent | null {
  if (a.kind === 'append' && b.kind === 'append' && b.first === a.first + a.terms.length)
    return { ...a, terms: [...a.terms, ...b.terms], digests: [...a.digests, ...b.digests] };
  if (a.kind === 'commit' && b.kind === 'commit' && b.from === a.to && b.term === a.term)
    return { ...a, to: b.to };
  if (a.kind === 'apply' && b.kind === 'apply' && b.from === a.to + 1) return { ...a, to: b.to };
  return null;
}
