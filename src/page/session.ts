import * as Comlink from 'comlink';
import type { FaultRule, LinkCounters, LinkTraffic, NodeAction } from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import { messageOf } from '../error-text.ts';
import { FaultGossip } from '../mesh/fault-gossip.ts';
import { Mesh, type PeerView } from '../mesh/mesh.ts';
import type { CallAnswer, CallMethod, ControlMessage, Device } from '../mesh/messages.ts';
import type { LinkHost } from '../mesh/remote.ts';
import type { ClusterKeys } from '../mesh/secret.ts';
import type { SignalingState } from '../signaling/client.ts';
import { relay } from '../transport/port.ts';
import type {
  LinkCommand,
  LinkEvent,
  NodeApi,
  NodeNotice,
  NodeSnapshot,
  StatesExcerpt,
} from '../worker/contract.ts';
import { LiveFeed } from './live.ts';
import { NodeCalls, NodeGone, nullIfGone } from './node-calls.ts';
import { takeWorker } from './node-worker.ts';
import { OperationCalls } from './operation-calls.ts';
import { describeDevice } from './device.ts';
import {
  linkCounters,
  RemoteNodes,
  type CallOutcome,
  type NodeReport,
  type RemoteMember,
} from './remote-nodes.ts';

export interface SessionOptions {
  readonly keys: ClusterKeys;
  readonly config: PageConfig;
  readonly signalingUrl: string;
  readonly preferredMember: string | null;
  readonly found: boolean;
}

export interface SessionHandlers {
  onChange(): void;
  onNotice(notice: NodeNotice): void;
  /** For the first time in this run a leader is known: this cluster is there. */
  onJoined(): void;
  /** The member that was found in storage had been removed from the cluster before this run. */
  onObsolete(): void;
  /** Another tab calls this page's `window.tabraft`. */
  onCall(method: CallMethod, args: readonly unknown[]): Promise<CallAnswer>;
  /** Which consistency test this page runs. */
  testUnderWay(): string | null;
  /** A tab that ran a consistency test has gone before its end. */
  onTestAbandoned(): void;
}

/** A worker that is busy for longer leaves the page with its last report. */
const REFRESH_TIMEOUT_MS = 1000;
const END_TIMEOUT_MS = 5000;
const EXCERPT_TIMEOUT_MS = 5000;

const NO_NODE = 'This tab runs no node at the moment.';

async function silence(timeoutMs: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), timeoutMs));
}

/**
 * One member's run in this page, from the claim of its storage to its end: the worker with the node,
 * the mesh, and the fault rules. A restart is the end of one session and the begin of another.
 */
export class Session {
  snapshot: NodeSnapshot | null = null;
  signaling: SignalingState = { state: 'connecting', detail: null };
  stoppedReason: string | null = null;
  /** On purpose. */
  hasCrashed = false;
  readonly counters = new Map<string, number>();
  /** What all nodes do, while this page looks. */
  readonly live: LiveFeed;
  readonly #calls: NodeCalls;
  readonly operations: OperationCalls;
  readonly #worker: Worker;
  readonly #links: MessagePort;
  #hasFollowed = false;
  #hasVoted = false;
  #isWatching = false;
  /** As its worker has claimed it. */
  memberId: string | null = null;
  /** Its mesh is not to be opened any more. */
  #isClosed = false;
  #mesh: Mesh | null = null;
  #gossip: FaultGossip | null = null;
  #remotes: RemoteNodes | null = null;

  constructor(
    private readonly options: SessionOptions,
    private readonly handlers: SessionHandlers,
  ) {
    const { worker, failure } = takeWorker();
    this.#worker = worker;
    void failure.then((message) => {
      this.#terminate(); // else it might keep lock and database
      this.#stop(`The node’s worker has failed: ${message || 'it could not be loaded'}. Reload the page.`);
    });
    this.#calls = new NodeCalls(Comlink.wrap<NodeApi>(this.#worker));
    this.live = this.#createLive();
    const links = new MessageChannel();
    this.#links = links.port1;
    links.port1.onmessage = ({ data }: MessageEvent<LinkEvent>) => this.#mesh?.onLink(data);
    const operations = new MessageChannel();
    this.operations = new OperationCalls(operations.port1);
    this.node
      .connect(
        Comlink.transfer(links.port2, [links.port2]),
        Comlink.transfer(operations.port2, [operations.port2]),
      )
      .catch(nullIfGone);
  }

  /** Refuses what it is asked for with `NodeGone` once this run is over. */
  get node(): Comlink.Remote<NodeApi> {
    return this.#calls.node;
  }

  /** Else its worker is gone, or has failed. */
  get hasNode(): boolean {
    return !this.#calls.hasEnded;
  }

  /** Resolves with the member's id once the node runs; null where it cannot run, or its run ends before. */
  async start(): Promise<string | null> {
    const onChange = (snapshot: NodeSnapshot, notices: readonly NodeNotice[]): void => {
      this.#onSnapshot(snapshot, notices);
    };
    try {
      // Neither waits for the other: the page is drawn for the first time now, and an answer would wait for that.
      const subscribed = this.node.subscribe(Comlink.proxy(onChange));
      const [memberId] = await Promise.all([this.#startNode(), subscribed]);
      return memberId;
    } catch (error) {
      if (error instanceof NodeGone) return null;
      // Expected failures come as values; this is a bug, and the person must hear of it.
      this.#stop(`The node could not start: ${messageOf(error)}`);
      return null;
    }
  }

  /**
   * Links are set up while the storage is read. They wait at the worker's port until its node runs; where that takes
   * longer than a `Remote` waits, they are dialled anew.
   */
  async #startNode(): Promise<string | null> {
    const { keys, config, preferredMember, found } = this.options;
    const { clusterId } = keys;
    const claiming = this.node
      .claim({ clusterId, preferredMember, storage: config.storage.kind })
      .then((memberId) => {
        this.memberId = memberId;
        if (memberId !== null && !this.#isClosed) this.#openMesh(memberId);
        return memberId;
      });
    const [memberId, started] = await Promise.all([claiming, this.node.start({ found, config })]);
    if (started.outcome === 'started') return memberId;
    this.#stop(started.reason);
    return null;
  }

  /** It has been seen as a voter, and is a learner now. */
  get isReplaced(): boolean {
    return this.#hasVoted && this.snapshot?.role === 'learner';
  }

  peers(): PeerView[] {
    return this.#mesh?.peers() ?? [];
  }

  rules(): FaultRule[] {
    return this.#gossip?.rules() ?? [];
  }

  async setRules(rules: readonly FaultRule[]): Promise<void> {
    await this.#spreading().set(rules);
    this.handlers.onChange();
  }

  async clearRules(ids?: readonly string[]): Promise<string[]> {
    const cleared = await this.#spreading().clear(ids);
    this.handlers.onChange();
    return cleared;
  }

  /** Throws where no other tab would hear of the rules: they are of all tabs, or of none. */
  #spreading(): FaultGossip {
    if (this.#gossip === null || this.#mesh === null) throw new Error(NO_NODE);
    return this.#gossip;
  }

  /** How the node of a member was when its page last told. */
  stateOf(memberId: string): NodeReport['state'] | null {
    if (memberId === this.snapshot?.memberId) return this.#state;
    return this.#remotes?.reportOf(memberId)?.state ?? null;
  }

  /** Where the page of a member runs, by what it last told. */
  deviceOf(memberId: string): Device | null {
    if (memberId === this.snapshot?.memberId) return describeDevice(navigator);
    return this.#remotes?.reportOf(memberId)?.device ?? null;
  }

  links(): LinkCounters[] {
    const { snapshot } = this;
    if (snapshot === null) return [];
    const traffic = (memberId: string): readonly LinkTraffic[] =>
      memberId === snapshot.memberId ? snapshot.traffic : (this.#remotes?.reportOf(memberId)?.traffic ?? []);
    return linkCounters(snapshot.members, traffic);
  }

  async act(member: RemoteMember, action: NodeAction): Promise<void> {
    if (this.#remotes === null) throw new Error(NO_NODE);
    await this.#remotes.act(member, action);
  }

  async call(
    member: RemoteMember,
    method: CallMethod,
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<CallOutcome> {
    return (
      this.#remotes?.call(member, method, args, timeoutMs) ??
      Promise.resolve({ kind: 'unsent', reason: NO_NODE })
    );
  }

  /** The members whose tabs run a consistency test. */
  testers(): string[] {
    return this.#remotes?.testers() ?? [];
  }

  /** Tells the other tabs at once what they would hear a little later. */
  tell(): void {
    this.#remotes?.tell();
  }

  /** As if the process died: nothing is written any more, nothing is said. The page stays, to bring it back. */
  crash(): void {
    this.hasCrashed = true;
    this.#terminate();
    this.stoppedReason = 'It was crashed on purpose. Restart it to bring it back.';
    this.#remotes?.tell();
    this.handlers.onChange();
  }

  /** Whether somebody looks, or a lesson does: only then does this page follow what all nodes do. */
  setWatching(isWatching: boolean): void {
    this.#isWatching = isWatching;
    this.live.setWatching(isWatching);
    this.#remotes?.setWatching(isWatching);
    this.node.setSeen(isWatching).catch(nullIfGone);
  }

  /** The newest state of the node, if it runs and answers, without waiting for its next report. */
  async refresh(): Promise<void> {
    if (this.stoppedReason !== null) return;
    const asked = this.node.snapshot().catch(nullIfGone);
    const snapshot = await Promise.race([asked, silence(REFRESH_TIMEOUT_MS)]);
    if (snapshot !== null) this.#onSnapshot(snapshot, []);
  }

  /** The same of all others that answer in time. */
  async refreshOthers(): Promise<void> {
    await this.#remotes?.askNow();
  }

  /** Of the state that its node has applied. Throws where it does not answer. */
  async excerpt(filter: string, limit: number, valueLength: number): Promise<StatesExcerpt> {
    if (this.stoppedReason !== null) throw new Error(NO_NODE);
    const excerpt = await Promise.race([
      this.node.excerpt(filter, limit, valueLength),
      silence(EXCERPT_TIMEOUT_MS),
    ]);
    if (excerpt === null) throw new Error('The node does not answer; its worker is busy, or hangs.');
    return excerpt;
  }

  /**
   * Ends the member's run; with `wipe`, its storage is deleted for good. Null: done; else why its worker did not do it.
   * The end of one that has crashed, or hangs, releases lock and database all the same, but wipes nothing.
   */
  async end(wipe: boolean): Promise<string | null> {
    this.#closeMesh();
    if (this.hasCrashed && !wipe) return null;
    const ending = (wipe ? this.node.wipe() : this.node.stop()).then(() => true);
    try {
      const answer = await Promise.race([ending, silence(END_TIMEOUT_MS)]);
      return answer === null ? 'the node did not answer.' : null;
    } catch (error) {
      return messageOf(error);
    } finally {
      this.#terminate();
    }
  }

  #terminate(): void {
    this.#worker.terminate();
    this.operations.close();
    this.#calls.end();
  }

  #onSnapshot(snapshot: NodeSnapshot, notices: readonly NodeNotice[]): void {
    this.snapshot = snapshot;
    if (!this.#hasFollowed && snapshot.leader !== null) {
      this.#hasFollowed = true;
      this.handlers.onJoined();
    }
    this.#hasVoted ||= snapshot.members.some(({ id, kind }) => id === snapshot.memberId && kind === 'voter');
    if (snapshot.removed && !this.#hasFollowed) this.handlers.onObsolete();
    if (snapshot.stoppedReason !== null) this.#stop(snapshot.stoppedReason);
    this.#remotes?.tellNews(this.#state);
    for (const notice of notices) this.handlers.onNotice(notice);
    this.handlers.onChange();
  }

  #stop(reason: string): void {
    if (this.stoppedReason !== null) return;
    this.stoppedReason = reason;
    this.#closeMesh();
    this.handlers.onChange();
  }

  #closeMesh(): void {
    this.#isClosed = true;
    this.live.close();
    this.#remotes?.close();
    this.#mesh?.close();
    this.#mesh = null;
  }

  #openMesh(memberId: string): void {
    const { keys, config, signalingUrl } = this.options;
    const { iceServers, signaling } = config;
    const mesh = new Mesh(
      { keys, memberId, iceServers, signalingUrl, reconnectMs: signaling.reconnectMs },
      this.#linkHost(),
      {
        onChange: () => {
          this.#remotes?.onPages();
          this.live.keep(this.#others().map((other) => other.memberId));
          this.handlers.onChange();
        },
        onSignaling: (state) => this.#onSignaling(state),
        onConnected: (page) => {
          this.#gossip?.greet(page);
          this.#remotes?.greet(page);
        },
        onControl: (page, message, link) => {
          this.#onControl(mesh, page, message, link);
        },
        onRefused: (what, reason) => this.#onRefused(what, reason),
      },
    );
    this.#mesh = mesh;
    this.#remotes = new RemoteNodes({
      connectedPages: () => mesh.connectedPages(),
      pageOf: (id) => mesh.peers().find((peer) => peer.memberId === id)?.page ?? null,
      send: (page, message) => mesh.send(page, message),
      refresh: () => this.refresh(),
      report: () => this.#report(),
      invoke: (method, args) => this.handlers.onCall(method, args),
      onTestAbandoned: () => this.handlers.onTestAbandoned(),
    });
    this.#remotes.setWatching(this.#isWatching);
    this.#gossip = new FaultGossip(config.proxy.rules, {
      self: mesh.self,
      connectedPages: () => mesh.connectedPages(),
      send: (page, entries, token) => mesh.send(page, { type: 'rules', token, entries: [...entries] }),
      confirm: (page, token) => mesh.send(page, { type: 'rules-ack', token }),
      apply: async (rules) => {
        await this.node.setRules(rules).catch(nullIfGone); // the next run is told
        this.handlers.onChange();
      },
      onUnconfirmed: (pages) => {
        const text = `${pages.length} of the tabs did not confirm the fault rules: they may be frozen.`;
        this.handlers.onNotice({ level: 'warning', text });
      },
    });
    this.node.setRules(this.#gossip.rules()).catch(nullIfGone);
  }

  #onControl(mesh: Mesh, page: string, message: ControlMessage, link: string): void {
    const memberId = mesh.peers().find((peer) => peer.page === page)?.memberId ?? null;
    switch (message.type) {
      case 'rules':
        void this.#gossip?.receive(page, message.entries, message.token).then(() => {
          this.#command({ type: 'use', link });
        });
        return;
      case 'rules-ack':
        this.#gossip?.onConfirmed(page, message.token);
        return;
      case 'ask':
        void this.#remotes?.onAsk(page);
        return;
      case 'report':
        if (memberId !== null) this.#remotes?.onReport(page, memberId, message);
        this.handlers.onChange();
        return;
      case 'call':
        void this.#remotes?.onCall(page, message);
        return;
      case 'answer':
        this.#remotes?.onAnswer(message);
        return;
      case 'watch':
        void this.live.onWatch(page, message.after);
        return;
      case 'live':
        if (memberId !== null) this.live.onLive(memberId, message);
        return;
      case 'hello':
        if (this.hasCrashed && message.memberId === this.memberId) this.#giveMemberUp();
        return;
      case 'relay':
      // The mesh's own.
    }
  }

  /** A crash leaves the member to whichever tab is opened next: of two that speak for it, nobody knew whom to believe. */
  #giveMemberUp(): void {
    this.stoppedReason =
      'It was crashed on purpose, and another tab runs its member now. Restart it to join as another one.';
    this.#closeMesh();
    this.handlers.onChange();
  }

  #createLive(): LiveFeed {
    return new LiveFeed({
      snapshot: () => (this.stoppedReason === null ? this.snapshot : null),
      watch: (after, limit) =>
        Promise.race([this.node.watch(after, limit).catch(nullIfGone), silence(REFRESH_TIMEOUT_MS)]),
      others: () => this.#others(),
      send: (page, message) => this.#mesh?.send(page, message) ?? false,
      onChange: () => this.handlers.onChange(),
      onRefused: (reason) => this.#onRefused('trace', reason),
    });
  }

  /** The members that can be heard. */
  #others(): { page: string; memberId: string }[] {
    const heard = this.#mesh?.peers().filter(({ state }) => state === 'connected') ?? [];
    return heard.flatMap(({ page, memberId }) => (memberId === null ? [] : [{ page, memberId }]));
  }

  #report(): NodeReport {
    const traffic = [...(this.snapshot?.traffic ?? [])];
    const device = describeDevice(navigator);
    return { type: 'report', state: this.#state, traffic, test: this.handlers.testUnderWay(), device };
  }

  get #state(): NodeReport['state'] {
    if (this.stoppedReason !== null) return 'stopped';
    return this.snapshot?.paused === true ? 'paused' : 'running';
  }

  #linkHost(): LinkHost {
    return {
      addChannel: (link, channel) => this.#addChannel(link, channel),
      addLocal: (link, self, page) => this.#command({ type: 'add-local', link, self, page }),
      removeLink: (link) => this.#command({ type: 'remove', link }),
    };
  }

  #command(command: LinkCommand, transfer: Transferable[] = []): void {
    this.#links.postMessage(command, transfer);
  }

  /** The worker owns the channel where the browser can transfer it; else the page relays its frames. */
  #addChannel(link: string, channel: RTCDataChannel): 'worker' | 'relay' | null {
    if (this.hasCrashed) return null;
    if (this.options.config.channel === 'auto') {
      try {
        this.#command({ type: 'add', link, carrier: channel }, [channel]);
        return 'worker';
      } catch (error) {
        if (!(error instanceof DOMException && error.name === 'DataCloneError')) throw error;
      }
    }
    const { port1, port2 } = new MessageChannel();
    relay(channel, port1);
    this.#command({ type: 'add', link, carrier: port2 }, [port2]);
    return 'relay';
  }

  #onSignaling(state: SignalingState): void {
    const before = this.signaling.state;
    this.signaling = state;
    if (state.state === 'lost' && before === 'connected') {
      this.handlers.onNotice({ level: 'warning', text: `The signaling server is lost: ${state.detail}.` });
    }
    if (state.state === 'connected' && before === 'lost') {
      this.handlers.onNotice({ level: 'info', text: 'The signaling server is back.' });
    }
    this.handlers.onChange();
  }

  #onRefused(what: string, reason: string): void {
    const key = `refused-${what}`;
    const count = (this.counters.get(key) ?? 0) + 1;
    this.counters.set(key, count);
    if (count === 1) this.handlers.onNotice({ level: 'warning', text: `Refused (${what}): ${reason}.` });
    this.handlers.onChange();
  }
}
