import type { MemberId } from '../core/ids.ts';
import type { PingMessage } from '../core/message.ts';
import type { Clock } from './clock.ts';

export interface PingerOptions {
  readonly id: MemberId;
  readonly periodMs: number;
  /** A member that has been silent for longer counts as unreachable. */
  readonly silenceMs: number;
}

/** Pings of one member that are kept while unanswered; one that somebody waits for is kept as well. */
const MAX_UNANSWERED = 8;

/** Who said something else within so much of a period needs no ping to show that it is there, … */
const RECENT = 0.75;
/** … and gets one every so many periods, which measures the round trip. */
const MEASURED_PERIODS = 5;

interface Peer {
  /** When each unanswered ping was sent, by nonce. */
  readonly sentAt: Map<number, number>;
  pingedAt: number;
  roundTripMs: number | null;
  heardAt: number;
  /** The same, but for pings and their answers: were these to spare each other, too few would be left. */
  talkedAt: number;
}

/**
 * Pings every linked member through the proxies, so that what people see as reachable is what the
 * protocol can reach, and measures round trips.
 */
export class Pinger {
  readonly #peers = new Map<MemberId, Peer>();
  readonly #waiting = new Map<number, (roundTripMs: number) => void>();
  #cancel: () => void;
  #nextNonce = 1;

  constructor(
    private readonly options: PingerOptions,
    private readonly clock: Clock,
    private readonly send: (message: PingMessage) => void,
  ) {
    this.#cancel = this.#pingLater();
  }

  setLinks(linked: readonly MemberId[]): void {
    for (const id of this.#peers.keys()) if (!linked.includes(id)) this.#peers.delete(id);
    for (const id of linked) {
      if (this.#peers.has(id)) continue;
      // A new link has just carried a hello both ways.
      const now = this.clock.now();
      this.#peers.set(id, {
        sentAt: new Map(),
        pingedAt: now,
        roundTripMs: null,
        heardAt: now,
        talkedAt: now,
      });
      this.#ping(id);
    }
  }

  /** Anything that comes from a member shows that it can be reached; what is for the pinger, it `receive`s. */
  heard(id: MemberId): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.heardAt = this.clock.now();
    peer.talkedAt = peer.heardAt;
  }

  receive(message: PingMessage): void {
    const peer = this.#peers.get(message.from);
    if (peer !== undefined) peer.heardAt = this.clock.now();
    if (message.type === 'ping') {
      this.send({ type: 'pong', from: this.options.id, to: message.from, nonce: message.nonce });
      return;
    }
    const sentAt = peer?.sentAt.get(message.nonce);
    if (peer === undefined || sentAt === undefined) return;
    peer.sentAt.delete(message.nonce);
    peer.roundTripMs = this.clock.now() - sentAt;
    this.#waiting.get(message.nonce)?.(peer.roundTripMs);
    this.#waiting.delete(message.nonce);
  }

  /** One ping now; null where no answer comes in time, or there is no link. */
  async ping(id: MemberId, timeoutMs: number): Promise<number | null> {
    if (!this.#peers.has(id)) return null;
    const nonce = this.#ping(id);
    return new Promise((resolve) => {
      const cancel = this.clock.after(timeoutMs, () => {
        this.#waiting.delete(nonce);
        resolve(null);
      });
      this.#waiting.set(nonce, (roundTripMs) => {
        cancel();
        resolve(roundTripMs);
      });
    });
  }

  isReachable(id: MemberId): boolean {
    const heardAt = this.#peers.get(id)?.heardAt;
    return heardAt !== undefined && this.clock.now() - heardAt <= this.options.silenceMs;
  }

  roundTripMs(id: MemberId): number | null {
    return this.#peers.get(id)?.roundTripMs ?? null;
  }

  close(): void {
    this.#cancel();
    this.#peers.clear();
  }

  #pingLater(): () => void {
    return this.clock.after(this.options.periodMs, () => {
      this.#cancel = this.#pingLater();
      this.#pingWhoIsSilent();
    });
  }

  #pingWhoIsSilent(): void {
    const now = this.clock.now();
    const { periodMs } = this.options;
    for (const [id, { talkedAt, pingedAt }] of this.#peers) {
      const isHeard = now - talkedAt < RECENT * periodMs;
      if (!isHeard || now - pingedAt >= MEASURED_PERIODS * periodMs) this.#ping(id);
    }
  }

  #ping(id: MemberId): number {
    const nonce = this.#nextNonce;
    this.#nextNonce += 1;
    const peer = this.#peers.get(id);
    if (peer !== undefined) this.#noteSent(peer, nonce);
    this.send({ type: 'ping', from: this.options.id, to: id, nonce });
    return nonce;
  }

  #noteSent(peer: Peer, nonce: number): void {
    const { sentAt } = peer;
    peer.pingedAt = this.clock.now();
    sentAt.set(nonce, peer.pingedAt);
    if (sentAt.size <= MAX_UNANSWERED) return;
    // Not this one itself, for which nobody waits yet.
    const oldest = [...sentAt.keys()].find((sent) => sent !== nonce && !this.#waiting.has(sent));
    if (oldest !== undefined) sentAt.delete(oldest);
  }
}
