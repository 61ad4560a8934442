import { Connection } from './connection.ts';
import type { LocalNetwork } from './local-network.ts';
import { parseControl, type ControlMessage, type SignalMessage } from './messages.ts';
import { createId } from './secret.ts';

/** Who runs the consensus links: this page's worker. */
export interface LinkHost {
  /** Takes the channel over before it returns, in the task that created it. Null: there is no worker. */
  addChannel(link: string, channel: RTCDataChannel): 'worker' | 'relay' | null;
  addLocal(link: string, self: string, page: string): void;
  removeLink(link: string): void;
}

export interface RemoteContext {
  /** This page's id. Of two pages, the one with the larger id dials. */
  readonly self: string;
  readonly memberId: string;
  readonly iceServers: RTCIceServer[];
  readonly host: LinkHost;
  readonly local: LocalNetwork;
  /**
   * Which way a signal to `page` has. Another tab that it goes by may turn out to have none. `pending`: the server
   * has not answered yet.
   */
  signalPath(page: string): 'server' | 'tabs' | 'pending' | 'none';
  sendSignal(page: string, message: SignalMessage): void;
  /** `link`: the one that belongs to the connection by which it came. */
  onControl(page: string, message: ControlMessage, link: string): void;
  /** A control message that does not parse. */
  onRefused(page: string): void;
  /** This browser does not make it. */
  onUnable(reason: string): void;
  onConnected(page: string): void;
  /** Nothing is open to it any more. */
  onLost(page: string): void;
  onChange(): void;
}

/** Pause before the next attempt; doubles with each failure. */
const REDIAL_MS = { first: 500, most: 10_000 };
/** The side that waits to be dialled lets the other try first. */
const PATIENCE_MS = 2000;
/** While a local link stands in, WebRTC is tried now and then. */
const UPGRADE_MS = 15_000;
/** A request to dial that comes so soon after an attempt began has crossed with it. */
const CROSSING_MS = 1000;
/** A channel that the worker has not got by then was lost on its way. */
const TAKEN_TIMEOUT_MS = 10_000;
/** How often to look again for the signaling server's first answer. */
const PENDING_MS = 200;

/** Another tab's page, and the way to it: a WebRTC connection, or a link within this browser. */
export class Remote {
  memberId: string | null = null;
  /** It has shown itself within this browser. */
  isLocal = false;
  #connection: Connection | null = null;
  /** Names the connection, or the attempt at one, and its link. */
  #attempt: string | null = null;
  #attemptedAt = 0;
  #channel: 'worker' | 'relay' | null = null;
  /** The newest connection's link that the worker has got. */
  #takenLink: string | null = null;
  #localLink: { readonly link: string; readonly unwatch: () => void } | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #isClosed = false;

  constructor(
    readonly page: string,
    private readonly context: RemoteContext,
  ) {}

  get isConnected(): boolean {
    return this.#connection?.isConnected === true || this.#localLink !== null;
  }

  get hasFailed(): boolean {
    return !this.isConnected && this.#failures > 0;
  }

  /** The link that consensus uses now, and how its frames travel. */
  get link(): { id: string; channel: 'worker' | 'relay' | 'local' } | null {
    if (this.#connection?.isConnected === true && this.#attempt !== null && this.#channel !== null) {
      return { id: this.#attempt, channel: this.#channel };
    }
    return this.#localLink === null ? null : { id: this.#localLink.link, channel: 'local' };
  }

  get #dials(): boolean {
    return this.context.self > this.page;
  }

  /** It has (re)appeared: try at once, or after a while. What was tried before may not have reached it. */
  reach(delayMs = 0): void {
    this.#failures = 0;
    this.#plan(this.#dials ? delayMs : PATIENCE_MS);
  }

  send(message: ControlMessage): boolean {
    const text = JSON.stringify(message);
    if (this.#connection?.sendControl(text) === true) return true;
    if (this.#localLink === null) return false;
    this.context.local.sendControl(this.page, this.#localLink.link, text);
    return true;
  }

  onSignal(message: SignalMessage): void {
    if (message.type === 'dial-me') {
      // The other side has no connection, whatever this side believes.
      const hasCrossed = this.#connection !== null && performance.now() - this.#attemptedAt < CROSSING_MS;
      if (this.#dials && !hasCrossed) this.#connect(true, createId());
      return;
    }
    const isNewOffer = !this.#dials && message.attempt !== this.#attempt && message.data.type === 'offer';
    if (isNewOffer) this.#connect(false, message.attempt);
    if (message.attempt === this.#attempt) this.#connection?.signal(message.data);
  }

  onLocalOpen(link: string): void {
    if (this.#localLink?.link === link || this.#connection?.isConnected === true) return;
    this.#dropLocal();
    const unwatch = this.context.local.onGone(this.page, () => this.onLocalClose(link));
    this.#localLink = { link, unwatch };
    this.context.host.addLocal(link, this.context.self, this.page);
    this.#greet();
  }

  onLocalControl(link: string, text: string): void {
    if (link === this.#localLink?.link) this.#onControl(text, link);
  }

  onLocalClose(link: string): void {
    if (link !== this.#localLink?.link) return;
    this.#dropLocal();
    this.context.onLost(this.page);
    this.context.onChange();
  }

  /** What the worker says of any link: where it has given this one's up, the connection below it is of no use. */
  onLink(link: string, state: 'taken' | 'closed'): void {
    if (state === 'taken' && link === this.#attempt) this.#takenLink = link;
    if (state === 'closed' && link === this.link?.id) this.#hangUp();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#hangUp();
  }

  #hangUp(): void {
    if (this.#localLink !== null) this.context.local.closeLink(this.page, this.#localLink.link);
    this.#dropLocal();
    this.#connection?.close();
  }

  #plan(delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#try(), delayMs);
  }

  #try(): void {
    this.#timer = null;
    if (this.#connection !== null && (this.#connection.isConnected || !this.#dials)) return;
    const path = this.context.signalPath(this.page);
    if (path === 'pending') {
      this.#plan(PENDING_MS);
      return;
    }
    if (path !== 'server') this.#goLocal();
    if (path !== 'none' && this.#dials) {
      this.#connect(true, createId());
    } else {
      if (path !== 'none') this.context.sendSignal(this.page, { type: 'dial-me' });
      this.#failures += 1;
      this.#plan(this.#pauseMs());
    }
  }

  #pauseMs(): number {
    if (this.#localLink !== null) return UPGRADE_MS;
    const first = this.#dials ? REDIAL_MS.first : PATIENCE_MS;
    return Math.min(first * 2 ** this.#failures, REDIAL_MS.most);
  }

  #connect(initiator: boolean, attempt: string): void {
    const former = this.#connection;
    this.#connection = null;
    this.#attempt = attempt;
    former?.close();
    this.#attemptedAt = performance.now();
    let wasConnected = false;
    this.#connection = new Connection(
      initiator,
      this.context.iceServers,
      (channel) => {
        this.#channel = this.context.host.addChannel(attempt, channel);
      },
      {
        onSignal: (data) => this.context.sendSignal(this.page, { type: 'signal', attempt, data }),
        onConnect: () => {
          wasConnected = true;
          this.#failures = 0;
          if (this.#localLink !== null) this.context.local.closeLink(this.page, this.#localLink.link);
          this.#dropLocal();
          setTimeout(() => {
            if (attempt !== this.#attempt || this.#channel === null || attempt === this.#takenLink) return;
            wasConnected = false;
            this.#hangUp();
          }, TAKEN_TIMEOUT_MS);
          this.#greet();
        },
        onControl: (text) => this.#onControl(text, attempt),
        onUnable: (reason) => this.context.onUnable(reason),
        onClose: () => this.#onConnectionClosed(attempt, wasConnected),
      },
    );
    this.context.onChange();
  }

  #onConnectionClosed(attempt: string, wasConnected: boolean): void {
    this.context.host.removeLink(attempt);
    if (attempt !== this.#attempt) return;
    this.#connection = null;
    this.#attempt = null;
    this.#channel = null;
    if (!wasConnected) {
      this.#failures += 1;
      this.#goLocal();
    }
    this.#plan(this.#pauseMs());
    this.context.onLost(this.page);
    this.context.onChange();
  }

  /** WebRTC has found no path, or signals may find none. Within one browser there is another; the dialling side opens it. */
  #goLocal(): void {
    if (this.isLocal && this.#dials && this.#localLink === null && !this.#isClosed) {
      this.context.local.openLink(this.page, createId());
    }
  }

  #dropLocal(): void {
    if (this.#localLink === null) return;
    const { link, unwatch } = this.#localLink;
    this.#localLink = null;
    unwatch();
    this.context.host.removeLink(link);
  }

  #greet(): void {
    this.send({ type: 'hello', memberId: this.context.memberId });
    this.context.onConnected(this.page);
    this.context.onChange();
  }

  #onControl(text: string, link: string): void {
    const message = parseControl(text);
    if (message === null) {
      this.context.onRefused(this.page);
      return;
    }
    if (message.type === 'hello') this.memberId = message.memberId;
    this.context.onControl(this.page, message, link);
  }
}
