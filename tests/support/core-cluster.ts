import type { MemberId, RequestId } from '../../src/core/ids.ts';
import type { Effect, Input, RaftOptions } from '../../src/core/raft/interface.ts';
import type { Configuration, Entry, HardState, Snapshot } from '../../src/core/raft/log-entry.ts';
import type { Operation, OperationResult, RaftMessage } from '../../src/core/raft/message.ts';
import { step } from '../../src/core/raft/raft.ts';
import type { Rules } from '../../src/core/raft/rules.ts';
import { createRaft, type Raft } from '../../src/core/raft/state.ts';

export const id = (name: string): MemberId => `member-${name}`.padEnd(16, '0') as MemberId;
export const nameOf = (member: MemberId): string => member.replace(/^member-/, '').replace(/0+$/, '');

export const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
export const command = (value: number): Operation => ({
  kind: 'command',
  command: bytes(value),
  repeatable: false,
});

export function options(name: string, overrides: Partial<RaftOptions> = {}): RaftOptions {
  return {
    id: id(name),
    seed: name.charCodeAt(0),
    electionTimeoutTicks: [10, 20],
    tickMs: 50,
    heartbeatTicks: 2,
    joinTicks: 3,
    maxAppendBytes: 4096,
    maxInflightAppends: 8,
    maxInflightBytes: 1_000_000,
    snapshotEntries: 1_000_000,
    snapshotBytes: 1_000_000_000,
    retainedEntries: 0,
    maxPendingRequests: 16,
    targetVoters: 3,
    replaceVoterTicks: null,
    memberNames: ['A', 'B', 'C'],
    ...overrides,
  };
}

export function configuration(voterNames: string, learnerNames = ''): Configuration {
  const members = [
    ...Array.from(voterNames, (name) => ({ id: id(name), name, kind: 'voter' as const })),
    ...Array.from(learnerNames, (name) => ({ id: id(name), name, kind: 'learner' as const })),
  ];
  return { members, outgoing: null, namesAssigned: members.length };
}

/** A log whose first entry is `first` and whose further entries have the terms given. */
export function logOf(first: Configuration, ...terms: number[]): Entry[] {
  return [
    { index: 1, term: 1, payload: { kind: 'configuration', configuration: first } },
    ...terms.map((term, offset) => ({
      index: offset + 2,
      term,
      payload: { kind: 'command' as const, command: bytes(term, offset), timeMs: 0 },
    })),
  ];
}

interface Disk {
  hardState: HardState | null;
  snapshot: Snapshot | null;
  entries: Entry[];
}

interface Node {
  raft: Raft;
  readonly disk: Disk;
  readonly overrides: Partial<RaftOptions>;
  /** Writes handed out and not yet durable, oldest first. */
  writes: Extract<Effect, { type: 'persist' }>[];
  /** Messages that wait for a write. */
  held: Extract<Effect, { type: 'send' }>[];
  applied: Entry[];
  restored: Snapshot | null;
  replies: Map<RequestId, OperationResult>;
  effects: Effect[];
}

/**
 * Cores wired together by hand: messages and disk writes move when the test says so. `settle` lets
 * everything that can happen without time happen.
 */
export class CoreCluster {
  readonly nodes = new Map<string, Node>();
  network: RaftMessage[] = [];
  /** Decides which messages are lost; default: none. */
  isLost: (message: RaftMessage) => boolean = () => false;
  autoPersist = true;
  #nextRequest = 1;

  constructor(private readonly rules?: Rules) {}

  add(name: string, stored: Partial<Disk> = {}, overrides: Partial<RaftOptions> = {}): Node {
    const disk: Disk = {
      hardState: stored.hardState ?? null,
      snapshot: stored.snapshot ?? null,
      entries: [...(stored.entries ?? [])],
    };
    const node: Node = {
      raft: createRaft(options(name, overrides), disk, this.rules),
      disk,
      overrides,
      writes: [],
      held: [],
      applied: [],
      restored: null,
      replies: new Map(),
      effects: [],
    };
    this.nodes.set(name, node);
    return node;
  }

  /** Voters that know of each other, all with the log given (default: the configuration alone). */
  static of(voterNames: string, terms: number[] = [], rules?: Rules): CoreCluster {
    const cluster = new CoreCluster(rules);
    const entries = logOf(configuration(voterNames), ...terms);
    const term = terms.at(-1) ?? 1;
    for (const name of voterNames) {
      cluster.add(name, { hardState: { term, votedFor: null, commitIndex: 0 }, entries });
    }
    return cluster;
  }

  node(name: string): Node {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  raft(name: string): Raft {
    return this.node(name).raft;
  }

  input(name: string, ...inputs: Input[]): Effect[] {
    const node = this.node(name);
    const effects = step(node.raft, inputs);
    node.effects.push(...effects);
    for (const effect of effects) this.#carryOut(name, node, effect);
    return effects;
  }

  #carryOut(name: string, node: Node, effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        node.writes.push(effect);
        return;
      case 'send':
        if (effect.awaits > node.raft.durableSequence) node.held.push(effect);
        else this.network.push(effect.message);
        return;
      case 'apply': {
        node.applied.push(...effect.entries);
        const last = effect.entries.at(-1);
        if (last === undefined) return;
        const termOf = new Map(effect.entries.map(({ index, term }) => [index, term]));
        const answers = effect.wanted.map((index) => ({
          index,
          term: termOf.get(index) ?? 0,
          value: bytes(index),
        }));
        this.input(name, { type: 'applied', index: last.index, answers });
        return;
      }
      case 'reply':
        node.replies.set(effect.request, effect.result);
        return;
      case 'snapshot': {
        // Stands for the commands applied so far.
        const data = bytes(...node.applied.map(({ index }) => index % 256));
        this.input(name, { type: 'snapshotTaken', index: effect.index, data });
        return;
      }
      case 'restore':
        node.restored = effect.snapshot;
        return;
      case 'trace':
        return;
    }
  }

  /** Makes the oldest write under way durable. */
  persistOne(name: string): void {
    const node = this.node(name);
    const write = node.writes.shift();
    if (write === undefined) return;
    const { disk } = node;
    if (write.hardState !== null) disk.hardState = write.hardState;
    disk.snapshot = write.snapshot ?? disk.snapshot;
    const { truncateFrom, compactTo } = write;
    if (truncateFrom !== null) disk.entries = disk.entries.filter(({ index }) => index < truncateFrom);
    if (compactTo !== null) disk.entries = disk.entries.filter(({ index }) => index > compactTo);
    disk.entries.push(...write.entries);
    this.input(name, { type: 'persisted', sequence: write.sequence });
    const released = node.held.filter((effect) => effect.awaits <= write.sequence);
    node.held = node.held.filter((effect) => effect.awaits > write.sequence);
    this.network.push(...released.map((effect) => effect.message));
  }

  deliverOne(): void {
    const message = this.network.shift();
    if (message === undefined || this.isLost(message)) return;
    const to = nameOf(message.to);
    if (this.nodes.has(to)) this.input(to, { type: 'message', message });
  }

  /** Everything that can happen without the passing of time; bounded. */
  settle(): void {
    for (let steps = 0; steps < 10_000; steps += 1) {
      if (this.autoPersist) for (const name of this.nodes.keys()) this.persistOne(name);
      const isIdle = !this.autoPersist || [...this.nodes.values()].every((node) => node.writes.length === 0);
      if (this.network.length === 0 && isIdle) return;
      this.deliverOne();
    }
    throw new Error('the cluster does not come to rest');
  }

  tick(times = 1, ...names: string[]): void {
    for (let count = 0; count < times; count += 1) {
      for (const name of names.length > 0 ? names : this.nodes.keys()) this.input(name, { type: 'tick' });
      this.settle();
    }
  }

  request(name: string, operation: Operation): RequestId {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.input(name, { type: 'request', request, operation });
    return request;
  }

  elect(name: string): void {
    this.input(name, { type: 'campaign' });
    this.settle();
    if (this.raft(name).role !== 'leader') throw new Error(`${name} did not become leader`);
  }

  /** Everything in memory is lost, with it all that was not durable. */
  restart(name: string): void {
    const { disk, overrides } = this.node(name);
    this.add(name, disk, overrides);
  }

  isolate(...names: string[]): void {
    this.isLost = (message) => names.includes(nameOf(message.from)) !== names.includes(nameOf(message.to));
  }

  heal(): void {
    this.isLost = () => false;
  }
}
