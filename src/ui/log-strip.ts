import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { formatCount } from './format.ts';

const CELLS = 16;

/** The end of this node's log as a row of cells, drawn as the paper draws logs. */
@customElement('tabraft-log-strip')
export class LogStrip extends LitElement {
  @property({ attribute: false }) applied = 0;
  @property({ attribute: false }) commit = 0;
  @property({ attribute: false }) last = 0;

  static override readonly styles = css`
    :host {
      display: block;
      inline-size: max-content;
    }
    .cells {
      display: flex;
      gap: 3px;
    }
    i {
      inline-size: 0.8rem;
      block-size: 1.35rem;
      border: 1.5px solid var(--accent);
      border-radius: 2px;
    }
    .applied {
      background: var(--accent);
    }
    .committed {
      background: linear-gradient(to top, var(--accent) 50%, transparent 50%);
    }
    .pending {
      border-style: dashed;
    }
    .none {
      border-color: var(--line);
    }
    p {
      margin: 0.3rem 0 0;
      display: flex;
      justify-content: space-between;
      font: 0.75rem/1.2 var(--mono);
      font-variant-numeric: tabular-nums;
      color: var(--ink-soft);
    }
  `;

  override render(): unknown {
    const { applied, commit, last } = this;
    const first = Math.max(1, last - CELLS + 1);
    const label = `Log: applied up to ${applied}, committed up to ${commit}, last entry ${last}`;
    return html`
      <div class="cells" role="img" aria-label=${label} title=${label}>
        ${Array.from({ length: CELLS }, (_, i) => html`<i class=${this.#kindOf(first + i)}></i>`)}
      </div>
      <p aria-hidden="true">
        <span>${last === 0 ? nothing : formatCount(first)}</span>
        <span>log</span>
        <span>${formatCount(first + CELLS - 1)}</span>
      </p>
    `;
  }

  #kindOf(index: number): string {
    if (index > this.last) return 'none';
    if (index <= this.applied) return 'applied';
    return index <= this.commit ? 'committed' : 'pending';
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-log-strip': LogStrip;
  }
}
