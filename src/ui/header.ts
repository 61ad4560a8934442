import { LitElement, css, html, svg } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { formatCount } from './format.ts';
import { icon, type IconName } from './icons.ts';
import './log-strip.ts';
import { ROLE_WORDS } from './names.ts';
import { statusText } from './status-text.ts';
import './theme-switch.ts';
import type { PageView } from './view.ts';

/** Who this tab is and how its node is doing. */
@customElement('tabraft-header')
export class Header extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;

  static override readonly styles = [
    controls,
    css`
      .brand {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        margin: 0;
        font: 650 0.9375rem/1 var(--mono);
        letter-spacing: -0.01em;
      }
      .brand svg {
        inline-size: 1.5rem;
        block-size: 1.5rem;
        fill: none;
        stroke: var(--accent);
        stroke-width: 2;
        stroke-linejoin: round;
      }
      .top {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: var(--gap-4);
        margin-block-end: var(--gap-4);
      }
      .node {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto auto;
        align-items: center;
        gap: var(--gap-4) var(--gap-5);
      }
      .plate {
        display: grid;
        place-items: center;
        min-inline-size: 5.25rem;
        block-size: 5.25rem;
        padding: 0 0.6rem;
        border-radius: 0.8rem;
        background: var(--accent);
        color: var(--on-accent);
        font: 750 3.25rem/1 var(--mono);
      }
      .plate.long {
        font-size: 1.5rem;
      }
      .role {
        display: flex;
        align-items: center;
        gap: 0.45rem;
        font-size: 1.5rem;
        font-weight: 650;
        letter-spacing: -0.015em;
        line-height: 1.2;
      }
      .role .icon {
        color: var(--accent);
      }
      .facts {
        display: grid;
        grid-template-columns: 4.5rem 5rem 7.25rem 7.25rem;
        gap: var(--gap-4);
      }
      dt {
        font-size: 0.8125rem;
        color: var(--ink-soft);
      }
      dd {
        font: 600 1.25rem/1.3 var(--mono);
        font-variant-numeric: tabular-nums;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      @media (max-width: 64rem) {
        .node {
          grid-template-columns: auto minmax(0, 1fr) auto;
        }
        .facts {
          grid-row: 2;
          grid-column: 1 / -1;
          grid-template-columns: repeat(4, minmax(0, 1fr));
        }
      }
      @media (max-width: 40rem) {
        .node {
          grid-template-columns: auto minmax(0, 1fr);
          gap: var(--gap-3) var(--gap-4);
        }
        .facts {
          gap: var(--gap-2);
          grid-template-columns: 3fr 3fr 5fr 5fr;
        }
        dd {
          font-size: 0.9375rem;
        }
        .plate {
          /* As high as the role and two lines beside it. */
          min-inline-size: 4.75rem;
          block-size: 4.75rem;
          font-size: 2.6rem;
        }
        .plate.long {
          font-size: 1.25rem;
        }
        tabraft-log-strip {
          grid-column: 1 / -1;
        }
      }
    `,
  ];

  override render(): unknown {
    const { view } = this;
    if (view === null)
      return html`<div class="top">${BRAND}<tabraft-theme-switch></tabraft-theme-switch></div>`;
    const { status } = view;
    return html`
      <div class="top">
        ${BRAND}
        <div class="row">
          <span class="small soft"
            >cluster <span class="mono">${status.clusterId.slice(0, 8) || '…'}</span></span
          >
          <tabraft-theme-switch></tabraft-theme-switch>
        </div>
      </div>
      <div class="node">
        ${plate(status.name)}
        <div>
          <div class="role">${icon(roleIcon(view))}${roleWord(view)}</div>
          <p class="soft" role="status" aria-label="Cluster state" aria-atomic="true">${statusText(view)}</p>
        </div>
        <dl class="facts">
          ${fact('Term', formatCount(status.term))} ${fact('Leader', status.leader ?? 'none')}
          ${fact('Committed', formatCount(status.commitIndex))}
          ${fact('Applied', formatCount(status.appliedIndex))}
        </dl>
        <tabraft-log-strip
          .applied=${status.appliedIndex}
          .commit=${status.commitIndex}
          .last=${status.lastIndex}
        ></tabraft-log-strip>
      </div>
    `;
  }
}

/** Three tabs, lashed together. */
const BRAND = html`<h1 class="brand">
  ${svg`<svg viewBox="0 0 24 24" aria-hidden="true">
    <path d="M2.5 4.5h5v15h-5zM9.5 4.5h5v15h-5zM16.5 4.5h5v15h-5zM1 9h22M1 15h22" />
  </svg>`}
  tabraft
</h1>`;

function plate(name: string | null): unknown {
  return html`<div class="plate ${(name ?? '').length > 2 ? 'long' : ''}">
    <span class="hidden-text">This node is</span>
    <span>${name ?? html`<span aria-label="not named yet">·</span>`}</span>
  </div>`;
}

function fact(label: string, value: string): unknown {
  return html`<div>
    <dt>${label}</dt>
    <dd>${value}</dd>
  </div>`;
}

function isPaused({ paused, status }: PageView): boolean {
  return paused && status.role !== 'stopped';
}

function roleIcon(view: PageView): IconName {
  return isPaused(view) ? 'paused' : view.status.role;
}

function roleWord(view: PageView): string {
  const word = ROLE_WORDS[view.status.role];
  return isPaused(view) ? `${word}, paused` : word;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-header': Header;
  }
}
