import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { version } from '../../package.json';
import { controls } from './controls.ts';
import { formatCount } from './format.ts';
import { icon, type IconName } from './icons.ts';
import type { PageView, SignalingView } from './view.ts';

const SIGNALING: Readonly<Record<SignalingView['state'], { icon: IconName; tone: string }>> = {
  connecting: { icon: 'running', tone: 'soft' },
  connected: { icon: 'ok', tone: 'good' },
  lost: { icon: 'failed', tone: 'bad' },
};

@customElement('tabraft-footer')
export class Footer extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;

  static override readonly styles = [
    controls,
    css`
      footer {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-1) var(--gap-5);
        padding: var(--gap-4) 0;
        border-block-start: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      .counter + .counter::before {
        content: '· ';
      }
      .version {
        margin-inline-start: auto;
      }
    `,
  ];

  override render(): unknown {
    return html`<footer class="small soft">
      ${this.view === null ? null : this.#renderState(this.view)}
      <span class="version">tabraft ${version}</span>
    </footer>`;
  }

  #renderState({ signaling, status }: PageView): unknown {
    const look = SIGNALING[signaling.state];
    const counters = Object.entries(status.counters).filter(([, count]) => count > 0);
    return html`
      <span>
        Signaling
        <span class="mark ${look.tone}">${icon(look.icon)}${signaling.state}</span>
        <span class="mono">${signaling.url}</span>
        ${signaling.state === 'connected' ? null : signaling.detail}
      </span>
      <span>
        ${
          counters.length === 0
            ? 'Nothing refused or lost'
            : counters.map(
                ([what, count]) =>
                  html`<span class="counter"
                    >${what.replaceAll('-', ' ')} <span class="mono">${formatCount(count)}</span></span
                  > `,
              )
        }
      </span>
    `;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-footer': Footer;
  }
}
