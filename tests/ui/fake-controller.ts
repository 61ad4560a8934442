import type {
  FaultRule,
  Instruction,
  LinkCounters,
  MemberStatus,
  PeerStatus,
  Status,
  Tabraft,
  TestReport,
  WriteResult,
} from '../../src/api.ts';
import { operationsOf, type HistoryEvent } from '../../src/check/history.ts';
import { TraceInvariants } from '../../src/check/trace-invariants.ts';
import { checkOperations } from '../../src/check/linearizability.ts';
import type {
  LessonAct,
  LessonMoment,
  LessonView,
  LiveNode,
  Notice,
  PageController,
  PageView,
  TestView,
} from '../../src/ui/view.ts';
import type { StatesExcerpt } from '../../src/worker/contract.ts';
import { excerptOf } from '../../src/worker/excerpt.ts';
import { id } from '../support/core-cluster.ts';

/** A call that the page made, by the name it has in the public API. */
export interface Call {
  name: string;
  args: unknown[];
}

/** A page controller without a cluster: shows the view it is given, records what it is asked. */
export class FakeController implements PageController {
  readonly calls: Call[] = [];
  readonly store = new Map<string, string>();
  /** What writes answer with instead of being applied. */
  nextResult: WriteResult | null = null;
  /** What the next call throws. */
  nextError: Error | null = null;
  readonly api: Tabraft;
  #listeners = new Set<() => void>();

  constructor(public view: PageView) {
    this.api = this.#createApi();
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  change(change: Partial<PageView>): void {
    this.view = { ...this.view, ...change };
    for (const listener of this.#listeners) listener();
  }

  changeStatus(change: Partial<Status>): void {
    this.change({ status: { ...this.view.status, ...change } });
  }

  /** The names of the calls so far, without those that the page makes on its own. */
  get asked(): string[] {
    return this.calls.map(({ name }) => name).filter((name) => name !== 'excerpt');
  }

  async excerpt(filter: string, limit: number, valueLength: number): Promise<StatesExcerpt> {
    await this.#called('excerpt', filter);
    return excerptOf(this.store, filter, limit, valueLength);
  }

  async newCluster(): Promise<void> {
    await this.#called('newCluster');
  }

  lesson(act: LessonAct): void {
    this.calls.push({ name: 'lesson', args: [act] });
  }

  async #called(name: string, ...args: unknown[]): Promise<void> {
    await Promise.resolve();
    this.calls.push({ name, args });
    const error = this.nextError;
    if (error === null || name === 'excerpt') return;
    this.nextError = null;
    throw error;
  }

  #write(instructions: Instruction[]): WriteResult {
    if (this.nextResult !== null) {
      const result = this.nextResult;
      this.nextResult = null;
      return result;
    }
    for (const { key, val } of instructions) {
      if (val === null) this.store.delete(key);
      else this.store.set(key, val);
    }
    const index = this.view.status.lastIndex + 1;
    this.changeStatus({ lastIndex: index, commitIndex: index, appliedIndex: index });
    return { outcome: 'ok', index, term: this.view.status.term };
  }

  #createApi(): Tabraft {
    return {
      ready: () => Promise.resolve(this.view.status),
      status: () => Promise.resolve(this.view.status),
      raft: this.#createRaft(),
      abd: {
        get: async (key, options) => {
          await this.#called('abd.get', key, options);
          return { outcome: 'ok', value: this.store.get(key) ?? null };
        },
        put: async (key, value) => {
          await this.#called('abd.put', key, value);
          return this.#write([{ op: 'SET', key, val: value }]);
        },
      },
      faults: {
        set: async (rule) => {
          await this.#called('faults.set', rule);
          this.change({ rules: [...this.view.rules, rule] });
        },
        clear: async (ids) => {
          await this.#called('faults.clear', ids);
          this.change({ rules: this.view.rules.filter(({ id }) => ids !== undefined && !ids.includes(id)) });
          return ids ?? [];
        },
        list: () => Promise.resolve(this.view.rules),
        links: () => Promise.resolve(this.view.links),
        preset: async (name, ...names) => {
          await this.#called('faults.preset', name, ...names);
          const rules = names.flatMap((who): FaultRule[] => [
            { id: `isolate:${who}:out`, kind: 'drop', from: who },
            { id: `isolate:${who}:in`, kind: 'drop', to: who },
          ]);
          this.change({ rules: [...this.view.rules, ...rules] });
          return rules.map(({ id }) => id);
        },
      },
      node: {
        pause: async (...name) => {
          await this.#called('node.pause', ...name);
          this.change({ paused: true });
        },
        resume: async (...name) => {
          await this.#called('node.resume', ...name);
          this.change({ paused: false });
        },
        restart: (...name) => this.#called('node.restart', ...name),
        crash: (...name) => this.#called('node.crash', ...name),
        campaign: (...name) => this.#called('node.campaign', ...name),
        wipe: (...name) => this.#called('node.wipe', ...name),
      },
      ping: () => Promise.resolve({ ok: true, rttMs: 0.5 }),
      trace: {
        export: async (...args) => {
          await this.#called('trace.export', ...args);
          return '';
        },
        page: () => Promise.resolve({ lines: '', next: null }),
        recording: () => Promise.resolve(''),
      },
      tests: {
        list: () => [],
        run: async (name, options) => {
          await this.#called('tests.run', name, options);
          return testReport({ name });
        },
        cancel: () => this.#called('tests.cancel'),
        history: () => Promise.resolve(STALE_READ),
      },
    };
  }

  #createRaft(): Tabraft['raft'] {
    return {
      get: async (key, options) => {
        await this.#called('raft.get', key, options);
        return { outcome: 'ok', value: this.store.get(key) ?? null };
      },
      put: async (key, value) => {
        await this.#called('raft.put', key, value);
        return this.#write([{ op: 'SET', key, val: value }]);
      },
      cas: async (key, expected, value) => {
        await this.#called('raft.cas', key, expected, value);
        return this.#write([{ op: 'SET', key, val: value }]);
      },
      transact: async (instructions) => {
        await this.#called('raft.transact', instructions);
        return this.#write(instructions.filter(({ op }) => op === 'SET'));
      },
      openSession: () => Promise.resolve({ outcome: 'ok', session: 1 }),
      states: () => {
        const { commitIndex, lastIndex } = this.view.status;
        return Promise.resolve({ states: Object.fromEntries(this.store), commitIndex, lastIndex });
      },
      log: () => Promise.resolve([]),
      transferLeadership: async (name) => {
        await this.#called('raft.transferLeadership', name);
        const result = this.#write([]);
        if (result.outcome === 'ok') this.changeStatus({ leader: name });
        return result;
      },
      snapshot: async () => {
        await this.#called('raft.snapshot');
        this.changeStatus({ snapshotIndex: this.view.status.appliedIndex });
      },
      removeMember: async (name) => {
        await this.#called('raft.removeMember', name);
        return this.#write([]);
      },
      promote: async (name) => {
        await this.#called('raft.promote', name);
        return this.#write([]);
      },
    };
  }
}

export function member(name: string, change: Partial<MemberStatus> = {}): MemberStatus {
  return { id: id(name), name, kind: 'voter', reachable: true, ...change };
}

export function peer(name: string, change: Partial<PeerStatus> = {}): PeerStatus {
  return { id: id(name), name, state: 'connected', channel: 'worker', roundTripMs: 0.6, ...change };
}

/** A write that was acknowledged, and a read after it that did not see it. */
const STALE_READ: HistoryEvent[] = [
  { index: 0, process: 'client 1', type: 'invoke', f: 'put', key: 'k', value: 'new', time: 1_000_000 },
  { index: 1, process: 'client 1', type: 'ok', f: 'put', key: 'k', value: 'new', time: 2_000_000 },
  { index: 2, process: 'client 2', type: 'invoke', f: 'get', key: 'k', value: null, time: 3_000_000 },
  { index: 3, process: 'client 2', type: 'ok', f: 'get', key: 'k', value: null, time: 4_000_000 },
];

export function testReport(change: Partial<TestReport> = {}): TestReport {
  return {
    ...{ name: 'nemesis', algorithm: 'raft', passed: true, operations: 2, completed: 2, durationMs: 30_500 },
    ...{ steps: ['all faults have ended'], seed: 7, verdict: 'linearizable', faults: {}, figures: [] },
    ...change,
  };
}

/** A test under way. */
export function testView(change: Partial<TestView> = {}): TestView {
  return {
    ...{ name: 'nemesis', algorithm: 'raft', seed: 7, steps: ['isolated B'], isCancelling: false },
    ...{
      progress: { fraction: 0.4, text: '812 operations; now isolate (2 rules)' },
      report: null,
      check: null,
    },
    ...change,
  };
}

/** One that has found a stale read. */
export function failedTest(): TestView {
  const parsed = operationsOf(STALE_READ);
  if (!parsed.ok) throw new Error(parsed.reason);
  const check = checkOperations(parsed.operations, { timeLimitMs: 1000, now: () => performance.now() });
  const { verdict } = check;
  const error = `The history is judged ${verdict}.`;
  const faults = { isolate: 3, flaky: 2, crash: 1 };
  return testView({ check, report: testReport({ passed: false, error, verdict, faults }) });
}

/** One that measured. */
export function measuredTest(): TestView {
  const figures = [
    { what: 'write, one at a time', count: 100, perSecond: 91.4, medianMs: 10.2, p99Ms: 31.7 },
    { what: 'write, 64 in flight', count: 1000, perSecond: 1316, medianMs: 44.1, p99Ms: 102 },
  ];
  return testView({
    name: 'performance',
    report: testReport({ name: 'performance', verdict: null, figures }),
  });
}

/** One that has come to its question. */
export function lessonView(
  now: LessonMoment = { kind: 'asking', options: ['A, in term 4', 'B, in term 5', 'Both'], wrong: null },
  change: Partial<LessonView> = {},
): LessonView {
  const steps = [
    {
      tell: 'A leads in term 4. The network is about to split: A here, B and C there. A is not told.',
      seen: 'Two leaders: A in term 4, and B in term 5.',
    },
    { tell: 'Both believe that they lead, and each is asked to write. Which can commit it?', seen: null },
  ];
  return { name: 'two-leaders', steps, now, isAnswered: false, ...change };
}

function linkCounters(from: string, to: string): LinkCounters {
  const faults = { dropped: 0, delayed: 0, held: 0, duplicated: 0, reordered: 0, lost: 0 };
  return { from, to, sent: 1280, delivered: 1279, ...faults };
}

export function notice(id: number, text: string, level: Notice['level'] = 'info'): Notice {
  return { id, time: 1_760_000_000_000 + id * 1234, level, text };
}

/** A cluster of three, seen by its leader A. */
export function readyView(): PageView {
  return {
    phase: 'ready',
    phaseDetail: null,
    paused: false,
    status: {
      clusterId: 'c4f1a90be77d',
      memberId: id('A'),
      name: 'A',
      role: 'leader',
      term: 3,
      leader: 'A',
      commitIndex: 128,
      appliedIndex: 128,
      lastIndex: 128,
      snapshotIndex: 0,
      members: [member('A'), member('B'), member('C')],
      peers: [peer('B'), peer('C', { roundTripMs: 1.4 })],
      registers: { epoch: 3, replicas: ['A', 'B', 'C'], ready: ['A', 'B', 'C'] },
      stoppedReason: null,
      counters: {},
    },
    signaling: { state: 'connected', url: 'ws://localhost:5173/signaling', detail: null },
    rules: [],
    links: ['A', 'B', 'C'].flatMap((from) =>
      ['A', 'B', 'C'].filter((to) => to !== from).map((to) => linkCounters(from, to)),
    ),
    nodes: ['A', 'B', 'C'].map((name) => ({ name, state: 'running' })),
    devices: [
      { memberId: id('A'), text: 'Chromium on Linux', isThisBrowser: true },
      { memberId: id('B'), text: 'Chromium on Linux', isThisBrowser: true },
      { memberId: id('C'), text: 'Safari on iPhone', isThisBrowser: false },
    ],
    joinLink: 'http://localhost:5173/#c=Zk3hQ0m9bVt2xYwS1aRpLg',
    notices: [
      notice(1, 'Members are now A, B (learner).'),
      notice(2, 'A leads term 3.'),
      notice(3, 'Members are now A, B, C.'),
    ],
    isReplaced: false,
    targetVoters: 3,
    test: null,
    lesson: null,
    live: { nodes: [], events: [], skipped: 0, verdicts: new TraceInvariants().verdicts() },
  };
}

export const liveNode = (name: string, change: Partial<LiveNode> = {}): LiveNode => ({
  ...{ memberId: id(name), role: 'follower', term: 7, leader: 'A', at: 0 },
  detail: {
    votedFor: 'A',
    timer: { elapsedMs: 300, timeoutMs: 1200 },
    log: {
      ...{ first: 1, last: 4, snapshotIndex: 0, commitIndex: 3, appliedIndex: 2, durableIndex: 4 },
      terms: [[1, 7]],
    },
    progress: [],
  },
  ...change,
});
