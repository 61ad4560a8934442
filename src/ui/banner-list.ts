import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { ActionEvent } from './action.ts';
import type { Banner } from './banners.ts';
import { controls } from './controls.ts';
import { icon } from './icons.ts';

const TONES = { info: 'calm', warning: 'doubt', error: 'bad' } as const;

/** The states that want an explanation, one box each. */
@customElement('tabraft-banner-list')
export class BannerList extends LitElement {
  @property({ attribute: false }) banners: Banner[] = [];

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: var(--gap-3);
      }
      :host([hidden]) {
        display: none;
      }
      .banner {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--gap-2) var(--gap-4);
        padding: var(--gap-3) var(--gap-4);
        border: 1px solid color-mix(in oklab, var(--tone), transparent 55%);
        border-inline-start: 4px solid var(--tone);
        border-radius: var(--radius);
        background: color-mix(in oklab, var(--tone) 8%, var(--surface));
      }
      .banner.calm {
        --tone: var(--calm);
      }
      .banner.doubt {
        --tone: var(--doubt);
      }
      .banner.bad {
        --tone: var(--bad);
      }
      .banner > .icon {
        inline-size: 1.4rem;
        block-size: 1.4rem;
        color: var(--tone);
      }
      .banner div {
        color: var(--ink);
        max-inline-size: 85ch;
      }
      strong {
        font-weight: 650;
        color: var(--tone);
      }
      @media (max-width: 40rem) {
        .banner {
          grid-template-columns: auto minmax(0, 1fr);
          align-items: start;
        }
        wa-button {
          grid-column: 2;
          justify-self: start;
        }
      }
    `,
  ];

  override render(): unknown {
    return repeat(
      this.banners,
      ({ id }) => id,
      ({ level, title, text, action }) => html`
        <div class="banner ${TONES[level]}">
          ${icon(level)}
          <div>
            <strong>${title}</strong>
            <p>${text}</p>
          </div>
          ${
            action === null
              ? nothing
              : html`<wa-button
                  appearance="outlined"
                  @click=${() => this.dispatchEvent(new ActionEvent(action.action))}
                  >${action.label}</wa-button
                >`
          }
        </div>
      `,
    );
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-banner-list': BannerList;
  }
}
