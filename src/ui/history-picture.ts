import { LitElement, css, html, unsafeCSS, type PropertyValues } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import type { CheckResult, KeyResult } from '../check/linearizability.ts';
import { drawKey, ordersOf, PICTURE_STYLE } from '../check/picture.ts';
import { controls } from './controls.ts';

const MARKS = { linearizable: '✓', 'not linearizable': '✗', unknown: '?' } as const;
const HINT = 'Point at a bar, or move through them with the arrow keys, to see why it is where it is.';

/** What the checker found out about each key, drawn: operations as bars, the order that explains them as a line. */
@customElement('tabraft-history-picture')
export class HistoryPicture extends LitElement {
  @property({ attribute: false }) check: CheckResult | null = null;
  @state() private key: string | null = null;
  @state() private order = 0;
  @state() private why = '';

  static override readonly styles = [
    controls,
    unsafeCSS(PICTURE_STYLE),
    css`
      :host {
        --ground: var(--surface);
        --text: var(--ink);
        --soft: var(--ink-soft);
        --placed: light-dark(#dbe9fb, #1e3a5f);
        --open: light-dark(#eceff3, #2b3037);
        --info: light-dark(#f6ecd2, #4a3d1a);
        --error: light-dark(#f9d3d3, #5c2020);
        --mark: var(--calm);
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-2);
      }
      .field {
        flex: 1 1 12rem;
      }
      .picture {
        background: var(--sunken);
        overscroll-behavior-x: contain;
      }
      .why {
        min-block-size: 3em;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override willUpdate(changed: PropertyValues): void {
    if (!changed.has('check')) return;
    // What is wrong comes first.
    this.key = (this.#keys.find(({ verdict }) => verdict !== 'linearizable') ?? this.#keys[0])?.key ?? null;
    this.order = 0;
    this.why = '';
  }

  override updated(changed: PropertyValues): void {
    if (!['check', 'key', 'order'].some((name) => changed.has(name))) return;
    const first = this.renderRoot.querySelector<SVGElement>('[data-error]') ?? this.#bars[0];
    // One stop for the keyboard, however many bars there are.
    for (const bar of this.#bars) bar.setAttribute('tabindex', bar === first ? '0' : '-1');
    const picture = this.renderRoot.querySelector('.picture');
    const rect = first?.querySelector('rect');
    if (picture && rect) picture.scrollLeft = rect.x.baseVal.value - picture.clientWidth / 2;
  }

  override render(): unknown {
    const shown = this.#keys.find(({ key }) => key === this.key);
    if (shown === undefined) return html`<p class="small soft">No operation was judged.</p>`;
    const orders = ordersOf(shown);
    return html`
      <div class="row">
        <label class="field">
          <span class="label">Key</span>
          <select aria-label="Key shown" @change=${this.#chooseKey}>
            ${this.#keys.map(
              ({ key, verdict, operations }) =>
                html`<option value=${key} ?selected=${key === this.key}>
                  ${MARKS[verdict]} ${key}, ${operations.length} operations
                </option>`,
            )}
          </select>
        </label>
        ${orders.length < 2 ? '' : this.#renderOrders(orders.length)}
      </div>
      <div
        class="picture"
        @pointerover=${this.#tell}
        @focusin=${this.#tell}
        @click=${this.#tell}
        @keydown=${this.#move}
      >
        ${unsafeHTML(drawKey(shown, orders[this.order] ?? []))}
      </div>
      <p class="why small" role="status" aria-label="The operation pointed at">
        ${this.why === '' ? html`<span class="soft">${HINT}</span>` : this.why}
      </p>
    `;
  }

  #renderOrders(count: number): unknown {
    return html`<label class="field">
      <span class="label">Orders that explain a part of it</span>
      <select
        aria-label="Order shown"
        @change=${({ target }: Event) => (this.order = Number((target as HTMLSelectElement).value))}
      >
        ${Array.from(
          { length: count },
          (_, at) =>
            html`<option value=${at} ?selected=${at === this.order}>longest partial order ${at + 1}</option>`,
        )}
      </select>
    </label>`;
  }

  get #keys(): readonly KeyResult[] {
    return this.check?.keys ?? [];
  }

  get #bars(): readonly SVGElement[] {
    return [...this.renderRoot.querySelectorAll<SVGElement>('.bar')];
  }

  readonly #chooseKey = ({ target }: Event): void => {
    this.key = (target as HTMLSelectElement).value;
    this.order = 0;
    this.why = '';
  };

  readonly #tell = ({ target }: Event): void => {
    const bar = target instanceof Element ? target.closest<SVGElement>('.bar') : null;
    if (bar !== null) this.why = bar.dataset['why'] ?? '';
  };

  readonly #move = (event: KeyboardEvent): void => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const bars = this.#bars;
    const at = bars.findIndex((bar) => bar.matches(':focus'));
    const next = step === undefined || at < 0 ? undefined : bars[at + step];
    if (next === undefined) return;
    event.preventDefault();
    bars[at]?.setAttribute('tabindex', '-1');
    next.setAttribute('tabindex', '0');
    next.focus();
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-history-picture': HistoryPicture;
  }
}
