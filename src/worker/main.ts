import * as Comlink from 'comlink';
import type { TracePage } from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import { after, wallClock } from '../runtime/clock.ts';
import { StorageError } from '../storage/storage.ts';
import { sample } from '../trace/sample.ts';
import { deleteStoredTrace, openOpfsTrace } from '../trace/opfs-store.ts';
import { MemoryTrace } from '../trace/store.ts';
import { Tracer } from '../trace/tracer.ts';
import { claimMember, type Claim } from './claim.ts';
import type {
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
import { deleteMember, listMembers, openMember, type Identity } from './stores.ts';

/** The page is drawn anew ten times a second; more snapshots would only cost time. */
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
  #claim: Claim | null = null;
  #listener: Listener = () => undefined;
  #notices: NodeNotice[] = [];
  #isReportPending = false;
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

  async start(options: StartOptions): Promise<StartResult> {
    try {
      return await this.#start(options);
    } catch (error) {
      // What is open cannot be deleted, and there is no node that would close it.
      this.#tracer?.log.close();
      this.#tracer = null;
      if (error instanceof StorageError) return { outcome: 'stopped', reason: error.message };
      throw error;
    }
  }

  async #start({ clusterId, preferredMember, found, config }: StartOptions): Promise<StartResult> {
    if (this.#links === null || this.#node !== null) throw new Error('connect, then start, once');
    const { kind } = config.storage;
    this.#claim = await claimMember(clusterId, preferredMember, () => listMembers(clusterId, kind));
    const { memberId, isNew } = this.#claim;
    this.#identity = { clusterId, memberId };
    const storage = await openMember(this.#identity, isNew, kind, {
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
    this.#scheduleReport();
    return { outcome: 'started', memberId, isNew };
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
    if (this.#node === null) throw new Error('The node has not started.');
    return this.#node;
  }

  async stop(): Promise<void> {
    await this.#node?.close();
    this.#claim?.release();
  }

  async wipe(): Promise<void> {
    await this.#node?.close();
    if (this.#identity !== null) {
      await deleteMember(this.#identity);
      await deleteStoredTrace(this.#identity.clusterId, this.#identity.memberId);
    }
    this.#claim?.release();
  }

  #scheduleReport(): void {
    if (this.#isReportPending) return;
    this.#isReportPending = true;
    setTimeout(
      () => {
        this.#isReportPending = false;
        this.#report();
      },
      this.#isSeen ? REPORT_PERIOD_MS : UNSEEN_PERIOD_MS,
    );
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
  start: (options) => host.start(options),
  snapshot: () => host.snapshot(),
  setSeen: (isSeen) => host.setSeen(isSeen),
  setRules: (rules) => host.node.setRules(rules),
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
