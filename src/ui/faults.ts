import { LitElement, css, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { FaultRule, LinkCounters } from '../api.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import './fault-form.ts';
import { faultSentence } from './fault-sentence.ts';
import { plural } from './format.ts';
import { icon } from './icons.ts';
import { label } from './label.ts';
import './link-matrix.ts';
import './node-faults.ts';
import './presets.ts';
import type { PageView } from './view.ts';

/** The rules that disturb messages, in all tabs, and a way to add one. */
@customElement('tabraft-faults')
export class Faults extends LitElement {
  @property({ attribute: false }) rules: FaultRule[] = [];
  @property({ attribute: false }) links: LinkCounters[] = [];
  @property({ attribute: false }) nodes: PageView['nodes'] = [];
  @state() private edited: FaultRule | null = null;

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
    `,
  ];

  override render(): unknown {
    const { rules } = this;
    const names = this.nodes.map(({ name }) => name);
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Faults</h2>
          <span class="small soft"
            >${rules.length === 0 ? 'none active' : `${plural(rules.length, 'rule')} active`}</span
          >
        </header>
        <tabraft-link-matrix .rules=${rules} .links=${this.links} .nodes=${this.nodes}></tabraft-link-matrix>
        <tabraft-presets .names=${names}></tabraft-presets>
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
          <wa-button appearance="outlined" ?disabled=${rules.length === 0} @click=${this.#clearAll}
            >Heal all</wa-button
          >
        </div>
        <tabraft-fault-form
          .names=${names}
          .usedIds=${rules.map(({ id }) => id)}
          .edited=${this.edited}
          @done=${() => (this.edited = null)}
        ></tabraft-fault-form>
        <tabraft-node-faults .nodes=${this.nodes}></tabraft-node-faults>
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
      <span class="row">
        <wa-button appearance="outlined" @click=${() => (this.edited = rule)}
          >${label('Edit', `Edit rule ${rule.id}`)}</wa-button
        >
        <wa-button
          appearance="outlined"
          @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'clear-rule', id: rule.id }))}
          >${label('Clear', `Clear rule ${rule.id}`)}</wa-button
        >
      </span>
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
