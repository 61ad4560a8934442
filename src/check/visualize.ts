import type { Operation } from './history.ts';
import type { CheckResult, KeyResult } from './linearizability.ts';
import { describeOperation, INITIAL, transition } from './models.ts';

/** The pictures of histories: one self-contained page, readable without anything else. */

interface Shown {
  readonly file: string;
  readonly result: CheckResult;
}

const LANE_HEIGHT = 34;
const BAR_HEIGHT = 20;
/** Events are drawn at equal distances: what matters is their order, and real times crowd. */
/** Of a column, at least; a history of few events has room for its texts. */
const EVENT_WIDTH = 26;
const COMFORTABLE_WIDTH = 900;
const MARGIN = 12;

export function renderHtml(shown: readonly Shown[]): string {
  const sections = shown.map(({ file, result }) => {
    const keys = result.keys.map((key) => renderKey(key)).join('\n');
    return `<section><h1>${escapeHtml(file)}</h1><p>${badge(result.verdict)} ${result.operations} operations, ${result.keys.length} ${result.keys.length === 1 ? 'key' : 'keys'}</p>${keys}</section>`;
  });
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Linearizability</title><style>${STYLE}</style></head>
<body><header><button id="jump" type="button">Jump to the first error</button>
<p>Each bar is an operation from its call to its return. Numbers are the order that explains them. Point at a bar, or
tab to it, to see why.</p></header>
<main>${sections.join('\n')}</main><output id="why" aria-live="polite"></output>
<script>${SCRIPT}</script></body></html>
`;
}

function badge(verdict: string): string {
  const mark = verdict === 'linearizable' ? '✓' : verdict === 'unknown' ? '?' : '✗';
  return `<strong class="verdict ${verdict.replace(' ', '-')}">${mark} ${verdict}</strong>`;
}

function renderKey(key: KeyResult): string {
  const orders = key.linearization !== null ? [key.linearization] : (key.failure?.longest ?? []);
  const drawings = orders.length === 0 ? [draw(key, [])] : orders.map((order) => draw(key, order));
  const partial = key.failure === null ? '' : 'longest partial order ';
  const choices =
    drawings.length < 2
      ? ''
      : `<p class="choices" role="group">${drawings
          .map(
            (_, at) =>
              `<button type="button" data-show="${at}" aria-pressed="${at === 0}">${partial}${at + 1}</button>`,
          )
          .join(' ')}</p>`;
  const pictures = drawings
    .map((svg, at) => `<div class="picture"${at === 0 ? '' : ' hidden'}>${svg}</div>`)
    .join('');
  return `<article><h2>Key ${escapeHtml(JSON.stringify(key.key))} ${badge(key.verdict)}</h2>${choices}${pictures}</article>`;
}

/** Rows of events, one for each process; x by the order of events. */
function draw(key: KeyResult, order: readonly Operation[]): string {
  const processes = [...new Set(key.operations.map(({ process }) => process))];
  const ends = key.operations.flatMap(({ call, return: end }) =>
    Number.isFinite(end) ? [call, end] : [call],
  );
  const columns = new Map([...new Set(ends)].sort((a, b) => a - b).map((event, column) => [event, column]));
  const step = Math.max(EVENT_WIDTH, Math.min(110, Math.floor(COMFORTABLE_WIDTH / (columns.size + 1))));
  const width = 2 * MARGIN + 90 + (columns.size + 1) * step;
  const height = 2 * MARGIN + processes.length * LANE_HEIGHT;
  const x = (event: number): number => 90 + MARGIN + (columns.get(event) ?? columns.size) * step;
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
      `<text class="lane" x="${MARGIN}" y="${y(process) + 18}">${escapeHtml(process.slice(0, 10))}</text>`,
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

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1a1d21; --soft: #5b6470; --line: #d5dae0; --placed: #dbe9fb; --open: #eceff3; --info: #f6ecd2; --error: #f9d3d3; --mark: #1f5fbf; --bad: #a31515; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --text: #e8eaed; --soft: #a3adba; --line: #3a4048; --placed: #1e3a5f; --open: #2b3037; --info: #4a3d1a; --error: #5c2020; --mark: #8ab8ff; --bad: #ff9d9d; } }
* { box-sizing: border-box; } body { margin: 0; padding: 16px 16px 96px; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; } header p { margin: 0; color: var(--soft); max-width: 70ch; }
h1 { font-size: 20px; overflow-wrap: anywhere; } h2 { font-size: 16px; display: flex; flex-wrap: wrap; gap: 8px; }
button { font: inherit; padding: 6px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--open); color: var(--text); cursor: pointer; } button[aria-pressed=true] { border-color: var(--mark); } button:disabled { opacity: .5; cursor: default; }
.verdict { color: var(--mark); } .verdict.not-linearizable { color: var(--bad); }
.picture { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; } svg { display: block; font: 11px system-ui, sans-serif; }
svg text { fill: var(--text); pointer-events: none; } .lane { font-weight: 600; }
.bar rect { fill: var(--open); stroke: var(--line); } .bar.placed rect { fill: var(--placed); } .bar.info rect, .bar.fail rect { fill: var(--info); stroke-dasharray: 4 3; stroke: var(--soft); } .bar.error rect { fill: var(--error); stroke: var(--bad); stroke-width: 2; } .bar:focus { outline: none; } .bar:focus rect, .bar:hover rect { stroke: var(--mark); stroke-width: 2; }
.order { fill: none; stroke: var(--mark); stroke-width: 1.5; opacity: .6; } .dot circle { fill: var(--mark); } .dot text { fill: var(--ground); text-anchor: middle; font-size: 8px; font-weight: 700; }
#why { position: fixed; inset: auto 0 0 0; padding: 12px 16px; background: var(--ground); border-top: 1px solid var(--line); overflow-wrap: anywhere; } #why:empty { display: none; }
`;

const SCRIPT = `
const why = document.getElementById('why');
const tell = ({ target }) => { const bar = target.closest?.('.bar'); if (bar) why.textContent = bar.dataset.why; };
document.addEventListener('mouseover', tell); document.addEventListener('focusin', tell);
document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-show]'); if (!button) return;
  const article = button.closest('article');
  article.querySelectorAll('.picture').forEach((picture, at) => { picture.hidden = at !== Number(button.dataset.show); });
  article.querySelectorAll('[data-show]').forEach((other) => other.setAttribute('aria-pressed', String(other === button)));
});
const jump = document.getElementById('jump'); const error = document.querySelector('[data-error]');
jump.disabled = error === null; if (!error) jump.textContent = 'There is no error';
jump.addEventListener('click', () => { error.scrollIntoView({ block: 'center', inline: 'center' }); error.focus(); });
`;
