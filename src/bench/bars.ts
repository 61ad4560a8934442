import type { Row } from './benchmark.ts';
import { short } from './report.ts';
import { STYLE, escape, text } from './svg.ts';

const WIDTH = 760;
const LEFT = 10;
const BAR_WIDTH = WIDTH - 2 * LEFT;
const ROW_HEIGHT = 64;
const TEXT_HEIGHT = 20;
const BAR_HEIGHT = 14;

/** Each figure above its floor, on a scale of its own; a line from the fastest run to the slowest, a mark at the aim. */
export function barsOf(title: string, rows: readonly Row[]): string {
  const height = rows.length * ROW_HEIGHT + 10;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">`,
    `<title>${escape(title)}</title>`,
    STYLE,
    ...rows.flatMap((row, position) => barOf(row, 10 + position * ROW_HEIGHT)),
    '</svg>',
    '',
  ].join('\n');
}

function barOf(row: Row, rowTop: number): string[] {
  const top = rowTop + TEXT_HEIGHT;
  const { figure, unit, value, min, max, floor, ratio, aim, met } = row;
  const aimed = aimedAt(row);
  const longest = Math.max(value, max, floor?.value ?? 0, aimed ?? 0);
  const at = (amount: number): number => LEFT + (BAR_WIDTH * Math.max(0, amount)) / longest;
  const rect = (kind: string, y: number, amount: number): string =>
    `<rect class="${kind}" x="${LEFT}" y="${y}" width="${(at(amount) - LEFT).toFixed(1)}" height="${BAR_HEIGHT}"/>`;
  const line = (kind: string, x1: number, y1: number, x2: number, y2: number): string =>
    `<line class="${kind}" x1="${x1.toFixed(1)}" y1="${y1}" x2="${x2.toFixed(1)}" y2="${y2}"/>`;
  const middle = top + BAR_HEIGHT / 2;
  const judged = aim === undefined ? '' : `, aim ${aim} ${met === true ? 'met' : 'not met'}`;
  const below = floor === undefined ? '' : `; ${floor.what} ${short(floor.value)} ${unit}`;
  const times = ratio === undefined ? '' : `, ${ratio.toFixed(2)} ×`;
  return [
    text(LEFT, rowTop + BAR_HEIGHT - 2, `${figure}: ${short(value)} ${unit}${below}${times}${judged}`),
    rect('figure', top, value),
    line('spread', at(min), middle, at(max), middle),
    ...(floor === undefined ? [] : [rect('floor', top + BAR_HEIGHT + 2, floor.value)]),
    ...(aimed === null ? [] : [line('aim', at(aimed), top - 3, at(aimed), top + 2 * BAR_HEIGHT + 5)]),
  ];
}

/** Where on the scale the aim stands: what it says is a number and its unit, or a multiple of the floor. */
function aimedAt({ aim, floor }: Row): number | null {
  const limit = aim === undefined ? null : Number(aim.split(' ')[1]);
  if (limit === null || aim === undefined) return null;
  if (!aim.endsWith('×')) return limit;
  return floor === undefined ? null : limit * floor.value;
}
