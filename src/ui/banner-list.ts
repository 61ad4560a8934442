import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { ActionEvent } from './action.ts';
import type { Banner } from './banners.ts';
import { controls } from './controls.ts';
import { icon } from './icons.ts';

const VARIANTS = { info: 'brand', warning: 'warning', error: 'danger' } as const;

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
      wa-callout {
        --tone: var(--wa-color-on-quiet);
        padding: var(--gap-3) var(--gap-4);
        border-inline-start: 4px solid var(--tone);
        box-shadow: 0 6px 24px rgb(0 0 0 / 22%);
      }
      wa-callout > .icon {
        inline-size: 1.4rem;
        block-size: 1.4rem;
        margin-inline-end: var(--gap-4);
      }
      .banner {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-2) var(--gap-4);
      }
      .text {
        flex: 1 1 20rem;
        max-inline-size: 85ch;
      }
      @media (max-width: 40rem) {
        wa-callout::part(icon) {
          align-items: start;
        }
      }
      strong {
        font-weight: 650;
        color: var(--tone);
      }
    `,
  ];

  override render(): unknown {
    return repeat(
      this.banners,
      ({ id }) => id,
      ({ level, title, text, action }) => html`
        <wa-callout variant=${VARIANTS[level]}>
          ${icon(level, 'icon')}
          <div class="banner">
            <div class="text">
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
        </wa-callout>
      `,
    );
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-banner-list': BannerList;
  }
}
