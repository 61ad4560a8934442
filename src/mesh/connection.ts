import type { Instance, SignalData } from 'simple-peer';
import Peer from 'simple-peer/simplepeer.min.js';

/** The negotiated channel for consensus traffic, beside simple-peer's own (design, section 3). */
const RAFT_CHANNEL_ID = 100;
/** From the first signal to an open connection; afterwards ICE itself notices a dead path. */
const CONNECT_TIMEOUT_MS = 15_000;
/**
 * Without any network interface Chromium gathers for ever and finds nothing; with one, the first
 * candidate comes within milliseconds.
 */
const CANDIDATE_TIMEOUT_MS = 2500;

export interface ConnectionHandlers {
  onSignal(data: SignalData): void;
  onConnect(): void;
  /** One text message of the control channel. */
  onControl(text: string): void;
  /** The browser does not make it at all; `onClose` follows. */
  onUnable(reason: string): void;
  /** Once. */
  onClose(): void;
}

/**
 * One WebRTC connection to another tab: simple-peer's channel for control, and a second one that
 * `onRaftChannel` must transfer or wire up before it returns, in the task that created it.
 */
export class Connection {
  readonly #peer: Instance;
  readonly #timer: ReturnType<typeof setTimeout>;
  #candidateTimer: ReturnType<typeof setTimeout> | undefined;
  #isConnected = false;
  #isClosed = false;

  constructor(
    initiator: boolean,
    iceServers: RTCIceServer[],
    onRaftChannel: (channel: RTCDataChannel) => void,
    private readonly handlers: ConnectionHandlers,
  ) {
    this.#peer = new Peer({ initiator, config: { iceServers }, objectMode: true });
    const { _pc: connection } = withFields(this.#peer);
    if (connection !== undefined)
      onRaftChannel(connection.createDataChannel('raft', { negotiated: true, id: RAFT_CHANNEL_ID }));
    let hasCandidate = false;
    this.#peer.on('signal', (data) => {
      if (data.type === 'candidate') hasCandidate = true;
      else this.#candidateTimer ??= setTimeout(() => hasCandidate || this.close(), CANDIDATE_TIMEOUT_MS);
      handlers.onSignal(data);
    });
    this.#peer.on('connect', () => {
      this.#isConnected = true;
      clearTimeout(this.#timer);
      // From here on without the stream, which sets two timers for each message.
      withFields(this.#peer)._channel.onmessage = ({ data }) => this.#onData(data);
      handlers.onConnect();
    });
    this.#peer.on('data', (data: unknown) => this.#onData(data));
    this.#peer.on('error', ({ message }) => {
      if (connection === undefined) handlers.onUnable(message);
      this.close();
    });
    this.#peer.on('close', () => this.close());
    this.#timer = setTimeout(() => this.close(), CONNECT_TIMEOUT_MS);
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  /** What the other side's `onSignal` gave. Data that does not fit closes the connection. */
  signal(data: SignalData): void {
    if (this.#isClosed) return;
    try {
      this.#peer.signal(data);
    } catch {
      this.close();
    }
  }

  sendControl(text: string): boolean {
    if (!this.isConnected) return false;
    try {
      this.#peer.send(text);
      return true;
    } catch {
      this.close();
      return false;
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#candidateTimer);
    this.#peer.destroy();
    this.handlers.onClose();
  }

  #onData(data: unknown): void {
    if (typeof data === 'string' && !this.#isClosed) this.handlers.onControl(data);
  }
}

/** Its types leave them out. The channel is there once the peer has connected. */
interface Fields {
  /** Undefined where the browser refuses one: there are too many, or it does not take a server's address. */
  readonly _pc: RTCPeerConnection | undefined;
  readonly _channel: RTCDataChannel;
}

function withFields(peer: Instance): Instance & Fields {
  return peer as Instance & Fields;
}
