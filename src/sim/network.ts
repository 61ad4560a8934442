import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import type { Stamp } from '../trace/tracer.ts';
import { decodeMessage, encodeMessage } from '../core/message-codec.ts';
import type { Scheduler } from './scheduler.ts';

/** A message on its way. `stamp`: of its trace; null: none is kept. */
export interface Parcel {
  readonly message: Message;
  readonly stamp: Stamp | null;
}

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
  /** Messages that are kept, whatever the weather. */
  isHeld: (message: Message) => boolean = () => false;
  #held: Parcel[] = [];
  /** When the last message of a link arrives: links keep their order unless the weather breaks it. */
  readonly #lastArrival = new Map<MemberId, Map<MemberId, number>>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly options: { readonly latencyMs: readonly [number, number]; readonly codec: boolean },
    private readonly deliver: (parcel: Parcel) => void,
    private readonly onEvent: (event: NetworkEvent) => void,
  ) {}

  send(parcel: Parcel): void {
    const { random, weather } = this;
    const { from, to } = parcel.message;
    if (this.isCut(from, to)) {
      this.onEvent('cut');
      return;
    }
    if (this.isHeld(parcel.message)) {
      this.#hold(parcel);
      return;
    }
    if (weather.lossProbability > 0 && nextFraction(random) < weather.lossProbability) {
      this.onEvent('loss');
      return;
    }
    if (weather.holdProbability > 0 && nextFraction(random) < weather.holdProbability) {
      this.#hold(parcel);
      return;
    }
    this.#carry(parcel);
    if (weather.duplicateProbability > 0 && nextFraction(random) < weather.duplicateProbability) {
      this.onEvent('duplicate');
      this.#carry(parcel);
    }
  }

  /** Held messages arrive after all, in any order. */
  releaseHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const parcel of held) {
      this.onEvent('late-delivery');
      this.#arriveIn(parcel, nextInteger(this.random, 0, 200));
    }
  }

  #hold(parcel: Parcel): void {
    if (this.#held.length >= MAX_HELD) return;
    this.onEvent('hold');
    this.#held.push(parcel);
  }

  #carry(parcel: Parcel): void {
    const { random, weather } = this;
    const { message } = parcel;
    const [min, max] = this.options.latencyMs;
    const delayMs = nextInteger(random, min, max);
    if (weather.reorderProbability > 0 && nextFraction(random) < weather.reorderProbability) {
      this.onEvent('reorder');
      this.#arriveIn(parcel, delayMs + nextInteger(random, 0, weather.reorderMs));
      return;
    }
    let links = this.#lastArrival.get(message.from);
    if (links === undefined) this.#lastArrival.set(message.from, (links = new Map<MemberId, number>()));
    const arrival = Math.max(this.scheduler.now + delayMs, links.get(message.to) ?? 0);
    links.set(message.to, arrival);
    this.#arriveIn(parcel, arrival - this.scheduler.now);
  }

  #arriveIn({ message, stamp }: Parcel, delayMs: number): void {
    const received = this.options.codec ? decodeMessage(encodeMessage(message)) : message;
    this.scheduler.at(this.scheduler.now + delayMs, () => this.deliver({ message: received, stamp }));
  }
}
