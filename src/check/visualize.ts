import type { CheckResult, KeyResult } from './linearizability.ts';
import { drawKey, escapeHtml, ordersOf, PICTURE_STYLE } from './picture.ts';

/** The pictures of histories: one self-contained page, readable without anything else. */

interface Shown {
  readonly file: string;
  readonly result: CheckResult;
}

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
  const orders = ordersOf(key);
  const drawings = orders.length === 0 ? [drawKey(key, [])] : orders.map((order) => drawKey(key, order));
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

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --text: #1a1d21; --soft: #5b6470; --line: #d5dae0; --placed: #dbe9fb; --open: #eceff3; --info: #f6ecd2; --error: #f9d3d3; --mark: #1f5fbf; --bad: #a31515; }
@media (prefers-color-scheme: dark) { :root { --ground: #16181c; --text: #e8eaed; --soft: #a3adba; --line: #3a4048; --placed: #1e3a5f; --open: #2b3037; --info: #4a3d1a; --error: #5c2020; --mark: #8ab8ff; --bad: #ff9d9d; } }
* { box-sizing: border-box; } body { margin: 0; padding: 16px 16px 96px; background: var(--ground); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 8px 16px; align-items: center; } header p { margin: 0; color: var(--soft); max-width: 70ch; }
h1 { font-size: 20px; overflow-wrap: anywhere; } h2 { font-size: 16px; display: flex; flex-wrap: wrap; gap: 8px; }
button { font: inherit; padding: 6px 12px; border: 1px solid var(--line); border-radius: 6px; background: var(--open); color: var(--text); cursor: pointer; } button[aria-pressed=true] { border-color: var(--mark); } button:disabled { opacity: .5; cursor: default; }
.verdict { color: var(--mark); } .verdict.not-linearizable { color: var(--bad); }
${PICTURE_STYLE}
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
