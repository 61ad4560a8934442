import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { controls } from './controls.ts';
import { formatTime } from './format.ts';
import { icon } from './icons.ts';
import type { Notice } from './view.ts';

const TONES = { info: 'calm', warning: 'doubt', error: 'bad' } as const;

/** What happened here, newest first. Its box keeps its size, and the browser keeps a reader's place. */
@customElement('tabraft-notice-list')
export class NoticeList extends LitElement {
  /** Newest last. */
  @property({ attribute: false }) notices: Notice[] = [];

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

  override render(): unknown {
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Events</h2>
          <span class="small soft">newest first</span>
        </header>
        <div class="scroller small" role="region" aria-labelledby="heading" tabindex="0">
          ${this.notices.length === 0 ? html`<p class="soft">Nothing has happened yet.</p>` : null}
          <ol>
            ${repeat([...this.notices].reverse(), ({ id }) => id, noticeRow)}
          </ol>
        </div>
      </section>
    `;
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
