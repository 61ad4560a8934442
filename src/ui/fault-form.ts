import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { FaultKind, FaultRule } from '../api.ts';
import { FAULT_KINDS } from '../config/schema.ts';
import { MESSAGE_TYPES } from '../core/message.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { faultSentence } from './fault-sentence.ts';

/** Of the kinds that make messages late. */
const DEFAULT_MS: Partial<Record<FaultKind, readonly [number, number]>> = {
  delay: [50, 200],
  duplicate: [0, 100],
  reorder: [10, 200],
};

/** Adds a rule, or edits one, and says beforehand what it will do. */
@customElement('tabraft-fault-form')
export class FaultForm extends LitElement {
  @property({ attribute: false }) names: string[] = [];
  @property({ attribute: false }) usedIds: string[] = [];
  /** The rule to be changed; null: a new one is made. */
  @property({ attribute: false }) edited: FaultRule | null = null;
  @state() private kind: FaultKind = 'drop';
  @state() private from: readonly string[] = [];
  @state() private to: readonly string[] = [];
  @state() private isOpen = false;
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
      /* As wide as the longest type of message. */
      .types {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr));
      }
    `,
  ];

  override willUpdate(changed: PropertyValues<this>): void {
    const { edited } = this;
    if (!changed.has('edited') || edited === null) return;
    this.kind = edited.kind;
    this.from = [edited.from ?? []].flat();
    this.to = [edited.to ?? []].flat();
    this.messages = edited.messages ?? [];
    this.percent = 100 * (edited.probability ?? 1);
    [this.minMs, this.maxMs] = edited.delayMs ?? DEFAULT_MS[edited.kind] ?? [0, 0];
    this.isOpen = true;
  }

  override render(): unknown {
    const { edited } = this;
    return html`
      <details
        .open=${this.isOpen}
        @toggle=${(event: Event) => (this.isOpen = (event.currentTarget as HTMLDetailsElement).open)}
      >
        <summary>${edited === null ? 'Add a rule' : `Edit rule ${edited.id}`}</summary>
        <form @submit=${this.#submit}>
          <div class="field">
            <label class="label" for="kind">Kind</label>
            <select
              id="kind"
              .value=${this.kind}
              @change=${(event: Event) => this.#choose(valueOf(event) as FaultKind)}
            >
              ${FAULT_KINDS.map((kind) => html`<option value=${kind} ?selected=${kind === this.kind}>${kind}</option>`)}
            </select>
          </div>
          ${this.#renderNumber('Chance in %', this.percent, 1, 100, (value) => (this.percent = value))}
          ${DEFAULT_MS[this.kind] === undefined ? null : this.#renderBounds()}
          ${this.#renderChoices('From; none chosen means anyone', this.names, this.from, (names) => (this.from = names))}
          ${this.#renderChoices('To; none chosen means anyone', this.names, this.to, (names) => (this.to = names))}
          ${this.#renderTypes()}
          <p class="wide small soft">It will ${faultSentence(this.#rule())}.</p>
          <div class="row wide">
            <wa-button type="submit" appearance="outlined"
              >${edited === null ? 'Add rule' : 'Change rule'}</wa-button
            >
            ${
              edited === null
                ? null
                : html`<wa-button appearance="outlined" @click=${() => this.#done()}>Cancel</wa-button>`
            }
          </div>
        </form>
      </details>
    `;
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
    return html`<wa-input
      label=${label}
      type="number"
      required
      step="1"
      min=${min}
      max=${max}
      .value=${String(value)}
      @change=${(event: Event) => change(Number(valueOf(event)))}
    ></wa-input>`;
  }

  #renderTypes(): unknown {
    return this.#renderChoices(
      'Messages; none chosen means all',
      MESSAGE_TYPES,
      this.messages,
      (types) => (this.messages = types),
    );
  }

  #renderChoices(
    legend: string,
    choices: readonly string[],
    chosen: readonly string[],
    choose: (chosen: readonly string[]) => void,
  ): unknown {
    const toggled = (choice: string): readonly string[] =>
      chosen.includes(choice) ? chosen.filter((other) => other !== choice) : [...chosen, choice];
    return html`<fieldset class="wide">
      <legend class="label">${legend}</legend>
      <div class="types">
        ${choices.map(
          (choice) =>
            html`<label class="check">
              <input
                type="checkbox"
                .checked=${chosen.includes(choice)}
                @change=${() => choose(toggled(choice))}
              />
              ${choice}
            </label>`,
        )}
      </div>
    </fieldset>`;
  }

  #choose(kind: FaultKind): void {
    this.kind = kind;
    [this.minMs, this.maxMs] = DEFAULT_MS[kind] ?? [0, 0];
  }

  #rule(): FaultRule {
    const { kind, messages, percent, minMs, maxMs } = this;
    // A member that was chosen may have gone; its box went with it.
    const [from, to] = [this.from, this.to].map((names) => names.filter((name) => this.names.includes(name)));
    return {
      id: this.edited?.id ?? this.#freeId(),
      kind,
      ...(from === undefined || from.length === 0 ? {} : { from: one(from) }),
      ...(to === undefined || to.length === 0 ? {} : { to: one(to) }),
      ...(messages.length === 0 ? {} : { messages: [...messages] }),
      ...(percent === 100 ? {} : { probability: percent / 100 }),
      ...(DEFAULT_MS[kind] === undefined ? {} : { delayMs: [minMs, maxMs] }),
    };
  }

  #freeId(): string {
    let number = 1;
    while (this.usedIds.includes(`${this.kind}-${number}`)) number += 1;
    return `${this.kind}-${number}`;
  }

  /** A field of the library's has not noticed yet that another one moved its bounds. */
  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const fields = [...this.renderRoot.querySelectorAll('wa-input')];
    if (!fields.every((field) => field.reportValidity())) return;
    this.dispatchEvent(new ActionEvent({ kind: 'set-rule', rule: this.#rule() }));
    this.#done();
  };

  #done(): void {
    this.dispatchEvent(new CustomEvent('done'));
  }
}

/** One name is written as such, as people do. */
function one(names: string[]): string | string[] {
  const [first = '', ...more] = names;
  return more.length === 0 ? first : names;
}

function valueOf(event: Event): string {
  return (event.currentTarget as HTMLSelectElement | WaInput).value ?? '';
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-fault-form': FaultForm;
  }
}
