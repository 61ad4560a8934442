import type { Instance, SignalData } from 'simple-peer';
import Peer from 'simple-peer/simplepeer.min.js';

/** The negotiated channel for consensus traffic, beside simple-peer's own (design, section 3). */
const RAFT_CHANNEL_ID = 100;
/** From the first signal to an open connection; afterwards ICE itself notices a dead path. */
const CONNECT_TIMEOUT_MS = 15_000;

export interface ConnectionHandlers {
  onSignal(data: SignalData): void;
  onConnect(): void;
  /** One text message of the control channel. */
  onControl(text: string): void;
  /** Once. `noPath`: this machine offers no network interface at all. */
  onClose(reason: string, noPath: boolean): void;
}

/**
 * One WebRTC connection to another tab: simple-peer's channel for control, and a second one that
 * `onRaftChannel` must transfer or wire up before it returns, in the task that created it.
 */
export class Connection {
  readonly #peer: Instance;
  readonly #timer: ReturnType<typeof setTimeout>;
  #candidates = 0;
  #isConnected = false;
  #isClosed = false;

  constructor(
    initiator: boolean,
    iceServers: RTCIceServer[],
    onRaftChannel: (channel: RTCDataChannel) => void,
    private readonly handlers: ConnectionHandlers,
  ) {
    this.#peer = new Peer({ initiator, config: { iceServers }, objectMode: true });
    const connection = connectionOf(this.#peer);
    onRaftChannel(connection.createDataChannel('raft', { negotiated: true, id: RAFT_CHANNEL_ID }));
    connection.addEventListener('icegatheringstatechange', () => {
      const hasNoPath = connection.iceGatheringState === 'complete' && this.#candidates === 0;
      if (hasNoPath) this.#close('This machine offers no network interface.', true);
    });
    this.#peer.on('signal', (data) => {
      if (data.type === 'candidate') this.#candidates += 1;
      handlers.onSignal(data);
    });
    this.#peer.on('connect', () => {
      this.#isConnected = true;
      clearTimeout(this.#timer);
      handlers.onConnect();
    });
    this.#peer.on('data', (data: unknown) => {
      if (typeof data === 'string') handlers.onControl(data);
    });
    this.#peer.on('error', (error) => this.#close(error.message, false));
    this.#peer.on('close', () => this.#close('The other tab closed the connection.', false));
    this.#timer = setTimeout(() => this.#close('No connection in time.', false), CONNECT_TIMEOUT_MS);
  }

  get isConnected(): boolean {
    return this.#isConnected && !this.#isClosed;
  }

  /** What the other side's `onSignal` gave. Data that does not fit closes the connection. */
  signal(data: SignalData): void {
    if (this.#isClosed) return;
    try {
      this.#peer.signal(data);
    } catch (error) {
      this.#close(`A session description does not fit: ${String(error)}`, false);
    }
  }

  sendControl(text: string): boolean {
    if (!this.isConnected) return false;
    this.#peer.send(text);
    return true;
  }

  close(): void {
    this.#close('This tab closed the connection.', false);
  }

  #close(reason: string, noPath: boolean): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#peer.destroy();
    this.handlers.onClose(reason, noPath);
  }
}

/** simple-peer keeps its RTCPeerConnection in a field that its types leave out. */
function connectionOf(peer: Instance): RTCPeerConnection {
  return (peer as Instance & { readonly _pc: RTCPeerConnection })._pc;
}
