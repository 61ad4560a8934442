import type { HistoryEvent } from '../check/history.ts';
import type { MemberId } from '../core/ids.ts';
import { majorityOf, type Epoch } from '../core/abd/epochs.ts';
import type { RegisterOptions } from '../core/abd/interface.ts';
import { compareTags, type Tag } from '../core/abd/register.ts';
import { isRaftMessage, MESSAGE_TYPES, type Message } from '../core/message.ts';
import { findMember } from '../core/raft/configuration.ts';
import type { RaftOptions } from '../core/raft/interface.ts';
import type { Configuration, Member } from '../core/raft/log-entry.ts';
import type { Operation, OperationResult } from '../core/raft/message.ts';
import { configurationInForce, configurationUpTo } from '../core/raft/state.ts';
import { createRandom, nextInteger, type Random } from '../core/random.ts';
import type { DriverEvent } from '../runtime/driver.ts';
import { SimClient } from './client.ts';
import { SimDisk } from './disk.ts';
import { Invariants } from './invariants.ts';
import type { Mutant } from './mutants.ts';
import { Nemesis } from './nemesis.ts';
import { SimNetwork, type Parcel } from './network.ts';
import { RegisterClient } from './register-client.ts';
import { SimNode, type NodeObserver } from './node.ts';
import type { Fault, Mix } from './schedule.ts';
import { Scheduler } from './scheduler.ts';
import { TraceHash } from '../trace/hash.ts';
import type { SimTraces } from './traces.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly mix: Mix;
  readonly faults: readonly Fault[];
  readonly mutant: Mutant | null;
  /** Takes what the nodes record; null: they do not. */
  readonly traces: SimTraces | null;
  /** Told in words what happens; null: nobody listens, which is faster. */
  readonly narrate: ((line: string) => void) | null;
}

const TICK_MS = 50;
/** A member that was removed comes back as a new one, as its reloaded tab would. */
const REJOIN_MS = 2000;
const TYPE_CODE = new Map<string, number>(MESSAGE_TYPES.map((type, code) => [type, code]));

/** A whole cluster in one process, with its clients and whatever happens to them, from one seed. */
export class World {
  readonly scheduler = new Scheduler();
  readonly network: SimNetwork;
  readonly nemesis: Nemesis;
  readonly invariants: Invariants;
  readonly clients: (SimClient | RegisterClient)[] = [];
  readonly history: HistoryEvent[] = [];
  readonly hash = new TraceHash();
  /** How often each kind of fault struck, and each thing worth covering happened. */
  readonly faults = new Map<string, number>();
  readonly coverage = new Map<string, number>();
  readonly #random: Random;
  readonly #nodes = new Map<MemberId, SimNode>();
  /** All members ever, those with wiped disks included. */
  readonly #everyone = new Map<MemberId, SimNode>();
  readonly #rejoining = new Set<MemberId>();
  /** In place of the voters, which the product always follows. */
  #replicas: readonly MemberId[] | null = null;
  #openEpoch = 0;
  #hasSettledPromises = false;
  #nextMember = 0;

  constructor(private readonly options: WorldOptions) {
    const { seed, mix, faults } = options;
    this.#random = createRandom(seed);
    this.invariants = new Invariants((id) => this.#everyone.get(id));
    this.network = new SimNetwork(
      this.scheduler,
      this.#random,
      { latencyMs: mix.networkMs, codec: mix.codec },
      (parcel) => this.#deliver(parcel),
      (event) => this.#count(this.faults, event),
    );
    this.nemesis = new Nemesis(
      {
        scheduler: this.scheduler,
        network: this.network,
        members: () => this.members(),
        wipe: (node) => this.wipe(node),
        onResult: (operation, result) => this.#onResult(operation, result),
        moveRegisters: (pick) => this.#moveRegisters(pick),
        canLoseReplica: (gone) => this.canLoseReplicas(gone),
        onFault: (kind) => this.#onFault(kind),
      },
      faults,
    );
    this.#found();
    for (let count = 1; count <= mix.clients; count += 1) this.#addClient(`c${count}`);
  }

  /** Members whose disks are there, by age. */
  members(): SimNode[] {
    return [...this.#nodes.values()];
  }

  /** Runs until the virtual time given, or until an invariant is violated. */
  async runUntil(timeMs: number): Promise<void> {
    // What was asked for from outside happens now, not behind whatever event comes next.
    this.scheduler.settle();
    while (this.invariants.violation === null && this.scheduler.step(timeMs)) {
      if (this.#hasSettledPromises) await this.#drainPromises();
    }
  }

  narrate(line: string): void {
    this.options.narrate?.(`${(this.scheduler.now / 1000).toFixed(3)} s  ${line}`);
  }

  /** The disk is gone: whoever opens that tab again is a new member. */
  wipe(node: SimNode): void {
    node.crash();
    this.#nodes.delete(node.id);
    this.narrate(`${nameOf(node.id)} loses its disk`);
    this.scheduler.at(this.scheduler.now + nextInteger(this.#random, 100, REJOIN_MS), () => {
      this.#addNode(null);
      this.#relink();
    });
  }

  // ── Set-up ────────────────────────────────────────────────────────────────────────────────────

  #found(): void {
    const { mix } = this.options;
    const members: Member[] = Array.from({ length: mix.nodes }, (_, position) => {
      return { id: memberId(position), name: nameOf(memberId(position)), kind: 'voter' };
    });
    const configuration: Configuration = { members, outgoing: null, namesAssigned: members.length };
    for (let count = 0; count < mix.nodes; count += 1) this.#addNode(configuration);
    for (let count = 0; count < mix.spares; count += 1) this.#addNode(null);
    this.#relink();
  }

  #addNode(founding: Configuration | null): void {
    const { mix, mutant } = this.options;
    const id = memberId(this.#nextMember);
    this.#nextMember += 1;
    const disk = new SimDisk(this.scheduler, this.#random, {
      latencyMs: mix.diskMs,
      onBreach: (error) => this.invariants.violate('contract of the store', String(error)),
    });
    if (founding !== null) {
      disk.image.apply({
        hardState: { term: 1, votedFor: null, commitIndex: 0 },
        snapshot: null,
        compactTo: null,
        truncateFrom: null,
        entries: [{ index: 1, term: 1, payload: { kind: 'configuration', configuration: founding } }],
      });
    }
    const node = new SimNode({
      scheduler: this.scheduler,
      random: this.#random,
      options: raftOptions(id, mix),
      disk,
      mutant,
      registers: mix.algorithm === 'abd' ? registerOptions(id, mix) : null,
      replicasFor: (voters) => this.#replicas ?? voters,
      nameOf: (other) => nameOf(other),
      send: (parcel) => this.#send(parcel),
      traces: this.options.traces,
      onSettled: () => {
        this.#hasSettledPromises = true;
      },
      observer: this.#observer(),
    });
    this.#nodes.set(id, node);
    this.#everyone.set(id, node);
  }

  #relink(): void {
    const ids = [...this.#nodes.keys()];
    for (const node of this.#nodes.values()) {
      node.process.run(() => node.driver.setLinks(ids.filter((id) => id !== node.id)));
    }
  }

  #addClient(name: string): void {
    const { mix } = this.options;
    const common = {
      name,
      keys: mix.keys,
      thinkMs: mix.thinkMs,
      scheduler: this.scheduler,
      random: this.#random,
      history: this.history,
      nodes: () => this.members().filter(({ isUp }) => isUp),
    };
    if (this.hasRegisters) {
      const onAcknowledged = (key: string, tag: Tag, node: SimNode): void =>
        this.#onRegisterAcknowledged(key, tag, node);
      this.clients.push(new RegisterClient({ ...common, onAcknowledged }));
      return;
    }
    const client = new SimClient({
      ...common,
      sessionMs: mix.sessionMs,
      onExpired: () => this.#count(this.coverage, 'session expired'),
      onAcknowledged: (index, term) => this.invariants.onAcknowledged(index, term),
      committed: () => this.invariants.commitIndex,
      onRead: (node, committedBefore) => this.invariants.onRead(node, committedBefore),
      onFailed: (command) => this.invariants.onFailed(command),
      onRetry: () => this.#count(this.coverage, 'client retry'),
    });
    this.clients.push(client);
  }

  // ── Registers ─────────────────────────────────────────────────────────────────────────────────

  get hasRegisters(): boolean {
    return this.options.mix.algorithm === 'abd';
  }

  #watchEpoch({ machine }: SimNode): void {
    const { number, ready, replicas } = machine.epochs.epoch;
    if (number <= this.#openEpoch || ready.length < majorityOf(replicas)) return;
    this.#openEpoch = number;
    this.#count(this.coverage, 'epoch opened');
  }

  /** The voters hold them again. */
  settleRegisters(): void {
    this.#replicas = null;
  }

  #moveRegisters(pick: number): void {
    const ids = this.members()
      .filter((node) => this.isMember(node) && !node.raft.removed)
      .map(({ id }) => id);
    const size = Math.min(ids.length, 2 + (pick % 3));
    this.#replicas = Array.from(
      { length: size },
      (_, at) => ids[((pick >> 4) + at) % ids.length] ?? first(ids),
    );
  }

  describeEpochs(): string {
    return this.members()
      .map(({ id, machine, disk }) => {
        const { number, replicas, ready } = machine.epochs.epoch;
        const { state } = disk.storedRegisters;
        return `${nameOf(id)} knows epoch ${number} of ${replicas.map(nameOf).join('')}, ready ${ready.map(nameOf).join('')}, and is ready for ${state.ready}`;
      })
      .join('; ');
  }

  /** The newest that anybody knows of. */
  #newestEpoch(): Epoch {
    const epochs = this.members().map(({ machine }) => machine.epochs.epoch);
    return epochs.reduce((newest, epoch) => (epoch.number > newest.number ? epoch : newest));
  }

  /** Whether the registers are still held by a majority once these are gone. */
  canLoseReplicas(gone: ReadonlySet<MemberId>): boolean {
    if (!this.hasRegisters) return true;
    if (this.#replicas?.some((id) => gone.has(id)) === true) return false;
    const { number, replicas, ready } = this.#newestEpoch();
    const left = replicas.filter((id) => {
      const node = this.#nodes.get(id);
      return node !== undefined && !gone.has(id) && node.disk.storedRegisters.state.ready >= number;
    });
    return ready.length >= majorityOf(replicas) && left.length >= majorityOf(replicas);
  }

  /** What was acknowledged is on the disks of a majority of its epoch, or of a later one. */
  #onRegisterAcknowledged(key: string, tag: Tag, node: SimNode): void {
    const holds = (id: MemberId): boolean => {
      const held = this.#everyone.get(id)?.disk.image.registers.get(key);
      return held !== undefined && compareTags(held.tag, tag) >= 0;
    };
    const epochs = [node, ...this.members()].map(({ machine }) => machine.epochs.epoch);
    const isHeld = epochs.some(({ replicas }) => replicas.filter(holds).length >= majorityOf(replicas));
    if (!isHeld)
      this.invariants.violate(
        'an acknowledged write is durable on a majority',
        `${nameOf(node.id)} acknowledged ${JSON.stringify(tag)} of "${key}"`,
      );
  }

  // ── What happens ──────────────────────────────────────────────────────────────────────────────

  #send(parcel: Parcel): void {
    const { message } = parcel;
    if (isRaftMessage(message)) this.invariants.onSend(message);
    this.network.send(parcel);
  }

  #deliver({ message, stamp }: Parcel): void {
    const { hash } = this;
    hash.add(TYPE_CODE.get(message.type) ?? -1);
    hash.add(this.scheduler.now);
    hash.add('term' in message ? message.term : 'epoch' in message ? message.epoch : 0);
    hash.text(message.to.slice(-4));
    if (this.options.narrate !== null) this.narrate(describeMessage(message));
    this.#nodes.get(message.to)?.receive(message, stamp);
  }

  #observer(): NodeObserver {
    const { invariants } = this;
    return {
      onStart: (node) => {
        invariants.onStart(node);
        if (node.incarnation > 0) this.#relink();
      },
      onTurn: (node) => {
        invariants.onTurn(node);
        this.#watchEpoch(node);
      },
      onApply: (node, index, command, answer) => invariants.onApply(node, index, command, answer),
      onAppend: (node, entry, prevTerm) => invariants.onAppend(node, entry, prevTerm),
      onTruncated: (node, from) => invariants.onTruncated(node, from),
      onReset: (node, index) => invariants.onReset(node, index),
      onEvent: (node, event) => this.#onEvent(node, event),
      onStop: (node, reason) => this.#onStop(node, reason),
    };
  }

  #onEvent(node: SimNode, event: DriverEvent): void {
    this.hash.text(event.kind);
    this.#count(this.coverage, coverageOf(event));
    if (event.kind === 'truncate') this.invariants.onTruncate(node, event.from);
    if (event.kind === 'configuration' && event.configuration.outgoing !== null)
      this.#count(this.coverage, 'joint configuration');
    if (event.kind === 'removed') this.#rejoinLater(node);
    if (this.options.narrate !== null) this.narrate(`${nameOf(node.id)}: ${JSON.stringify(event)}`);
  }

  /** Storage that fails stops a node, as it should; a broken invariant of the code itself is a bug. */
  #onStop(node: SimNode, reason: string): void {
    this.narrate(`${nameOf(node.id)} stops: ${reason}`);
    if (reason.includes('no space')) this.#count(this.coverage, 'stopped by its disk');
    else this.invariants.violate('no node stops by itself', `${nameOf(node.id)} stopped: ${reason}`);
  }

  /** What is stored of a removed member is of no use any more (docs/decisions/0005). */
  #rejoinLater(node: SimNode): void {
    if (this.#rejoining.has(node.id)) return;
    this.#rejoining.add(node.id);
    this.scheduler.at(this.scheduler.now + REJOIN_MS, () => {
      this.#rejoining.delete(node.id);
      if (!this.#nodes.has(node.id) || !node.raft.removed) return;
      this.#count(this.coverage, 'removed member rejoins');
      this.wipe(node);
    });
  }

  /** Of what was asked for besides the clients' operations. */
  #onResult(operation: Operation, result: OperationResult): void {
    if (result.outcome === 'ok' && operation.kind !== 'transfer' && operation.kind !== 'read')
      this.invariants.onAcknowledged(result.index, result.term);
    if (result.outcome === 'failed' && operation.kind === 'command')
      this.invariants.onFailed(operation.command);
  }

  #onFault(kind: string): void {
    this.hash.text(kind);
    this.#count(this.faults, kind);
    this.narrate(`fault: ${kind}`);
  }

  #count(counters: Map<string, number>, what: string): void {
    counters.set(what, (counters.get(what) ?? 0) + 1);
  }

  /** Whatever hangs on a settled storage promise runs now; the chain to the driver is a few links long. */
  async #drainPromises(): Promise<void> {
    while (this.#hasSettledPromises) {
      this.#hasSettledPromises = false;
      for (let link = 0; link < 6; link += 1) await Promise.resolve();
      this.scheduler.settle();
    }
  }

  /** The newest configuration that anyone who is there has committed. */
  configuration(): Configuration {
    let newest = { index: 0, configuration: configurationInForce(first(this.members()).raft).configuration };
    for (const { raft } of this.members()) {
      const committed = configurationUpTo(raft, raft.commitIndex);
      if (committed.index > newest.index) newest = committed;
    }
    return newest.configuration;
  }

  isMember(node: SimNode): boolean {
    return findMember(this.configuration(), node.id) !== null;
  }
}

function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error('a world has members');
  return item;
}

function memberId(position: number): MemberId {
  return `member-0000-${String(position).padStart(4, '0')}` as MemberId;
}

/** A, B, C, … by age. */
export function nameOf(id: MemberId): string {
  const position = Number(id.slice(-4));
  return position < 26 ? String.fromCharCode(65 + position) : `N${position + 1}`;
}

function raftOptions(id: MemberId, mix: Mix): RaftOptions {
  return {
    id,
    seed: 0,
    tickMs: TICK_MS,
    electionTimeoutTicks: [20, 40],
    heartbeatTicks: 2,
    joinTicks: 10,
    maxAppendBytes: mix.appendBytes,
    maxInflightAppends: 16,
    maxInflightBytes: 1_048_576,
    snapshotEntries: mix.snapshotEntries,
    snapshotBytes: 1_048_576,
    retainedEntries: mix.retainedEntries,
    maxPendingRequests: mix.pendingRequests,
    targetVoters: mix.nodes,
    replaceVoterTicks: Math.round(mix.replaceVoterMs / TICK_MS),
    memberNames: [],
  };
}

function registerOptions(id: MemberId, mix: Mix): RegisterOptions {
  return { id, maxOperations: 256, resendTicks: 4, maxTransferBytes: mix.appendBytes };
}

function coverageOf(event: DriverEvent): string {
  if (event.kind === 'role') return `becomes ${event.role}`;
  if (event.kind === 'snapshot') return `snapshot ${event.origin}`;
  if (event.kind === 'transfer') return `transfer ${event.outcome}`;
  return event.kind;
}

function describeMessage(message: Message): string {
  const { type, from, to, ...rest } = message;
  const when =
    'term' in message ? ` in term ${message.term}` : 'epoch' in message ? ` in epoch ${message.epoch}` : '';
  const fields = JSON.stringify({ ...rest, term: undefined, epoch: undefined }, (_, value: unknown) =>
    value instanceof Uint8Array ? `${value.length} bytes` : value,
  );
  return `${nameOf(from)} → ${nameOf(to)}  ${type}${when} ${fields.slice(0, 300)}`;
}
