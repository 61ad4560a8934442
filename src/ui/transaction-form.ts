import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { Instruction } from '../api.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { icon } from './icons.ts';
import type { OperationRecord } from './operation.ts';
import { latestOutcome } from './outcome.ts';

interface Row {
  id: number;
  op: Instruction['op'];
  key: string;
  text: string;
  isAbsent: boolean;
}

/** A list of ASSERT and SET rows that is applied as a whole or not at all. */
@customElement('tabraft-transaction-form')
export class TransactionForm extends LitElement {
  @property({ attribute: false }) latest: OperationRecord | null = null;
  @state() private rows: Row[] = [emptyRow(1, 'ASSERT'), emptyRow(2, 'SET')];
  #nextId = 3;

  static override readonly styles = [
    controls,
    css`
      form {
        display: grid;
        gap: var(--gap-2);
      }
      li {
        display: grid;
        grid-template-columns: 6.5rem minmax(0, 1fr) minmax(0, 1fr) auto auto;
        gap: var(--gap-2);
        align-items: center;
      }
      ol {
        display: grid;
        gap: var(--gap-2);
      }
      .remove {
        --wa-form-control-padding-inline: 0;
        inline-size: var(--control);
      }
      @media (max-width: 40rem) {
        li {
          grid-template-columns: 6.5rem minmax(0, 1fr) auto;
          padding-block-end: var(--gap-2);
          border-block-end: 1px solid var(--line);
        }
        .value {
          grid-column: 1 / 3;
        }
        .remove {
          grid-column: 3;
          grid-row: 1;
        }
      }
    `,
  ];

  override render(): unknown {
    return html`
      <form @submit=${this.#submit} aria-labelledby="heading">
        <h3 id="heading">Transaction</h3>
        <ol>
          ${repeat(
            this.rows,
            ({ id }) => id,
            (row, index) => this.#renderRow(row, index + 1),
          )}
        </ol>
        <div class="row">
          <wa-button appearance="plain" @click=${this.#addRow}>${icon('add', 'start')}Add row</wa-button>
          <wa-button type="submit" appearance="outlined" ?disabled=${this.rows.length === 0}
            >Run transaction</wa-button
          >
        </div>
      </form>
      ${latestOutcome(this.latest, 'All rows or none: one ASSERT that does not hold, and nothing is set.')}
    `;
  }

  #renderRow(row: Row, number: number): unknown {
    const edit = (change: Partial<Row>): void => this.#edit(row.id, change);
    return html`<li>
      <select
        aria-label="Row ${number} instruction"
        .value=${row.op}
        @change=${(event: Event) => edit({ op: valueOf(event) as Row['op'] })}
      >
        <option value="ASSERT">ASSERT</option>
        <option value="SET">SET</option>
      </select>
      <wa-input
        class="unlabelled"
        required
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        placeholder="key"
        label="Row ${number} key"
        .value=${row.key}
        @input=${(event: Event) => edit({ key: valueOf(event) })}
      ></wa-input>
      <wa-input
        class="unlabelled value"
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
        label="Row ${number} value"
        placeholder=${row.isAbsent ? 'absent' : 'value'}
        .value=${row.isAbsent ? '' : row.text}
        ?disabled=${row.isAbsent}
        @input=${(event: Event) => edit({ text: valueOf(event) })}
      ></wa-input>
      <label class="check">
        <input
          type="checkbox"
          aria-label="Row ${number} absent"
          .checked=${row.isAbsent}
          @change=${(event: Event) => edit({ isAbsent: (event.currentTarget as HTMLInputElement).checked })}
        />
        absent
      </label>
      <wa-button
        class="remove"
        appearance="plain"
        title="Delete row ${number}"
        @click=${() => this.#removeRow(row.id)}
        >${icon('failed')}<span class="hidden-text">Delete row ${number}</span></wa-button
      >
    </li>`;
  }

  #edit(id: number, change: Partial<Row>): void {
    this.rows = this.rows.map((row) => (row.id === id ? { ...row, ...change } : row));
  }

  readonly #addRow = async (): Promise<void> => {
    this.rows = [...this.rows, emptyRow(this.#nextId, 'SET')];
    this.#nextId += 1;
    await this.updateComplete;
    const field = this.renderRoot.querySelector<WaInput>('li:last-child wa-input');
    await field?.updateComplete;
    field?.focus();
  };

  /** The button under the focus goes with its row; the focus moves on, not to the start of the page. */
  #removeRow(id: number): void {
    this.rows = this.rows.filter((row) => row.id !== id);
    this.renderRoot.querySelector<HTMLElement>('form .row wa-button')?.focus();
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const instructions = this.rows.map(({ op, key, text, isAbsent }) => ({
      op,
      key,
      val: isAbsent ? null : text,
    }));
    this.dispatchEvent(
      new ActionEvent({ kind: 'operation', operation: { kind: 'transaction', instructions } }),
    );
  };
}

function emptyRow(id: number, op: Row['op']): Row {
  return { id, op, key: '', text: '', isAbsent: false };
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLSelectElement | WaInput).value ?? '';
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-transaction-form': TransactionForm;
  }
}
