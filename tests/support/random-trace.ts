import type { MemberId } from '../../src/core/ids.ts';
import { createRandom, nextFraction, nextInteger } from '../../src/core/random.ts';
import { RUN_LENGTH, type EventHeader, type TraceDetail, type TraceEvent } from '../../src/trace/event.ts';
import { id } from './core-cluster.ts';

export interface TraceShape {
  readonly seed: number;
  readonly nodes: number;
  readonly events: number;
  /** How far each node's clock may be ahead. */
  readonly maxSkewMs: number;
}

export interface RandomTrace {
  /** In the order in which it happened. */
  readonly events: TraceEvent[];
  /** How far each node's clock is ahead. */
  readonly skewsMs: ReadonlyMap<MemberId, number>;
}

const START_MS = Date.UTC(2026, 0, 1);

/** Nodes that send each other messages, lose some and restart, and what they would have recorded of it. */
export function randomTrace({ seed, nodes, events: count, maxSkewMs }: TraceShape): RandomTrace {
  const random = createRandom(seed);
  const states = Array.from({ length: nodes }, (_, at) => ({
    node: id(String.fromCharCode(65 + at)),
    name: String.fromCharCode(65 + at),
    seq: RUN_LENGTH,
    clock: {} as Record<MemberId, number>,
    skewMs: nextInteger(random, 0, maxSkewMs),
  }));
  const events: TraceEvent[] = [];
  const underWay: { readonly to: number; readonly from: MemberId; readonly stamp: EventHeader }[] = [];
  let now = START_MS;
  const record = (at: number, detail: TraceDetail): TraceEvent => {
    const state = states[at];
    if (state === undefined) throw new Error('there is no such node');
    state.seq += 1;
    state.clock[state.node] = state.seq;
    const { seq, node, name } = state;
    const event = { seq, node, name, time: now + state.skewMs, clock: { ...state.clock }, ...detail };
    events.push(event);
    return event;
  };
  while (events.length < count) {
    now += nextFraction(random) * 5;
    const at = nextInteger(random, 0, nodes - 1);
    const chance = nextFraction(random);
    const state = states[at];
    if (state === undefined) continue;
    if (chance < 0.45 && nodes > 1) {
      const to = (at + nextInteger(random, 1, nodes - 1)) % nodes;
      const peer = id(String.fromCharCode(65 + to));
      const stamp = record(at, { kind: 'send', to: peer, message: 'ping', facts: { nonce: 1 } });
      if (nextFraction(random) < 0.9) underWay.push({ to, from: state.node, stamp });
    } else if (chance >= 0.45 && chance < 0.9 && underWay.length > 0) {
      // Any of them: they overtake each other.
      const [message] = underWay.splice(nextInteger(random, 0, underWay.length - 1), 1);
      if (message === undefined) continue;
      const receiver = states[message.to];
      for (const [node, seq] of Object.entries(message.stamp.clock) as [MemberId, number][])
        if (receiver !== undefined && node !== receiver.node)
          receiver.clock[node] = Math.max(seq, receiver.clock[node] ?? 0);
      const { seq: sent, time: sentAt } = message.stamp;
      const facts = { nonce: 1 };
      record(message.to, { kind: 'receive', from: message.from, message: 'ping', facts, sent, sentAt });
    } else if (chance > 0.99) {
      state.seq = (Math.floor(state.seq / RUN_LENGTH) + 1) * RUN_LENGTH;
      record(at, {
        ...{ kind: 'start', term: 1, commitIndex: 0 },
        ...{ snapshotIndex: 0, lastIndex: 0, lastTerm: null },
      });
    } else record(at, { kind: 'campaign' });
  }
  return { events, skewsMs: new Map(states.map(({ node, skewMs }) => [node, skewMs])) };
}

/** The events of each node, as its file would have them. */
export function byNode(events: readonly TraceEvent[]): Map<MemberId, TraceEvent[]> {
  const nodes = new Map<MemberId, TraceEvent[]>();
  for (const event of events) nodes.set(event.node, [...(nodes.get(event.node) ?? []), event]);
  return nodes;
}
