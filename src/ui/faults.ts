import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { FaultRule } from '../api.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import './fault-form.ts';
import { faultSentence } from './fault-sentence.ts';
import { plural } from './format.ts';
import { icon } from './icons.ts';

/** The rules that disturb messages, in all tabs, and a way to add one. */
@customElement('tabraft-faults')
export class Faults extends LitElement {
  @property({ attribute: false }) rules: FaultRule[] = [];
  @property({ attribute: false }) names: string[] = [];

  static override readonly styles = [
    controls,
    css`
      li {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--gap-3);
        padding-block: var(--gap-1);
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      li > .icon {
        color: var(--doubt);
      }
      li div {
        overflow-wrap: anywhere;
      }
      .rules {
        max-block-size: 16rem;
        overflow: auto;
      }
      header button {
        align-self: center;
      }
    `,
  ];

  override render(): unknown {
    const { rules } = this;
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Faults</h2>
          <span class="small soft"
            >${rules.length === 0 ? 'none active' : `${plural(rules.length, 'rule')} active`}</span
          >
        </header>
        ${
          rules.length === 0
            ? html`<p class="soft">Messages pass undisturbed. A rule set in one tab holds in all of them.</p>`
            : html`<ul class="rules">
                ${repeat(
                  rules,
                  ({ id }) => id,
                  (rule) => this.#renderRule(rule),
                )}
              </ul>`
        }
        <div class="row">
          <button ?disabled=${rules.length === 0} @click=${this.#clearAll}>Clear all rules</button>
        </div>
        <tabraft-fault-form .names=${this.names} .usedIds=${rules.map(({ id }) => id)}></tabraft-fault-form>
      </section>
    `;
  }

  #renderRule(rule: FaultRule): unknown {
    return html`<li>
      ${icon('warning')}
      <div>
        <span>${faultSentence(rule)}</span>
        <div class="small soft mono">${rule.id}</div>
      </div>
      <button
        aria-label="Clear rule ${rule.id}"
        @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'clear-rule', id: rule.id }))}
      >
        Clear
      </button>
    </li>`;
  }

  readonly #clearAll = (): void => {
    this.dispatchEvent(new ActionEvent({ kind: 'clear-all-rules' }));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-faults': Faults;
  }
}
