import { algorithmOfMutant, MUTANTS, type Mutant } from './mutants.ts';
import { run, type RunOptions, type RunResult } from './run.ts';
import { drawFaults, FAULT_KINDS, REGISTER_FAULT_KINDS, type Algorithm, type Fault } from './schedule.ts';

export interface SweepOptions {
  readonly from: number;
  readonly seeds: number;
  readonly nodes: number | null;
  /** Null: of eight seeds, one uses the registers. */
  readonly algorithm: Algorithm | null;
  readonly mutant: Mutant | null;
  /** Told after every seed; false ends the sweep. */
  onSeed(done: number, result: RunResult): boolean;
}

export interface SweepResult {
  readonly seeds: number;
  readonly steps: number;
  readonly virtualMs: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly elections: number;
  readonly committed: number;
  /** Runs whose cluster lost its quorum for good, so that no liveness could be asked of it. */
  readonly lost: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly coverage: Readonly<Record<string, number>>;
  /** The first run that broke a promise; the sweep ends with it. */
  readonly failure: RunResult | null;
  /** What makes the sweep worthless although nothing failed; empty: it is worth something. */
  readonly shortcomings: readonly string[];
}

/** Fewer seeds are for repeating a run, and need not exercise everything. */
const MIN_SEEDS_FOR_COVERAGE = 30;
const MIN_OPERATIONS_PER_SEED = 50;
/** What every sweep must have seen happen, besides the kinds of faults. */
const MUST_HAPPEN = [
  'late-delivery',
  'lost-write',
  'torn-batch',
  'unacknowledged-write',
  'becomes leader',
  'quorum-lost',
  'truncate',
  'snapshot taken',
  'snapshot installed',
  'joint configuration',
  'transfer done',
  'removed',
  'gap',
  'stopped by its disk',
];
const MUST_HAPPEN_TO: Record<Algorithm, readonly string[]> = {
  raft: ['client retry', 'session expired'],
  abd: [...REGISTER_FAULT_KINDS, 'epoch opened'],
};

export async function sweep(options: SweepOptions): Promise<SweepResult> {
  const faults = new Map<string, number>();
  const coverage = new Map<string, number>();
  const total = { seeds: 0, steps: 0, virtualMs: 0, operations: 0, acknowledged: 0 };
  const more = { elections: 0, committed: 0, lost: 0 };
  let failure: RunResult | null = null;
  for (let seed = options.from; seed < options.from + options.seeds; seed += 1) {
    const { nodes, mutant, algorithm } = options;
    const result = await run({ seed, nodes, mutant, algorithm: algorithmOf(seed, algorithm) });
    total.seeds += 1;
    total.steps += result.steps;
    total.virtualMs += result.virtualMs;
    total.operations += result.operations;
    total.acknowledged += result.acknowledged;
    more.elections += result.elections;
    more.committed += result.committed;
    more.lost += Number(result.isLost);
    addTo(faults, result.faults);
    addTo(coverage, result.coverage);
    if (result.violation !== null) failure = result;
    if (!options.onSeed(total.seeds, result) || failure !== null) break;
  }
  const seen = new Map([...faults, ...coverage]);
  return {
    ...total,
    ...more,
    faults: sorted(faults),
    coverage: sorted(coverage),
    failure,
    shortcomings:
      total.seeds < MIN_SEEDS_FOR_COVERAGE ? [] : shortcomings(total, more.lost, seen, options.algorithm),
  };
}

export function algorithmOf(seed: number, wanted: Algorithm | null): Algorithm {
  return wanted ?? (seed % 8 === 0 ? 'abd' : 'raft');
}

function addTo(counters: Map<string, number>, more: ReadonlyMap<string, number>): void {
  for (const [what, count] of more) counters.set(what, (counters.get(what) ?? 0) + count);
}

function sorted(counters: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counters].sort(([a], [b]) => a.localeCompare(b)));
}

function shortcomings(
  { seeds, acknowledged }: { readonly seeds: number; readonly acknowledged: number },
  lost: number,
  seen: ReadonlyMap<string, number>,
  algorithm: Algorithm | null,
): string[] {
  const own =
    algorithm === null ? [...MUST_HAPPEN_TO.raft, ...MUST_HAPPEN_TO.abd] : MUST_HAPPEN_TO[algorithm];
  const missing = [...FAULT_KINDS, ...MUST_HAPPEN, ...own].filter((what) => !seen.has(what));
  const found = missing.map((what) => `"${what}" never happened`);
  if (acknowledged < MIN_OPERATIONS_PER_SEED * seeds)
    found.push(`only ${acknowledged} operations were answered in ${seeds} runs`);
  if (lost > seeds / 10) found.push(`${lost} of ${seeds} runs lost their quorum for good`);
  return found;
}

// ── Shrinking ───────────────────────────────────────────────────────────────────────────────────

/**
 * Removes faults from a schedule for as long as the same invariant still breaks: halves first, then
 * smaller parts, down to single faults (delta debugging, Zeller & Hildebrandt 2002).
 */
export async function shrink(
  options: Omit<RunOptions, 'faults' | 'narrate'>,
  invariant: string,
  onTry: (faults: number) => boolean,
): Promise<readonly Fault[]> {
  let faults: readonly Fault[] = drawFaults(options.seed, options.algorithm);
  const fails = async (candidate: readonly Fault[]): Promise<boolean> =>
    (await run({ ...options, faults: candidate })).violation?.invariant === invariant;
  for (let part = Math.ceil(faults.length / 2); part >= 1;) {
    let hasShrunk = false;
    for (let start = 0; start < faults.length; start += part) {
      const candidate = [...faults.slice(0, start), ...faults.slice(start + part)];
      if (!(await fails(candidate))) continue;
      faults = candidate;
      hasShrunk = true;
      start -= part;
      if (!onTry(faults.length)) return faults;
    }
    if (!hasShrunk) part = part === 1 ? 0 : Math.ceil(part / 2);
  }
  return faults;
}

// ── Known bugs ──────────────────────────────────────────────────────────────────────────────────

export interface MutantResult {
  readonly name: string;
  readonly bug: string;
  /** The invariant that caught it most often; null: it survived. */
  readonly caughtBy: string | null;
  /** Seeds until it was caught, of each sweep; one that did not is left out. */
  readonly seedsNeeded: readonly number[];
  readonly median: number | null;
}

export interface MutantOptions {
  /** Sweeps per mutant, each from a seed of its own, and how many seeds each may take. */
  readonly sweeps: number;
  readonly maxSeeds: number;
  /** Only this one. */
  readonly only?: string;
  readonly from: number;
  onSweep(mutant: Mutant, sweep: number, seeds: number | null): boolean;
}

/** A sweep that starts so far behind the one before never meets its seeds. */
const STRIDE = 100_000;

/** Puts in every known bug, one after the other, and looks how soon it is found. */
export async function sweepMutants(options: MutantOptions): Promise<MutantResult[]> {
  const results: MutantResult[] = [];
  for (const mutant of MUTANTS.filter((m) => options.only === undefined || m.name === options.only)) {
    const seedsNeeded: number[] = [];
    const catchers = new Map<string, number>();
    for (let count = 0; count < options.sweeps; count += 1) {
      const from = options.from + count * STRIDE;
      const algorithm = algorithmOfMutant(mutant);
      const wanted = { from, seeds: options.maxSeeds, nodes: null, algorithm, mutant };
      const found = await sweep({ ...wanted, onSeed: () => true });
      const caught = found.failure?.violation?.invariant;
      if (caught !== undefined) {
        seedsNeeded.push(found.seeds);
        catchers.set(caught, (catchers.get(caught) ?? 0) + 1);
      }
      if (!options.onSweep(mutant, count, caught === undefined ? null : found.seeds)) return results;
    }
    results.push({ name: mutant.name, bug: mutant.bug, ...summary(seedsNeeded, catchers, options.sweeps) });
  }
  return results;
}

function summary(
  seedsNeeded: readonly number[],
  catchers: ReadonlyMap<string, number>,
  sweeps: number,
): Pick<MutantResult, 'caughtBy' | 'seedsNeeded' | 'median'> {
  const [first] = [...catchers].sort(([, a], [, b]) => b - a);
  const ordered = [...seedsNeeded].sort((a, b) => a - b);
  // A sweep that did not catch it counts as worse than all that did.
  const median = ordered[Math.floor((sweeps - 1) / 2)] ?? null;
  return { caughtBy: first?.[0] ?? null, seedsNeeded, median };
}
