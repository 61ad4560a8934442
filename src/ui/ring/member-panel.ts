import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { MemberStatus } from '../../api.ts';
import { ActionEvent, isolationRules, type Action } from '../action.ts';
import { controls } from '../controls.ts';
import { hueOf } from '../names.ts';
import { nodeButtons } from '../node-faults.ts';
import { stateOf, type PageView } from '../view.ts';

/** All that can be done to the member that is chosen in the ring. */
@customElement('tabraft-member-panel')
export class MemberPanel extends LitElement {
  @property({ attribute: false }) member: MemberStatus | null = null;
  @property({ attribute: false }) view: PageView | null = null;

  static override readonly styles = [
    controls,
    css`
      .row {
        justify-content: center;
      }
      .row + .row {
        margin-block-start: var(--gap-2);
      }
    `,
  ];

  override render(): unknown {
    const { member, view } = this;
    if (member === null || view === null) return nothing;
    const { name, kind } = member;
    const node = { name, state: stateOf(view.nodes, name) };
    const isIsolated = isolationRules(view.rules, name).length > 0;
    return html`
      <div role="group" aria-label="Act on ${name}">
        <div class="row">
          <strong class="badge" style="--hue: ${hueOf(name)}">${name}</strong>${nodeButtons(node, this.#ask)}
        </div>
        <div class="row">
          <wa-button
            appearance="outlined"
            size="s"
            @click=${() => this.#ask({ kind: isIsolated ? 'heal' : 'isolate', name })}
            >${isIsolated ? 'Heal its links' : 'Isolate it'}</wa-button
          >
          ${
            kind === 'learner'
              ? html`<wa-button
                  appearance="outlined"
                  size="s"
                  @click=${() => this.#ask({ kind: 'promote', name })}
                  >Make it a voter</wa-button
                >`
              : html`<wa-button
                  appearance="outlined"
                  size="s"
                  ?disabled=${name === view.status.leader}
                  @click=${() => this.#ask({ kind: 'lead', name })}
                  >Let it lead</wa-button
                >`
          }
          <wa-button
            variant="danger"
            appearance="outlined"
            size="s"
            ?disabled=${view.status.members.length === 1}
            @click=${() => this.#ask({ kind: 'remove', name })}
            >Remove it</wa-button
          >
          <wa-button appearance="plain" size="s" @click=${() => this.dispatchEvent(new Event('close'))}
            >Done</wa-button
          >
        </div>
      </div>
    `;
  }

  readonly #ask = (action: Action): void => {
    this.dispatchEvent(new ActionEvent(action));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-member-panel': MemberPanel;
  }
}
