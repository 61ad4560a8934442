import type { Operation } from './history.ts';
import type { KeyResult } from './linearizability.ts';
import { describeOperation, INITIAL, transition } from './models.ts';

/** The picture of one key's history, as text of an SVG: for a page of its own or within another. */

const LANE_HEIGHT = 34;
const BAR_HEIGHT = 20;
/** Events are drawn at equal distances: what matters is their order, and real times crowd. */
/** Of a column, at least; a history of few events has room for its texts. */
const EVENT_WIDTH = 26;
const COMFORTABLE_WIDTH = 900;
const MARGIN = 12;
/** Of the names of processes: what is longer is cut. */
const MAX_NAME = 18;
const CHARACTER_WIDTH = 6.8;

/**
 * The orders to show: the one that explains the history, or the longest ones that explain a part of it. Empty: none
 * was found in time.
 */
export function ordersOf({ linearization, failure }: KeyResult): readonly (readonly Operation[])[] {
  return linearization === null ? (failure?.longest ?? []) : [linearization];
}

/** Rows of events, one for each process; x by the order of events. */
export function drawKey(key: KeyResult, order: readonly Operation[]): string {
  const processes = [...new Set(key.operations.map(({ process }) => process))];
  const ends = key.operations.flatMap(({ call, return: end }) =>
    Number.isFinite(end) ? [call, end] : [call],
  );
  const columns = new Map([...new Set(ends)].sort((a, b) => a - b).map((event, column) => [event, column]));
  const step = Math.max(EVENT_WIDTH, Math.min(110, Math.floor(COMFORTABLE_WIDTH / (columns.size + 1))));
  const start = Math.max(
    90,
    CHARACTER_WIDTH * Math.min(MAX_NAME, Math.max(...processes.map((name) => name.length))) + MARGIN,
  );
  const width = 2 * MARGIN + start + (columns.size + 1) * step;
  const height = 2 * MARGIN + processes.length * LANE_HEIGHT;
  const x = (event: number): number => start + MARGIN + (columns.get(event) ?? columns.size) * step;
  const y = (process: string): number => MARGIN + processes.indexOf(process) * LANE_HEIGHT;
  const nextCall = nextCalls(key.operations);
  const explained = explain(order);
  const bars = key.operations.map((operation) => {
    const state = explained.get(operation.id);
    const isError = key.failure?.error.id === operation.id;
    const kind = isError
      ? 'error'
      : state === undefined
        ? operation.outcome === 'ok'
          ? 'open'
          : operation.outcome
        : 'placed';
    const left = x(operation.call);
    const barWidth = Math.max(step - 4, x(operation.return) - left);
    const room = x(nextCall.get(operation.id) ?? Number.POSITIVE_INFINITY) - left;
    const label = `${operation.process}: ${describeOperation(operation)}`;
    const why = `${label}. ${state ?? reasonFor(operation, isError, order)}${timesOf(operation)}`;
    return `<g tabindex="0" role="img" class="bar ${kind}" data-why="${escapeHtml(why)}"${isError ? ' data-error' : ''} aria-label="${escapeHtml(why)}"><rect x="${left}" y="${y(operation.process) + 4}" width="${barWidth}" height="${BAR_HEIGHT}" rx="4"/><text x="${left + 5}" y="${y(operation.process) + 18}">${escapeHtml(abbreviate(describeOperation(operation), room))}</text></g>`;
  });
  const lanes = processes.map(
    (process) =>
      `<text class="lane" x="${MARGIN}" y="${y(process) + 18}">${escapeHtml(process.slice(0, MAX_NAME))}</text>`,
  );
  return `<svg width="${width}" height="${height}" role="group" aria-label="operations over time">${lanes.join('')}${bars.join('')}${path(order, x, y)}</svg>`;
}

/** When the same process calls again, which is how far the text of an operation may reach. */
function nextCalls(operations: readonly Operation[]): Map<number, number> {
  const calls = new Map<number, number>();
  const latest = new Map<string, number>();
  for (const { id, process, call } of operations) {
    const before = latest.get(process);
    if (before !== undefined) calls.set(before, call);
    latest.set(process, id);
  }
  return calls;
}

/** The order as a line from bar to bar. Each point lies within its bar, and none left of the one before. */
function path(
  order: readonly Operation[],
  x: (event: number) => number,
  y: (process: string) => number,
): string {
  let reached = 0;
  const points = order.map((operation) => {
    reached = Math.max(reached, x(operation.call) + 4);
    return { x: reached, y: y(operation.process) + 4 + BAR_HEIGHT };
  });
  const line = points.map((point) => `${point.x},${point.y}`).join(' ');
  const dots = points.map(
    (point, position) =>
      `<g class="dot"><circle cx="${point.x}" cy="${point.y}" r="7"/><text x="${point.x}" y="${point.y + 3}">${position + 1}</text></g>`,
  );
  return `<g aria-hidden="true"><polyline class="order" points="${line}"/>${dots.join('')}</g>`;
}

/** What each operation of the order finds and leaves. */
function explain(order: readonly Operation[]): Map<number, string> {
  const found = new Map<number, string>();
  let value = INITIAL;
  for (const [position, operation] of order.entries()) {
    const { next } = transition(value, operation);
    found.set(operation.id, `Number ${position + 1}: it finds ${show(value)} and leaves ${show(next)}.`);
    value = next;
  }
  return found;
}

function reasonFor({ outcome, f }: Operation, isError: boolean, order: readonly Operation[]): string {
  if (outcome === 'fail') return 'It never happened.';
  if (outcome === 'info')
    return f === 'get' ? 'Nobody knows what it read.' : 'Nobody knows whether it happened.';
  let value = INITIAL;
  for (const operation of order) value = transition(value, operation).next;
  const end = order.length === 0 ? '' : ` The order ends with ${show(value)}.`;
  return isError
    ? `With its return no order explains the history any more.${end}`
    : `It has no place in this order.${end}`;
}

function timesOf({ callTime, returnTime }: Operation): string {
  const ms = (nanoseconds: number): string => `${(nanoseconds / 1e6).toFixed(3)} ms`;
  return ` Called at ${ms(callTime)}, ${Number.isFinite(returnTime) ? `returned at ${ms(returnTime)}` : 'never returned'}.`;
}

function show(value: string | null): string {
  return value === null ? 'nothing' : JSON.stringify(value);
}

function abbreviate(text: string, width: number): string {
  const room = Math.max(2, Math.floor((width - 8) / 6.4));
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** In terms of `--ground`, `--text`, `--soft`, `--line`, `--placed`, `--open`, `--info`, `--error`, `--mark`, `--bad`. */
export const PICTURE_STYLE = `
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; } svg { display: block; font: 11px system-ui, sans-serif; }
svg text { fill: var(--text); pointer-events: none; } .lane { font-weight: 600; }
.bar rect { fill: var(--open); stroke: var(--line); } .bar.placed rect { fill: var(--placed); } .bar.info rect, .bar.fail rect { fill: var(--info); stroke-dasharray: 4 3; stroke: var(--soft); } .bar.error rect { fill: var(--error); stroke: var(--bad); stroke-width: 2; } .bar:focus { outline: none; } .bar:focus rect, .bar:hover rect { stroke: var(--mark); stroke-width: 2; }
.order { fill: none; stroke: var(--mark); stroke-width: 1.5; opacity: .6; } .dot circle { fill: var(--mark); } .dot text { fill: var(--ground); text-anchor: middle; font-size: 8px; font-weight: 700; }
`;
