import * as Comlink from 'comlink';
import type { TestReport, TestRunOptions, Tabraft } from '../api.ts';
import type { HistoryEvent } from '../check/history.ts';
import type { ClusterPort, MemberAction } from '../client/cluster.ts';
import type { TestResult } from '../client/runner.ts';
import type { TestOptions } from '../client/test-run.ts';
import { findTest, RULE_PREFIX, TESTS } from '../client/tests/catalog.ts';
import { messageOf } from '../error-text.ts';
import type { TestView } from '../ui/view.ts';
import type { TestListener, TestWorkerApi } from './test-contract.ts';

/** What is done to members from within a tab: nothing that costs a person's data. */
const ACTIONS: readonly MemberAction[] = ['pause', 'resume', 'crash', 'restart', 'campaign'];
const DEFAULT_DURATION_MS = 30_000;
const MAX_DURATION_MS = 3_600_000;
/** A cancelled test heals what it broke; one that does not get that far is ended from here. */
const CANCEL_TIMEOUT_MS = 15_000;

export interface TestsPorts {
  readonly port: ClusterPort;
  /** Of the rules in force. */
  ruleIds(): readonly string[];
  /** The names of other members whose tabs run a test or a lesson. */
  testers(): readonly string[];
  /** Of this page. */
  lessonUnderWay(): string | null;
  onChange(): void;
  /** A test has begun or ended: the other tabs should know at once. */
  onUnderWay(): void;
}

/** Runs the consistency tests in this page, one at a time. */
export class Tests {
  /** Of the last test, running or over. */
  view: TestView | null = null;
  /** Held while the test runs: comlink closes the channel of a proxy that nobody holds. */
  #worker: Comlink.Remote<TestWorkerApi> | null = null;
  #running: Promise<unknown> | null = null;
  #abandon: ((error: Error) => void) | null = null;
  #history: readonly HistoryEvent[] = [];

  constructor(private readonly ports: TestsPorts) {}

  get underWay(): string | null {
    return this.#running === null ? null : (this.view?.name ?? null);
  }

  get api(): Tabraft['tests'] {
    return {
      list: () => TESTS.map(({ name, about, algorithms }) => ({ name, about, algorithms: [...algorithms] })),
      run: (name, options) => this.run(name, options ?? {}),
      cancel: () => this.cancel(),
      history: () => Promise.resolve(this.#history.map((event) => ({ ...event }))),
    };
  }

  async run(name: string, options: TestRunOptions): Promise<TestReport> {
    const algorithm = options.algorithm ?? 'raft';
    const test = findTest(name, algorithm);
    if (typeof test === 'string') throw new TypeError(test);
    const checked = checkOptions(options, algorithm);
    const [other] = this.ports.testers();
    if (this.underWay !== null)
      throw new Error(`The test ${this.underWay} is under way: wait for its end, or cancel it.`);
    if (this.ports.lessonUnderWay() !== null)
      throw new Error('A lesson is under way: play it to its end, or leave it.');
    if (other !== undefined)
      throw new Error(`The tab of ${other} runs a test or a lesson: two at a time would disturb each other.`);
    const { seed } = checked;
    this.#show({
      ...{ name: test.name, algorithm, seed, steps: [], progress: { fraction: 0, text: 'starting' } },
      ...{ isCancelling: false, report: null, check: null },
    });
    const running = this.#run(test, checked);
    this.#running = running;
    this.ports.onUnderWay();
    try {
      const { report, history, check } = await running;
      this.#history = history;
      this.#change({ report, check });
      return report;
    } catch (error) {
      const steps = [...(this.view?.steps ?? [])];
      this.#change({ report: broken(test.name, checked, steps, messageOf(error)) });
      throw error;
    } finally {
      this.#running = null;
      this.ports.onUnderWay();
    }
  }

  async cancel(): Promise<void> {
    const running = this.#running;
    if (running === null || this.#worker === null) return;
    this.#change({ isCancelling: true });
    void this.#worker.cancel();
    const timer = setTimeout(() => void this.#end(), CANCEL_TIMEOUT_MS);
    // What became of it is told to the one who started it.
    await running.catch(() => undefined);
    clearTimeout(timer);
  }

  /** A tab that ran a test has gone in the middle of it: its rules would stay for ever. */
  async heal(): Promise<void> {
    const ids = this.ports.ruleIds().filter((id) => id.startsWith(RULE_PREFIX));
    if (ids.length > 0 && this.underWay === null) await this.ports.port.clearRules(ids);
  }

  async #run(test: Exclude<ReturnType<typeof findTest>, string>, options: TestOptions): Promise<TestResult> {
    const worker = new Worker(new URL('./test-worker.ts', import.meta.url), {
      type: 'module',
      name: 'tabraft-tests',
    });
    this.#worker = Comlink.wrap<TestWorkerApi>(worker);
    const listener: TestListener = {
      onStep: (text) => this.#change({ steps: [...(this.view?.steps ?? []), text] }),
      onProgress: (progress) => this.#change({ progress }),
    };
    const abandoned = new Promise<never>((_, reject) => {
      this.#abandon = reject;
      worker.addEventListener('error', ({ message }) =>
        reject(new Error(`The tests’ worker has failed: ${message || 'it could not be loaded'}.`)),
      );
    });
    const { name, voters } = test;
    try {
      const running = this.#worker.run(
        { name, voters },
        options,
        ACTIONS,
        Comlink.proxy(this.ports.port),
        Comlink.proxy(listener),
      );
      return await Promise.race([running, abandoned]);
    } finally {
      worker.terminate();
      this.#worker = null;
    }
  }

  /** It does not end by itself. */
  async #end(): Promise<void> {
    const left = 'Its fault rules are cleared; a node that it has paused or crashed stays so.';
    this.#abandon?.(new Error(`The test did not end when it was told to, and was stopped. ${left}`));
    await this.#running?.catch(() => undefined);
    await this.heal();
  }

  #show(view: TestView): void {
    this.view = view;
    this.ports.onChange();
  }

  #change(change: Partial<TestView>): void {
    if (this.view !== null) this.#show({ ...this.view, ...change });
  }
}

/** Throws what is wrong with them. */
function checkOptions(options: TestRunOptions, algorithm: 'raft' | 'abd'): TestOptions {
  const { seed = Math.floor(Math.random() * 1_000_000), durationMs = DEFAULT_DURATION_MS } = options;
  const { faults = [] } = options;
  if (!Number.isSafeInteger(seed) || seed < 0) throw new TypeError('seed: expected an integer from 0 on');
  if (!(durationMs >= 1000 && durationMs <= MAX_DURATION_MS))
    throw new TypeError(`durationMs: expected a number from 1000 to ${MAX_DURATION_MS}`);
  if (!Array.isArray(faults) || !faults.every((name) => typeof name === 'string'))
    throw new TypeError('faults: expected a list of kinds');
  return { algorithm, seed, durationMs, faults };
}

/** Of a test that the page itself could not bring to an end. */
function broken(name: string, { algorithm, seed }: TestOptions, steps: string[], error: string): TestReport {
  return {
    ...{ name, algorithm, seed, error, passed: false, operations: 0, completed: 0, durationMs: 0 },
    ...{ steps, verdict: null, faults: {}, figures: [] },
  };
}
