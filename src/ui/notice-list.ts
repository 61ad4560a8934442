import { LitElement, css, html } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { controls } from './controls.ts';
import { formatTime } from './format.ts';
import { icon } from './icons.ts';
import { Resized } from './resized.ts';
import type { Notice } from './view.ts';

const TONES = { info: 'calm', warning: 'doubt', error: 'bad' } as const;

/** Up by less than this, in pixels, the reader has not scrolled away from the end. */
const END_REACH = 8;
/** When those that are not kept any more go. */
const TRIM_MS = 1000;

/**
 * What happened here, newest last. Its box keeps its size and follows the newest, until the reader scrolls away from
 * it: then the browser keeps the reader's place.
 */
@customElement('tabraft-notice-list')
export class NoticeList extends LitElement {
  /** Newest last. */
  @property({ attribute: false }) notices: Notice[] = [];
  @query('.scroller') private readonly scroller!: HTMLElement;

  /**
   * With those of the last moment that are not kept any more: they go in a frame of their own, for only then does a
   * browser keep what is read where it is.
   */
  @state() private rows: readonly Notice[] = [];

  #isAtEnd = true;
  #trimming: ReturnType<typeof setTimeout> | null = null;

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
      }
      section {
        grid-template-rows: auto 1fr;
      }
      /* As high as the column leaves room for, whatever it holds. */
      .scroller {
        contain: size;
        min-block-size: 20rem;
        padding: var(--gap-1) var(--gap-3);
      }
      li {
        display: grid;
        grid-template-columns: 4.6rem 5.4rem minmax(0, 1fr);
        gap: 0 var(--gap-2);
        padding-block: 0.2rem;
        overflow-wrap: anywhere;
      }
      @media (max-width: 40rem) {
        li {
          grid-template-columns: auto minmax(0, 1fr);
        }
        li > :last-child {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  constructor() {
    super();
    // Also where rows break elsewhere, or the box is another.
    new Resized(this, () => this.#follow());
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#trimming !== null) clearTimeout(this.#trimming);
    this.#trimming = null;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (!changed.has('notices')) return;
    const first = this.notices[0]?.id ?? Infinity;
    const going = this.rows.filter(({ id }) => id < first);
    this.rows = [...going, ...this.notices];
    if (going.length > 0) this.#trimming ??= setTimeout(this.#trim, TRIM_MS);
  }

  override updated(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('notices')) this.#follow();
  }

  override render(): unknown {
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Events</h2>
          <span class="small soft">newest last</span>
        </header>
        <div
          class="scroller small"
          role="region"
          aria-labelledby="heading"
          tabindex="0"
          @scroll=${this.#onScroll}
        >
          ${this.rows.length === 0 ? html`<p class="soft">Nothing has happened yet.</p>` : null}
          <ol>
            ${repeat(this.rows, ({ id }) => id, noticeRow)}
          </ol>
        </div>
      </section>
    `;
  }

  readonly #trim = (): void => {
    this.#trimming = null;
    this.rows = this.notices;
  };

  #follow(): void {
    if (this.#isAtEnd) this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #onScroll(): void {
    const { scrollTop, clientHeight, scrollHeight } = this.scroller;
    this.#isAtEnd = scrollTop + clientHeight > scrollHeight - END_REACH;
  }
}

function noticeRow({ time, level, text }: Notice): unknown {
  return html`<li>
    <time class="soft number" datetime=${new Date(time).toISOString()}>${formatTime(time)}</time>
    <span class="mark ${TONES[level]}">${icon(level)}${level}</span>
    <span>${text}</span>
  </li>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-notice-list': NoticeList;
  }
}
