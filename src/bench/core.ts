import type { MemberId } from '../core/ids.ts';
import type { Effect, Input, RaftOptions } from '../core/raft/interface.ts';
import type { Configuration } from '../core/raft/log-entry.ts';
import { step } from '../core/raft/raft.ts';
import { createRaft, type Raft } from '../core/raft/state.ts';
import { StoredImage } from '../storage/memory.ts';
import { rowOf, type Benchmark, type Row } from './benchmark.ts';

interface Way {
  readonly what: string;
  readonly inFlight: number;
  /** Proposals of one turn: 1 is a turn for each. */
  readonly perTurn: number;
  readonly entries: number;
}

const WAYS: readonly Way[] = [
  { what: 'one at a time', inFlight: 1, perTurn: 1, entries: 100_000 },
  { what: '64 in flight, each its own proposal', inFlight: 64, perTurn: 1, entries: 200_000 },
  { what: '64 in flight, 64 to a proposal', inFlight: 64, perTurn: 64, entries: 500_000 },
];
/** Of the entries, where it is only to be seen that it works. */
const QUICK_PART = 0.1;

const COMMAND = new Uint8Array(100).fill(7);
const SNAPSHOT = new Uint8Array(8);
const IDS = ['bench-member-000A', 'bench-member-000B', 'bench-member-000C'] as MemberId[];

interface Node {
  readonly raft: Raft;
  readonly disk: StoredImage;
  inbox: Input[];
  durable: number;
  delivered: number;
}

/**
 * What the core alone costs: three nodes in one process, memory in place of disks, a function call in place of a
 * network. The time ends when all entries are committed and delivered on all three.
 */
export const core: Benchmark = {
  name: 'core',
  about: 'three nodes in one process, memory for disks, calls for a network: entries of 100 bytes',
  run: async ({ runs, isQuick, checkInterrupt }) => {
    const rows: Row[] = [];
    for (const way of WAYS) {
      const values: number[] = [];
      while (values.length < runs) {
        // Lets an interrupt through.
        await new Promise((resolve) => setImmediate(resolve));
        checkInterrupt();
        values.push(entriesPerSecond(isQuick ? { ...way, entries: way.entries * QUICK_PART } : way));
      }
      rows.push(rowOf('core', { figure: way.what, unit: 'entries/s', values }));
    }
    return rows;
  },
};

function entriesPerSecond(way: Way): number {
  const cluster = new Cluster();
  cluster.elect();
  cluster.propose(way.entries / 10, way); // warm
  const begun = performance.now();
  cluster.propose(way.entries, way);
  return way.entries / ((performance.now() - begun) / 1000);
}

class Cluster {
  readonly #nodes: Node[] = IDS.map(createNode);
  readonly #byId = new Map(this.#nodes.map((node) => [node.raft.id, node]));
  readonly #leader = this.#nodes[0] ?? fail();
  #nextRequest = 1;
  #answered = 0;

  elect(): void {
    this.#leader.inbox.push({ type: 'campaign' });
    this.#settle();
    if (this.#leader.raft.role !== 'leader') fail();
  }

  propose(entries: number, { inFlight, perTurn }: Way): void {
    const target = this.#leader.delivered + entries;
    const answeredBefore = this.#answered;
    let proposed = 0;
    while (this.#answered - answeredBefore < entries) {
      while (proposed < entries && proposed - (this.#answered - answeredBefore) < inFlight) {
        const count = Math.min(perTurn, entries - proposed);
        for (let one = 0; one < count; one += 1) this.#request();
        this.#turn(this.#leader);
        proposed += count;
      }
      for (const node of this.#nodes) if (node.inbox.length > 0) this.#turn(node);
    }
    // The followers hear with it that the last ones are committed.
    this.#leader.inbox.push({ type: 'tick' });
    this.#settle();
    if (this.#nodes.some(({ delivered }) => delivered < target)) fail();
  }

  #request(): void {
    const operation = { kind: 'command', command: COMMAND, repeatable: false } as const;
    this.#leader.inbox.push({ type: 'request', request: this.#nextRequest, operation });
    this.#nextRequest += 1;
  }

  #settle(): void {
    for (let isBusy = true; isBusy;) {
      isBusy = false;
      for (const node of this.#nodes) {
        if (node.inbox.length === 0) continue;
        isBusy = true;
        this.#turn(node);
      }
    }
  }

  #turn(node: Node): void {
    const inputs = node.inbox;
    node.inbox = [];
    for (const effect of step(node.raft, inputs)) this.#carryOut(node, effect);
  }

  #carryOut(node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        node.disk.apply(effect);
        node.durable = effect.sequence;
        node.inbox.push({ type: 'persisted', sequence: effect.sequence });
        return;
      case 'send':
        // Memory is durable at once, and the write stands before what waits for it.
        if (effect.awaits > node.durable) fail();
        this.#byId.get(effect.message.to)?.inbox.push({ type: 'message', message: effect.message });
        return;
      case 'apply': {
        const answers = [];
        let index = 0;
        for (const { index: applied, term, payload } of effect.entries) {
          index = applied;
          if (payload.kind !== 'command') continue;
          node.delivered += 1;
          if (effect.wanted.length > 0) answers.push({ index: applied, term, value: SNAPSHOT });
        }
        node.inbox.push({ type: 'applied', index, answers });
        return;
      }
      case 'snapshot':
        node.inbox.push({ type: 'snapshotTaken', index: effect.index, data: SNAPSHOT });
        return;
      case 'reply':
        this.#answered += 1;
        return;
      case 'restore':
      case 'trace':
    }
  }
}

function createNode(id: MemberId): Node {
  const members = IDS.map((member, position) => ({
    id: member,
    name: 'ABC'.charAt(position),
    kind: 'voter' as const,
  }));
  const configuration: Configuration = { members, outgoing: null, namesAssigned: 3 };
  const disk = new StoredImage();
  disk.apply({
    hardState: { term: 1, votedFor: null, commitIndex: 0 },
    snapshot: null,
    compactTo: null,
    truncateFrom: null,
    entries: [{ index: 1, term: 1, payload: { kind: 'configuration', configuration } }],
  });
  const { hardState, snapshot, entries } = disk;
  const raft = createRaft(raftOptions(id), { hardState, snapshot, entries });
  return { raft, disk, inbox: [], durable: 0, delivered: 0 };
}

function raftOptions(id: MemberId): RaftOptions {
  return {
    id,
    seed: 1,
    tickMs: 50,
    electionTimeoutTicks: [20, 40],
    heartbeatTicks: 2,
    joinTicks: 10,
    maxAppendBytes: 262_144,
    maxInflightAppends: 256,
    maxInflightBytes: 4_194_304,
    snapshotEntries: 10_000,
    snapshotBytes: 8_388_608,
    retainedEntries: 1000,
    maxPendingRequests: 4096,
    targetVoters: 3,
    replaceVoterTicks: null,
    memberNames: ['A', 'B', 'C'],
  };
}

function fail(): never {
  throw new Error('the benchmark has a bug');
}
