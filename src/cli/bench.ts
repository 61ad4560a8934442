import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { benchCore, CORE_BENCHMARKS, type CoreResult } from '../bench/core.ts';

const HELP = `Usage: npm run bench -- [core] [--runs N] [--json]

  core        three nodes in one process, memory in place of disks, a function call in place of a
              network: entries of 100 bytes a second, committed and delivered on all three

  --runs N    runs of each; the median is printed, with the slowest and the fastest (7)
  --json      one JSON object instead of a table
  --help      this

Exit status: 0; 2 bad usage; 130 interrupted.`;

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

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nSee npm run bench -- --help`);
  process.exitCode = 2;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '7' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const unknown = positionals.find((name) => name !== 'core');
  if (unknown !== undefined) throw new Error(`There is no benchmark "${unknown}", only core.`);
  if (!/^[1-9]\d{0,3}$/.test(values.runs))
    throw new Error(`--runs: expected a number from 1 on, received "${values.runs}"`);
  const rows = await benchAll(Number(values.runs));
  if (isInterrupted) return 130;
  if (values.json) console.log(JSON.stringify({ machine: machine(), core: rows }));
  else printTable(rows);
  return 0;
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
