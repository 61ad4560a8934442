import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { Role } from '../api.ts';
import { ActionEvent, type Action } from './action.ts';
import { controls } from './controls.ts';
import { icon } from './icons.ts';

/** What can be done to this tab's own node. */
@customElement('tabraft-node-actions')
export class NodeActions extends LitElement {
  @property({ attribute: false }) memberName: string | null = null;
  @property({ attribute: false }) nodeRole: Role = 'joining';
  @property({ attribute: false }) paused = false;

  static override readonly styles = [
    controls,
    css`
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-2);
      }
      h3 {
        flex: 1 0 6rem;
      }
      .toggle {
        min-inline-size: 6.6rem;
      }
    `,
  ];

  override render(): unknown {
    const isRunning = this.nodeRole !== 'stopped';
    const canSnapshot = isRunning && !this.paused && this.nodeRole !== 'joining';
    const canCampaign = canSnapshot && this.nodeRole !== 'learner';
    return html`
      <div class="actions" role="group" aria-labelledby="heading">
        <h3 id="heading">This node${this.memberName === null ? '' : `, ${this.memberName}`}</h3>
        <wa-button
          class="toggle"
          appearance="outlined"
          ?disabled=${!isRunning}
          @click=${() => this.#ask({ kind: this.paused ? 'resume' : 'pause' })}
          >${
            this.paused ? html`${icon('joining', 'start')}Resume` : html`${icon('paused', 'start')}Pause`
          }</wa-button
        >
        <wa-button
          appearance="outlined"
          ?disabled=${!canCampaign}
          @click=${() => this.#ask({ kind: 'campaign' })}
          >Force election</wa-button
        >
        <wa-button
          appearance="outlined"
          ?disabled=${!canSnapshot}
          @click=${() => this.#ask({ kind: 'snapshot' })}
          >Snapshot</wa-button
        >
        <wa-button appearance="outlined" @click=${() => this.#ask({ kind: 'restart' })}>Restart</wa-button>
        <wa-button variant="danger" appearance="outlined" @click=${() => this.#ask({ kind: 'wipe' })}
          >Wipe storage</wa-button
        >
      </div>
    `;
  }

  #ask(action: Action): void {
    this.dispatchEvent(new ActionEvent(action));
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-node-actions': NodeActions;
  }
}
