import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';
import './key-value-form.ts';
import type { StatesView } from './local-states.ts';
import './operation-history.ts';
import type { OperationRecord } from './operation.ts';
import './states-table.ts';
import './transaction-form.ts';

/** The replicated map: operations on it, what became of them, and what this tab holds of it. */
@customElement('tabraft-data')
export class Data extends LitElement {
  /** Newest first. */
  @property({ attribute: false }) records: readonly OperationRecord[] = [];
  @property({ attribute: false }) states: StatesView = { kind: 'empty' };

  static override readonly styles = [
    controls,
    css`
      tabraft-transaction-form {
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--gap-4);
      }
      .views {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 19rem), 1fr));
        gap: var(--gap-4);
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--gap-4);
      }
    `,
  ];

  override render(): unknown {
    const latestOf = (isTransaction: boolean): OperationRecord | null =>
      this.records.find(({ operation }) => (operation.kind === 'transaction') === isTransaction) ?? null;
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Data</h2>
          <span class="small soft">any tab takes a request, the leader orders it</span>
        </header>
        <tabraft-key-value-form .latest=${latestOf(false)}></tabraft-key-value-form>
        <tabraft-transaction-form .latest=${latestOf(true)}></tabraft-transaction-form>
        <div class="views">
          <tabraft-states-table .states=${this.states}></tabraft-states-table>
          <tabraft-operation-history .records=${this.records}></tabraft-operation-history>
        </div>
      </section>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-data': Data;
  }
}
