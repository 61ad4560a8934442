import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestReport } from '../../src/api.ts';
import type { MonitorReport } from '../../src/cli/merge-files.ts';
import { runClient, runCommand, type ClientResult } from './support/client-command.ts';
import { expect, test, TestServer } from './support/fixtures.ts';
import { buildMutant } from './support/mutant-build.ts';

/** `npm run test:nemesis` makes it 90; whatever it is, every kind of fault has to strike. */
const SECONDS = Number(process.env['NEMESIS_SECONDS'] ?? 20);

const EVERY_FAULT = [
  ...['isolate', 'split', 'majorities-ring', 'bridge', 'one-way', 'flaky', 'slow', 'swizzle', 'hold'],
  ...['pause', 'crash', 'restart', 'campaign', 'wipe'],
  ...['reload', 'freeze', 'kill-tab', 'kill-browser'],
];

test.describe.configure({ mode: 'parallel', timeout: 120_000 + 8000 * SECONDS });

/** In a browser as a person runs it, from outside: tabs are killed, reloaded and frozen, and the browser is killed. */
async function nemesis(
  url: string,
  algorithm: string,
  seed: number,
  logDir: string,
): Promise<ClientResult & { report: TestReport }> {
  const what = ['--algorithm', algorithm, '--test', 'nemesis', '--seed', `${seed}`, '--log-dir', logDir];
  const result = await runClient(['--url', url, ...what, '--duration', `${SECONDS}s`]);
  const [report] = result.reports;
  if (report === undefined) throw new Error(`There is no report: ${result.err}`);
  return { ...result, report };
}

/** The merged trace breaks no promise, and what each node was last fed replays to the same effects. */
function expectGoodTrace(logDir: string): void {
  const merged = runCommand('monitor', [
    '--log-dir',
    logDir,
    '--output',
    join(logDir, 'merged.txt'),
    '--json',
  ]);
  expect(merged.err).not.toContain('Error');
  const { events, damagedLines, contradictions, verdicts } = JSON.parse(merged.out) as MonitorReport;
  expect({ damagedLines, contradictions, status: merged.status }).toEqual({
    ...{ damagedLines: 0, contradictions: 0, status: 0 },
  });
  expect(events).toBeGreaterThan(1000);
  for (const { invariant, verdict } of verdicts) expect([invariant, verdict]).toEqual([invariant, 'holds']);
  const recordings = readdirSync(logDir).filter((file) => file.endsWith('.recording.jsonl'));
  expect(recordings.length).toBeGreaterThanOrEqual(3);
  const replayed = runCommand(
    'replay',
    recordings.map((file) => join(logDir, file)),
  );
  expect(replayed.out.trimEnd().split('\n')).toHaveLength(recordings.length);
  for (const line of replayed.out.trimEnd().split('\n')) expect(line).toMatch(/: the same as recorded$/);
  expect(replayed.status).toBe(0);
}

for (const algorithm of ['raft', 'abd']) {
  test(`${algorithm} is linearizable while every fault strikes, and its trace says the same`, async ({
    server,
    profile,
  }) => {
    const seed = Math.floor(Math.random() * 1e6);
    const { report, status, err } = await nemesis(server.url, algorithm, seed, profile);
    expect(report.error ?? 'it passed', err).toBe('it passed');
    expect(report).toMatchObject({ passed: true, verdict: 'linearizable' });
    expect(report.completed).toBeGreaterThanOrEqual((SECONDS * 100) / 3);
    expect(Object.keys(report.faults).sort()).toEqual([...EVERY_FAULT].sort());
    expect(status).toBe(0);
    const description = `${report.completed} operations in ${(report.durationMs / 1000).toFixed(0)} s`;
    test.info().annotations.push({ type: 'measured', description });
    expectGoodTrace(profile);
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
      const { report, status, err } = await nemesis(server.url, algorithm, 1, join(profile, 'logs'));
      expect(report).toMatchObject({ passed: false, verdict: 'not linearizable' });
      expect(report.error).toBe('The history is judged not linearizable.');
      expect(status).toBe(1);
      expect(err).toContain(`again: npm run client -- --url ${server.url} --tabs 3 --algorithm ${algorithm}`);
    } finally {
      await server.stop();
    }
  });
}
