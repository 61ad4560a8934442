import { MESSAGE_TYPES } from '../core/message.ts';
import { PROXY_ACTS, type EventKind } from './event.ts';

/**
 * What a field of an event holds: `count` a whole number from 0 on, `ms` milliseconds to the microsecond, from 0 on,
 * `facts` what `MessageFacts` is; `counts`, `digests` (of 32 bits) and `texts` are lists.
 */
export type FieldType =
  | 'count'
  | 'ms'
  | 'text'
  | 'flag'
  | 'counts'
  | 'digests'
  | 'texts'
  | 'facts'
  | { readonly oneOf: readonly string[] }
  | { readonly orNull: FieldType };

const MESSAGE = { oneOf: MESSAGE_TYPES };

/** Of each kind of event, the fields besides the header's, in the order in which they are stored. */
export const FIELDS: Readonly<Record<EventKind, Readonly<Record<string, FieldType>>>> = {
  start: {
    ...{ term: 'count', commitIndex: 'count', snapshotIndex: 'count', lastIndex: 'count' },
    lastTerm: { orNull: 'count' },
  },
  stop: { reason: 'text' },
  role: { role: { oneOf: ['follower', 'preCandidate', 'candidate', 'leader'] }, term: 'count' },
  leader: { leader: { orNull: 'text' }, term: 'count' },
  vote: { candidate: 'text', term: 'count', preVote: 'flag' },
  send: { to: 'text', message: MESSAGE, facts: 'facts' },
  receive: {
    ...{ from: 'text', message: MESSAGE, facts: 'facts' },
    ...{ sent: { orNull: 'count' }, sentAt: { orNull: 'ms' } },
  },
  proxy: { act: { oneOf: PROXY_ACTS }, to: 'text', message: MESSAGE, sent: 'count' },
  append: { first: 'count', prevTerm: { orNull: 'count' }, terms: 'counts', digests: 'digests' },
  truncate: { from: 'count' },
  commit: { from: 'count', to: 'count', term: 'count' },
  apply: { from: 'count', to: 'count' },
  snapshot: { index: 'count', term: 'count', origin: { oneOf: ['taken', 'installed'] } },
  configuration: { index: 'count', voters: 'texts', learners: 'texts', outgoing: { orNull: 'texts' } },
  write: { ms: 'ms', entries: 'count', registers: 'count' },
  invoke: { first: 'count', operations: 'count', f: 'text', keys: 'texts' },
  result: {
    ...{ first: 'count', operations: 'count', f: 'text', keys: 'texts', leastMs: 'ms', mostMs: 'ms' },
    ...{ outcome: { oneOf: ['ok', 'failed', 'unknown'] }, reason: { orNull: 'text' } },
  },
  faults: { rules: 'texts', own: 'texts' },
  paused: {},
  resumed: {},
  campaign: {},
  gap: { ms: 'ms' },
  'quorum-lost': { term: 'count' },
  transfer: { to: 'text', outcome: { oneOf: ['begun', 'done', 'given-up'] } },
  removed: { term: 'count' },
  link: { peer: 'text', state: { oneOf: ['open', 'closed'] } },
  refused: { what: 'text', from: { orNull: 'text' }, reason: 'text' },
  error: { message: 'text' },
};

/** Of a time in milliseconds, what an event tells: it is rounded to the microsecond. */
export function millis(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
