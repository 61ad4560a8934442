import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { FaultRule, LinkCounters } from '../api.ts';
import { linkState, type LinkState } from '../proxy/rules.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { formatCount } from './format.ts';
import { icon, type IconName } from './icons.ts';
import type { PageView } from './view.ts';

const ICONS: Record<LinkState, IconName> = {
  open: 'open-link',
  cut: 'failed',
  holding: 'paused',
  lossy: 'unknown',
  slow: 'slow',
  shuffled: 'shuffled',
};

type Place = readonly [row: number, column: number];

const STEPS: Readonly<Record<string, Place>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

/** The rule that a click on a link sets and clears. */
function linkRule(from: string, to: string): FaultRule {
  return { id: `link:${from}>${to}`, kind: 'drop', from, to };
}

/** Every directed link: what the rules do to it, as a button that cuts it and joins it again. */
@customElement('tabraft-link-matrix')
export class LinkMatrix extends LitElement {
  @property({ attribute: false }) rules: FaultRule[] = [];
  @property({ attribute: false }) links: LinkCounters[] = [];
  @property({ attribute: false }) nodes: PageView['nodes'] = [];
  /** The link whose counters are shown; it alone is in the tab order. */
  @state() private chosen: Place = [0, 1];

  static override readonly styles = [
    controls,
    css`
      table {
        border-collapse: separate;
        border-spacing: 3px;
        inline-size: 100%;
        table-layout: fixed;
      }
      th {
        font: 700 0.875rem/1.2 var(--mono);
        padding: 0.2rem;
        overflow-wrap: anywhere;
      }
      th.corner {
        font: 500 0.75rem/1.2 inherit;
        color: var(--ink-soft);
        text-align: start;
      }
      /* Native: the library's button cannot say that it is pressed, nor leave the tab order. */
      button {
        display: grid;
        justify-items: center;
        align-content: center;
        gap: 0.1rem;
        inline-size: 100%;
        min-inline-size: 0;
        min-block-size: var(--control);
        padding: 0.3rem 0;
        border: 1px solid var(--line-strong);
        border-radius: var(--radius-small);
        background: var(--surface);
        color: inherit;
        font: inherit;
        font-size: 0.75rem;
        font-weight: 500;
        cursor: pointer;
        touch-action: manipulation;
        transition: background-color 120ms;
      }
      button:hover {
        background: color-mix(in oklab, var(--surface), var(--ink) 7%);
      }
      button:active {
        background: color-mix(in oklab, var(--surface), var(--ink) 14%);
      }
      td.self {
        text-align: center;
        color: var(--ink-soft);
      }
      .open {
        color: var(--ink-soft);
      }
      button[data-state='cut'] {
        color: var(--bad);
        border: 2px solid currentColor;
        font-weight: 700;
      }
      button[data-state='holding'],
      button[data-state='lossy'],
      button[data-state='slow'],
      button[data-state='shuffled'] {
        color: var(--doubt);
        border: 2px dashed currentColor;
      }
      .detail {
        min-block-size: 2.9em;
        margin-block-start: var(--gap-2);
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render(): unknown {
    const names = this.nodes.map(({ name }) => name);
    if (names.length < 2) return html`<p class="small soft">There are no links yet: open another tab.</p>`;
    return html`
      <div class="scroller">
        <table aria-label="Links between members" @keydown=${this.#onKey}>
          <tr>
            <th class="corner" scope="col">from ↓ to →</th>
            ${names.map((name) => html`<th scope="col">${name}</th>`)}
          </tr>
          ${this.nodes.map(
            (node, row) =>
              html`<tr>
                <th scope="row">
                  ${node.name}${node.state === 'running' ? nothing : html`<div class="small bad">${node.state}</div>`}
                </th>
                ${names.map((to, column) => this.#renderLink(node.name, to, [row, column]))}
              </tr>`,
          )}
        </table>
      </div>
      <p class="small soft detail">${this.#detail(names)}</p>
    `;
  }

  #renderLink(from: string, to: string, place: Place): unknown {
    if (from === to) return html`<td class="self">·</td>`;
    const { state: link, rules } = linkState(this.rules, from, to);
    const own = linkRule(from, to);
    const isCut = rules.some(({ id }) => id === own.id);
    const by = rules.length === 0 ? '' : ` by ${rules.map(({ id }) => id).join(', ')}`;
    return html`<td>
      <button
        class=${link}
        data-state=${link}
        data-place=${place.join()}
        tabindex=${this.#isChosen(place) ? 0 : -1}
        aria-pressed=${isCut}
        aria-label="${from} to ${to}: ${link}${by}"
        @focus=${() => (this.chosen = place)}
        @mouseenter=${() => (this.chosen = place)}
        @click=${() =>
          this.dispatchEvent(
            new ActionEvent(isCut ? { kind: 'clear-rule', id: own.id } : { kind: 'set-rule', rule: own }),
          )}
      >
        ${icon(ICONS[link])}<span aria-hidden="true">${link}</span>
      </button>
    </td>`;
  }

  #isChosen([row, column]: Place): boolean {
    const size = this.nodes.length;
    const [chosenRow, chosenColumn] = this.chosen;
    // The one chosen may have left with its member.
    if (chosenRow >= size || chosenColumn >= size) return row === 0 && column === 1;
    return row === chosenRow && column === chosenColumn;
  }

  #detail(names: readonly string[]): unknown {
    const [from = '', to = ''] = this.chosen.map((position) => names[position]);
    const { rules, state: link } = linkState(this.rules, from, to);
    const counters = this.links.find((candidate) => candidate.from === from && candidate.to === to);
    const counts = Object.entries(counters ?? {})
      .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
      .filter(([what, count]) => count > 0 || what === 'sent' || what === 'delivered')
      .map(([what, count]) => `${formatCount(count)} ${what}`)
      .join(', ');
    const by = rules.length === 0 ? '' : ` (${rules.map(({ id }) => id).join(', ')})`;
    // One text: the end of it would count as moved.
    return html`<strong>${from} to ${to}</strong
      >${`: ${link}${by}. ${counts}. Each end counts for itself, and tells now and then.`}`;
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const [row, column] = [this.chosen[0] + step[0], this.chosen[1] + step[1]];
    // Over the diagonal, where no link is.
    const place = row === column ? [row + step[0], column + step[1]] : [row, column];
    this.renderRoot.querySelector<HTMLElement>(`[data-place='${place.join()}']`)?.focus();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-link-matrix': LinkMatrix;
  }
}
