import type { FaultRule } from '../api.ts';
import { unreachable } from '../core/assert.ts';
import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { findMember } from '../core/raft/configuration.ts';
import type { Effect, RaftEvent } from '../core/raft/interface.ts';
import type { Configuration, Entry } from '../core/raft/log-entry.ts';
import { configurationInForce, snapshotIndex, type Raft } from '../core/raft/state.ts';
import type { FaultCount } from '../proxy/proxy.ts';
import { concerns } from '../proxy/rules.ts';
import type { DriverEvent } from '../runtime/driver.ts';
import type { Storage, WriteBatch } from '../storage/storage.ts';
import { payloadDigest } from '../trace/digest.ts';
import { millis } from '../trace/fields.ts';
import type { OperationTrace } from '../trace/operations.ts';
import type { Stamp, Tracer } from '../trace/tracer.ts';
import { ACT_OF } from './traffic.ts';

/** So that the event's line fits into one message to another tab. */
const MAX_EVENT_ENTRIES = 500;

/** What happens in a node, told to its tracer as typed events. */
export class NodeTrace {
  #commitIndex: number;
  #rules: readonly string[] = [];
  #linked: readonly MemberId[] = [];

  constructor(
    private readonly tracer: Tracer,
    private readonly raft: Raft,
  ) {
    const { term, commitIndex, log } = raft;
    this.#commitIndex = commitIndex;
    this.#rename(configurationInForce(raft).configuration);
    tracer.record({
      kind: 'start',
      term,
      commitIndex,
      snapshotIndex: snapshotIndex(raft),
      lastIndex: log.lastIndex,
      lastTerm: log.termAt(log.lastIndex),
    });
  }

  now(): number {
    return this.tracer.now();
  }

  /** At `time`, before any of it is carried out, so that whatever follows from it comes behind it. */
  onStep(effects: readonly Effect[], time: number): void {
    for (const effect of effects) {
      if (effect.type === 'trace') this.#onRaftEvent(effect.event, time);
      else if (effect.type === 'persist') this.#onAppended(effect.entries, time);
      else if (effect.type === 'apply') this.#onApply(effect.entries, time);
    }
    this.#onCommit(time);
  }

  /**
   * What has come into the log in this step and is still there is all handed to the disk. Digests are made now, as the
   * entries are at hand for the processor: later it would have to fetch each anew.
   */
  #onAppended(entries: readonly Entry[], time: number): void {
    for (let told = 0; told < entries.length; told += MAX_EVENT_ENTRIES) {
      const some =
        entries.length <= MAX_EVENT_ENTRIES ? entries : entries.slice(told, told + MAX_EVENT_ENTRIES);
      const first = some[0]?.index ?? 0;
      const prevTerm = this.raft.log.termAt(first - 1);
      const terms = some.map(({ term }) => term);
      const digests = some.map(({ payload }) => payloadDigest(payload));
      this.tracer.record({ kind: 'append', first, prevTerm, terms, digests }, time);
    }
  }

  /** Raft's own come with its steps. */
  onDriverEvent(event: DriverEvent): void {
    switch (event.kind) {
      case 'gap':
        this.tracer.record({ kind: 'gap', ms: event.gapMs });
        return;
      case 'paused':
      case 'resumed':
        this.tracer.record({ kind: event.kind });
        return;
      case 'overflow':
        this.onRefused('overflow', null, event.what);
        return;
      default:
    }
  }

  onFault(what: FaultCount, message: Message, stamp: Stamp): void {
    this.tracer.proxied(ACT_OF[what], message, stamp);
  }

  onRefused(what: string, from: MemberId | null, reason: string): void {
    this.tracer.record({ kind: 'refused', what, from, reason });
  }

  /** `begun`: when it was handed to the storage. */
  onWritten({ entries, registers }: WriteBatch, begun: number): void {
    const now = this.now();
    const ms = millis(now - begun);
    this.tracer.record(
      { kind: 'write', ms, entries: entries.length, registers: registers?.length ?? 0 },
      now,
    );
  }

  onRules(rules: readonly FaultRule[]): void {
    const ids = rules.map(({ id }) => id);
    if (ids.length === this.#rules.length && ids.every((id, at) => id === this.#rules[at])) return;
    this.#rules = ids;
    const { name } = this.tracer;
    const own = rules.filter((rule) => concerns(rule, name)).map(({ id }) => id);
    this.tracer.record({ kind: 'faults', rules: ids, own });
  }

  onLinks(linked: readonly MemberId[]): void {
    for (const peer of linked)
      if (!this.#linked.includes(peer)) this.tracer.record({ kind: 'link', peer, state: 'open' });
    for (const peer of this.#linked)
      if (!linked.includes(peer)) this.tracer.record({ kind: 'link', peer, state: 'closed' });
    this.#linked = linked;
  }

  get operations(): OperationTrace {
    return this.tracer.operations;
  }

  onStop(reason: string): void {
    this.tracer.record({ kind: 'stop', reason });
  }

  #onRaftEvent(event: RaftEvent, time: number): void {
    const { tracer } = this;
    switch (event.kind) {
      case 'role':
      case 'leader':
      case 'vote':
      case 'truncate':
      case 'quorum-lost':
      case 'transfer':
      case 'removed':
      case 'refused':
        tracer.record(event, time);
        return;
      case 'snapshot': {
        const term = this.raft.snapshot?.metadata.term ?? 0;
        tracer.record({ ...event, term }, time);
        return;
      }
      case 'configuration':
        this.#rename(event.configuration);
        tracer.record({ kind: 'configuration', index: event.index, ...namesIn(event.configuration) }, time);
        return;
      default:
        unreachable(event);
    }
  }

  #onCommit(time: number): void {
    const { commitIndex, term } = this.raft;
    if (commitIndex === this.#commitIndex) return;
    this.tracer.record({ kind: 'commit', from: this.#commitIndex, to: commitIndex, term }, time);
    this.#commitIndex = commitIndex;
  }

  #onApply(entries: readonly Entry[], time: number): void {
    const [head] = entries;
    const last = entries.at(-1);
    if (head === undefined || last === undefined) return;
    // What is applied is committed first.
    this.#onCommit(time);
    this.tracer.record({ kind: 'apply', from: head.index, to: last.index }, time);
  }

  #rename(configuration: Configuration): void {
    this.tracer.name = findMember(configuration, this.raft.id)?.name ?? this.tracer.name;
  }
}

function namesIn(configuration: Configuration): {
  voters: string[];
  learners: string[];
  outgoing: string[] | null;
} {
  const { members, outgoing } = configuration;
  const names = (kind: 'voter' | 'learner'): string[] =>
    members.filter((member) => member.kind === kind).map(({ name }) => name);
  const leaving = outgoing?.filter(({ kind }) => kind === 'voter').map(({ name }) => name) ?? null;
  return { voters: names('voter'), learners: names('learner'), outgoing: leaving };
}

/** The same storage, whose writes are told to `trace`. */
export function timed(storage: Storage, trace: NodeTrace | null): Storage {
  if (trace === null) return storage;
  return {
    load: () => storage.load(),
    loadRegisters: () => storage.loadRegisters(),
    close: () => storage.close(),
    async write(batch) {
      const begun = trace.now();
      await storage.write(batch);
      trace.onWritten(batch, begun);
    },
  };
}
