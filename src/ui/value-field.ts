import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { controls } from './controls.ts';

/** A text field for a value that may also be absent. The form reads `value`: a string, or null. */
@customElement('tabraft-value-field')
export class ValueField extends LitElement {
  static override readonly shadowRootOptions = { ...LitElement.shadowRootOptions, delegatesFocus: true };

  @property({ attribute: false }) label = '';
  /** The name of the checkbox that stands for a null; it contains its visible word, absent. */
  @property({ attribute: false }) absentLabel = '';
  @state() private text = '';
  @state() private isAbsent = false;

  static override readonly styles = [
    controls,
    css`
      .field {
        grid-template-columns: minmax(0, 1fr);
      }
      .field > * {
        grid-area: 1 / 1;
      }
      wa-input::part(label) {
        min-block-size: 1.6rem;
        align-items: center;
      }
      /* Over the end of the label's line. */
      .check {
        z-index: 1;
        align-self: start;
        justify-self: end;
      }
    `,
  ];

  get value(): string | null {
    return this.isAbsent ? null : this.text;
  }

  override render(): unknown {
    return html`
      <div class="field">
        <label class="check">
          <input
            type="checkbox"
            aria-label=${this.absentLabel}
            .checked=${this.isAbsent}
            @change=${this.#toggle}
          />
          absent
        </label>
        <wa-input
          label=${this.label}
          autocomplete="off"
          autocapitalize="off"
          spellcheck="false"
          .value=${this.text}
          ?disabled=${this.isAbsent}
          placeholder=${this.isAbsent ? 'absent' : ''}
          @input=${this.#edit}
          @keydown=${this.#submitOnEnter}
        ></wa-input>
      </div>
    `;
  }

  readonly #toggle = (event: Event): void => {
    this.isAbsent = (event.currentTarget as HTMLInputElement).checked;
  };

  readonly #edit = (event: Event): void => {
    this.text = (event.currentTarget as WaInput).value ?? '';
  };

  /** A field in a shadow root belongs to no form, so that Enter is passed on by hand. */
  readonly #submitOnEnter = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' || event.isComposing) return;
    this.dispatchEvent(new CustomEvent('enter'));
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-value-field': ValueField;
  }
}
