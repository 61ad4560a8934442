import type { TraceEvent } from '../../src/trace/event.ts';
import { id } from './core-cluster.ts';

export const [A, B] = [id('A'), id('B')];

/** One of each kind. */
export const DETAILS: readonly Record<string, unknown>[] = [
  { kind: 'start', term: 1, commitIndex: 0, snapshotIndex: 0, lastIndex: 1, lastTerm: null },
  { kind: 'stop', reason: 'The disk is full.' },
  { kind: 'role', role: 'leader', term: 2 },
  { kind: 'leader', leader: null, term: 2 },
  { kind: 'vote', candidate: B, term: 2, preVote: true },
  { kind: 'send', to: B, message: 'appendRequest', facts: { term: 2, prevIndex: 1 } },
  { kind: 'receive', from: B, message: 'ping', facts: { nonce: 1 }, sent: 7, sentAt: 12.5 },
  { kind: 'proxy', act: 'dropped', to: B, message: 'heartbeat', sent: 7 },
  { kind: 'append', first: 2, prevTerm: 1, terms: [2, 2, 3], digests: [0, 4_294_967_295, 7] },
  { kind: 'truncate', from: 2 },
  { kind: 'commit', from: 1, to: 3, term: 2 },
  { kind: 'apply', from: 2, to: 3 },
  { kind: 'snapshot', index: 3, term: 2, origin: 'taken' },
  { kind: 'configuration', index: 1, voters: ['A'], learners: [], outgoing: null },
  { kind: 'write', ms: 1.5, entries: 2, registers: 0 },
  { kind: 'invoke', first: 1, operations: 3, f: 'read', keys: ['k'] },
  {
    ...{ kind: 'result', first: 1, operations: 2, f: 'read', keys: ['k'], leastMs: 0.25, mostMs: 3 },
    ...{ outcome: 'unknown', reason: 'late' },
  },
  { kind: 'faults', rules: ['isolate:A:in', 'one-way:B'], own: ['isolate:A:in'] },
  { kind: 'paused' },
  { kind: 'resumed' },
  { kind: 'campaign' },
  { kind: 'gap', ms: 2000 },
  { kind: 'quorum-lost', term: 2 },
  { kind: 'transfer', to: B, outcome: 'begun' },
  { kind: 'removed', term: 2 },
  { kind: 'link', peer: B, state: 'open' },
  { kind: 'refused', what: 'frame', from: null, reason: 'nonsense' },
  { kind: 'error', message: 'several\nlines' },
];

export const eventOf = (detail: Record<string, unknown>, seq = 5): TraceEvent =>
  ({ seq, node: A, name: 'A', time: 1.25, clock: { [A]: seq, [B]: 3 }, ...detail }) as unknown as TraceEvent;
