import * as Comlink from 'comlink';
import type { FaultRule, TracePage } from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import { after, wallClock } from '../runtime/clock.ts';
import { StorageError } from '../storage/storage.ts';
import { sample } from '../trace/sample.ts';
import { deleteStoredTrace, openOpfsTrace } from '../trace/opfs-store.ts';
import { MemoryTrace } from '../trace/store.ts';
import { Tracer } from '../trace/tracer.ts';
import { claimMember, type Claim } from './claim.ts';
import type {
  ClaimOptions,
  NodeApi,
  NodeNotice,
  NodeSnapshot,
  StartOptions,
  StartResult,
  Watched,
  WatchedEvents,
} from './contract.ts';
import { foundCluster, Node } from './node.ts';
import { serveOperations } from './operation-port.ts';
import { deleteMember, listMembers, openMember, type Identity, type StorageKind } from './stores.ts';

/** The page is drawn anew ten times a second: more snapshots of what only moves on would cost time for nothing. */
const REPORT_PERIOD_MS = 100;
/** For a page that nobody sees it is looked so often whether there is any news but numbers that have risen. */
const UNSEEN_PERIOD_MS = 200;

type Listener = (snapshot: NodeSnapshot, notices: readonly NodeNotice[]) => void;

/** The worker's composition root: one node for the life of the worker. */
class NodeHost {
  #node: Node | null = null;
  #links: MessagePort | null = null;
  #identity: Identity | null = null;
  #tracer: Tracer | null = null;
  #claiming: Promise<Claim> | null = null;
  #claim: Claim | null = null;
  #starting: Promise<StartResult> | null = null;
  #rules: readonly FaultRule[] = [];
  #listener: Listener = () => undefined;
  #notices: NodeNotice[] = [];
  /** The next report. */
  #reporting: ReturnType<typeof setTimeout> | null = null;
  #standing = '';
  #isSeen = true;
  /** Of what was reported last. */
  #gist = '';

  connect(links: MessagePort, operations: MessagePort): void {
    this.#links = links;
    serveOperations(operations, () => this.node.operations);
  }

  subscribe(listener: Listener): void {
    this.#listener = listener;
  }

  async claim({ clusterId, preferredMember, storage }: ClaimOptions): Promise<string | null> {
    this.#claiming = this.#claimMember(clusterId, preferredMember, storage);
    try {
      return (await this.#claiming).memberId;
    } catch {
      return null; // whoever starts the node is told
    }
  }

  async #claimMember(clusterId: string, preferred: string | null, storage: StorageKind): Promise<Claim> {
    const claim = await claimMember(clusterId, preferred, () => listMembers(clusterId, storage));
    this.#claim = claim;
    this.#identity = { clusterId, memberId: claim.memberId };
    return claim;
  }

  async start(options: StartOptions): Promise<StartResult> {
    this.#starting = this.#tryToStart(options);
    return this.#starting;
  }

  async #tryToStart(options: StartOptions): Promise<StartResult> {
    try {
      await this.#start(options);
      return { outcome: 'started' };
    } catch (error) {
      // What is open cannot be deleted, and there is no node that would close it.
      this.#tracer?.log.close();
      this.#tracer = null;
      if (error instanceof StorageError) return { outcome: 'stopped', reason: error.message };
      throw error;
    }
  }

  async #start({ found, config }: StartOptions): Promise<void> {
    const claim = await this.#claiming;
    if (this.#links === null || this.#identity === null || claim === null || this.#node !== null)
      throw new Error('connect, claim, then start, each once');
    const { clusterId, memberId } = this.#identity;
    const storage = await openMember(this.#identity, claim.isNew, config.storage.kind, {
      onLost: (error) => this.#node?.fail(error.message),
      onNotice: (level, text) => this.#notify(level, text),
    });
    if (found) await foundCluster(storage, memberId, config);
    this.#tracer = await this.#openTrace(this.#identity, config);
    this.#node = await Node.start({
      clusterId,
      memberId,
      config,
      storage,
      links: this.#links,
      tracer: this.#tracer,
      onChange: () => this.#scheduleReport(),
      onNotice: (notice) => this.#notices.push(notice),
    });
    this.#node.setRules(this.#rules);
    this.#scheduleReport();
  }

  /** Null: none is kept. A node runs without one rather than not at all. */
  async #openTrace(
    { clusterId, memberId }: Identity,
    { storage, trace }: PageConfig,
  ): Promise<Tracer | null> {
    if (!trace.enabled) return null;
    try {
      const store =
        storage.kind === 'memory'
          ? new MemoryTrace(trace.bytes)
          : await openOpfsTrace(clusterId, memberId, trace.bytes);
      return new Tracer(memberId, store, {
        now: wallClock,
        after,
        onFailure: (reason) => this.#notify('warning', `The trace cannot be stored any more: ${reason}`),
      });
    } catch (error) {
      this.#notify('warning', `This node keeps no trace, as its storage cannot be opened: ${String(error)}`);
      return null;
    }
  }

  setRules(rules: readonly FaultRule[]): void {
    this.#rules = rules;
    this.#node?.setRules(rules);
  }

  #notify(level: NodeNotice['level'], text: string): void {
    this.#notices.push({ level, text });
    this.#scheduleReport();
  }

  setSeen(isSeen: boolean): void {
    this.#isSeen = isSeen;
    this.#scheduleReport();
  }

  watch(after: number, limit: number): Watched | null {
    const snapshot = this.snapshot();
    if (snapshot === null) return null;
    const { role, term, leader, detail } = snapshot;
    return { ...this.#eventsBehind(after, limit), state: { role, term, leader, detail } };
  }

  #eventsBehind(after: number, limit: number): WatchedEvents {
    if (this.#tracer === null) return { events: [], skipped: 0, after, last: 0 };
    const { log, seq: last } = this.#tracer;
    const events = log.recent(after);
    const covered = (events[0]?.seq ?? last + 1) - 1;
    return { ...sample(events, limit), after: Math.max(after, covered), last };
  }

  tracePage(after: number): TracePage | null {
    this.#tracer?.log.flush();
    return this.#tracer?.log.page(after) ?? null;
  }

  snapshot(): NodeSnapshot | null {
    return this.#node?.snapshot() ?? null;
  }

  get node(): Node {
    if (this.#node === null) throw new Error('This node is still starting. Try again in a moment.');
    return this.#node;
  }

  async stop(): Promise<void> {
    await this.#close();
    this.#claim?.release();
  }

  async wipe(): Promise<void> {
    await this.#close();
    if (this.#identity === null) throw new Error('no member could be claimed.');
    await deleteMember(this.#identity);
    await deleteStoredTrace(this.#identity.clusterId, this.#identity.memberId);
    this.#claim?.release();
  }

  /** What a start has begun to open can be closed only when it is over. */
  async #close(): Promise<void> {
    await this.#starting?.catch(() => undefined); // whoever starts the node is told
    await this.#node?.close();
  }

  #scheduleReport(): void {
    const standing = this.#node?.standing ?? '';
    if (standing !== this.#standing) this.#reportIn(0);
    else if (this.#reporting === null) this.#reportIn(this.#isSeen ? REPORT_PERIOD_MS : UNSEEN_PERIOD_MS);
    this.#standing = standing;
  }

  #reportIn(delayMs: number): void {
    if (this.#reporting !== null) clearTimeout(this.#reporting);
    this.#reporting = setTimeout(() => {
      this.#reporting = null;
      this.#report();
    }, delayMs);
  }

  #report(): void {
    const snapshot = this.snapshot();
    if (snapshot === null) return;
    const gist = gistOf(snapshot);
    const isNews = this.#notices.length > 0 || gist !== this.#gist;
    if (!isNews && !this.#isSeen) return;
    this.#gist = gist;
    const notices = this.#notices;
    this.#notices = [];
    this.#listener(snapshot, notices);
  }
}

/** What a page acts on whoever looks: all but what only counts up. */
function gistOf(snapshot: NodeSnapshot): string {
  const { name, role, term, leader, hasQuorum, members, registers, paused, removed, stoppedReason } =
    snapshot;
  const links = snapshot.links.map(({ link, memberId }) => [link, memberId]);
  const { counters } = snapshot;
  return JSON.stringify([
    ...[name, role, term, leader, hasQuorum, members, links, registers, paused, removed, stoppedReason],
    counters,
  ]);
}

const host = new NodeHost();

const api: NodeApi = {
  connect: (links, operations) => host.connect(links, operations),
  subscribe: (listener) => host.subscribe(listener),
  claim: (options) => host.claim(options),
  start: (options) => host.start(options),
  snapshot: () => host.snapshot(),
  setSeen: (isSeen) => host.setSeen(isSeen),
  setRules: (rules) => host.setRules(rules),
  openSession: (timeoutMs) => host.node.openSession(timeoutMs),
  log: (from, to) => host.node.log(from, to),
  excerpt: (filter, limit, valueLength) => host.node.excerpt(filter, limit, valueLength),
  change: (kind, name, timeoutMs) => host.node.change(kind, name, timeoutMs),
  ping: (name, timeoutMs) => host.node.ping(name, timeoutMs),
  watch: (after, limit) => host.watch(after, limit),
  recording: () => host.node.recording(),
  tracePage: (after) => host.tracePage(after),
  pause: () => host.node.pause(),
  resume: () => host.node.resume(),
  campaign: () => host.node.campaign(),
  takeSnapshot: (timeoutMs) => host.node.takeSnapshot(timeoutMs),
  stop: () => host.stop(),
  wipe: () => host.wipe(),
};

Comlink.expose(api);
