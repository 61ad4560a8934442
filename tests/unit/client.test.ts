import { describe, expect, it } from 'vitest';
import type { Failure, Instruction, LinkCounters, Status } from '../../src/api.ts';
import type { HistoryEvent } from '../../src/check/history.ts';
import { Client } from '../../src/client/client.ts';
import { Cluster, type ClusterPort } from '../../src/client/cluster.ts';
import { runTest, type TestResult } from '../../src/client/runner.ts';
import { TestRun } from '../../src/client/test-run.ts';
import { findTest, type TestName } from '../../src/client/tests/catalog.ts';
import { createRandom } from '../../src/core/random.ts';

const MEMBERS = ['A', 'B', 'C'];
const unknown: Failure = { outcome: 'unknown', code: 'timed-out', reason: 'silence' };
const failed: Failure = { outcome: 'failed', code: 'no-leader', reason: 'nobody leads' };

/** What a broken cluster does instead; undefined: what a good one does. */
type Bug = (member: string, method: string, args: readonly unknown[], store: Map<string, string>) => unknown;

/** One map behind three names, with sessions; its bug, if it has one, shows in what the clients are told. */
class FakeCluster implements ClusterPort {
  readonly store = new Map<string, string>();
  readonly calls: string[] = [];
  readonly rules = new Set<string>();
  readonly #answers = new Map<string, unknown>();
  #sessions = 0;

  constructor(
    private readonly bug: Bug = () => undefined,
    private readonly haveRulesEffect = true,
  ) {}

  status(): Promise<Status> {
    const members = MEMBERS.map((name) => ({ id: name, name, kind: 'voter' as const, reachable: true }));
    const registers = { epoch: 1, replicas: MEMBERS, ready: MEMBERS };
    return Promise.resolve({ members, leader: 'A', registers } as unknown as Status);
  }

  async call(member: string, method: string, args: readonly unknown[]): Promise<unknown> {
    await Promise.resolve();
    this.calls.push(`${member} ${method}`);
    const broken = this.bug(member, method, args, this.store);
    if (broken !== undefined) return broken;
    const [first, second] = args;
    if (method.endsWith('.get')) return { outcome: 'ok', value: this.store.get(String(first)) ?? null };
    if (method === 'raft.openSession') return { outcome: 'ok', session: ++this.#sessions };
    if (method === 'ping') return { ok: true, rttMs: 0 };
    if (method === 'abd.put')
      return this.#apply([{ op: 'SET', key: String(first), val: second as string | null }]);
    const place = JSON.stringify((second as { session?: unknown }).session);
    if (!this.#answers.has(place)) this.#answers.set(place, this.#apply(first as Instruction[]));
    return this.#answers.get(place);
  }

  #apply(instructions: readonly Instruction[]): unknown {
    const isHeld = ({ op, key, val }: Instruction): boolean =>
      op === 'SET' || (this.store.get(key) ?? null) === val;
    if (!instructions.every(isHeld)) return { outcome: 'failed', code: 'assertion', reason: 'another value' };
    for (const { op, key, val } of instructions) {
      if (op === 'ASSERT') continue;
      if (val === null) this.store.delete(key);
      else this.store.set(key, val);
    }
    return { outcome: 'ok', index: 1, term: 1 };
  }

  setRules(rules: readonly { id: string }[]): Promise<void> {
    for (const { id } of rules) this.rules.add(id);
    return Promise.resolve();
  }

  clearRules(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.rules.delete(id);
    return Promise.resolve();
  }

  links(): Promise<LinkCounters[]> {
    const dropped = this.haveRulesEffect && this.rules.size > 0 ? 1 : 0;
    const others = { sent: 1, delivered: 0, delayed: 0, held: 0, duplicated: 0, reordered: 0, lost: 0 };
    return Promise.resolve([{ from: 'A', to: 'B', dropped, ...others }]);
  }

  act(): Promise<void> {
    return Promise.resolve();
  }
}

function clientOf(port: ClusterPort, algorithm: 'raft' | 'abd', history: HistoryEvent[] = []): Client {
  return new Client({
    name: 'c',
    algorithm,
    cluster: new Cluster(port),
    random: createRandom(1),
    members: () => MEMBERS,
    history,
    signal: new AbortController().signal,
    patience: { totalMs: 2000, backoffMs: [1, 2] },
  });
}

/** Answers so to the first calls of the method, although a good node has done what was asked. */
function lateBug(method: string, ...answers: (Failure | null)[]): { bug: Bug; cluster: () => FakeCluster } {
  const left = [...answers];
  const inner = new FakeCluster();
  const bug: Bug = (member, called, args) => {
    if (called !== method) return inner.call(member, called, args);
    const answer = left.shift() ?? null;
    const done = inner.call(member, called, args);
    return answer === null ? done : done.then(() => answer);
  };
  return { bug, cluster: () => inner };
}

describe('a client', () => {
  it('asks elsewhere what did not happen, and says what became of it in the end', async () => {
    let refusals = 3;
    const fake = new FakeCluster((_, method) => {
      if (method !== 'abd.put' || refusals === 0) return undefined;
      refusals -= 1;
      return failed;
    });
    const history: HistoryEvent[] = [];
    expect(await clientOf(fake, 'abd', history).put('k', 'v')).toMatchObject({ outcome: 'ok' });
    expect(new Set(fake.calls)).toEqual(new Set(['A abd.put', 'B abd.put', 'C abd.put']));
    expect(history.map(({ type }) => type)).toEqual(['invoke', 'ok']);
  });

  it('of Raft repeats what may have happened in the same place of its session: it is applied once', async () => {
    const { bug, cluster } = lateBug('raft.transact', unknown, failed, null);
    const client = clientOf(new FakeCluster(bug), 'raft');
    expect(await client.cas('k', null, 'mine')).toMatchObject({ outcome: 'ok' });
    expect(cluster().store.get('k')).toBe('mine');
    expect(cluster().calls.filter((call) => call.endsWith('transact'))).toHaveLength(3);
  });

  it('of registers does not repeat it: the second time it would be another write', async () => {
    const { bug, cluster } = lateBug('abd.put', unknown);
    const history: HistoryEvent[] = [];
    expect(await clientOf(new FakeCluster(bug), 'abd', history).put('k', 'v')).toMatchObject({
      outcome: 'unknown',
    });
    expect(cluster().calls).toHaveLength(1);
    expect(history.map(({ type }) => type)).toEqual(['invoke', 'info']);
  });

  it('does not call failed what an earlier attempt left open', async () => {
    let attempts = 0;
    const fake = new FakeCluster((_, method) => {
      if (method !== 'raft.transact') return undefined;
      attempts += 1;
      return attempts === 1 ? unknown : failed;
    });
    expect(await clientOf(fake, 'raft').put('k', 'v')).toMatchObject({
      outcome: 'unknown',
      code: 'no-leader',
      reason: expect.stringMatching(/what became of an earlier one is not known/) as string,
    });
  });

  it('writes down a comparison that did not hold as one that was made', async () => {
    const history: HistoryEvent[] = [];
    const client = clientOf(new FakeCluster(), 'raft', history);
    expect(await client.cas('k', 'other', 'mine')).toMatchObject({ outcome: 'failed', code: 'assertion' });
    expect(history.at(-1)).toMatchObject({ type: 'ok', applied: false });
    expect([client.ended, client.completed]).toEqual([1, 1]);
  });
});

async function run(
  name: TestName,
  bug?: Bug,
  haveRulesEffect = true,
): Promise<TestResult & { rules: number }> {
  const test = findTest(name, 'raft');
  if (typeof test === 'string') throw new Error(test);
  const port = new FakeCluster(bug, haveRulesEffect);
  const options = { algorithm: 'raft', seed: 1, durationMs: 1000, faults: ['isolate'] } as const;
  const result = await runTest(test, options, {
    port,
    actions: [],
    signal: new AbortController().signal,
    onStep: () => undefined,
    onProgress: () => undefined,
  });
  return { ...result, rules: port.rules.size };
}

/** C answers reads with what the last write overwrote. */
function staleReads(): Bug {
  const overwritten = new Map<string, string | null>();
  return (member, method, [first], store) => {
    if (method === 'raft.transact')
      for (const { key } of first as Instruction[]) overwritten.set(key, store.get(key) ?? null);
    if (member !== 'C' || method !== 'raft.get') return undefined;
    return { outcome: 'ok', value: overwritten.get(String(first)) ?? null };
  };
}

/** Every seventh write is acknowledged, and lost. */
function lostWrites(): Bug {
  let count = 0;
  return (_, method) => {
    if (method !== 'raft.transact') return undefined;
    count += 1;
    return count % 7 === 0 ? { outcome: 'ok', index: 1, term: 1 } : undefined;
  };
}

describe('a member that is to be removed', () => {
  async function removed(...answers: unknown[]): Promise<unknown> {
    const bug: Bug = (_, method) => (method === 'raft.removeMember' ? answers.shift() : undefined);
    const run = new TestRun(
      { algorithm: 'raft', seed: 1, durationMs: 1000, faults: [] },
      {
        ...{ port: new FakeCluster(bug), actions: [], random: createRandom(1) },
        ...{ signal: new AbortController().signal, onStep: () => undefined, onProgress: () => undefined },
      },
    );
    await run.settle(3);
    return run.removeMember('C');
  }
  const refused = { outcome: 'failed', code: 'change-refused', reason: 'another change is under way' };
  const done = { outcome: 'ok', index: 1, term: 1 };

  it('waits for changes that are under way', async () => {
    expect(await removed(refused, refused, done)).toEqual(done);
  });

  it('waits for nothing else, since what is uncertain may have been done', async () => {
    const unknown = { outcome: 'unknown', code: 'lost-leadership', reason: 'deposed' };
    expect(await removed(unknown, done)).toEqual(unknown);
  });
});

describe('the tests', () => {
  it.each<TestName>([
    'read-after-write',
    'fault-tolerant-linearizability',
    'eventual-consistency',
    'state-machine',
  ])('%s passes on a cluster that is in order, and leaves nothing behind', async (name) => {
    const { report, rules } = await run(name);
    expect([report.error, rules]).toEqual([undefined, 0]);
    expect(report).toMatchObject({ name, passed: true });
  });

  it.each<[TestName, Bug, RegExp]>([
    ['read-after-write', staleReads(), /C read .* after .* was acknowledged/],
    ['fault-tolerant-linearizability', staleReads(), /an overwritten value/],
    ['state-machine', lostWrites(), /refused to the only client|given twice|another (count|number)/],
    ['nemesis', staleReads(), /^The history is judged not linearizable\.$/],
  ])('%s fails on one that is not', async (name, bug, error) => {
    const { report, rules } = await run(name, bug);
    expect(report.passed).toBe(false);
    expect(report.error).toMatch(error);
    expect(rules).toBe(0);
  });

  it(
    'a nemesis whose rules do nothing is no test, however good the history',
    { timeout: 60_000 },
    async () => {
      const { report } = await run('nemesis', undefined, false);
      expect(report).toMatchObject({ passed: false, verdict: 'linearizable' });
      expect(report.error).toMatch(/^isolate: did not strike, or without effect/);
    },
  );

  it('a nemesis on a cluster with stale reads is judged not linearizable', async () => {
    expect((await run('nemesis', staleReads())).report.verdict).toBe('not linearizable');
  });
});
