import type { FaultRule } from '../api.ts';
import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { createRandom, type Random } from '../core/random.ts';
import type { Clock } from '../runtime/clock.ts';
import { judge } from './rules.ts';

export interface ProxyOptions {
  readonly seed: number;
  /** Delayed messages kept at a time; more are dropped. */
  readonly maxDelayed: number;
}

export interface ProxyPorts {
  readonly clock: Clock;
  nameOf(id: MemberId): string | null;
  /** To the transport. False: it could not be sent. */
  send(message: Message): boolean;
  /** Something was done to a message: `what` is a counter's name. */
  onFault(what: 'dropped' | 'delayed' | 'delay-overflow' | 'unsent', message: Message): void;
}

/**
 * Between driver and transport: does to outgoing messages what the rules say. Delayed messages of one
 * link leave in the order in which they came, as on any stream; `reorder` would be a rule of its own.
 */
export class Proxy {
  readonly #random: Random;
  #rules: readonly FaultRule[] = [];
  #delayedCount = 0;
  /** Delayed messages by receiver, and when the last of them leaves. */
  readonly #delayed = new Map<MemberId, { readonly queue: Message[]; lastDueAt: number }>();

  constructor(
    private readonly options: ProxyOptions,
    private readonly ports: ProxyPorts,
  ) {
    this.#random = createRandom(options.seed);
  }

  setRules(rules: readonly FaultRule[]): void {
    this.#rules = rules;
  }

  send(message: Message): void {
    if (this.#rules.length === 0) {
      this.#pass(message);
      return;
    }
    const { from, to, type } = message;
    const route = { from: this.ports.nameOf(from), to: this.ports.nameOf(to), type };
    const verdict = judge(this.#rules, route, this.#random);
    if (verdict.action === 'pass') this.#pass(message);
    else if (verdict.action === 'drop') this.ports.onFault('dropped', message);
    else this.#delay(message, verdict.delayMs);
  }

  #pass(message: Message): void {
    if (!this.ports.send(message)) this.ports.onFault('unsent', message);
  }

  #delay(message: Message, delayMs: number): void {
    if (this.#delayedCount >= this.options.maxDelayed) {
      this.ports.onFault('delay-overflow', message);
      return;
    }
    const { clock } = this.ports;
    const now = clock.now();
    const link = this.#delayed.get(message.to) ?? { queue: [], lastDueAt: 0 };
    this.#delayed.set(message.to, link);
    link.lastDueAt = Math.max(now + delayMs, link.lastDueAt);
    link.queue.push(message);
    this.#delayedCount += 1;
    this.ports.onFault('delayed', message);
    clock.after(link.lastDueAt - now, () => {
      this.#delayedCount -= 1;
      // The head, not `message`: timers that are due together may fire in any order.
      const next = link.queue.shift();
      if (next !== undefined) this.#pass(next);
    });
  }
}
