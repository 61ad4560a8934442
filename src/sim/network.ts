import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import { decodeMessage, encodeMessage } from '../transport/message-codec.ts';
import type { Scheduler } from './scheduler.ts';

/** What the network does to messages besides carrying them; each from 0 to 1. */
export interface Weather {
  lossProbability: number;
  duplicateProbability: number;
  /** A message may be overtaken: it takes up to `reorderMs` longer. */
  reorderProbability: number;
  reorderMs: number;
  /** A message is kept, and delivered when `releaseHeld` is called. */
  holdProbability: number;
}

export const FAIR_WEATHER: Weather = {
  lossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
  reorderMs: 0,
  holdProbability: 0,
};

const MAX_HELD = 500;

export type NetworkEvent = 'loss' | 'duplicate' | 'reorder' | 'hold' | 'late-delivery' | 'cut';

/** Carries messages between members: late, not at all, or more than once, as the weather is. */
export class SimNetwork {
  weather: Weather = { ...FAIR_WEATHER };
  /** Directed links that carry nothing. */
  isCut: (from: MemberId, to: MemberId) => boolean = () => false;
  #held: Message[] = [];
  /** When the last message of a link arrives: links keep their order unless the weather breaks it. */
  readonly #lastArrival = new Map<MemberId, Map<MemberId, number>>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly options: { readonly latencyMs: readonly [number, number]; readonly codec: boolean },
    private readonly deliver: (message: Message) => void,
    private readonly onEvent: (event: NetworkEvent) => void,
  ) {}

  send(message: Message): void {
    const { random, weather } = this;
    if (this.isCut(message.from, message.to)) {
      this.onEvent('cut');
      return;
    }
    if (weather.lossProbability > 0 && nextFraction(random) < weather.lossProbability) {
      this.onEvent('loss');
      return;
    }
    if (weather.holdProbability > 0 && nextFraction(random) < weather.holdProbability) {
      this.#hold(message);
      return;
    }
    this.#carry(message);
    if (weather.duplicateProbability > 0 && nextFraction(random) < weather.duplicateProbability) {
      this.onEvent('duplicate');
      this.#carry(message);
    }
  }

  /** Held messages arrive after all, in any order. */
  releaseHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const message of held) {
      this.onEvent('late-delivery');
      this.#arriveIn(message, nextInteger(this.random, 0, 200));
    }
  }

  #hold(message: Message): void {
    if (this.#held.length >= MAX_HELD) return;
    this.onEvent('hold');
    this.#held.push(message);
  }

  #carry(message: Message): void {
    const { random, weather } = this;
    const [min, max] = this.options.latencyMs;
    const delayMs = nextInteger(random, min, max);
    if (weather.reorderProbability > 0 && nextFraction(random) < weather.reorderProbability) {
      this.onEvent('reorder');
      this.#arriveIn(message, delayMs + nextInteger(random, 0, weather.reorderMs));
      return;
    }
    let links = this.#lastArrival.get(message.from);
    if (links === undefined) this.#lastArrival.set(message.from, (links = new Map<MemberId, number>()));
    const arrival = Math.max(this.scheduler.now + delayMs, links.get(message.to) ?? 0);
    links.set(message.to, arrival);
    this.#arriveIn(message, arrival - this.scheduler.now);
  }

  #arriveIn(message: Message, delayMs: number): void {
    const received = this.options.codec ? decodeMessage(encodeMessage(message)) : message;
    this.scheduler.at(this.scheduler.now + delayMs, () => this.deliver(received));
  }
}
