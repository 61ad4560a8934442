import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchCore, CORE_BENCHMARKS, type CoreResult } from '../bench/core.ts';
import { exitStatusOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run bench -- [core] [--runs N] [--json]
       npm run bench -- soak [--writes N] [--json]
       npm run bench -- trace [--runs N] [--json]

  core        three nodes in one process, memory in place of disks, a function call in place of a
              network: entries of 100 bytes a second, committed and delivered on all three
  soak        small writes through three tabs of an installed browser: what tabs and databases
              occupy in the course of it; needs a built page (npm run build)
  trace       what recording a trace costs: writes a second through three tabs of an installed
              browser with and without it; needs a built page (npm run build)

  --runs N    runs of each; the median is printed, with the slowest and the fastest (7)
  --writes N  with soak: how many (1000000)
  --json      one JSON object instead of a table (with npm run -s, nothing else)
  --help      this

Exit status: 0; 1 a write was lost; 2 bad usage; 130 interrupted.`;

interface Row {
  readonly name: string;
  readonly median: CoreResult;
  readonly slowest: number;
  readonly fastest: number;
}

let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});

process.exitCode = await exitStatusOf('bench', main);

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      writes: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [name = 'core', ...more] = positionals;
  if (more.length > 0) throw new UsageError('Expected one benchmark at a time.');
  if (name !== 'soak' && values.writes !== undefined) throw new UsageError('--writes goes with soak');
  if (name === 'soak' && values.runs !== undefined) throw new UsageError('--runs goes with core and trace');
  if (name === 'soak') await runSoak(integer('--writes', values.writes ?? '1000000'), values.json);
  else if (name === 'core') await runCore(integer('--runs', values.runs ?? '7'), values.json);
  else if (name === 'trace') await runTrace(integer('--runs', values.runs ?? '7'), values.json);
  else throw new UsageError(`There is no benchmark "${name}", only core, soak and trace.`);
  return isInterrupted ? 130 : 0;
}

function integer(name: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new UsageError(`${name}: expected a number from 1 on, received "${text}"`);
  return Number(text);
}

async function runCore(runs: number, json: boolean): Promise<void> {
  const rows = await benchAll(runs);
  if (json) console.log(JSON.stringify({ machine: machine(), core: rows }));
  else printTable(rows);
}

/** The browser is only loaded where it is needed. */
async function runSoak(writes: number, json: boolean): Promise<void> {
  const { soak } = await import('../bench/soak.ts');
  const told = json ? console.error : console.log;
  told(
    `${'writes'.padStart(10)}${'writes/s'.padStart(10)}${'log'.padStart(8)}${'databases'.padStart(12)}${'browser'.padStart(12)}`,
  );
  const samples = await soak({
    writes,
    inFlight: 256,
    keys: 1000,
    onSample: ({ writes: done, writesPerSecond, snapshotIndex, lastIndex, databaseBytes, browserBytes }) => {
      const sizes = [databaseBytes, browserBytes].map((bytes) => megabytes(bytes).padStart(12)).join('');
      const log = whole(lastIndex - snapshotIndex).padStart(8);
      told(`${whole(done).padStart(10)}${whole(writesPerSecond).padStart(10)}${log}${sizes}`);
      return !isInterrupted;
    },
  });
  if (json) console.log(JSON.stringify({ machine: machine(), soak: samples }));
}

async function runTrace(runs: number, json: boolean): Promise<void> {
  const { benchTrace } = await import('../bench/trace.ts');
  const result = await benchTrace({
    ...{ runs, inFlight: 64, durationMs: 5000 },
    onRun: (isTraced, writesPerSecond) => {
      console.error(`${isTraced ? 'with' : 'without'} a trace: ${whole(writesPerSecond)} writes/s`);
      return !isInterrupted;
    },
  });
  if (isInterrupted) return;
  const [traced, untraced] = [spreadOf(result.traced), spreadOf(result.untraced)];
  const cost = 1 - traced.median / untraced.median;
  if (json) {
    console.log(JSON.stringify({ machine: machine(), traced, untraced, cost }));
    return;
  }
  console.log(`trace: three tabs, 100-byte writes, 64 in flight (${machine()})\n`);
  for (const [what, { median, slowest, fastest }] of [
    ['without a trace', untraced],
    ['with it', traced],
  ] as const)
    console.log(
      `${what.padEnd(18)}${whole(median).padStart(8)} writes/s   ${whole(slowest)} to ${whole(fastest)}`,
    );
  console.log(`it costs ${(100 * cost).toFixed(1)} % of throughput`);
}

interface Spread {
  readonly median: number;
  readonly slowest: number;
  readonly fastest: number;
}

function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const [slowest = 0] = sorted;
  return { median: sorted[sorted.length >> 1] ?? 0, slowest, fastest: sorted.at(-1) ?? 0 };
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e6).toFixed(1)} MB`;
}

async function benchAll(runs: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const benchmark of CORE_BENCHMARKS) {
    const results: CoreResult[] = [];
    while (results.length < runs && !isInterrupted) {
      results.push(benchCore(benchmark, () => performance.now()));
      // Lets an interrupt through.
      await new Promise((resolve) => setImmediate(resolve));
    }
    results.sort((a, b) => a.entriesPerSecond - b.entriesPerSecond);
    const median = results[results.length >> 1];
    const [slowest, fastest] = [results[0], results.at(-1)];
    if (median === undefined || slowest === undefined || fastest === undefined) break;
    const { name } = benchmark;
    rows.push({ name, median, slowest: slowest.entriesPerSecond, fastest: fastest.entriesPerSecond });
  }
  return rows;
}

function machine(): string {
  return `${cpus().length} × ${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}`;
}

function printTable(rows: readonly Row[]): void {
  console.log(`core: three nodes, one process, 100-byte entries (${machine()})\n`);
  console.log(`${''.padEnd(38)}${'entries/s'.padStart(12)}${'µs/entry'.padStart(10)}   slowest to fastest`);
  for (const { name, median, slowest, fastest } of rows) {
    const perSecond = whole(median.entriesPerSecond).padStart(12);
    const each = median.microsecondsPerEntry.toFixed(2).padStart(10);
    console.log(`${name.padEnd(38)}${perSecond}${each}   ${whole(slowest)} to ${whole(fastest)}`);
  }
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
