import type WaCallout from '@awesome.me/webawesome/dist/components/callout/callout.js';
import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { icon, type IconName } from './icons.ts';

/** How the last command goes: still running, done, or what went wrong. */
export interface Report {
  level: 'running' | 'done' | 'error';
  text: string;
}

const LOOKS: Readonly<Record<Report['level'], { icon: IconName; variant: WaCallout['variant'] }>> = {
  running: { icon: 'running', variant: 'neutral' },
  done: { icon: 'ok', variant: 'success' },
  error: { icon: 'error', variant: 'danger' },
};

/** At the lower edge until it is dismissed or replaced; good news goes by itself. */
@customElement('tabraft-report-bar')
export class ReportBar extends LitElement {
  @property({ attribute: false }) report: Report | null = null;

  static override readonly styles = [
    controls,
    css`
      wa-callout {
        position: fixed;
        z-index: 3;
        inset-block-end: var(--gap-4);
        inset-inline: 0;
        margin-inline: auto;
        inline-size: fit-content;
        max-inline-size: min(44rem, calc(100vw - 2rem));
        padding: var(--gap-2) var(--gap-2) var(--gap-2) var(--gap-4);
        box-shadow: 0 6px 24px rgb(0 0 0 / 22%);
      }
      .bar {
        display: flex;
        align-items: center;
        gap: var(--gap-3);
      }
      /* What is over at once should not flash. */
      .running {
        animation: appear 0s 400ms both;
      }
      @keyframes appear {
        from {
          visibility: hidden;
        }
      }
    `,
  ];

  override render(): unknown {
    const { report } = this;
    return html`<div role="status" aria-label="Last command" aria-atomic="true">
      ${report === null ? null : this.#renderBar(report)}
    </div>`;
  }

  #renderBar({ level, text }: Report): unknown {
    const look = LOOKS[level];
    return html`<wa-callout class=${level} variant=${look.variant}>
      ${icon(look.icon, 'icon')}
      <div class="bar">
        <span>${text}</span>
        <wa-button appearance="plain" @click=${() => this.dispatchEvent(new CustomEvent('dismiss'))}
          >Dismiss</wa-button
        >
      </div>
    </wa-callout>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-report-bar': ReportBar;
  }
}
