import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestReport, TestRunOptions } from '../../src/api.ts';
import { operationsOf, type HistoryEvent } from '../../src/check/history.ts';
import { PRESETS } from '../../src/proxy/presets.ts';
import { runClient } from './support/client-command.ts';
import type { Tab } from './support/fixtures.ts';
import { expect, openCluster, openTabs, ROOT, test, TestServer } from './support/fixtures.ts';

test.describe.configure({ mode: 'parallel' });

const run = (tab: Tab, name: string, options: TestRunOptions): Promise<TestReport> =>
  tab.page.evaluate(([chosen, o]) => window.tabraft.tests.run(chosen, o), [name, options] as const);
const rules = (tab: Tab): Promise<string[]> =>
  tab.page.evaluate(async () => (await window.tabraft.faults.list()).map(({ id }) => id));

/** A server whose clusters want so many voters. */
async function serverFor(voters: number, directory: string): Promise<TestServer> {
  const config = JSON.parse(await readFile(join(ROOT, 'config.json'), 'utf8')) as { servers: unknown[] };
  config.servers = ['A', 'B', 'C', 'D', 'E'].slice(0, voters).map((name) => ({ name }));
  const file = join(directory, 'tabraft-config.json');
  await writeFile(file, JSON.stringify(config));
  const server = new TestServer(file);
  await server.start();
  return server;
}

for (const voters of [3, 5]) {
  test(`the consistency tests pass on ${voters} tabs, and the nemesis of each preset`, async ({
    profile,
    realBrowser,
  }) => {
    test.setTimeout(1_200_000);
    const server = await serverFor(voters, profile);
    try {
      const tabs = await openTabs(realBrowser, server.url, voters);
      const runner = tabs[voters - 1];
      if (runner === undefined) throw new Error('no tab');
      for (const algorithm of ['raft', 'abd'] as const) {
        for (const name of ['read-after-write', 'fault-tolerant-linearizability', 'eventual-consistency']) {
          const report = await run(runner, name, { algorithm, seed: voters });
          expect(report.error ?? 'it passed', `${name}, ${algorithm}`).toBe('it passed');
          expect(report).toMatchObject({ name, algorithm, passed: true, verdict: 'linearizable' });
        }
        for (const { name } of PRESETS) {
          const report = await run(runner, 'nemesis', { algorithm, durationMs: 3000, faults: [name] });
          expect(report.error ?? 'it passed', `${name}, ${algorithm}`).toBe('it passed');
          expect(report.faults[name]).toBeGreaterThan(0);
        }
      }
      const machine = await run(runner, 'state-machine', {});
      expect(machine.error ?? 'it passed').toBe('it passed');
      for (const tab of tabs) expect(await rules(tab)).toEqual([]);
    } finally {
      await server.stop();
    }
  });
}

test('one test at a time, cancelled ones heal what they broke, and so do the others for a tab that went', async ({
  context,
  server,
}) => {
  const tabs = await openCluster(context, server.url, 3);
  const [a, b, c] = tabs;
  if (a === undefined || b === undefined || c === undefined) throw new Error('three tabs');
  await expect(run(a, 'speed', {})).rejects.toThrow(/There is no test "speed", only read-after-write/);
  await expect(run(a, 'state-machine', { algorithm: 'abd' })).rejects.toThrow(/is for raft, not for "abd"/);
  await expect(run(a, 'nemesis', { seed: -1 })).rejects.toThrow(/seed: expected an integer/);

  const cancelled = run(a, 'nemesis', { durationMs: 60_000, faults: ['isolate'] });
  await expect.poll(() => rules(c)).toHaveLength(2);
  await expect(run(a, 'read-after-write', {})).rejects.toThrow(/nemesis is under way/);
  await expect(run(b, 'read-after-write', {})).rejects.toThrow(/The tab of A runs a test/);
  await a.page.evaluate(() => window.tabraft.tests.cancel());
  expect(await cancelled).toMatchObject({ passed: false, cancelled: true, error: 'Cancelled.' });
  for (const tab of tabs) expect(await rules(tab)).toEqual([]);

  const abandoned = run(b, 'nemesis', { durationMs: 60_000, faults: ['isolate'] }).catch(() => 'gone');
  await expect.poll(() => rules(c)).toHaveLength(2);
  await b.page.close();
  expect(await abandoned).toBe('gone');
  for (const tab of [a, c]) await expect.poll(() => rules(tab)).toEqual([]);
  expect(await a.put('key', 'written', 30_000)).toMatchObject({ outcome: 'ok' });
});

test('the page runs a test from the keyboard alone, and shows the verdict with its picture', async ({
  context,
  server,
}) => {
  const [, tab] = await openCluster(context, server.url, 3);
  if (tab === undefined) throw new Error('three tabs');
  const { page } = tab;
  await page.getByLabel('Test', { exact: true }).focus();
  await page.keyboard.type('fault');
  // Past the algorithm and the seed.
  for (let stops = 0; stops < 3; stops += 1) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('progressbar')).toBeVisible();
  const result = page.getByRole('status', { name: 'Result' });
  await expect(result).toHaveText('fault-tolerant-linearizability passed', { timeout: 60_000 });
  await expect(page.getByText('The checker: linearizable.')).toBeVisible();
  await expect(page.getByText('healed: C read at once what was written without it')).toBeAttached();
  const bar = page.getByRole('img', { name: /^first writer: put "before"\. Number 1: it finds nothing/ });
  await bar.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page.getByRole('status', { name: 'The operation pointed at' })).toHaveText(
    /writer at .*Number 2/,
  );
});

test('npm run client leaves the history, and each node’s log, trace and recording, and says what became of the tests', async ({
  server,
  profile,
}) => {
  const here = ['--url', server.url, '--log-dir', profile, '--seed', '11'];
  const { status, reports, err } = await runClient([...here, '--test', 'read-after-write']);
  expect(reports).toMatchObject([
    { name: 'read-after-write', algorithm: 'raft', seed: 11, passed: true },
    { name: 'read-after-write', algorithm: 'abd', seed: 11, passed: true },
  ]);
  expect(err).toContain('passed in');
  expect(status).toBe(0);
  const histories = ['raft', 'abd'].map((algorithm) => `history-${algorithm}-read-after-write-11.jsonl`);
  const perNode = ['A', 'B', 'C'].flatMap((name) => [
    `${name}.log`,
    `${name}.trace.jsonl`,
    `${name}.recording.jsonl`,
  ]);
  expect((await readdir(profile)).sort()).toEqual([...perNode, ...histories].sort());
  const history = await readFile(join(profile, histories[0] ?? ''), 'utf8');
  expect(
    operationsOf(
      history
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as HistoryEvent),
    ).ok,
  ).toBe(true);
  expect(await readFile(join(profile, 'A.log'), 'utf8')).toContain('leads term');
});

test('npm run client heals what it broke when it is interrupted', async ({ server, profile }) => {
  const here = ['--url', server.url, '--log-dir', profile];
  const options = ['--algorithm', 'raft', '--test', 'nemesis', '--duration', '10m'];
  const { status, reports, err } = await runClient([...here, ...options], ' operations; now ');
  expect(err).toContain('Interrupted: healing what is broken');
  expect(reports).toMatchObject([{ name: 'nemesis', passed: false, error: 'Cancelled.' }]);
  expect(status).toBe(130);
});

test('npm run client says so where no cluster can be formed', async ({ server, profile }) => {
  await server.stop();
  const { status, reports, err } = await runClient(['--url', server.url, '--log-dir', profile]);
  expect(reports).toEqual([]);
  expect(err).toMatch(/There is no page at .*ECONNREFUSED.*npm start/);
  expect(status).toBe(1);
});
