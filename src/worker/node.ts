import type {
  Failure,
  FaultRule,
  LogEntryView,
  PingResult,
  RegisterStatus,
  SessionResult,
  WriteResult,
} from '../api.ts';
import type { PageConfig } from '../config/schema.ts';
import { ticksOf } from '../config/ticks.ts';
import type { MemberId } from '../core/ids.ts';
import type { RegisterOptions } from '../core/abd/interface.ts';
import { Registers } from '../core/abd/registers.ts';
import type { StoredRegisters } from '../core/abd/register.ts';
import { isRegisterMessage, type Message } from '../core/message.ts';
import { KeyValueMachine } from '../core/kv/machine.ts';
import { allMembers, findMember, firstConfiguration } from '../core/raft/configuration.ts';
import type { Effect, Input, RaftOptions } from '../core/raft/interface.ts';
import type { Operation, OperationResult } from '../core/raft/message.ts';
import { hearsQuorum } from '../core/raft/replication.ts';
import { configurationInForce, createRaft, snapshotIndex, type Raft } from '../core/raft/state.ts';
import { settledVoters } from '../core/raft/membership.ts';
import { messageOf } from '../error-text.ts';
import { Proxy } from '../proxy/proxy.ts';
import { systemClock, wallClock } from '../runtime/clock.ts';
import { Driver, type DriverEvent } from '../runtime/driver.ts';
import { Pinger } from '../runtime/pinger.ts';
import { RegisterRouter } from '../runtime/register-router.ts';
import { ClientSessions } from '../runtime/client-sessions.ts';
import { NodeSession, type Request } from '../runtime/session.ts';
import type { Storage } from '../storage/storage.ts';
import { Recording } from '../trace/recording.ts';
import type { Stamp, Tracer } from '../trace/tracer.ts';
import type { NodeNotice, NodeSnapshot, StatesExcerpt } from './contract.ts';
import { excerptOf } from './excerpt.ts';
import { detailOf } from './detail.ts';
import { LinkTable } from './links.ts';
import { describeEvent } from './notices.ts';
import { describeEntry } from './log-view.ts';
import { NodeOperations } from './node-operations.ts';
import { NodeTrace, timed } from './node-trace.ts';
import { createMachine, raftRules, registerRules } from './rules.ts';
import { Traffic } from './traffic.ts';

const PING_PERIOD_MS = 1000;
const SILENCE_MS = 3000;
const MAX_DELAYED_MESSAGES = 10_000;
const MAX_HELD_MESSAGES = 1000;
const MAX_PAUSED_MESSAGES = 10_000;
const SESSION_TIMEOUT_MS = 10_000;

export interface NodeParts {
  readonly clusterId: string;
  readonly memberId: MemberId;
  readonly config: PageConfig;
  readonly storage: Storage;
  readonly links: MessagePort;
  /** Null: this node keeps no trace. */
  readonly tracer: Tracer | null;
  /** Something in `snapshot()` may have changed. */
  onChange(): void;
  onNotice(notice: NodeNotice): void;
}

/** A message on its way through the proxy. `stamp`: null where this node keeps no trace. */
interface Outgoing extends Pick<Message, 'from' | 'to' | 'type'> {
  readonly message: Message;
  readonly stamp: Stamp | null;
}

/** Writes the first configuration into an empty store: this member is the cluster (design, section 4). */
export async function foundCluster(storage: Storage, memberId: MemberId, config: PageConfig): Promise<void> {
  const configuration = firstConfiguration(
    memberId,
    config.servers.map(({ name }) => name),
  );
  const { entries, snapshot } = await storage.load();
  if (entries.length > 0 || snapshot !== null) return; // by a run that ended before it could say so
  await storage.write({
    hardState: { term: 1, votedFor: null, commitIndex: 0 },
    snapshot: null,
    compactTo: null,
    truncateFrom: null,
    entries: [{ index: 1, term: 1, payload: { kind: 'configuration', configuration } }],
  });
}

function raftOptions(memberId: MemberId, { timing, limits, servers, proxy }: PageConfig): RaftOptions {
  const ticks = (ms: number): number => ticksOf(ms, timing.tickMs);
  const [min, max] = timing.electionTimeoutMs;
  return {
    id: memberId,
    // Members must not draw the same timeouts, so each mixes its own id into the common seed.
    seed: mixSeed(proxy.seed, memberId),
    electionTimeoutTicks: [ticks(min), ticks(max)],
    tickMs: timing.tickMs,
    heartbeatTicks: ticks(timing.heartbeatMs),
    joinTicks: ticks(500),
    maxAppendBytes: limits.appendBytes,
    maxInflightAppends: limits.inflightAppends,
    maxInflightBytes: limits.inflightBytes,
    snapshotEntries: limits.snapshotEntries,
    snapshotBytes: limits.snapshotBytes,
    retainedEntries: limits.retainedEntries,
    replaceVoterTicks: timing.replaceVoterMs === null ? null : ticks(timing.replaceVoterMs),
    maxPendingRequests: limits.pendingRequests,
    targetVoters: servers.length,
    memberNames: servers.map(({ name }) => name),
  };
}

function registerOptions(id: MemberId, { timing, limits }: PageConfig): RegisterOptions {
  return {
    id,
    maxOperations: limits.pendingRequests,
    resendTicks: ticksOf(2 * timing.heartbeatMs, timing.tickMs),
    maxTransferBytes: limits.appendBytes,
  };
}

/** FNV-1a over the id's characters. */
function mixSeed(seed: number, memberId: MemberId): number {
  let hash = seed;
  for (let position = 0; position < memberId.length; position += 1) {
    hash = Math.imul(hash ^ memberId.charCodeAt(position), 0x01000193);
  }
  return hash;
}

/** A running node: core, driver, proxy, links and state machine put together. */
export class Node {
  readonly operations: NodeOperations;
  readonly #raft: Raft;
  readonly #driver: Driver;
  readonly #values = new KeyValueMachine();
  readonly #machine = createMachine(this.#values);
  readonly #registers: RegisterRouter;
  readonly #session: NodeSession;
  readonly #clients: ClientSessions;
  readonly #links: LinkTable;
  readonly #pinger: Pinger;
  readonly #proxy: Proxy<Outgoing>;
  readonly #trace: NodeTrace | null;
  readonly #recording: Recording | null;
  readonly #awaitingSnapshot = new Set<() => void>();
  readonly #traffic = new Traffic();
  readonly #counters = new Map<string, number>();

  static async start(parts: NodeParts): Promise<Node> {
    const options = raftOptions(parts.memberId, parts.config);
    const raft: Raft = createRaft(
      options,
      await parts.storage.load(),
      raftRules(() => raft),
    );
    return new Node(parts, raft, await parts.storage.loadRegisters());
  }

  private constructor(
    private readonly parts: NodeParts,
    raft: Raft,
    stored: StoredRegisters,
  ) {
    const { memberId, clusterId, config, storage } = parts;
    this.#raft = raft;
    this.#trace = parts.tracer && new NodeTrace(parts.tracer, raft);
    this.#links = new LinkTable(clusterId, memberId, parts.links, {
      onMessage: (message, stamp) => {
        parts.tracer?.received(message, stamp);
        this.#traffic.onReceived(message.from);
        if (message.type === 'ping' || message.type === 'pong') {
          this.#pinger.receive(message);
          return;
        }
        this.#pinger.heard(message.from);
        if (isRegisterMessage(message)) this.#registers.receive(message);
        else this.#driver.receive(message);
      },
      onLinks: (linked) => {
        this.#pinger.setLinks(linked);
        this.#driver.setLinks(linked);
        this.#trace?.onLinks(linked);
      },
      onRefused: (reason) => {
        this.#trace?.onRefused('frame', null, reason);
        this.#refused('refused-frames', `A frame of another tab was dropped: ${reason}.`);
      },
    });
    this.#proxy = this.#createProxy();
    this.#pinger = new Pinger(
      { id: memberId, periodMs: PING_PERIOD_MS, silenceMs: SILENCE_MS },
      systemClock,
      (message) => this.#send(message),
    );
    this.#driver = new Driver(
      raft,
      {
        tickMs: config.timing.tickMs,
        firstRequest: Math.floor(Math.random() * 2 ** 40),
        maxPausedMessages: MAX_PAUSED_MESSAGES,
      },
      {
        clock: systemClock,
        storage: timed(storage, this.#trace),
        machine: this.#machine,
        send: (message) => this.#send(message),
        onEvent: (event) => this.#onEvent(event),
        onStep: (inputs, effects) => this.#onStep(inputs, effects),
        onTurn: () => {
          this.#registers.onLog();
          parts.onChange();
        },
        onStop: (reason) => {
          this.#trace?.onStop(reason);
          this.#registers.stop(reason);
          parts.onChange();
        },
      },
    );
    const registers = new Registers(registerOptions(memberId, config), stored, registerRules);
    const { enabled, inputBytes } = config.trace;
    this.#recording =
      enabled && inputBytes > 0 ? new Recording(raft, registers, inputBytes, wallClock()) : null;
    this.#registers = this.#createRegisters(raft, registers);
    const request: Request = (operation, timeoutMs, onResult) =>
      this.#driver.request(operation, timeoutMs, onResult);
    this.#session = new NodeSession(systemClock, request);
    this.#clients = new ClientSessions(request);
    this.operations = new NodeOperations({
      ...{ raft, request, values: this.#values, trace: this.#trace },
      ...{ session: this.#session, clients: this.#clients, registers: this.#registers },
    });
  }

  /** To ask for the time is not cheap, so that all that records the step has it from here. */
  #onStep(inputs: readonly Input[], effects: readonly Effect[]): void {
    if (this.#trace === null && this.#recording === null) return;
    const time = wallClock();
    this.#trace?.onStep(effects, time);
    this.#recording?.onRaftStep(inputs, effects, time, this.parts.tracer?.seq ?? 0);
  }

  #createProxy(): Proxy<Outgoing> {
    const { memberId, config } = this.parts;
    return new Proxy<Outgoing>(
      {
        seed: mixSeed(config.proxy.seed, memberId),
        maxDelayed: MAX_DELAYED_MESSAGES,
        maxHeld: MAX_HELD_MESSAGES,
      },
      {
        clock: systemClock,
        nameOf: (id) => this.#nameOf(id),
        send: ({ message, stamp }) => this.#links.send(message, stamp),
        onFault: (what, { to, message, stamp }) => {
          if (stamp !== null) this.#trace?.onFault(what, message, stamp);
          this.#traffic.onFault(what, to);
          if (what === 'hold-overflow' || what === 'delay-overflow')
            this.#refused(
              `messages-${what}`,
              `A fault rule keeps too many messages; others are lost (${what}).`,
            );
        },
      },
    );
  }

  #createRegisters(raft: Raft, registers: Registers): RegisterRouter {
    const { config } = this.parts;
    return new RegisterRouter(
      registers,
      {
        tickMs: config.timing.tickMs,
        firstRequest: Math.floor(Math.random() * 2 ** 40),
        maxPausedMessages: MAX_PAUSED_MESSAGES,
      },
      {
        clock: systemClock,
        disk: this.#driver.disk,
        send: (message) => this.#send(message),
        propose: (command, done) => this.#propose(command, done),
        epoch: () => this.#machine.epochs.epoch,
        votersToFollow: () => settledVoters(raft),
        onStep: (inputs, effects) =>
          this.#recording?.onRegisterStep(inputs, effects, wallClock(), this.parts.tracer?.seq ?? 0),
        onOverflow: () => this.#count('overflows'),
        onError: (error) => this.#driver.stop(messageOf(error)),
      },
    );
  }

  // ── Operations ────────────────────────────────────────────────────────────────────────────────

  async openSession(timeoutMs: number): Promise<SessionResult> {
    return new Promise((resolve) => this.#clients.open(timeoutMs, resolve));
  }

  /** Outside of any session: it does no harm where it comes twice, and whoever wants it asks again. */
  #propose(command: Uint8Array, done: () => void): void {
    const operation = { kind: 'command', command, repeatable: true } as const;
    this.#driver.request(operation, this.parts.config.timing.requestTimeoutMs, done);
  }

  async change(
    kind: 'promote' | 'remove' | 'transfer',
    name: string,
    timeoutMs: number,
  ): Promise<WriteResult> {
    const id = this.#idOf(name);
    if (id === null) return { outcome: 'failed', code: 'invalid', reason: `There is no member "${name}".` };
    const operation: Operation =
      kind === 'transfer' ? { kind, to: id } : { kind: 'change', changes: [{ kind, id }] };
    return this.#traced(kind, name, () =>
      this.#request<WriteResult>(operation, timeoutMs, (result) =>
        result.outcome === 'ok' ? { outcome: 'ok', index: result.index, term: result.term } : result,
      ),
    );
  }

  async ping(name: string, timeoutMs: number): Promise<PingResult> {
    const id = this.#idOf(name);
    if (id === null) return { ok: false, reason: `There is no member "${name}".` };
    if (id === this.parts.memberId) return { ok: true, rttMs: 0 };
    const rttMs = await this.#pinger.ping(id, timeoutMs);
    return rttMs === null ? { ok: false, reason: `${name} did not answer in time.` } : { ok: true, rttMs };
  }

  /** What is compacted is left out. */
  log(from: number, to: number): LogEntryView[] {
    return this.#raft.log.range(from, Math.min(to, this.#raft.log.lastIndex)).map(describeEntry);
  }

  excerpt(filter: string, limit: number, valueLength: number): StatesExcerpt {
    return excerptOf(this.#values.entries(), filter, limit, valueLength);
  }

  setRules(rules: readonly FaultRule[]): void {
    this.#trace?.onRules(rules);
    this.#proxy.setRules(rules);
  }

  pause(): void {
    this.#driver.pause();
    this.#registers.pause();
  }

  resume(): void {
    this.#driver.resume();
    this.#registers.resume();
  }

  /** Resolves once a snapshot covers what was applied when this was called; else says why not. */
  async takeSnapshot(timeoutMs: number): Promise<Failure | null> {
    const { appliedIndex } = this.#raft;
    if (snapshotIndex(this.#raft) >= appliedIndex) return null;
    const reason = this.#driver.stoppedReason;
    if (reason !== null) return { outcome: 'failed', code: 'not-running', reason };
    return new Promise((resolve) => {
      const finish = (result: Failure | null): void => {
        cancel();
        this.#awaitingSnapshot.delete(check);
        resolve(result);
      };
      const check = (): void => {
        if (snapshotIndex(this.#raft) >= appliedIndex) finish(null);
      };
      const cancel = systemClock.after(timeoutMs, () =>
        finish({ outcome: 'unknown', code: 'timed-out', reason: 'No snapshot was taken in the time given.' }),
      );
      this.#awaitingSnapshot.add(check);
      this.#driver.compact();
    });
  }

  campaign(): WriteResult {
    const { configuration } = configurationInForce(this.#raft);
    const kind = findMember(configuration, this.parts.memberId)?.kind;
    const refusal = this.#driver.stoppedReason ?? (kind === 'voter' ? null : 'Only a voter can be elected.');
    if (refusal !== null) return { outcome: 'failed', code: 'invalid', reason: refusal };
    this.parts.tracer?.record({ kind: 'campaign' });
    this.#driver.campaign();
    return { outcome: 'ok', index: this.#raft.log.lastIndex, term: this.#raft.term };
  }

  /** The browser has taken the storage away. */
  fail(reason: string): void {
    this.parts.tracer?.record({ kind: 'error', message: reason });
    this.#driver.stop(reason);
  }

  /** Resolves once links and storage are released. */
  async close(): Promise<void> {
    this.#pinger.close();
    this.#links.close();
    await this.#driver.close('The tab has ended this node.');
    this.parts.tracer?.log.close();
  }

  async #request<T>(
    operation: Operation,
    timeoutMs: number,
    read: (result: OperationResult) => T,
  ): Promise<T> {
    const result = new Promise<OperationResult>((resolve) =>
      this.#driver.request(operation, timeoutMs, resolve),
    );
    return read(await result);
  }

  /** A client's operation, from its begin to its answer. */
  async #traced<R extends { readonly outcome: string }>(
    f: string,
    key: string | null,
    work: () => Promise<R>,
  ): Promise<R> {
    const end = this.#trace?.operations.follow(
      f,
      key,
      (result: R) => result,
      () => undefined,
    );
    const result = await work();
    end?.(result);
    return result;
  }

  #send(message: Message): void {
    const { from, to, type } = message;
    this.#traffic.onSent(to);
    this.#proxy.send({ from, to, type, message, stamp: this.parts.tracer?.sent(message) ?? null });
  }

  /** What this node's cores were fed, for a replay; null: it keeps none. */
  recording(): string | null {
    return this.#recording?.export(this.#nameOf(this.parts.memberId)) ?? null;
  }

  // ── What the page sees ────────────────────────────────────────────────────────────────────────

  /** Of what `snapshot` tells, that which people and programs wait for: asked for with each turn, and told at once. */
  get standing(): string {
    const { role, leader, removed } = this.#raft;
    const { index } = configurationInForce(this.#raft);
    const { isPaused, stoppedReason } = this.#driver;
    return `${role} ${leader} ${removed} ${index} ${this.#links.openCount} ${isPaused} ${stoppedReason === null}`;
  }

  snapshot(): NodeSnapshot {
    const raft = this.#raft;
    const { memberId } = this.parts;
    const members = allMembers(configurationInForce(raft).configuration);
    return {
      memberId,
      name: this.#nameOf(memberId),
      role: this.#role(),
      term: raft.term,
      leader: raft.leader === null ? null : this.#nameOf(raft.leader),
      hasQuorum: raft.leadership === null ? raft.leader !== null : hearsQuorum(raft, raft.leadership),
      commitIndex: raft.commitIndex,
      appliedIndex: raft.appliedIndex,
      lastIndex: raft.log.lastIndex,
      snapshotIndex: snapshotIndex(raft),
      members: members.map((member) => ({
        ...member,
        reachable: member.id === memberId || this.#pinger.isReachable(member.id),
      })),
      links: this.#links.views((member) => this.#pinger.roundTripMs(member)),
      traffic: this.#traffic.views(new Set(members.map(({ id }) => id))),
      registers: this.#registerStatus(),
      detail: detailOf(raft, this.#driver.untoldTicks, (id) => this.#nameOf(id)),
      paused: this.#driver.isPaused,
      removed: raft.removed,
      stoppedReason: this.#driver.stoppedReason ?? (raft.removed ? REMOVED : null),
      counters: Object.fromEntries(this.#counters),
    };
  }

  #registerStatus(): RegisterStatus {
    const { number, replicas, ready } = this.#machine.epochs.epoch;
    const names = (ids: readonly MemberId[]): string[] => ids.map((id) => this.#nameOf(id) ?? id);
    return { epoch: number, replicas: names(replicas), ready: names(ready) };
  }

  #role(): NodeSnapshot['role'] {
    const raft = this.#raft;
    if (this.#driver.stoppedReason !== null || raft.removed) return 'stopped';
    if (raft.role === 'leader') return 'leader';
    if (raft.role !== 'follower') return 'candidate';
    const kind = findMember(configurationInForce(raft).configuration, raft.id)?.kind;
    if (kind === undefined) return 'joining';
    return kind === 'voter' ? 'follower' : 'learner';
  }

  #nameOf(id: MemberId): string | null {
    return findMember(configurationInForce(this.#raft).configuration, id)?.name ?? null;
  }

  #idOf(name: string): MemberId | null {
    const members = allMembers(configurationInForce(this.#raft).configuration);
    return members.find((member) => member.name === name)?.id ?? null;
  }

  #onEvent(event: DriverEvent): void {
    this.#trace?.onDriverEvent(event);
    if (event.kind === 'refused') {
      this.#refused('refused-messages', `A message (${event.what}) was refused: ${event.reason}.`);
      return;
    }
    if (event.kind === 'leader' && event.leader !== null) this.#session.prepare(SESSION_TIMEOUT_MS);
    if (event.kind === 'snapshot') for (const check of this.#awaitingSnapshot) check();
    if (event.kind === 'overflow') this.#count('overflows');
    const notice = describeEvent(event, (id) => (id === this.parts.memberId ? 'This tab' : this.#nameOf(id)));
    if (notice !== null) this.parts.onNotice(notice);
  }

  /** Counted always, told once: a peer that talks nonsense would drown everything else. */
  #refused(counter: string, text: string): void {
    if (this.#count(counter) === 1) this.parts.onNotice({ level: 'warning', text });
    this.parts.onChange();
  }

  #count(counter: string): number {
    const count = (this.#counters.get(counter) ?? 0) + 1;
    this.#counters.set(counter, count);
    return count;
  }
}

const REMOVED =
  'This member was removed from the cluster. Wipe its storage to come back as a new member, or close the tab.';
