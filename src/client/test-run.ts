import type { FaultRule, TestFigure, WriteResult } from '../api.ts';
import type { HistoryEvent } from '../check/history.ts';
import { nextInteger, type Random } from '../core/random.ts';
import { messageOf } from '../error-text.ts';
import { presetRules } from '../proxy/presets.ts';
import { Client, type Patience } from './client.ts';
import { Cluster, unsettled, type ClusterPort, type MemberAction } from './cluster.ts';
import type { Algorithm } from './endpoint.ts';
import { RULE_PREFIX } from './tests/catalog.ts';
import { sleep } from './time.ts';

/** A claim of the test does not hold, or it could not do what it is for. */
export class TestFailure extends Error {}

/** Somebody wants it to end before its time. */
export class Cancelled extends Error {}

export interface TestOptions {
  readonly algorithm: Algorithm;
  readonly seed: number;
  /** Of the nemesis. */
  readonly durationMs: number;
  /** Of the nemesis: kinds of faults; empty: all that can be done here. */
  readonly faults: readonly string[];
}

export interface Progress {
  /** From 0 to 1. */
  readonly fraction: number;
  readonly text: string;
}

export interface TestRunPorts {
  readonly port: ClusterPort;
  /** What `port.act` can do. */
  readonly actions: readonly MemberAction[];
  readonly random: Random;
  readonly signal: AbortSignal;
  onStep(text: string): void;
  onProgress(progress: Progress): void;
}

/** Makes good what was broken. */
export type Undo = () => Promise<void>;

const SETTLE_TIMEOUT_MS = 120_000;
const POLL_MS = 100;
/** For each of the keys that are deleted at the end. */
const CLEAN_UP_MS = 10_000;

/** What a test works with while it runs. */
export class TestRun {
  readonly cluster: Cluster;
  readonly history: HistoryEvent[] = [];
  readonly figures: TestFigure[] = [];
  /** How often each kind of fault struck. */
  readonly faults: Record<string, number> = {};
  /** Names of those members whose tabs are there. */
  members: readonly string[] = [];
  voters: readonly string[] = [];
  readonly #clients: Client[] = [];
  readonly #keys = new Set<string>();
  /** Registers and states of other runs must not be taken for this one's. */
  readonly #tag = Math.floor(Math.random() * 36 ** 6).toString(36);
  #rules: readonly string[] = [];
  #fraction = 0;
  readonly #broken: Undo[] = [];

  constructor(
    readonly options: TestOptions,
    private readonly ports: TestRunPorts,
  ) {
    this.cluster = new Cluster(ports.port);
  }

  get random(): Random {
    return this.ports.random;
  }

  get signal(): AbortSignal {
    return this.ports.signal;
  }

  get actions(): readonly MemberAction[] {
    return this.ports.actions;
  }

  get operations(): number {
    return this.#clients.reduce((sum, { ended }) => sum + ended, 0);
  }

  get completed(): number {
    return this.#clients.reduce((sum, { completed }) => sum + completed, 0);
  }

  step(text: string): void {
    this.ports.onStep(text);
  }

  progress(fraction: number, text: string): void {
    this.#fraction = Math.max(this.#fraction, Math.min(1, fraction));
    this.ports.onProgress({ fraction: this.#fraction, text });
  }

  key(name: string): string {
    const key = `test-${this.#tag}-${name}`;
    this.#keys.add(key);
    return key;
  }

  /** Turns to any member there is, or only to those named. */
  client(
    name: string,
    options: { at?: readonly string[]; isRecorded?: boolean; patience?: Partial<Patience> } = {},
  ): Client {
    const { at, isRecorded = true, patience = {} } = options;
    const client = new Client({
      name,
      algorithm: this.options.algorithm,
      cluster: this.cluster,
      random: this.random,
      members: () => at ?? this.members,
      history: isRecorded ? this.history : null,
      signal: this.signal,
      patience,
    });
    this.#clients.push(client);
    return client;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[nextInteger(this.random, 0, choices.length - 1)];
    if (choice === undefined) throw new TestFailure('There is nothing to choose from.');
    return choice;
  }

  expect(holds: boolean, claim: string): asserts holds {
    this.checkCancelled();
    if (!holds) throw new TestFailure(claim);
  }

  checkCancelled(): void {
    if (this.signal.aborted) throw new Cancelled('Cancelled.');
  }

  async pause(delayMs: number): Promise<void> {
    await sleep(delayMs, this.signal);
    this.checkCancelled();
  }

  /** As `pause`, for those who look themselves whether to go on. */
  async nap(delayMs: number): Promise<void> {
    await sleep(delayMs, this.signal);
  }

  /** Until every voter is within reach, somebody leads and the registers are where the voters are. */
  async settle(voters: number): Promise<void> {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    for (;;) {
      this.checkCancelled();
      const missing = await this.#missing(voters);
      if (missing === null) return;
      if (performance.now() > deadline)
        throw new TestFailure(
          `The cluster was not in order within ${SETTLE_TIMEOUT_MS / 1000} s: ${missing}.`,
        );
      this.progress(0, `waiting for the cluster: ${missing}`);
      await sleep(POLL_MS, this.signal);
    }
  }

  async #missing(voters: number): Promise<string | null> {
    let status;
    try {
      status = await this.ports.port.status();
    } catch (error) {
      return messageOf(error);
    }
    this.members = status.members.filter(({ reachable }) => reachable).map(({ name }) => name);
    this.voters = status.members.filter(({ kind }) => kind === 'voter').map(({ name }) => name);
    return unsettled(status, voters);
  }

  async leader(): Promise<string | null> {
    return (await this.ports.port.status()).leader;
  }

  async links(): ReturnType<ClusterPort['links']> {
    return this.ports.port.links();
  }

  async act(action: MemberAction, member: string): Promise<void> {
    await this.ports.port.act(action, member);
  }

  /** At whoever else is there, once no other change is under way: that of a tab that joins, for one. */
  async removeMember(name: string): Promise<WriteResult> {
    // Chosen once: how often it is asked must not change what the seed has chosen next.
    const { raft } = this.cluster.member(this.pick(this.voters.filter((other) => other !== name)));
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    for (;;) {
      const result = await raft.removeMember(name);
      const isRefused = result.outcome === 'failed' && result.code === 'change-refused';
      if (!isRefused || performance.now() > deadline) return result;
      await sleep(POLL_MS);
    }
  }

  /** What was done to the cluster, to be undone by `repair`, or at the end. */
  onBroken(undo: Undo): void {
    this.#broken.push(undo);
  }

  /** Undoes all that is broken, the last first. */
  async repair(): Promise<void> {
    for (let undo = this.#broken.pop(); undo !== undefined; undo = this.#broken.pop()) await undo();
  }

  /** The rules of a preset, as this run's own. */
  preset(name: string, ...names: string[]): FaultRule[] {
    const rules = presetRules(name, { names, members: this.members });
    if (typeof rules === 'string') throw new TestFailure(rules);
    return rules;
  }

  /** In all tabs; returns their ids. */
  async setRules(rules: readonly FaultRule[]): Promise<string[]> {
    const own = rules.map((rule) => ({ ...rule, id: `${RULE_PREFIX}${rule.id}` }));
    const ids = own.map(({ id }) => id);
    // Before they are in force: what is set half is cleared as well.
    this.#rules = [...new Set([...this.#rules, ...ids])];
    await this.ports.port.setRules(own);
    return ids;
  }

  async clearRules(ids: readonly string[] = this.#rules): Promise<void> {
    await this.ports.port.clearRules(ids);
    this.#rules = this.#rules.filter((id) => !ids.includes(id));
  }

  /** Leaves nothing broken, no rule and no key of this run behind, as far as it can; else it is told. */
  async cleanUp(): Promise<void> {
    await this.clearRules();
    await this.repair();
    const client = new Client({
      name: 'cleaner',
      algorithm: this.options.algorithm,
      cluster: this.cluster,
      random: this.random,
      members: () => this.members,
      history: null,
      // The run may be cancelled; this is not.
      signal: new AbortController().signal,
      patience: { totalMs: CLEAN_UP_MS },
    });
    const left: string[] = [];
    for (const key of this.#keys)
      if (left.length > 0 || (await client.put(key, null)).outcome !== 'ok') left.push(key);
    if (left.length > 0) this.step(`left behind, as they could not be deleted: ${left.join(', ')}`);
  }
}
