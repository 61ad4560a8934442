import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { TestFigure, TestReport } from '../api.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { formatCount, formatMs, plural } from './format.ts';
import { icon } from './icons.ts';
import type { TestView } from './view.ts';

const VERDICTS = {
  linearizable: 'good',
  'not linearizable': 'bad',
  unknown: 'doubt',
} as const;

/** What became of a consistency test: whether it passed, its figures, the checker's verdict and its picture. */
@customElement('tabraft-test-result')
export class TestResult extends LitElement {
  @property({ attribute: false }) test: TestView | null = null;

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-3);
      }
      p {
        overflow-wrap: anywhere;
      }
      table {
        inline-size: 100%;
        border-collapse: collapse;
      }
      th,
      td {
        padding: var(--gap-1) var(--gap-3);
        text-align: end;
        border-block-end: 1px solid var(--line);
        white-space: nowrap;
      }
      th {
        font-weight: 500;
        color: var(--ink-soft);
      }
      th:first-child,
      td:first-child {
        text-align: start;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues): void {
    // Drawn only where there is something to draw, and so loaded only then.
    if (changed.has('test') && (this.test?.check ?? null) !== null) void import('./history-picture.ts');
  }

  override render(): unknown {
    const { test } = this;
    const { report = null, check = null } = test ?? {};
    if (report === null) return nothing;
    return html`
      <p role="status" aria-label="Result">
        ${
          report.cancelled === true
            ? html`<strong>${report.name} was cancelled.</strong>`
            : html`<strong class="mark ${report.passed ? 'good' : 'bad'}"
                  >${icon(report.passed ? 'ok' : 'failed')}${report.name}
                  ${report.passed ? 'passed' : 'did not pass'}</strong
                >
                ${report.error === undefined ? nothing : html`<span>${report.error}</span>`}`
        }
      </p>
      <p class="small">${summaryOf(report)} ${verdictOf(report)}</p>
      ${report.figures.length === 0 ? nothing : figuresTable(report.figures)}
      ${
        check === null || check.keys.length === 0
          ? nothing
          : html`<tabraft-history-picture .check=${check}></tabraft-history-picture>
              <div class="row">
                <wa-button
                  appearance="outlined"
                  @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'save-history' }))}
                  >Save the history</wa-button
                >
              </div>`
      }
    `;
  }
}

function summaryOf({ algorithm, completed, operations, durationMs, seed, faults }: TestReport): string {
  const struck = Object.entries(faults).map(([kind, count]) => `${kind} ${count}`);
  const done = `${formatCount(completed)} of ${plural(operations, 'operation')} completed`;
  const under = struck.length === 0 ? '' : ` Faults: ${struck.join(', ')}.`;
  return `${algorithm === 'abd' ? 'ABD' : 'Raft'}, seed ${seed}: ${done} in ${formatMs(durationMs)}.${under}`;
}

function verdictOf({ verdict }: TestReport): unknown {
  if (verdict === null) return nothing;
  return html`The checker: <strong class=${VERDICTS[verdict]}>${verdict}</strong>.`;
}

function figuresTable(figures: readonly TestFigure[]): unknown {
  return html`<div class="scroller" tabindex="0" role="region" aria-label="Figures">
    <table class="small number">
      <thead>
        <tr>
          <th scope="col">what</th>
          <th scope="col">count</th>
          <th scope="col">per second</th>
          <th scope="col">median</th>
          <th scope="col">p99</th>
        </tr>
      </thead>
      <tbody>
        ${figures.map(
          ({ what, count, perSecond, medianMs, p99Ms }) =>
            html`<tr>
              <td>${what}</td>
              <td>${formatCount(count)}</td>
              <td>${formatCount(Math.round(perSecond))}</td>
              <td>${formatMs(medianMs)}</td>
              <td>${formatMs(p99Ms)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-test-result': TestResult;
  }
}
