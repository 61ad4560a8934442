import { LitElement, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { plural } from './format.ts';
import type { PageView } from './view.ts';

/** Says elections and faults to whoever does not look. */
@customElement('tabraft-announcer')
export class Announcer extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @state() private text = '';

  #leader: string | null = null;
  #rules: readonly string[] = [];

  static override readonly styles = [controls];

  override willUpdate(): void {
    const { view } = this;
    if (view === null) return;
    const said = [this.#election(view), this.#faults(view)].filter((sentence) => sentence !== null);
    if (said.length > 0) this.text = said.join(' ');
  }

  override render(): unknown {
    return html`<p class="hidden-text" role="status" aria-label="Elections and faults">${this.text}</p>`;
  }

  #election({ status: { leader, term } }: PageView): string | null {
    if (leader === this.#leader) return null;
    this.#leader = leader;
    return leader === null ? 'There is no leader.' : `${leader} leads in term ${term}.`;
  }

  #faults({ rules }: PageView): string | null {
    const ids = rules.map(({ id }) => id);
    const before = this.#rules;
    if (ids.length === before.length && ids.every((id) => before.includes(id))) return null;
    this.#rules = ids;
    return ids.length === 0 ? 'All fault rules are cleared.' : `${plural(ids.length, 'fault rule')} active.`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-announcer': Announcer;
  }
}
