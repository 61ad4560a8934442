import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';

export interface Place {
  readonly id: string;
  readonly label: string;
}

/** Asks the page to go to one of its sections. */
export class GoToEvent extends CustomEvent<string> {
  constructor(id: string) {
    super('tabraft-go-to', { detail: id, bubbles: true, composed: true });
  }
}

/** The way to the sections of a long page. The fragment of the address is the cluster's, so these are no plain links. */
@customElement('tabraft-section-nav')
export class SectionNav extends LitElement {
  @property({ attribute: false }) places: readonly Place[] = [];

  static override readonly styles = [
    controls,
    css`
      ul {
        display: flex;
        gap: var(--gap-1);
        overflow-x: auto;
        scrollbar-width: none;
        padding: 2px;
      }
    `,
  ];

  override render(): unknown {
    return html`<nav aria-label="Sections">
      <ul>
        ${this.places.map(
          ({ id, label }) =>
            html`<li>
              <wa-button appearance="plain" size="s" @click=${() => this.dispatchEvent(new GoToEvent(id))}
                >${label}</wa-button
              >
            </li>`,
        )}
      </ul>
    </nav>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-section-nav': SectionNav;
  }
  interface HTMLElementEventMap {
    'tabraft-go-to': GoToEvent;
  }
}
