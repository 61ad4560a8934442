import type { EventKind, TraceEvent } from '../../trace/event.ts';
import { flightKind } from '../ring/flights.ts';

/** What events are about; each can be left out of the picture. */
export const GROUPS = [
  'elections',
  'log',
  'clients',
  'storage',
  'faults',
  'errors',
  'votes',
  'appends',
  'heartbeats',
  'other messages',
] as const;
export type Group = (typeof GROUPS)[number];

const OF_KIND: Readonly<Record<Exclude<EventKind, 'send' | 'receive' | 'proxy'>, Group>> = {
  role: 'elections',
  leader: 'elections',
  vote: 'elections',
  campaign: 'elections',
  'quorum-lost': 'elections',
  transfer: 'elections',
  append: 'log',
  truncate: 'log',
  commit: 'log',
  apply: 'log',
  snapshot: 'log',
  configuration: 'log',
  write: 'storage',
  invoke: 'clients',
  result: 'clients',
  start: 'faults',
  stop: 'faults',
  faults: 'faults',
  paused: 'faults',
  resumed: 'faults',
  gap: 'faults',
  link: 'faults',
  removed: 'faults',
  refused: 'errors',
  error: 'errors',
};

export function groupOf(event: TraceEvent): Group {
  switch (event.kind) {
    case 'send':
    case 'receive':
    case 'proxy': {
      const kind = flightKind(event.message);
      if (kind === 'vote') return 'votes';
      if (kind === 'append') return 'appends';
      return kind === 'heartbeat' ? 'heartbeats' : 'other messages';
    }
    default:
      return OF_KIND[event.kind];
  }
}

/** Where a reader wants to look first. */
export const LANDMARKS = {
  election: ({ kind, ...event }: TraceEvent) =>
    kind === 'quorum-lost' || (kind === 'role' && 'role' in event && event.role !== 'follower'),
  error: ({ kind }: TraceEvent) => kind === 'error' || kind === 'refused',
} as const satisfies Record<string, (event: TraceEvent) => boolean>;
export type Landmark = keyof typeof LANDMARKS;

/** `relation` of one event to another, by what may have influenced what (Lamport 1978). */
export type Relation = 'self' | 'past' | 'future' | 'concurrent';

export function relationTo(chosen: TraceEvent, event: TraceEvent): Relation {
  if (event.node === chosen.node && event.seq === chosen.seq) return 'self';
  if ((chosen.clock[event.node] ?? 0) >= event.seq) return 'past';
  return (event.clock[chosen.node] ?? 0) >= chosen.seq ? 'future' : 'concurrent';
}
