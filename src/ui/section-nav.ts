import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
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
  /** Where the reader is, by id: of a page in columns, beside each other. */
  @property({ attribute: false, hasChanged: areOthers }) here: readonly string[] = [];

  static override readonly styles = [
    controls,
    css`
      ul {
        display: flex;
        gap: var(--gap-1);
        overflow-x: auto;
        scrollbar-width: none;
        padding: 2px 1.5rem 2px 2px;
        /* There is more to the right. */
        mask-image: linear-gradient(to left, transparent, #000 1.5rem);
      }
      li {
        border-block-end: 2px solid transparent;
      }
      li.here {
        border-color: var(--accent);
      }
    `,
  ];

  /** On a narrow screen the bar is longer than the window: its mark stays in sight. */
  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('here')) return;
    const list = this.renderRoot.querySelector('ul');
    const mark = this.renderRoot.querySelector<HTMLElement>('li.here');
    if (list !== null && mark !== null)
      list.scrollTo({ left: mark.offsetLeft - list.offsetLeft - 24, behavior: 'instant' });
  }

  override render(): unknown {
    return html`<nav aria-label="Sections">
      <ul>
        ${this.places.map(
          ({ id, label }) =>
            html`<li
              class=${this.here.includes(id) ? 'here' : ''}
              aria-current=${id === this.here[0] ? 'true' : nothing}
            >
              <wa-button appearance="plain" size="s" @click=${() => this.dispatchEvent(new GoToEvent(id))}
                >${label}</wa-button
              >
            </li>`,
        )}
      </ul>
    </nav>`;
  }
}

function areOthers(one: readonly string[], other: readonly string[] | undefined): boolean {
  return one.join() !== other?.join();
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-section-nav': SectionNav;
  }
  interface HTMLElementEventMap {
    'tabraft-go-to': GoToEvent;
  }
}
