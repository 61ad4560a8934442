import { LitElement, css, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { FaultKind, FaultRule } from '../api.ts';
import { MESSAGE_TYPES } from '../core/message.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { faultSentence } from './fault-sentence.ts';

/** Adds a `drop` or `delay` rule, and says beforehand what it will do. */
@customElement('tabraft-fault-form')
export class FaultForm extends LitElement {
  @property({ attribute: false }) names: string[] = [];
  @property({ attribute: false }) usedIds: string[] = [];
  @state() private kind: FaultKind = 'drop';
  @state() private from = '';
  @state() private to = '';
  @state() private messages: readonly string[] = [];
  @state() private percent = 100;
  @state() private minMs = 50;
  @state() private maxMs = 200;

  static override readonly styles = [
    controls,
    css`
      details {
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--gap-3);
      }
      summary {
        cursor: pointer;
        font-size: 0.875rem;
        font-weight: 650;
        padding-block: 0.35rem;
        border-radius: var(--radius-small);
      }
      form {
        display: grid;
        grid-template-columns: repeat(3, minmax(0, 1fr));
        gap: var(--gap-3);
        padding-block-start: var(--gap-2);
      }
      .wide {
        grid-column: 1 / -1;
      }
      fieldset {
        margin: 0;
        min-inline-size: 0;
        padding: var(--gap-1) var(--gap-3) var(--gap-2);
        border: 1px solid var(--line);
        border-radius: var(--radius-small);
      }
      .types {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(10rem, 1fr));
      }
    `,
  ];

  override render(): unknown {
    return html`
      <details>
        <summary>Add a rule</summary>
        <form @submit=${this.#submit}>
          <div class="field">
            <label class="label" for="kind">Kind</label>
            <select
              id="kind"
              .value=${this.kind}
              @change=${(event: Event) => (this.kind = valueOf(event) as FaultKind)}
            >
              <option value="drop">drop</option>
              <option value="delay">delay</option>
            </select>
          </div>
          ${this.#renderMember('From', this.from, (name) => (this.from = name))}
          ${this.#renderMember('To', this.to, (name) => (this.to = name))}
          ${this.#renderNumber('Chance in %', this.percent, 1, 100, (value) => (this.percent = value))}
          ${this.kind === 'delay' ? this.#renderBounds() : null} ${this.#renderTypes()}
          <p class="wide small soft">It will ${faultSentence(this.#rule())}.</p>
          <div class="row wide"><button type="submit">Add rule</button></div>
        </form>
      </details>
    `;
  }

  #renderMember(label: string, chosen: string, choose: (name: string) => void): unknown {
    return html`<div class="field">
      <label class="label" for=${label}>${label}</label>
      <select id=${label} @change=${(event: Event) => choose(valueOf(event))}>
        <option value="" ?selected=${chosen === ''}>anyone</option>
        ${this.names.map((name) => html`<option value=${name} ?selected=${chosen === name}>${name}</option>`)}
      </select>
    </div>`;
  }

  #renderBounds(): unknown {
    return html`
      ${this.#renderNumber('At least, in ms', this.minMs, 0, 60_000, (value) => (this.minMs = value))}
      ${this.#renderNumber('At most, in ms', this.maxMs, this.minMs, 60_000, (value) => (this.maxMs = value))}
    `;
  }

  #renderNumber(
    label: string,
    value: number,
    min: number,
    max: number,
    change: (value: number) => void,
  ): unknown {
    return html`<label class="field">
      <span class="label">${label}</span>
      <input
        type="number"
        required
        step="1"
        min=${min}
        max=${max}
        .value=${String(value)}
        @change=${(event: Event) => change(Number(valueOf(event)))}
      />
    </label>`;
  }

  #renderTypes(): unknown {
    return html`<fieldset class="wide">
      <legend class="label">Messages; none chosen means all</legend>
      <div class="types">
        ${MESSAGE_TYPES.map(
          (type) =>
            html`<label class="check">
              <input
                type="checkbox"
                .checked=${this.messages.includes(type)}
                @change=${(event: Event) => this.#toggle(type, (event.currentTarget as HTMLInputElement).checked)}
              />
              ${type}
            </label>`,
        )}
      </div>
    </fieldset>`;
  }

  #toggle(type: string, isChosen: boolean): void {
    this.messages = isChosen ? [...this.messages, type] : this.messages.filter((other) => other !== type);
  }

  #rule(): FaultRule {
    const { kind, from, to, messages, percent, minMs, maxMs } = this;
    return {
      id: this.#freeId(),
      kind,
      // A member that was chosen may have gone; its option went with it.
      ...(this.names.includes(from) ? { from } : {}),
      ...(this.names.includes(to) ? { to } : {}),
      ...(messages.length === 0 ? {} : { messages: [...messages] }),
      ...(percent === 100 ? {} : { probability: percent / 100 }),
      ...(kind === 'delay' ? { delayMs: [minMs, maxMs] } : {}),
    };
  }

  #freeId(): string {
    let number = 1;
    while (this.usedIds.includes(`${this.kind}-${number}`)) number += 1;
    return `${this.kind}-${number}`;
  }

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    this.dispatchEvent(new ActionEvent({ kind: 'set-rule', rule: this.#rule() }));
  };
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLInputElement | HTMLSelectElement).value;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-fault-form': FaultForm;
  }
}
