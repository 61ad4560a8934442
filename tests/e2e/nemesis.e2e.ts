import { setMaxListeners } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatHistory } from '../../src/check/history.ts';
import type { Algorithm } from '../../src/client/endpoint.ts';
import { runTest, type TestResult } from '../../src/client/runner.ts';
import { findTest } from '../../src/client/tests/catalog.ts';
import { DRIVEN_ACTIONS, DrivenCluster } from '../../src/drive/driven-cluster.ts';
import { expect, ROOT, test, TestServer } from './support/fixtures.ts';
import { LAUNCH } from './support/launch.ts';
import { buildMutant } from './support/mutant-build.ts';

/** `npm run test:nemesis` makes it 90; whatever it is, every kind of fault has to strike. */
const SECONDS = Number(process.env['NEMESIS_SECONDS'] ?? 20);
const LOGS = join(ROOT, 'logs');

const EVERY_FAULT = [
  ...['isolate', 'split', 'majorities-ring', 'bridge', 'one-way', 'flaky', 'slow', 'swizzle', 'hold'],
  ...['pause', 'crash', 'restart', 'campaign', 'wipe'],
  ...['reload', 'freeze', 'kill-tab', 'kill-browser'],
];

test.describe.configure({ timeout: 120_000 + 8000 * SECONDS });

/** In a browser as a person runs it, from outside: tabs are killed, reloaded and frozen, and the browser is killed. */
async function nemesis(url: string, algorithm: Algorithm, seed: number): Promise<TestResult> {
  const definition = findTest('nemesis', algorithm);
  if (typeof definition === 'string') throw new Error(definition);
  const cluster = await DrivenCluster.open({
    executablePath: LAUNCH.executablePath,
    url,
    tabs: 3,
    onLine: () => undefined,
  });
  try {
    const { signal } = new AbortController();
    // Every client that waits listens.
    setMaxListeners(0, signal);
    const options = { algorithm, seed, durationMs: 1000 * SECONDS, faults: [] };
    const result = await runTest(definition, options, {
      port: cluster,
      actions: DRIVEN_ACTIONS,
      signal,
      onStep: () => undefined,
      onProgress: () => undefined,
    });
    mkdirSync(LOGS, { recursive: true });
    writeFileSync(join(LOGS, `history-${algorithm}-nemesis-${seed}.jsonl`), formatHistory(result.history));
    return result;
  } finally {
    await cluster.close();
  }
}

for (const algorithm of ['raft', 'abd'] as const) {
  test(`${algorithm} is linearizable while every fault strikes`, async ({ server }) => {
    const seed = Math.floor(Math.random() * 1_000_000);
    const { report } = await nemesis(server.url, algorithm, seed);
    const again = `npm run client -- --algorithm ${algorithm} --test nemesis --seed ${seed} --duration ${SECONDS}s`;
    expect(report.error ?? 'it passed', again).toBe('it passed');
    expect(report).toMatchObject({ passed: true, verdict: 'linearizable' });
    expect(report.completed).toBeGreaterThanOrEqual((SECONDS * 100) / 3);
    expect(Object.keys(report.faults).sort()).toEqual([...EVERY_FAULT].sort());
  });
}

for (const [algorithm, mutant] of [
  ['raft', 'applies-twice'],
  ['abd', 'abd-one-reply'],
] as const) {
  test(`the same nemesis catches ${mutant}`, async ({ profile }) => {
    await buildMutant(mutant, profile);
    const server = new TestServer(undefined, profile);
    await server.start();
    try {
      const { report } = await nemesis(server.url, algorithm, 1);
      expect(report).toMatchObject({ passed: false, verdict: 'not linearizable' });
      expect(report.error).toBe('The history is judged not linearizable.');
    } finally {
      await server.stop();
    }
  });
}
