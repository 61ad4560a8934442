import {
  parseServerMessage,
  type ClientMessage,
  type RefusalCode,
  type ServerMessage,
} from '../../signaling/protocol.ts';

export interface SignalingOptions {
  readonly url: string;
  readonly room: string;
  /** This page's id in the room, new with each page. */
  readonly peer: string;
  /** Bounds of the pause before dialling again; it doubles from one to the other. */
  readonly reconnectMs: readonly [number, number];
}

export type SignalingState =
  | { readonly state: 'connecting'; readonly detail: string | null }
  | { readonly state: 'connected' }
  | { readonly state: 'lost'; readonly detail: string };

export interface SignalingHandlers {
  onState(state: SignalingState): void;
  /** The whole room, after each join. */
  onPeers(peers: readonly string[]): void;
  onPeerJoined(peer: string): void;
  onPeerLeft(peer: string): void;
  onRelayed(from: string, payload: string): void;
  /** Something that the server said makes no sense, or that it refused and that is worth counting. */
  onRefused(code: RefusalCode | 'unparsable', reason: string): void;
}

/** From the dialling to a place in the room. */
const JOIN_TIMEOUT_MS = 10_000;
/** A socket that has said nothing for this long after a ping is dead (sleep, network change). */
const PING_PERIOD_MS = 10_000;
const PONG_TIMEOUT_MS = 5000;

/** Keeps this page in its room, for as long as it takes: dials again with backoff whenever the socket ends. */
export class SignalingClient {
  #socket: WebSocket | null = null;
  #isJoined = false;
  #isClosed = false;
  #pauseMs: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #lastRefusal: string | null = null;
  readonly #dialNow = (): void => this.#dialAtOnce();

  constructor(
    private readonly options: SignalingOptions,
    private readonly handlers: SignalingHandlers,
  ) {
    this.#pauseMs = options.reconnectMs[0];
    addEventListener('online', this.#dialNow);
    this.#dial();
  }

  /** False: there is no connection. True says nothing about arrival. */
  relay(to: string, payload: string): boolean {
    return this.#isJoined && this.#send({ type: 'relay', to, payload });
  }

  close(): void {
    this.#isClosed = true;
    removeEventListener('online', this.#dialNow);
    this.#setTimer(null);
    if (this.#isJoined) this.#send({ type: 'leave' });
    this.#socket?.close();
  }

  #dialAtOnce(): void {
    if (this.#socket !== null || this.#isClosed) return;
    this.#pauseMs = this.options.reconnectMs[0];
    this.#dial();
  }

  #dial(): void {
    this.#setTimer(null);
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.options.url);
    } catch (error) {
      this.handlers.onState({
        state: 'lost',
        detail: `${this.options.url} cannot be dialled: ${String(error)}`,
      });
      return;
    }
    this.#socket = socket;
    this.#lastRefusal = null;
    this.#setTimer(JOIN_TIMEOUT_MS, () => this.#abandon());
    socket.addEventListener('open', () => {
      this.#send({ type: 'join', room: this.options.room, peer: this.options.peer });
    });
    socket.addEventListener('message', ({ data }) => {
      if (socket === this.#socket) this.#onFrame(data);
    });
    socket.addEventListener('close', () => {
      if (socket === this.#socket) this.#onClose();
    });
  }

  /** Gives a socket up without waiting for it: the closing handshake of a dead one takes minutes. */
  #abandon(): void {
    this.#socket?.close();
    this.#onClose();
  }

  #onClose(): void {
    this.#socket = null;
    this.#isJoined = false;
    if (this.#isClosed) return;
    const why = this.#lastRefusal ?? `${this.options.url} does not answer`;
    this.handlers.onState({ state: 'lost', detail: why });
    this.#setTimer(this.#pauseMs, () => this.#dial());
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.options.reconnectMs[1]);
  }

  #onFrame(data: unknown): void {
    const parsed = parseServerMessage(typeof data === 'string' ? data : '');
    if (parsed.ok) this.#onMessage(parsed.message);
    else this.handlers.onRefused('unparsable', parsed.reason);
  }

  #onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'joined':
        this.#isJoined = true;
        this.#pauseMs = this.options.reconnectMs[0];
        this.handlers.onState({ state: 'connected' });
        this.handlers.onPeers(message.peers);
        this.#schedulePing();
        return;
      case 'peer-joined':
        this.handlers.onPeerJoined(message.peer);
        return;
      case 'peer-left':
        this.handlers.onPeerLeft(message.peer);
        return;
      case 'relayed':
        this.handlers.onRelayed(message.from, message.payload);
        return;
      case 'pong':
        this.#schedulePing();
        return;
      case 'refused':
        this.#lastRefusal = message.reason;
        this.handlers.onRefused(message.code, message.reason);
        // Not in the room (full, or too many rooms): the server keeps the socket, but it is of no use.
        if (!this.#isJoined) this.#abandon();
        return;
    }
  }

  #schedulePing(): void {
    this.#setTimer(PING_PERIOD_MS, () => {
      this.#send({ type: 'ping' });
      this.#setTimer(PONG_TIMEOUT_MS, () => {
        this.#lastRefusal = 'it has stopped answering';
        this.#abandon();
      });
    });
  }

  #send(message: ClientMessage): boolean {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #setTimer(delayMs: number | null, callback: () => void = () => undefined): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = delayMs === null ? null : setTimeout(callback, delayMs);
  }
}
