import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import type { BenchContext, Benchmark, Row } from '../bench/benchmark.ts';
import { BENCHMARKS } from '../bench/catalog.ts';
import type { Lab } from '../bench/lab.ts';
import { machine, tableOf, type Results } from '../bench/report.ts';
import { messageOf } from '../error-text.ts';
import { exitStatusOf, integerOf, UsageError } from './usage.ts';

const LONG = BENCHMARKS.filter(({ isLong }) => isLong)
  .map(({ name }) => name)
  .join(', ');

const HELP = `Usage: npm run bench [-- [--quick] [--runs N] [--json] [--compare FILE] [--save] [NAME...]]

Measures what the cluster costs, in real tabs of an installed browser, and prints a table: each figure is a
median over several runs with its spread, beside its floor, measured in turn with it in the same browser.

${BENCHMARKS.map(({ name, about }) => `  ${name.padEnd(16)}${about}`).join('\n')}

Without a NAME: all of them but ${LONG}, one after the other.

  --quick         few runs, small numbers: to see that it works, not how fast
  --runs N        runs of each figure (7; with --quick 3)
  --json          one JSON object instead of the table (with npm run -s, nothing else)
  --compare FILE  beside each figure its ratio to that in FILE, which --json wrote
  --save          also into docs/performance: the results, a page of them, and its pictures; of benchmarks
                  that were not run, what was saved earlier stays
  --help          this

It builds the page by itself. How far it has come stands on the standard error.
Exit status: 0; 1 something could not be measured; 2 bad usage; 130 interrupted.`;

interface Options {
  readonly chosen: readonly Benchmark[];
  readonly isQuick: boolean;
  readonly runs: number;
  readonly json: boolean;
  readonly before: Results | null;
  readonly isSaved: boolean;
}

let isInterrupted = false;

process.exitCode = await exitStatusOf('bench', main);

async function main(): Promise<number> {
  const options = readOptions();
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  const { rows, hasFailed } = await inLab((lab) => runAll(lab, options));
  if (isInterrupted) {
    tell('interrupted');
    return 130;
  }
  await report(rows, options);
  return hasFailed ? 1 : 0;
}

/** Browser and bundler are only loaded where something is to be measured. */
async function inLab<T>(use: (lab: Lab) => Promise<T>): Promise<T> {
  const { Lab } = await import('../bench/lab.ts');
  const lab = new Lab(tell);
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      isInterrupted = true;
      // What waits for the browser fails at that.
      void lab.close();
    });
  try {
    return await use(lab);
  } finally {
    await lab.close();
  }
}

/** Null: it is help that is wanted. */
function readOptions(): Options | null {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      json: { type: 'boolean', default: false },
      compare: { type: 'string' },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return null;
  if (values.save && values.quick) throw new UsageError('--save: what --quick measures is not worth keeping');
  return {
    chosen:
      positionals.length === 0 ? BENCHMARKS.filter(({ isLong }) => !isLong) : positionals.map(benchmarkNamed),
    isQuick: values.quick,
    runs: integerOf('--runs', values.runs ?? (values.quick ? '3' : '7'), 1),
    json: values.json,
    before: values.compare === undefined ? null : readResults(values.compare),
    isSaved: values.save,
  };
}

function benchmarkNamed(name: string): Benchmark {
  const benchmark = BENCHMARKS.find((other) => other.name === name);
  if (benchmark !== undefined) return benchmark;
  throw new UsageError(
    `There is no benchmark "${name}", only ${BENCHMARKS.map((other) => other.name).join(', ')}.`,
  );
}

function readResults(file: string): Results {
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results;
    if (Array.isArray(results.rows)) return results;
  } catch (error) {
    throw new UsageError(`--compare: ${file} cannot be read: ${messageOf(error)}`);
  }
  throw new UsageError(`--compare: ${file} holds no results of npm run bench -- --json`);
}

/** One that cannot be measured does not keep the others from it. */
async function runAll(
  lab: Lab,
  { chosen, isQuick, runs }: Options,
): Promise<{ rows: Row[]; hasFailed: boolean }> {
  const rows: Row[] = [];
  let hasFailed = false;
  for (const { name, run } of chosen) {
    const context: BenchContext = {
      ...{ isQuick, runs, lab, durationMs: isQuick ? 300 : 1500 },
      tell: (text) => tell(`${name}: ${text}`),
      checkInterrupt: () => {
        if (isInterrupted) throw new Error('interrupted');
      },
    };
    context.tell('begins');
    try {
      rows.push(...(await run(context)));
    } catch (error) {
      if (isInterrupted) break;
      hasFailed = true;
      context.tell(`failed: ${messageOf(error)}`);
    }
  }
  return { rows, hasFailed };
}

async function report(rows: readonly Row[], { isQuick, json, before, isSaved }: Options): Promise<void> {
  const measured = new Date().toISOString().slice(0, 10);
  const results: Results = {
    ...{ machine: machine(), isQuick },
    rows: rows.map((row) => ({ ...row, measured })),
  };
  if (json) console.log(JSON.stringify(results, null, 2));
  else console.log([results.machine, '', ...tableOf(rows, before)].join('\n'));
  if (!isSaved) return;
  const { save } = await import('../bench/save.ts');
  await save(join(ROOT, 'docs/performance'), results, BENCHMARKS);
}

function tell(text: string): void {
  console.error(text);
}
