import { cpus, type as systemType } from 'node:os';
import type { Row } from './benchmark.ts';

export interface MeasuredRow extends Row {
  /** The day. */
  readonly measured: string;
}

/** What `--json` prints and `--compare` reads. */
export interface Results {
  readonly machine: string;
  readonly isQuick: boolean;
  readonly rows: readonly MeasuredRow[];
}

/** Its kind; nothing by which one could tell which it is. */
export function machine(): string {
  return `${cpus().length} cores, ${cpus()[0]?.model ?? 'an unknown processor'}, ${systemType()}, Node ${process.version}`;
}

const HEADINGS = ['', 'median', 'from', 'to', 'floor', 'ratio', 'aim', ''];

/** `before`: earlier results, whose ratio then has a column of its own. */
export function tableOf(rows: readonly Row[], before: Results | null): string[] {
  const headings = before === null ? HEADINGS : [...HEADINGS, 'to before'];
  const lines = [headings, ...rows.map((row) => cellsOf(row, before))];
  const widths = headings.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0)));
  return lines.map((cells) =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function cellsOf(row: Row, before: Results | null): string[] {
  const { benchmark, figure, unit, value, min, max, floor, ratio, aim, met } = row;
  const cells = [
    `${benchmark}: ${figure}`,
    `${short(value)} ${unit}`,
    short(min),
    short(max),
    floor === undefined ? '' : `${short(floor.value)}  (${floor.what})`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    aim ?? '',
    met === undefined ? '' : met ? 'met' : 'not met',
  ];
  if (before === null) return cells;
  const earlier = before.rows.find((other) => other.benchmark === benchmark && other.figure === figure);
  return [...cells, earlier === undefined ? 'new' : `${(value / earlier.value).toFixed(2)} ×`];
}

/** Three digits are more than such measurements have. */
export function short(value: number): string {
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString('en', { maximumFractionDigits: digits });
}
