import type { FaultRule, Instruction, LinkCounters, Status, WriteResult } from '../../src/api.ts';
import type { ClusterPort, MemberAction } from '../../src/client/cluster.ts';
import { parseConfig, type PageConfig } from '../../src/config/schema.ts';
import type { MemberId } from '../../src/core/ids.ts';
import { encodeTransaction } from '../../src/core/kv/transaction.ts';
import { linkCounters } from '../../src/page/remote-nodes.ts';
import type { NodeState, PageView } from '../../src/ui/view.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { foundCluster, Node } from '../../src/worker/node.ts';
import type { KeyReadResult, NodeSnapshot } from '../../src/worker/contract.ts';
import { readyView } from '../ui/fake-controller.ts';

/** Timeouts that hold where other tests take the processor: a late heartbeat must not elect anybody. */
const TIMING = { tickMs: 10, heartbeatMs: 50, electionTimeoutMs: [600, 1200], requestTimeoutMs: 4000 };
const TELL_MS = 20;
const NAMES = ['A', 'B', 'C'] as const;

function configuration(): PageConfig {
  const parsed = parseConfig({ timing: TIMING, storage: { kind: 'memory' }, trace: { enabled: false } });
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  return { ...parsed.config, channel: 'auto' };
}

interface Seat {
  readonly id: MemberId;
  readonly storage: Storage;
  node: Node | null;
  links: MessagePort | null;
  state: NodeState;
  last: NodeSnapshot | null;
}

/** What was written is there when the node starts again. */
function lasting(): Storage {
  const storage = new MemoryStorage();
  return {
    load: () => storage.load(),
    loadRegisters: () => storage.loadRegisters(),
    write: (batch) => storage.write(batch),
    close: () => Promise.resolve(),
  };
}

/** Three of the worker's nodes in one process, over message ports, seen as from the tab of one of them. */
export class NodeCluster implements ClusterPort {
  readonly config = configuration();
  readonly #seats: Seat[] = NAMES.map((_, at) => ({
    id: `member-${at}`.padEnd(16, '0') as MemberId,
    storage: lasting(),
    node: null,
    links: null,
    state: 'stopped',
    last: null,
  }));
  rules: readonly FaultRule[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #timer = setInterval(() => this.#tell(), TELL_MS);
  #view: PageView = readyView();
  #nextLink = 1;

  /** `seat`: whose tab it is seen from. */
  private constructor(private readonly seat: number) {}

  static async start(seat = 0): Promise<NodeCluster> {
    const cluster = new NodeCluster(seat);
    const [first] = cluster.#seats;
    if (first !== undefined) await foundCluster(first.storage, first.id, cluster.config);
    for (const each of cluster.#seats) {
      await cluster.#start(each);
      const count = cluster.#seats.filter(({ node }) => node !== null).length;
      // One after the other, so that they get the names of their seats.
      await cluster.until(() => cluster.#seats[0]?.node?.snapshot().members.filter(isVoter).length === count);
    }
    return cluster;
  }

  get view(): PageView {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, TELL_MS));
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#seats.map((seat) => this.#stop(seat)));
  }

  snapshotOf(name: string): NodeSnapshot {
    const snapshot = this.#seatOf(name).node?.snapshot();
    if (snapshot === undefined) throw new Error(`${name} does not run.`);
    return snapshot;
  }

  async transferLeadership(name: string): Promise<WriteResult> {
    return this.#own().change('transfer', name, TIMING.requestTimeoutMs);
  }

  // ── ClusterPort ───────────────────────────────────────────────────────────────────────────────

  status(): Promise<Status> {
    return Promise.resolve(this.#view.status);
  }

  async call(member: string, method: string, args: readonly unknown[]): Promise<unknown> {
    const { node } = this.#seatOf(member);
    if (node === null) return { outcome: 'failed', code: 'not-running', reason: 'It does not run.' };
    const [first, second] = args;
    const { timeoutMs } = args.at(-1) as { timeoutMs: number };
    const key = String(first);
    switch (method) {
      case 'raft.transact':
        return new Promise((done) => {
          const command = encodeTransaction(first as Instruction[]);
          node.operations.transact(done, { method: 'transact', command, session: null }, timeoutMs);
        });
      case 'raft.get': {
        const { consistency } = second as { consistency: 'local' | 'linearizable' };
        const read = await new Promise<KeyReadResult>((done) =>
          node.operations.read(done, { method: 'read', keys: [key], consistency }, timeoutMs),
        );
        return read.outcome === 'ok' ? { outcome: 'ok', value: read.states[key] ?? null } : read;
      }
      case 'abd.put':
        return new Promise((done) => {
          const value = String(second);
          node.operations.writeRegister(done, { method: 'writeRegister', key, value }, timeoutMs);
        });
      default:
        throw new Error(`not for this test: ${method}`);
    }
  }

  setRules(rules: readonly FaultRule[]): Promise<void> {
    const ids = rules.map(({ id }) => id);
    return this.#apply([...this.rules.filter(({ id }) => !ids.includes(id)), ...rules]);
  }

  clearRules(ids: readonly string[]): Promise<void> {
    return this.#apply(this.rules.filter(({ id }) => !ids.includes(id)));
  }

  #apply(rules: readonly FaultRule[]): Promise<void> {
    this.rules = rules;
    for (const { node } of this.#seats) node?.setRules(rules);
    return Promise.resolve();
  }

  links(): Promise<LinkCounters[]> {
    return Promise.resolve(this.#view.links);
  }

  async act(action: MemberAction, member: string): Promise<void> {
    const seat = this.#seatOf(member);
    switch (action) {
      case 'crash':
        return this.#stop(seat);
      case 'restart':
        await this.#stop(seat);
        return this.#start(seat);
      case 'pause':
        seat.node?.pause();
        seat.state = 'paused';
        return;
      case 'resume':
        seat.node?.resume();
        seat.state = 'running';
        return;
      case 'campaign':
        seat.node?.campaign();
        return;
      default:
        throw new Error(`not for this test: ${action}`);
    }
  }

  // ── Nodes ─────────────────────────────────────────────────────────────────────────────────────

  #seatOf(name: string): Seat {
    const seat = this.#seats[NAMES.findIndex((known) => known === name)];
    if (seat === undefined) throw new Error(`There is no ${name}.`);
    return seat;
  }

  #own(): Node {
    const node = this.#seats[this.seat]?.node ?? null;
    if (node === null) throw new Error('The tab’s own node does not run.');
    return node;
  }

  async #start(seat: Seat): Promise<void> {
    const { port1, port2 } = new MessageChannel();
    seat.links = port1;
    const { id, storage } = seat;
    seat.node = await Node.start({
      ...{
        clusterId: 'c'.repeat(16),
        memberId: id,
        config: this.config,
        storage,
        links: port2,
        tracer: null,
      },
      onChange: () => undefined,
      onNotice: () => undefined,
    });
    seat.node.setRules(this.rules);
    seat.state = 'running';
    for (const other of this.#seats) if (other !== seat && other.links !== null) this.#link(seat, other);
  }

  async #stop(seat: Seat): Promise<void> {
    const { node, links } = seat;
    seat.node = null;
    seat.links = null;
    seat.state = 'stopped';
    await node?.close();
    links?.close();
  }

  /** What the pages do where they relay the frames of a channel. */
  #link(one: Seat, other: Seat): void {
    const ends = [new MessageChannel(), new MessageChannel()] as const;
    const [a, b] = ends;
    const link = `link-${this.#nextLink}`;
    this.#nextLink += 1;
    for (const [from, to] of [
      [a.port1, b.port1],
      [b.port1, a.port1],
    ] as const)
      from.onmessage = ({ data }: MessageEvent<ArrayBuffer | { type: 'close' }>) => {
        if (data instanceof ArrayBuffer) from.postMessage({ type: 'taken', bytes: data.byteLength });
        to.postMessage(data);
        if (!(data instanceof ArrayBuffer)) for (const { port1 } of ends) setTimeout(() => port1.close());
      };
    for (const [seat, end] of [
      [one, a],
      [other, b],
    ] as const) {
      seat.links?.postMessage({ type: 'add', link, carrier: end.port2 }, [end.port2]);
      seat.links?.postMessage({ type: 'use', link });
      end.port1.postMessage({ type: 'open' });
    }
  }

  // ── What the page shows ───────────────────────────────────────────────────────────────────────

  #tell(): void {
    const at = Date.now();
    const live = this.#seats.flatMap((seat) => {
      seat.last = seat.node?.snapshot() ?? null;
      if (seat.last === null) return [];
      const { memberId, role, term, leader, detail } = seat.last;
      return [{ memberId, role, term, leader, detail, at }];
    });
    const own = this.#seats[this.seat]?.last ?? null;
    if (own === null) return;
    const { memberId, name, role, term, leader, members, registers } = own;
    this.#view = {
      ...this.#view,
      phase: 'ready',
      status: {
        ...{ ...this.#view.status, memberId, name, role, term, leader, registers },
        members: members.map((member) => ({ ...member })),
      },
      rules: [...this.rules],
      nodes: this.#seats.map(({ state }, seat) => ({ name: NAMES[seat] ?? '', state })),
      live: { ...this.#view.live, nodes: live },
      links: linkCounters(members, (id) => this.#seats.find((seat) => seat.id === id)?.last?.traffic ?? []),
    };
    for (const listener of this.#listeners) listener();
  }
}

function isVoter({ kind }: NodeSnapshot['members'][number]): boolean {
  return kind === 'voter';
}
