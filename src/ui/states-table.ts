import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { StatesExcerpt } from '../worker/contract.ts';
import { controls } from './controls.ts';
import { formatCount, formatValue } from './format.ts';
import type { StatesView } from './local-states.ts';

/** Asks for the keys that contain it. */
export class FilterKeysEvent extends CustomEvent<string> {
  constructor(filter: string) {
    super('tabraft-filter-keys', { detail: filter, bubbles: true, composed: true });
  }
}

/** This tab's own copy of the data. */
@customElement('tabraft-states-table')
export class StatesTable extends LitElement {
  @property({ attribute: false }) states: StatesView = { kind: 'empty' };

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: var(--gap-2);
      }
      .head {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-2) var(--gap-4);
      }
      .head wa-input {
        inline-size: 10rem;
      }
      /* A line of its own, be it short or long: nothing moves as keys come. */
      .count {
        display: block;
        min-block-size: 1lh;
      }
      .scroller {
        block-size: 15rem;
      }
      table {
        inline-size: 100%;
        table-layout: fixed;
        border-collapse: collapse;
      }
      th,
      td {
        text-align: start;
        vertical-align: top;
        padding: 0.25rem var(--gap-3);
        overflow-wrap: anywhere;
        font-weight: inherit;
      }
      tbody :is(th, td) {
        white-space: pre-wrap;
      }
      thead th {
        position: sticky;
        inset-block-start: 0;
        background: var(--sunken);
        box-shadow: 0 1px var(--line);
        color: var(--ink-soft);
      }
      thead th:first-child {
        inline-size: 35%;
      }
      tbody tr + tr {
        border-block-start: 1px solid var(--line);
      }
      .nothing {
        padding: var(--gap-2) var(--gap-3);
      }
    `,
  ];

  override render(): unknown {
    const { states } = this;
    const { rows, matching, total } = states.kind === 'read' ? states : NOTHING;
    return html`
      <div class="head">
        <h3 id="heading">This tab’s copy</h3>
        <wa-input
          class="unlabelled"
          type="search"
          label="Filter keys"
          placeholder="Filter keys"
          autocomplete="off"
          spellcheck="false"
          @input=${this.#onFilter}
        ></wa-input>
      </div>
      <p class="small soft">
        Read locally, so it may be behind the leader.
        <span class="count">${states.kind === 'read' ? countText(rows.length, matching, total) : ''}</span>
      </p>
      <div class="scroller small" role="region" aria-labelledby="heading" tabindex="0">
        ${
          states.kind === 'failed'
            ? html`<p class="nothing bad">It could not be read: ${states.reason}</p>`
            : nothing
        }
        ${
          states.kind !== 'failed' && rows.length === 0
            ? html`<p class="nothing soft">${this.#emptyText(total)}</p>`
            : nothing
        }
        ${rows.length === 0 ? nothing : tableOf(rows)}
      </div>
    `;
  }

  #emptyText(total: number): string {
    if (this.states.kind !== 'read') return 'Not read yet: this tab’s node is not ready.';
    return total === 0 ? 'It holds no keys.' : 'No key contains that.';
  }

  readonly #onFilter = (event: Event): void => {
    this.dispatchEvent(new FilterKeysEvent((event.currentTarget as WaInput).value ?? ''));
  };
}

const NOTHING: StatesExcerpt = { rows: [], matching: 0, total: 0 };

function countText(shown: number, matching: number, total: number): string {
  if (matching > shown) return `Shown are ${shown} of ${formatCount(matching)} keys.`;
  if (matching < total) return `${formatCount(matching)} of ${formatCount(total)} keys match.`;
  return total === 1 ? '1 key.' : `${formatCount(total)} keys.`;
}

function tableOf(rows: StatesExcerpt['rows']): unknown {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Key</th>
        <th scope="col">Value</th>
      </tr>
    </thead>
    <tbody>
      ${repeat(
        rows,
        ({ key }) => key,
        ({ key, begin, length }) =>
          html`<tr>
            <th scope="row" class="mono">${shorten(key)}</th>
            <td class="mono">${formatValue(begin, length)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

/** In quotes where it would else not show what it is. */
function shorten(key: string): string {
  if (key.trim() !== key || key === '') return formatValue(key);
  return key.length <= 80 ? key : `${key.slice(0, 80)}… (${formatCount(key.length)} characters)`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-states-table': StatesTable;
  }
  interface HTMLElementEventMap {
    'tabraft-filter-keys': FilterKeysEvent;
  }
}
