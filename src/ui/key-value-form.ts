import type WaButton from '@awesome.me/webawesome/dist/components/button/button.js';
import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Consistency } from '../api.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import type { Algorithm, Operation, OperationRecord } from './operation.ts';
import { latestOutcome } from './outcome.ts';
import './value-field.ts';
import type { ValueField } from './value-field.ts';

type Kind = 'get' | 'put' | 'cas' | 'delete';

/** Operations on one key. Holds what is typed; data that arrives meanwhile does not touch it. */
@customElement('tabraft-key-value-form')
export class KeyValueForm extends LitElement {
  @property({ attribute: false }) latest: OperationRecord | null = null;

  @state() private algorithm: Algorithm = 'raft';

  @query('#key') private readonly key?: WaInput;
  @query('#value') private readonly valueField?: ValueField;
  @query('#expected') private readonly expectedField?: ValueField;
  @query('#consistency') private readonly consistency?: HTMLSelectElement;

  static override readonly styles = [
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: var(--gap-3);
        align-items: end;
      }
      wa-input::part(label) {
        min-block-size: 1.6rem;
        align-items: center;
      }
      .narrow {
        inline-size: auto;
      }
      .buttons {
        grid-column: 1 / -1;
      }
      .read {
        display: flex;
      }
      .read wa-button::part(button) {
        border-start-end-radius: 0;
        border-end-end-radius: 0;
      }
      .read select {
        inline-size: auto;
        border-inline-start: none;
        border-start-start-radius: 0;
        border-end-start-radius: 0;
      }
      @media (max-width: 40rem) {
        form {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
        .key {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  override render(): unknown {
    const isRaft = this.algorithm === 'raft';
    return html`
      <form @submit=${this.#submit}>
        <wa-input
          id="key"
          class="key"
          label="Key"
          required
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
        ></wa-input>
        <tabraft-value-field
          id="value"
          .label=${'Value'}
          .absentLabel=${'Set absent'}
          @enter=${() => this.#enter('put')}
        ></tabraft-value-field>
        <tabraft-value-field
          id="expected"
          .label=${'Expected'}
          .absentLabel=${'Expect absent'}
          @enter=${() => this.#enter('cas')}
        ></tabraft-value-field>
        <div class="row buttons">
          <label class="check" for="algorithm">Algorithm</label>
          <select id="algorithm" class="narrow" @change=${this.#choose}>
            <option value="raft">Raft</option>
            <option value="abd">ABD</option>
          </select>
          <div class="read">
            <wa-button type="submit" appearance="outlined" value="get">Get</wa-button>
            <select id="consistency" aria-label="Consistency of Get" ?disabled=${!isRaft}>
              <option value="linearizable">linearizable</option>
              <option value="local">local</option>
            </select>
          </div>
          <wa-button type="submit" appearance="outlined" value="put">Put</wa-button>
          <wa-button type="submit" appearance="outlined" value="cas" ?disabled=${!isRaft}
            >Compare and set</wa-button
          >
          <wa-button type="submit" variant="danger" appearance="outlined" value="delete">Delete</wa-button>
        </div>
      </form>
      ${latestOutcome(
        this.latest,
        isRaft
          ? 'Put sets Value; Compare and set does so only if the key holds Expected.'
          : 'Quorum registers: their keys are others than those of Raft’s log, and no leader is needed.',
      )}
    `;
  }

  #enter(kind: Kind): void {
    this.renderRoot.querySelector<WaButton>(`wa-button[value="${kind}"]`)?.click();
  }

  readonly #choose = (event: Event): void => {
    this.algorithm = (event.currentTarget as HTMLSelectElement).value as Algorithm;
  };

  /** The library's buttons submit by a native one that has their value. */
  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const kind = event.submitter instanceof HTMLButtonElement ? event.submitter.value : 'get';
    this.dispatchEvent(new ActionEvent({ kind: 'operation', operation: this.#operation(kind as Kind) }));
  };

  #operation(kind: Kind): Operation {
    const key = this.key?.value ?? '';
    const value = this.valueField?.value ?? null;
    const { algorithm } = this;
    switch (kind) {
      case 'get':
        return {
          kind,
          algorithm,
          key,
          consistency: (this.consistency?.value ?? 'linearizable') as Consistency,
        };
      case 'put':
        return { kind, algorithm, key, value };
      case 'cas':
        return { kind, key, expected: this.expectedField?.value ?? null, value };
      case 'delete':
        return { kind, algorithm, key };
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-key-value-form': KeyValueForm;
  }
}
