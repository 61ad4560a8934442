import { messageOf } from '../error-text.ts';
import { SignalingClient, type SignalingState } from '../signaling/client.ts';
import { LocalNetwork } from './local-network.ts';
import { parseSignal, type ControlMessage, type SignalMessage } from './messages.ts';
import { Remote, type LinkHost, type RemoteContext } from './remote.ts';
import { createId, seal, unseal, type ClusterKeys } from './secret.ts';

export interface MeshOptions {
  readonly keys: ClusterKeys;
  readonly memberId: string;
  readonly iceServers: RTCIceServer[];
  readonly signalingUrl: string;
  readonly reconnectMs: readonly [number, number];
}

export interface MeshHandlers {
  onChange(): void;
  onSignaling(state: SignalingState): void;
  /** A control channel has opened: say what the other side should know. */
  onConnected(page: string): void;
  /** `link`: of the connection by which it came. */
  onControl(page: string, message: ControlMessage, link: string): void;
  /** Something that came from outside was refused; `what` is a counter's name. */
  onRefused(what: string, reason: string): void;
}

export interface PeerView {
  readonly page: string;
  readonly memberId: string | null;
  readonly state: 'connecting' | 'connected' | 'failed';
  readonly link: Remote['link'];
  /** It was heard within this browser, where no other device can speak. */
  readonly isLocal: boolean;
}

/** A room holds fewer; whoever announces more is not to be believed. */
const MAX_REMOTES = 64;

/** A page shows itself within the browser just before it is in the room; until then the server would drop what is for it. */
const JOINING_MS = 1000;

/** All connections of this page to the other tabs of its cluster. */
export class Mesh {
  /** This page's id: new with every page, unlike the member that it runs. */
  readonly self = createId();
  readonly #remotes = new Map<string, Remote>();
  /** In the room, says the server: for others it has no way. */
  readonly #listed = new Set<string>();
  readonly #signaling: SignalingClient;
  readonly #local: LocalNetwork;
  readonly #context: RemoteContext;
  #signalingState: SignalingState = { state: 'connecting', detail: null };
  /** Sealing is asynchronous; these keep the order in both directions. */
  #sealing = Promise.resolve();
  #unsealing = Promise.resolve();
  #isClosed = false;

  constructor(
    private readonly options: MeshOptions,
    host: LinkHost,
    private readonly handlers: MeshHandlers,
  ) {
    this.#local = new LocalNetwork(options.keys.clusterId, this.self, {
      onHere: (page) => this.#onHere(page),
      onOpen: (page, link) => this.#remotes.get(page)?.onLocalOpen(link),
      onControl: (page, link, text) => this.#remotes.get(page)?.onLocalControl(link, text),
      onClose: (page, link) => this.#remotes.get(page)?.onLocalClose(link),
      onRefused: () => handlers.onRefused('local', 'a message within this browser does not parse'),
    });
    this.#context = {
      self: this.self,
      memberId: options.memberId,
      iceServers: options.iceServers,
      host,
      local: this.#local,
      signalPath: (page) => this.#signalPath(page),
      sendSignal: (page, message) => this.#sendSignal(page, message),
      onControl: (page, message, link) => this.#onControl(page, message, link),
      onRefused: (page) => handlers.onRefused('control', `a control message of ${page} does not parse`),
      onUnable: (reason) => handlers.onRefused('connection', `it cannot be made: ${reason}`),
      onConnected: (page) => handlers.onConnected(page),
      onLost: (page) => this.#forgetIfGone(page),
      onChange: () => handlers.onChange(),
    };
    this.#signaling = this.#openSignaling();
  }

  peers(): PeerView[] {
    return [...this.#remotes.values()].map((remote) => ({
      page: remote.page,
      memberId: remote.memberId,
      state: remote.isConnected ? 'connected' : remote.hasFailed ? 'failed' : 'connecting',
      link: remote.link,
      isLocal: remote.isLocal,
    }));
  }

  send(page: string, message: ControlMessage): boolean {
    return this.#remotes.get(page)?.send(message) ?? false;
  }

  /** The pages that a control message reaches now. */
  connectedPages(): string[] {
    return [...this.#remotes.values()].filter((remote) => remote.isConnected).map(({ page }) => page);
  }

  /** What the worker says of a link. */
  onLink({ type, link }: { readonly type: 'taken' | 'closed'; readonly link: string }): void {
    for (const remote of this.#remotes.values()) remote.onLink(link, type);
  }

  close(): void {
    this.#isClosed = true;
    this.#signaling.close();
    for (const remote of this.#remotes.values()) remote.close();
    this.#remotes.clear();
    this.#local.close();
  }

  #openSignaling(): SignalingClient {
    const { signalingUrl, reconnectMs, keys } = this.options;
    const options = { url: signalingUrl, room: keys.clusterId, peer: this.self, reconnectMs };
    return new SignalingClient(options, {
      onState: (state) => {
        this.#signalingState = state;
        this.handlers.onSignaling(state);
      },
      onPeers: (pages) => this.#onPeers(pages),
      onPeerJoined: (page) => this.#onListed(page),
      onPeerLeft: (page) => this.#onUnlisted(page),
      onRelayed: (page, payload) => this.#onRelayed(page, payload),
      onRefused: (code, reason) => {
        if (code !== 'no-such-peer') this.handlers.onRefused('signaling', reason);
      },
    });
  }

  // ── Who is there ──────────────────────────────────────────────────────────────────────────────

  #remote(page: string): Remote | null {
    const known = this.#remotes.get(page);
    if (known !== undefined) return known;
    if (page === this.self || this.#isClosed) return null;
    if (this.#remotes.size >= MAX_REMOTES) {
      this.handlers.onRefused('signaling', `more than ${MAX_REMOTES} tabs`);
      return null;
    }
    const remote = new Remote(page, this.#context);
    this.#remotes.set(page, remote);
    return remote;
  }

  #onPeers(pages: readonly string[]): void {
    for (const page of this.#listed) if (!pages.includes(page)) this.#onUnlisted(page);
    for (const page of pages) this.#onListed(page);
  }

  #onListed(page: string): void {
    const remote = this.#remote(page);
    if (remote === null) return;
    this.#listed.add(page);
    remote.reach();
    this.handlers.onChange();
  }

  #onUnlisted(page: string): void {
    this.#listed.delete(page);
    this.#forgetIfGone(page);
  }

  #onHere(page: string): void {
    const remote = this.#remote(page);
    if (remote === null || remote.isLocal) return;
    remote.isLocal = true;
    // Its lock tells at once what ICE would take half a minute to notice.
    this.#local.onGone(page, () => this.#forget(remote));
    if (this.#listed.has(page) || remote.isConnected) return;
    remote.reach(this.#signalingState.state === 'connected' ? JOINING_MS : 0);
  }

  /** A remote that nobody lists any more and to which nothing is open has left. */
  #forgetIfGone(page: string): void {
    const remote = this.#remotes.get(page);
    if (remote === undefined || this.#listed.has(page) || remote.isLocal || remote.isConnected) return;
    this.#forget(remote);
  }

  #forget(remote: Remote): void {
    this.#remotes.delete(remote.page);
    remote.close();
    this.handlers.onChange();
  }

  // ── Signals ───────────────────────────────────────────────────────────────────────────────────

  /** Tabs that may pass a signal on to `page`. */
  #relays(page: string): string[] {
    return this.connectedPages().filter((other) => other !== page);
  }

  #signalPath(page: string): 'server' | 'tabs' | 'pending' | 'none' {
    const { state } = this.#signalingState;
    if (state === 'connected' && this.#listed.has(page)) return 'server';
    if (this.#relays(page).length > 0) return 'tabs';
    return state === 'connecting' ? 'pending' : 'none';
  }

  #sendSignal(page: string, message: SignalMessage): void {
    const envelope = { from: this.self, to: page };
    this.#sealing = this.#next(this.#sealing, async () => {
      const payload = await seal(this.options.keys, envelope, message);
      if (this.#listed.has(page) && this.#signaling.relay(page, payload)) return;
      // Any of them may lack a way to `page`; the next attempt probably asks another.
      const relays = this.#relays(page);
      const relay = relays[Math.floor(Math.random() * relays.length)];
      if (relay !== undefined) this.send(relay, { type: 'relay', ...envelope, payload });
    });
  }

  #onRelayed(from: string, payload: string): void {
    this.#unsealing = this.#next(this.#unsealing, async () => {
      const message = parseSignal(await unseal(this.options.keys, { from, to: this.self }, payload));
      if (message === null) this.handlers.onRefused('signal', `a signal from ${from} is forged or damaged`);
      else this.#remote(from)?.onSignal(message);
    });
  }

  /** One that fails must not keep those behind it. */
  async #next(before: Promise<void>, work: () => Promise<void>): Promise<void> {
    await before;
    await work().catch((error: unknown) => this.handlers.onRefused('signal', messageOf(error)));
  }

  #onControl(page: string, message: ControlMessage, link: string): void {
    if (message.type === 'hello') this.#hangUpOlder(page, message.memberId);
    if (message.type === 'relay') this.#onRelay(page, message);
    this.handlers.onControl(page, message, link);
    this.handlers.onChange();
  }

  /** A member that greets from a new page has left the old one, whether or not that was noticed. */
  #hangUpOlder(page: string, memberId: string): void {
    for (const remote of this.#remotes.values()) {
      if (remote.page !== page && remote.memberId === memberId) this.#forget(remote);
    }
  }

  /** One hop only: passed on for the page that sent it, or meant for this one. */
  #onRelay(page: string, message: Extract<ControlMessage, { type: 'relay' }>): void {
    if (message.to === this.self) this.#onRelayed(message.from, message.payload);
    else if (message.from === page) this.send(message.to, message);
  }
}
