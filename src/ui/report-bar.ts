import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { icon, type IconName } from './icons.ts';

/** How the last command goes: still running, done, or what went wrong. */
export interface Report {
  level: 'running' | 'done' | 'error';
  text: string;
}

const LOOKS: Readonly<Record<Report['level'], { icon: IconName; tone: string }>> = {
  running: { icon: 'running', tone: 'soft' },
  done: { icon: 'ok', tone: 'good' },
  error: { icon: 'error', tone: 'bad' },
};

/** At the lower edge until it is dismissed or replaced; good news goes by itself. */
@customElement('tabraft-report-bar')
export class ReportBar extends LitElement {
  @property({ attribute: false }) report: Report | null = null;

  static override readonly styles = [
    controls,
    css`
      .bar {
        position: fixed;
        inset-block-end: var(--gap-4);
        inset-inline: 0;
        margin-inline: auto;
        inline-size: fit-content;
        max-inline-size: min(44rem, calc(100vw - 2rem));
        display: flex;
        align-items: center;
        gap: var(--gap-3);
        padding: var(--gap-2) var(--gap-2) var(--gap-2) var(--gap-4);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--surface);
        box-shadow: 0 6px 24px rgb(0 0 0 / 22%);
        overflow-wrap: anywhere;
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
    return html`<div class="bar ${level}">
      <span class=${look.tone}>${icon(look.icon)}</span>
      <span>${text}</span>
      <wa-button appearance="plain" @click=${() => this.dispatchEvent(new CustomEvent('dismiss'))}
        >Dismiss</wa-button
      >
    </div>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-report-bar': ReportBar;
  }
}
