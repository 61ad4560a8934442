import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { controls } from './controls.ts';
import { formatTime } from './format.ts';
import { describeOperation, type OperationRecord } from './operation.ts';
import { outcomeView } from './outcome.ts';

/** The last operations of this tab's user, newest first. */
@customElement('tabraft-operation-history')
export class OperationHistory extends LitElement {
  @property({ attribute: false }) records: readonly OperationRecord[] = [];

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
        grid-template-rows: auto 1fr;
        gap: var(--gap-2);
      }
      .scroller {
        contain: size;
        min-block-size: 12rem;
        padding: var(--gap-1) var(--gap-3);
      }
      li {
        padding-block: var(--gap-1);
        overflow-wrap: anywhere;
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .what {
        display: flex;
        justify-content: space-between;
        gap: var(--gap-3);
      }
      .what .number {
        flex: none;
      }
      .outcome > * {
        margin-inline-end: var(--gap-2);
      }
    `,
  ];

  override render(): unknown {
    return html`
      <h3 id="heading">Last operations</h3>
      <div class="scroller small" role="region" aria-labelledby="heading" tabindex="0">
        ${this.records.length === 0 ? html`<p class="soft">Nothing has been asked of this tab yet.</p>` : null}
        <ol>
          ${repeat(this.records, ({ id }) => id, recordRow)}
        </ol>
      </div>
    `;
  }
}

function recordRow(record: OperationRecord): unknown {
  return html`<li>
    <div class="what">
      <span class="mono">${describeOperation(record.operation)}</span>
      <span class="soft number">${formatTime(record.startedAt)}</span>
    </div>
    <div class="outcome">${outcomeView(record)}</div>
  </li>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-operation-history': OperationHistory;
  }
}
