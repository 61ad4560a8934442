import type { Lab } from './lab.ts';
import { spreadOf, type Spread } from './statistics.ts';

export interface Benchmark {
  readonly name: string;
  readonly about: string;
  /** Only run where it is asked for by its name. */
  readonly isLong?: true;
  readonly run: (context: BenchContext) => Promise<Row[]>;
}

export interface BenchContext {
  /** Short and small: to see that it works, not how fast. */
  readonly isQuick: boolean;
  /** How often each figure is measured, unless a benchmark says otherwise. */
  readonly runs: number;
  /** How long each measurement of a load lasts. */
  readonly durationMs: number;
  readonly lab: Lab;
  /** How far it has come, in a line. */
  readonly tell: (text: string) => void;
  /** Throws once the person has had enough. */
  readonly checkInterrupt: () => void;
}

export interface Row extends Spread {
  readonly benchmark: string;
  readonly figure: string;
  readonly unit: string;
  /** What could not be undercut, measured in the same run. */
  readonly floor?: Spread & { readonly what: string };
  /** Value to floor. */
  readonly ratio?: number;
  readonly aim?: string;
  readonly met?: boolean;
}

export interface Aim {
  readonly bound: 'at most' | 'at least';
  readonly limit: number;
  /** Of the ratio to the floor, unless it is of the value itself. */
  readonly of?: 'value';
}

export interface Measured {
  readonly figure: string;
  readonly unit: string;
  readonly values: readonly number[];
  readonly floor?: { readonly what: string; readonly values: readonly number[] };
  readonly aim?: Aim;
}

export function rowOf(benchmark: string, { figure, unit, values, floor, aim }: Measured): Row {
  const spread = spreadOf(values);
  const below = floor === undefined ? undefined : { what: floor.what, ...spreadOf(floor.values) };
  const ratio = below === undefined ? undefined : spread.value / below.value;
  return {
    ...{ benchmark, figure, unit, ...spread },
    ...(below === undefined ? {} : { floor: below }),
    ...(ratio === undefined ? {} : { ratio }),
    ...(aim === undefined ? {} : judge(aim, unit, aim.of === 'value' ? spread.value : ratio)),
  };
}

function judge(
  { bound, limit, of }: Aim,
  unit: string,
  actual: number | undefined,
): { aim: string; met: boolean } {
  if (actual === undefined) throw new Error('An aim in terms of a floor needs a floor.');
  const met = bound === 'at most' ? actual <= limit : actual >= limit;
  return { aim: `${bound === 'at most' ? '≤' : '≥'} ${limit} ${of === 'value' ? unit : '×'}`, met };
}

export interface Interleaved<F, V> {
  readonly floors: F[];
  readonly values: V[];
}

/** Floor, figure, floor, …, floor: a machine that becomes slower in between slows both. */
export async function interleave<F, V>(
  { runs, checkInterrupt }: Pick<BenchContext, 'runs' | 'checkInterrupt'>,
  floor: () => Promise<F>,
  value: () => Promise<V>,
): Promise<Interleaved<F, V>> {
  const floors = [await floor()];
  const values: V[] = [];
  while (values.length < runs) {
    checkInterrupt();
    values.push(await value());
    floors.push(await floor());
  }
  return { floors, values };
}
