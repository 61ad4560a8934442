import { setMaxListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { TestReport } from '../api.ts';
import { formatHistory } from '../check/history.ts';
import type { Algorithm } from '../client/endpoint.ts';
import { runTest } from '../client/runner.ts';
import { findTest, TESTS } from '../client/tests/catalog.ts';
import { DRIVEN_ACTIONS, DrivenCluster } from '../drive/driven-cluster.ts';
import { findOrInstallBrowser } from '../../scripts/browser.mjs';
import { build, ROOT } from '../../scripts/setup.mjs';
import { readConfig, startServer, type RunningServer } from '../../signaling/http.ts';
import { NodeLogs, ProgressLine } from './output.ts';
import { durationOf, exitStatusOf, integerOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run client -- [--url URL] [--tabs N] [--algorithm raft|abd|both] [--test NAME]... [--seed N]
                             [--duration TIME] [--config FILE] [--log-dir DIR] [--json]

Opens tabs in an installed browser, with a profile of its own, and runs consistency tests against
the cluster they form. Without --url it builds the page and serves it itself.

  --url URL          of a running server (npm start)
  --tabs N           how many, from 1 to 9 (3)
  --algorithm NAME   raft, abd or both (both)
  --test NAME        may be repeated; unless given, all that so many tabs can do:
${TESTS.map(({ name, about }) => `                     ${name}:\n                       ${about}`).join('\n')}
  --seed N           what the tests choose at random (a random one)
  --duration TIME    of the nemesis, as 30s or 2m (30s)
  --config FILE      for the server that it starts itself (config.json)
  --log-dir DIR      for the histories and each node's log (logs)
  --json             one JSON object a test (with npm run -s, nothing else), progress on standard error
  --help             this

A history is in DIR/history-ALGORITHM-TEST-SEED.jsonl, for npm run check. Of each node there are DIR/NAME.log,
what it had to say, and DIR/NAME.trace.jsonl, what it did, for npm run monitor, and of those that run at the end
DIR/NAME.recording.jsonl, what their cores were last fed, for npm run replay; those of an earlier run are removed.
WebRTC needs a network interface besides loopback (README).

Exit status: 0 all passed; 1 one failed, or the cluster did not form; 2 bad usage; 130 interrupted.`;

const ANSWER_TIMEOUT_MS = 10_000;

const interrupt = new AbortController();
// Every client that waits listens.
setMaxListeners(0, interrupt.signal);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    // Once more: whoever cannot wait for the faults to be healed.
    if (interrupt.signal.aborted) process.exit(130);
    console.error('Interrupted: healing what is broken …');
    interrupt.abort();
  });

process.exitCode = await exitStatusOf('client', main);

interface Options {
  readonly url: string | undefined;
  readonly tabs: number;
  readonly algorithms: readonly Algorithm[];
  /** Null: all that so many tabs can do. */
  readonly tests: readonly string[] | null;
  readonly seed: number;
  readonly durationMs: number;
  readonly config: string | undefined;
  readonly logDir: string;
  readonly json: boolean;
}

interface Planned {
  readonly test: Exclude<ReturnType<typeof findTest>, string>;
  readonly algorithm: Algorithm;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      tabs: { type: 'string', default: '3' },
      algorithm: { type: 'string', default: 'both' },
      test: { type: 'string', multiple: true },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      duration: { type: 'string', default: '30s' },
      config: { type: 'string' },
      'log-dir': { type: 'string', default: 'logs' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const { url, config, json } = values;
  if (url !== undefined && !/^https?:\/\/[^#]+$/.test(url))
    throw new UsageError(`--url: expected http:// or https://, without a fragment, received "${url}"`);
  if (url !== undefined && config !== undefined)
    throw new UsageError('--config is for the server that is started without --url');
  if (config !== undefined) await expectConfig(config);
  const algorithms = algorithmsOf(values.algorithm);
  return run({
    ...{ url, json, algorithms, tests: values.test ?? null },
    tabs: integerOf('--tabs', values.tabs, 1, 9),
    seed: integerOf('--seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    durationMs: durationOf('--duration', values.duration, 1000, 3_600_000),
    config,
    logDir: values['log-dir'],
  });
}

/** Before the page is built for it. */
async function expectConfig(file: string): Promise<void> {
  const checked = await readConfig(file);
  if (!checked.ok) throw new UsageError(`--config: ${checked.problems.join('; ')}`);
}

function algorithmsOf(text: string): Algorithm[] {
  if (text === 'both') return ['raft', 'abd'];
  if (text === 'raft' || text === 'abd') return [text];
  throw new UsageError(`--algorithm: expected raft, abd or both, received "${text}"`);
}

/** What is to be run: of the tests named, each with every algorithm that it is for. */
function planOf({ tests, algorithms, tabs }: Options): Planned[] {
  if (tests === null)
    return TESTS.filter(({ voters }) => voters <= tabs).flatMap(({ name }) => plansOf(name, algorithms));
  return tests.flatMap((name) => {
    const plans = plansOf(name, algorithms);
    const needs = plans[0]?.test.voters ?? 0;
    if (needs > tabs) throw new UsageError(`--tabs: ${name} needs ${needs}`);
    if (plans.length > 0) return plans;
    const refusal = findTest(name, algorithms[0] ?? '');
    throw new UsageError(typeof refusal === 'string' ? refusal : `--test: ${name} cannot be run`);
  });
}

function plansOf(name: string, algorithms: readonly Algorithm[]): Planned[] {
  return algorithms.flatMap((algorithm): Planned[] => {
    const test = findTest(name, algorithm);
    return typeof test === 'string' ? [] : [{ test, algorithm }];
  });
}

async function run(options: Options): Promise<number> {
  const plan = planOf(options);
  const log = new NodeLogs(options.logDir);
  const executablePath = findOrInstallBrowser();
  let server: RunningServer | null = null;
  let cluster: DrivenCluster | null = null;
  try {
    if (options.url === undefined) server = await serve(options.config);
    else await expectServer(options.url);
    const url = options.url ?? `http://localhost:${server?.port ?? 0}/`;
    log.clear();
    console.error(`Opening ${options.tabs} tabs at ${url} …`);
    cluster = await DrivenCluster.open({
      executablePath,
      url,
      tabs: options.tabs,
      onLine: (name, line) => log.write(name, line),
      onTrace: (name, lines) => log.writeTrace(name, lines),
    });
    const reports: TestReport[] = [];
    for (const planned of plan) {
      if (interrupt.signal.aborted) break;
      reports.push(await runOne(options, cluster, planned));
    }
    for (const { name, text } of await cluster.recordings()) log.writeRecording(name, text);
    if (!options.json) summarize(reports);
    if (interrupt.signal.aborted) return 130;
    return reports.every(({ passed }) => passed) ? 0 : 1;
  } finally {
    await cluster?.close();
    await server?.close();
  }
}

/** A browser would say nothing for a long time. */
async function expectServer(url: string): Promise<void> {
  const problem = await fetch(url, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }).then(
    ({ ok, status, statusText }) => (ok ? null : `it answers ${status} ${statusText}`),
    (error: unknown) => reasonOf(error),
  );
  if (problem !== null)
    throw new Error(`There is no page at ${url}: ${problem}. Is the server running (npm start)?`);
}

/** Of a fetch, which keeps it in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

async function serve(configFile = join(ROOT, 'config.json')): Promise<RunningServer> {
  console.error('Building the page …');
  await build();
  return startServer({ port: 0, host: null, distDir: join(ROOT, 'dist'), configFile });
}

async function runOne(options: Options, cluster: DrivenCluster, planned: Planned): Promise<TestReport> {
  const { seed, durationMs, json, logDir } = options;
  const { test, algorithm } = planned;
  const tell = json ? console.error : console.log;
  const progress = new ProgressLine();
  tell(`\n${test.name} (${algorithm}, seed ${seed})`);
  const { report, history } = await runTest(
    test,
    { algorithm, seed, durationMs, faults: [] },
    {
      port: cluster,
      actions: DRIVEN_ACTIONS,
      signal: interrupt.signal,
      onStep: (text) => {
        progress.clear();
        tell(`  ${text}`);
      },
      onProgress: ({ fraction, text }) => progress.show(`  ${Math.round(100 * fraction)} %, ${text}`),
    },
  );
  progress.clear();
  if (history.length > 0) {
    const file = join(logDir, `history-${algorithm}-${test.name}-${seed}.jsonl`);
    writeFileSync(file, formatHistory(history));
    tell(`  history: ${file}`);
  }
  if (json) console.log(JSON.stringify(report));
  if (report.passed) tell(`  passed in ${(report.durationMs / 1000).toFixed(1)} s`);
  else tell(`  FAILED: ${report.error}\n  again: ${repeating(options, planned)}`);
  return report;
}

/** The command that runs it again. */
function repeating({ url, config, tabs, seed, durationMs }: Options, { test, algorithm }: Planned): string {
  return [
    'npm run client --',
    ...(url === undefined ? [] : [`--url ${url}`]),
    ...(config === undefined ? [] : [`--config ${config}`]),
    `--tabs ${tabs} --algorithm ${algorithm} --test ${test.name} --seed ${seed}`,
    ...(test.name === 'nemesis' ? [`--duration ${durationMs / 1000}s`] : []),
  ].join(' ');
}

function summarize(reports: readonly TestReport[]): void {
  console.log('');
  for (const { name, algorithm, passed, operations, durationMs, verdict } of reports) {
    const columns = [
      passed ? 'passed' : 'FAILED',
      algorithm.padEnd(4),
      name.padEnd(31),
      `${operations} operations`.padStart(16),
      `${(durationMs / 1000).toFixed(1)} s`.padStart(8),
      verdict ?? '',
    ];
    console.log(columns.join('  ').trimEnd());
  }
  const failed = reports.filter(({ passed }) => !passed).length;
  console.log(`${reports.length - failed} passed, ${failed} failed`);
}
