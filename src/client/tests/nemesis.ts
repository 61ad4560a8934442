import { nextFraction, nextInteger } from '../../core/random.ts';
import type { Client } from '../client.ts';
import type { TestRun } from '../test-run.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';

const CLIENTS = 10;
const KEYS = 5;
const THINK_MS = 25;
/** A fault lasts so long, and so long all is well before the next one. */
const FAULT_MS: readonly [number, number] = [1000, 3500];
const CALM_MS: readonly [number, number] = [200, 1000];
/** Every kind has to strike, but not for ever: some wait until all is well again. */
const MAX_OVERTIME = 4;
const MIN_LIMIT_PER_KIND_MS = 10_000;
/** Each second over the whole run: what a cluster does easily that is well now and then. */
const MIN_COMPLETED_PER_SECOND = 100 / 3;
/** The same where the faults were chosen: they may be those that leave it hardly any time. */
const MIN_UNDER_CHOSEN_FAULTS = 1;
const RETURN_TIMEOUT_VOTERS = 3;
const EFFECTS = ['dropped', 'delayed', 'held', 'duplicated', 'reordered'] as const;
/** What the proxies must have done where these kinds struck. One that holds all messages hides what is beside it. */
const EFFECTS_OF: Readonly<Record<string, readonly (typeof EFFECTS)[number][]>> = {
  isolate: ['dropped'],
  split: ['dropped'],
  'majorities-ring': ['dropped'],
  bridge: ['dropped'],
  'one-way': ['dropped'],
  flaky: ['dropped', 'duplicated', 'reordered'],
  slow: ['delayed'],
  hold: ['held'],
  swizzle: ['held'],
};
/** A tab that does not answer for so long is given up, and a write through it is unknown. */
const PATIENCE = { attemptMs: 1000, totalMs: 6000 };

/** Clients on several keys while faults strike; what they were told goes to the checker. */
export async function nemesis(run: TestRun): Promise<void> {
  const kinds = kindsOf(run);
  const workload = new Workload(run);
  const seen = new FaultsSeen(run);
  try {
    await strikeAll(run, kinds, seen);
  } finally {
    await workload.stop();
  }
  const completedUnderFaults = run.completed;
  await run.clearRules();
  await run.settle(RETURN_TIMEOUT_VOTERS);
  run.step('all faults have ended, and all members are back');
  await workload.readAll();
  run.step(`${CLIENTS} clients did ${run.completed} operations; faults: ${seen.describe()}`);
  const rate = run.options.faults.length === 0 ? MIN_COMPLETED_PER_SECOND : MIN_UNDER_CHOSEN_FAULTS;
  const wanted = Math.ceil((run.options.durationMs / 1000) * rate);
  run.expect(
    completedUnderFaults >= wanted,
    `only ${completedUnderFaults} operations were completed, of ${wanted} that make a test`,
  );
  seen.expectAll(kinds);
}

function kindsOf(run: TestRun): FaultKind[] {
  const { faults } = run.options;
  const isPossible = ({ needs }: FaultKind): boolean => needs.every((action) => run.actions.includes(action));
  const unknown = faults.filter(
    (name) => !FAULT_KINDS.some((kind) => kind.name === name && isPossible(kind)),
  );
  run.expect(unknown.length === 0, `there is no fault ${unknown.join(', ')} here`);
  return FAULT_KINDS.filter((kind) => (faults.length === 0 ? isPossible(kind) : faults.includes(kind.name)));
}

/**
 * One fault after the other, now and then with broken links beside it, until the time is up and each kind has struck.
 */
async function strikeAll(run: TestRun, kinds: readonly FaultKind[], seen: FaultsSeen): Promise<void> {
  const { durationMs } = run.options;
  const limitMs = Math.max(durationMs * MAX_OVERTIME, kinds.length * MIN_LIMIT_PER_KIND_MS);
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  let bag: FaultKind[] = [];
  const draw = (): FaultKind => {
    if (bag.length === 0) bag = elapsed() < durationMs ? [...kinds] : seen.missing(kinds);
    const [kind] = bag.splice(nextInteger(run.random, 0, bag.length - 1), 1);
    if (kind === undefined) throw new Error('there are no kinds of faults');
    return kind;
  };
  while (elapsed() < durationMs || seen.missing(kinds).length > 0) {
    if (elapsed() >= limitMs) seen.expectAll(kinds);
    const first = draw();
    await strike(run, first, seen);
    const links = bag.filter(({ needs }) => needs.length === 0);
    if (first.isAlone === undefined && links.length > 0 && nextFraction(run.random) < 0.3) {
      const second = run.pick(links);
      bag.splice(bag.indexOf(second), 1);
      await strike(run, second, seen);
    }
    run.progress(elapsed() / durationMs, `${run.completed} operations; now ${seen.latest}`);
    await run.pause(nextInteger(run.random, ...FAULT_MS));
    await seen.lookAtLinks();
    await run.repair();
    if (first.isAlone === true) await run.settle(RETURN_TIMEOUT_VOTERS);
    await run.pause(nextInteger(run.random, ...CALM_MS));
  }
}

/** Half of the time it is the leader that is struck. */
async function strike(run: TestRun, kind: FaultKind, seen: FaultsSeen): Promise<void> {
  const leader = await run.leader();
  const isLeaders = leader !== null && nextFraction(run.random) < 0.5;
  const victim = isLeaders ? leader : run.pick(run.voters);
  const { what, undo } = await kind.inject(run, victim);
  seen.add(kind.name, what);
  run.onBroken(undo);
}

/** Which faults have struck, and what the proxies counted. */
class FaultsSeen {
  latest = '';
  readonly #counts = new Map<string, number>();
  readonly #effects = new Set<(typeof EFFECTS)[number]>();

  constructor(private readonly run: TestRun) {}

  add(kind: string, what: string): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    this.run.faults[kind] = this.#counts.get(kind) ?? 0;
    this.latest = what;
  }

  /** Those that have not struck, or of which no proxy has counted what they should have done. */
  missing(kinds: readonly FaultKind[]): FaultKind[] {
    return kinds.filter(
      ({ name }) =>
        !this.#counts.has(name) || (EFFECTS_OF[name] ?? []).some((effect) => !this.#effects.has(effect)),
    );
  }

  /** Counters begin anew with each node, so they are looked at all the time. */
  async lookAtLinks(): Promise<void> {
    for (const link of await this.run.links())
      for (const effect of EFFECTS) if (link[effect] > 0) this.#effects.add(effect);
  }

  describe(): string {
    return [...this.#counts].map(([name, count]) => `${name} ${count}`).join(', ');
  }

  expectAll(kinds: readonly FaultKind[]): void {
    const missing = this.missing(kinds).map(({ name }) => name);
    const had = [...this.#effects].join(', ') || 'nothing';
    this.run.expect(
      missing.length === 0,
      `${missing.join(', ')}: did not strike, or without effect. Struck: ${this.describe()}; messages were: ${had}`,
    );
  }
}

/** Clients that go on until they are stopped. Values are never written twice, so that a read tells whose it saw. */
class Workload {
  readonly #keys: readonly string[];
  readonly #done: Promise<unknown>;
  #isStopped = false;

  constructor(private readonly run: TestRun) {
    this.#keys = Array.from({ length: KEYS }, (_, number) => run.key(`key-${number}`));
    this.#done = Promise.all(
      Array.from({ length: CLIENTS }, (_, number) => this.#work(`client ${number + 1}`)),
    );
    // `stop` tells; nobody waits for it before that.
    this.#done.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  /** What has become of it all: every member reads every key. */
  async readAll(): Promise<void> {
    for (const member of this.run.members) {
      const client = this.run.client(`last reader at ${member}`, { at: [member] });
      for (const key of this.#keys) {
        const read = await client.get(key);
        this.run.expect(read.outcome === 'ok', `${member} cannot read although all faults have ended`);
      }
    }
  }

  async #work(name: string): Promise<void> {
    const { run } = this;
    const client = run.client(name, { patience: PATIENCE });
    for (let number = 1; !this.#isStopped && !run.signal.aborted; number += 1) {
      const key = run.pick(this.#keys);
      await this.#operate(client, key, `${name}, ${number}`);
      await run.nap(nextInteger(run.random, 0, 2 * THINK_MS));
    }
  }

  async #operate(client: Client, key: string, value: string): Promise<void> {
    const chance = nextFraction(this.run.random);
    const hasCas = this.run.options.algorithm === 'raft';
    if (hasCas && chance < 0.3) {
      const read = await client.get(key);
      // With what is there now, so that many hold: only those tell of a comparison that was made twice.
      if (read.outcome === 'ok') await client.cas(key, read.value, value);
    } else if (chance < 0.6) {
      await client.get(key);
    } else {
      await client.put(key, chance > 0.97 ? null : value);
    }
  }
}
