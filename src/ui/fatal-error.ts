import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { icon } from './icons.ts';

/** Why the page could not start at all. */
export interface Fatal {
  title: string;
  problems: string[];
  /** What to do about it, where that is not plain. */
  advice?: string;
}

@customElement('tabraft-fatal-error')
export class FatalError extends LitElement {
  @property({ attribute: false }) fatal: Fatal | null = null;

  static override readonly styles = [
    controls,
    css`
      wa-callout {
        max-inline-size: 46rem;
        margin: 6vh auto;
        padding: var(--gap-5);
        border-block-start: 4px solid var(--bad);
      }
      wa-callout::part(icon) {
        align-items: start;
        font-size: 1.375rem;
        padding-block-start: 0.2em;
      }
      .text {
        display: grid;
        gap: var(--gap-4);
      }
      h2 {
        font-size: 1.375rem;
      }
      ul {
        display: grid;
        gap: var(--gap-2);
      }
      li {
        padding: var(--gap-2) var(--gap-3);
        border-radius: var(--radius-small);
        background: var(--surface);
        border: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render(): unknown {
    const { fatal } = this;
    if (fatal === null) return null;
    return html`
      <wa-callout variant="danger" role="alert" aria-labelledby="heading">
        ${icon('error', 'icon')}
        <div class="text">
          <h2 id="heading">${fatal.title}</h2>
          <ul>
            ${fatal.problems.map((problem) => html`<li class="mono">${problem}</li>`)}
          </ul>
          <p>${fatal.advice ?? adviceFor()} No data was touched.</p>
          <div class="row">
            <wa-button variant="brand" @click=${() => location.reload()}>Reload</wa-button>
            ${
              hasAddressDetails()
                ? html`<wa-button appearance="outlined" @click=${() => location.assign(location.pathname)}
                    >Open without the link</wa-button
                  >`
                : null
            }
          </div>
        </div>
      </wa-callout>
    `;
  }
}

function hasAddressDetails(): boolean {
  return location.hash !== '' || location.search !== '';
}

function adviceFor(): string {
  return hasAddressDetails()
    ? 'Correct what is named above and reload. If it is in the link, ask for the link again, or open this page without what follows its address: you get your own cluster then.'
    : 'Correct what is named above and reload.';
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-fatal-error': FatalError;
  }
}
