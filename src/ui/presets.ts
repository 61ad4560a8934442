import { LitElement, css, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { PRESETS } from '../proxy/presets.ts';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';

/** Presets for the members chosen, and what each does. */
@customElement('tabraft-presets')
export class Presets extends LitElement {
  @property({ attribute: false }) names: string[] = [];
  @state() private chosen: readonly string[] = [];

  static override readonly styles = [
    controls,
    css`
      fieldset {
        margin: 0;
        min-inline-size: 0;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0;
      }
      .members {
        gap: var(--gap-3);
        padding-block: var(--gap-1) var(--gap-2);
      }
      dt {
        margin-block-start: var(--gap-2);
      }
      summary {
        padding-block: var(--gap-2);
      }
    `,
  ];

  override render(): unknown {
    const chosen = this.names.filter((name) => this.chosen.includes(name));
    return html`
      <fieldset>
        <legend class="label">Presets, for the members ticked here</legend>
        <div class="row members">
          ${this.names.map(
            (name) =>
              html`<label class="check">
                <input
                  type="checkbox"
                  .checked=${chosen.includes(name)}
                  @change=${() => this.#toggle(name)}
                />${name}
              </label>`,
          )}
        </div>
        <div class="row">
          ${PRESETS.map(
            (preset) =>
              html`<wa-button
                appearance="outlined"
                title="${preset.about}"
                ?disabled=${typeof preset.rules({ names: chosen, members: this.names }) === 'string'}
                @click=${() =>
                  this.dispatchEvent(new ActionEvent({ kind: 'preset', preset: preset.name, names: chosen }))}
                >${preset.name}</wa-button
              >`,
          )}
        </div>
      </fieldset>
      <details class="small soft">
        <summary>What the presets do</summary>
        <dl>
          ${PRESETS.map(
            ({ about, usage }) =>
              html`<dt class="mono">${usage}</dt>
                <dd>${about}</dd>`,
          )}
        </dl>
      </details>
    `;
  }

  #toggle(name: string): void {
    this.chosen = this.chosen.includes(name)
      ? this.chosen.filter((other) => other !== name)
      : [...this.chosen, name];
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-presets': Presets;
  }
}
