import type { FaultRule } from '../api.ts';
import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { Clock } from '../runtime/clock.ts';
import { judge, type Disturbance } from './rules.ts';

export interface ProxyOptions {
  readonly seed: number;
  /** Delayed, reordered and copied messages kept at a time; more are dropped. */
  readonly maxDelayed: number;
  /** Held messages kept at a time; more are dropped. */
  readonly maxHeld: number;
}

/** What was done to a message; each is a counter. */
export type FaultCount =
  'dropped' | 'delayed' | 'held' | 'duplicated' | 'reordered' | 'delay-overflow' | 'hold-overflow' | 'unsent';

/** All that rules look at. */
type Routed = Pick<Message, 'from' | 'to' | 'type'>;

export interface ProxyPorts<M extends Routed = Message> {
  readonly clock: Clock;
  nameOf(id: MemberId): string | null;
  /** To the transport. False: it could not be sent. */
  send(message: M): boolean;
  onFault(what: FaultCount, message: M): void;
}

interface Held<M> {
  readonly rule: string;
  readonly message: M;
}

/**
 * Between driver and transport: does to outgoing messages what the rules say. Delayed messages of one
 * link leave in the order in which they came, as on any stream, unless a rule reorders them.
 */
export class Proxy<M extends Routed = Message> {
  readonly #random: Random;
  #rules: readonly FaultRule[] = [];
  #delayedCount = 0;
  /** Delayed messages by receiver, and when the last of them leaves. */
  readonly #delayed = new Map<MemberId, { readonly queue: M[]; lastDueAt: number }>();
  #held: Held<M>[] = [];

  constructor(
    private readonly options: ProxyOptions,
    private readonly ports: ProxyPorts<M>,
  ) {
    this.#random = createRandom(options.seed);
  }

  /** Rules in their order. What a hold kept that is no longer there is delivered, late, in the order it came. */
  setRules(rules: readonly FaultRule[]): void {
    this.#rules = rules;
    const isKept = ({ rule }: Held<M>): boolean =>
      rules.some(({ id, kind }) => id === rule && kind === 'hold');
    const released = this.#held.filter((held) => !isKept(held));
    this.#held = this.#held.filter(isKept);
    for (const { message } of released) this.#pass(message);
  }

  send(message: M): void {
    if (this.#rules.length === 0 && this.#delayedCount === 0) {
      this.#pass(message);
      return;
    }
    const { from, to, type } = message;
    const route = { from: this.ports.nameOf(from), to: this.ports.nameOf(to), type };
    const verdict = judge(this.#rules, route, this.#random);
    switch (verdict.action) {
      case 'pass':
        this.#inOrder(message, 0);
        return;
      case 'drop':
        this.ports.onFault('dropped', message);
        return;
      case 'hold':
        this.#hold(verdict.rule, message);
        return;
      case 'disturb':
        this.#disturb(verdict, message);
    }
  }

  #pass(message: M): void {
    if (!this.ports.send(message)) this.ports.onFault('unsent', message);
  }

  #hold(rule: string, message: M): void {
    if (this.#held.length >= this.options.maxHeld) {
      this.ports.onFault('hold-overflow', message);
      return;
    }
    this.#held.push({ rule, message });
    this.ports.onFault('held', message);
  }

  #disturb({ delayMs, reorderMs, copyAfterMs }: Disturbance, message: M): void {
    const comesAfterMs = (delayMs ?? 0) + (reorderMs ?? 0);
    const isTaken =
      reorderMs === null ? this.#inOrder(message, comesAfterMs) : this.#later(message, comesAfterMs);
    if (isTaken && delayMs !== null) this.ports.onFault('delayed', message);
    if (isTaken && reorderMs !== null) this.ports.onFault('reordered', message);
    if (copyAfterMs !== null && this.#later(message, comesAfterMs + copyAfterMs))
      this.ports.onFault('duplicated', message);
  }

  /** Behind whatever of its link is still to leave. */
  #inOrder(message: M, delayMs: number): boolean {
    const link = this.#delayed.get(message.to) ?? { queue: [], lastDueAt: 0 };
    if (delayMs === 0 && link.queue.length === 0) {
      this.#pass(message);
      return true;
    }
    if (!this.#mayDelay(message)) return false;
    const { clock } = this.ports;
    const now = clock.now();
    this.#delayed.set(message.to, link);
    link.lastDueAt = Math.max(now + delayMs, link.lastDueAt);
    link.queue.push(message);
    clock.after(link.lastDueAt - now, () => {
      this.#delayedCount -= 1;
      // The head, not `message`: timers that are due together may fire in any order.
      const next = link.queue.shift();
      if (next !== undefined) this.#pass(next);
    });
    return true;
  }

  /** Whatever leaves meanwhile overtakes it. */
  #later(message: M, delayMs: number): boolean {
    if (!this.#mayDelay(message)) return false;
    this.ports.clock.after(delayMs, () => {
      this.#delayedCount -= 1;
      this.#pass(message);
    });
    return true;
  }

  #mayDelay(message: M): boolean {
    if (this.#delayedCount >= this.options.maxDelayed) {
      this.ports.onFault('delay-overflow', message);
      return false;
    }
    this.#delayedCount += 1;
    return true;
  }
}
