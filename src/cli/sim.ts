import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { algorithmOfMutant, findMutant, MUTANTS, type Mutant } from '../sim/mutants.ts';
import { run, type RunResult } from '../sim/run.ts';
import type { Algorithm, Fault } from '../sim/schedule.ts';
import {
  algorithmOf,
  shrink,
  sweep,
  sweepMutants,
  type MutantResult,
  type SweepResult,
} from '../sim/sweep.ts';
import { SimTraces } from '../sim/traces.ts';
import { nameOf } from '../sim/world.ts';
import { exitStatusOf, integerOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run sim -- [--seeds N] [--from N] [--nodes 3|5] [--algorithm raft|abd|both] [--mutant NAME] [--json]
       npm run sim -- --mutants [--sweeps N] [--max-seeds N] [--from N] [--json]

Runs the production code of a cluster through simulated time, network and disks, one run per seed,
each with faults of its own, and checks after every step what Raft promises.

  --seeds N       runs (100)
  --from N        the first seed (1)
  --nodes 3|5     voters at the beginning (the seed says)
  --algorithm A   raft, abd, or both: of eight seeds, one uses the registers (raft)
  --mutant NAME   with a known bug put in; "--mutant list" names them
  --trace         tell what happens, of one seed
  --record DIR    of one seed, write what every node records: its events, for npm run monitor, and what
                  its cores were fed, for npm run replay
  --mutants       put in every known bug, one after the other, and say how soon it is caught
  --sweeps N      with --mutants: sweeps for each, from different seeds (5)
  --max-seeds N   with --mutants: seeds until a sweep gives up (3000)
  --json          one JSON object instead of text (with npm run -s, nothing else)
  --help          this

Exit status: 0 all is well; 1 a promise was broken, a known bug survived, or the sweep exercised too
little; 2 bad usage; 130 interrupted. A failure prints the command that repeats it.`;

const LAST_EVENTS = 40;
const PROGRESS_MS = 2000;

let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});

process.exitCode = await exitStatusOf('sim', main);

interface Settings {
  readonly from: number;
  readonly seeds: number;
  readonly nodes: number | null;
  readonly algorithm: Algorithm | null;
  readonly mutant: Mutant | null;
  readonly json: boolean;
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  const { values } = parseArgs({
    options: {
      ...{
        seeds: text,
        from: text,
        nodes: text,
        algorithm: text,
        mutant: text,
        record: text,
        sweeps: text,
        'max-seeds': text,
      },
      ...{ mutants: flag, trace: flag, json: flag, help: flag },
    },
  });
  if (values.help) return print(HELP);
  if (values.mutant === 'list')
    return print(MUTANTS.map(({ name, bug }) => `${name.padEnd(26)}${bug}`).join('\n'));
  if (!values.mutants && (values.sweeps !== undefined || values['max-seeds'] !== undefined))
    throw new UsageError('--sweeps and --max-seeds go with --mutants');
  if (
    values.mutants &&
    (values.trace || values.record !== undefined || values.seeds !== undefined || values.mutant !== undefined)
  )
    throw new UsageError('--mutants goes without --seeds, --mutant, --trace and --record');
  const isWatched = values.trace || values.record !== undefined;
  if (isWatched && values.json)
    throw new UsageError('--trace and --record tell in text: they go without --json');
  const from = integerOf('--from', values.from ?? '1', 1);
  if (values.mutants) {
    const sweeps = integerOf('--sweeps', values.sweeps ?? '5', 1);
    return runMutants(sweeps, integerOf('--max-seeds', values['max-seeds'] ?? '3000', 1), from, values.json);
  }
  const mutant = values.mutant === undefined ? null : findMutant(values.mutant);
  if (values.mutant !== undefined && mutant === null)
    throw new UsageError(`--mutant: there is no "${values.mutant}"; "--mutant list" names all`);
  if (values.nodes !== undefined && values.nodes !== '3' && values.nodes !== '5')
    throw new UsageError(`--nodes: expected 3 or 5, received "${values.nodes}"`);
  const nodes = values.nodes === undefined ? null : Number(values.nodes);
  const algorithm = readAlgorithm(values.algorithm, mutant);
  const settings = {
    from,
    seeds: integerOf('--seeds', values.seeds ?? (isWatched ? '1' : '100'), 1),
    nodes,
    algorithm,
    mutant,
  };
  if (!isWatched) return runSweep({ ...settings, json: values.json });
  return watchSeed(settings, values.trace, values.record ?? null);
}

/** Null: both. A known bug is looked for in runs of its own algorithm. */
function readAlgorithm(text: string | undefined, mutant: Mutant | null): Algorithm | null {
  if (text === undefined) return mutant === null ? 'raft' : algorithmOfMutant(mutant);
  if (text === 'both') return null;
  if (text !== 'raft' && text !== 'abd')
    throw new UsageError(`--algorithm: expected raft, abd or both, received "${text}"`);
  return text;
}

function print(text: string): number {
  console.log(text);
  return 0;
}

// ── A sweep ─────────────────────────────────────────────────────────────────────────────────────

async function runSweep({ json, ...settings }: Settings): Promise<number> {
  const began = performance.now();
  let toldAt = began;
  const result = await sweep({
    ...settings,
    onSeed: (done) => {
      if (performance.now() - toldAt > PROGRESS_MS) {
        toldAt = performance.now();
        console.error(`${done} of ${settings.seeds} seeds`);
      }
      return !isInterrupted;
    },
  });
  const realMs = performance.now() - began;
  const failure = result.failure === null ? null : await explain(settings, result.failure);
  if (json) printJson(result, realMs, failure);
  else printSweep(result, realMs, failure);
  if (isInterrupted) return 130;
  return result.failure !== null || result.shortcomings.length > 0 ? 1 : 0;
}

interface Explanation {
  readonly command: string;
  readonly lastEvents: readonly string[];
  readonly faults: readonly Fault[];
}

/** Runs the seed again, listening this time, and looks for fewer faults that do. */
async function explain(
  settings: Omit<Settings, 'json'>,
  { seed, violation }: RunResult,
): Promise<Explanation> {
  const lines: string[] = [];
  const { nodes, mutant } = settings;
  const algorithm = algorithmOf(seed, settings.algorithm);
  await run({
    seed,
    nodes,
    mutant,
    algorithm,
    narrate: (line) => {
      lines.push(line);
      if (lines.length > LAST_EVENTS) lines.shift();
    },
  });
  const faults = await shrink(
    { seed, nodes, mutant, algorithm },
    violation?.invariant ?? '',
    () => !isInterrupted,
  );
  const options = [
    `--from ${seed} --seeds 1`,
    `--algorithm ${algorithm}`,
    ...(nodes === null ? [] : [`--nodes ${nodes}`]),
    ...(mutant === null ? [] : [`--mutant ${mutant.name}`]),
  ];
  return { command: `npm run sim -- ${options.join(' ')}`, lastEvents: lines, faults };
}

function printSweep(result: SweepResult, realMs: number, failure: Explanation | null): void {
  const virtualS = result.virtualMs / 1000;
  const ratio = Math.round(virtualS / (realMs / 1000));
  console.log(`${result.seeds} seeds, ${result.steps} steps`);
  console.log(`${Math.round(virtualS)} s of virtual time in ${(realMs / 1000).toFixed(1)} s, ${ratio} to 1`);
  console.log(
    `${result.operations} operations, ${result.acknowledged} answered, ${result.committed} entries committed, ${result.elections} elections`,
  );
  if (result.lost > 0) console.log(`${result.lost} clusters lost their quorum for good`);
  console.log(`faults: ${counts(result.faults)}`);
  console.log(`coverage: ${counts(result.coverage)}`);
  for (const shortcoming of result.shortcomings) console.log(`TOO LITTLE: ${shortcoming}`);
  if (result.failure === null || failure === null) return;
  console.log(
    `\nVIOLATED: ${result.failure.violation?.invariant ?? ''}: ${result.failure.violation?.detail ?? ''}`,
  );
  console.log(`\nThe last events of seed ${result.failure.seed}:`);
  for (const line of failure.lastEvents) console.log(`  ${line}`);
  console.log(`\nThese faults suffice:`);
  for (const fault of failure.faults) console.log(`  ${JSON.stringify(fault)}`);
  console.log(`\nTo repeat it: ${failure.command}\nWith all that happens: ${failure.command} --trace`);
}

function counts(counters: Readonly<Record<string, number>>): string {
  return Object.entries(counters)
    .map(([what, count]) => `${what} ${count}`)
    .join(', ');
}

function printJson(result: SweepResult, realMs: number, failure: Explanation | null): void {
  const { failure: failed, ...rest } = result;
  const violation = failed === null ? null : { seed: failed.seed, ...failed.violation, ...failure };
  console.log(JSON.stringify({ ...rest, realMs, ratio: result.virtualMs / realMs, violation }));
}

/** One seed, told or recorded, whatever comes of it. */
async function watchSeed(
  { from: seed, nodes, mutant, ...rest }: Omit<Settings, 'json'>,
  isTold: boolean,
  directory: string | null,
): Promise<number> {
  const algorithm = algorithmOf(seed, rest.algorithm);
  const traces = directory === null ? null : new SimTraces(nameOf);
  const { violation, hash } = await run({
    ...{ seed, nodes, mutant, algorithm },
    ...(isTold && { narrate: (line) => console.log(line) }),
    ...(traces !== null && { traces }),
  });
  if (traces !== null && directory !== null) writeFiles(directory, traces.files());
  console.log(
    violation === null ? `nothing violated, trace ${hash}` : `${violation.invariant}: ${violation.detail}`,
  );
  return violation === null ? 0 : 1;
}

function writeFiles(
  directory: string,
  files: readonly { readonly name: string; readonly text: string }[],
): void {
  mkdirSync(directory, { recursive: true });
  for (const { name, text } of files) writeFileSync(join(directory, name), text);
  console.log(`${files.length} files written to ${directory}`);
}

// ── Known bugs ──────────────────────────────────────────────────────────────────────────────────

async function runMutants(sweeps: number, maxSeeds: number, from: number, json: boolean): Promise<number> {
  const results = await sweepMutants({
    sweeps,
    maxSeeds,
    from,
    onSweep: ({ name }, count, seeds) => {
      const outcome =
        seeds === null
          ? `survived ${maxSeeds} seeds`
          : `caught after ${seeds === 1 ? '1 seed' : `${seeds} seeds`}`;
      console.error(`${name}, sweep ${count + 1} of ${sweeps}: ${outcome}`);
      return !isInterrupted;
    },
  });
  if (json) console.log(JSON.stringify(results));
  else for (const result of results) console.log(row(result, sweeps));
  if (isInterrupted) return 130;
  return results.every(({ median }) => median !== null) ? 0 : 1;
}

function row({ name, bug, caughtBy, seedsNeeded, median }: MutantResult, sweeps: number): string {
  const caught = median === null ? `SURVIVED (${seedsNeeded.length} of ${sweeps} sweeps)` : `${median} seeds`;
  return `${name.padEnd(26)}${caught.padEnd(14)}${(caughtBy ?? '').padEnd(48)}${bug}`;
}
