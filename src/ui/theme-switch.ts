import { LitElement, css, html } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { controls } from './controls.ts';
import { icon, type IconName } from './icons.ts';
import {
  applyTheme,
  chooseTheme,
  onThemeChosenElsewhere,
  rememberedTheme,
  THEMES,
  type Theme,
} from './theme.ts';

const LOOKS: Readonly<Record<Theme, { icon: IconName; name: string; title: string }>> = {
  system: { icon: 'theme-system', name: 'System', title: 'As the system has it' },
  light: { icon: 'theme-light', name: 'Light', title: 'Always light' },
  dark: { icon: 'theme-dark', name: 'Dark', title: 'Always dark' },
};

/** Which theme the page has: a choice of this browser, in force in all its tabs. */
@customElement('tabraft-theme-switch')
export class ThemeSwitch extends LitElement {
  @state() private theme: Theme = rememberedTheme();
  #unsubscribe: (() => void) | null = null;

  static override readonly styles = [
    controls,
    css`
      fieldset {
        display: flex;
        gap: 2px;
        margin: 0;
        padding: 2px;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--sunken);
      }
      label {
        position: relative;
        display: grid;
        place-items: center;
        inline-size: var(--control);
        block-size: calc(var(--control) - 0.375rem);
        border-radius: var(--radius-small);
        color: var(--ink-soft);
        cursor: pointer;
        touch-action: manipulation;
      }
      label:hover {
        color: var(--ink);
      }
      label:has(:checked) {
        background: var(--surface);
        color: var(--ink);
        box-shadow: inset 0 0 0 1px var(--line-strong);
      }
      label:has(:focus-visible) {
        outline: 2px solid var(--focus);
        outline-offset: 1px;
      }
      input {
        position: absolute;
        inset: 0;
        inline-size: 100%;
        block-size: 100%;
        margin: 0;
        opacity: 0;
        cursor: inherit;
      }
      @media (forced-colors: active) {
        label:has(:checked) {
          forced-color-adjust: none;
          background: Highlight;
          color: HighlightText;
        }
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.theme = rememberedTheme();
    this.#unsubscribe = onThemeChosenElsewhere((theme) => {
      this.theme = theme;
      applyTheme(theme);
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
  }

  override render(): unknown {
    return html`
      <fieldset>
        <legend class="hidden-text">Theme</legend>
        ${THEMES.map((theme) => this.#renderChoice(theme))}
      </fieldset>
    `;
  }

  #renderChoice(theme: Theme): unknown {
    const look = LOOKS[theme];
    return html`<label title=${look.title}>
      <input
        type="radio"
        name="theme"
        .checked=${theme === this.theme}
        @change=${() => this.#choose(theme)}
      />
      ${icon(look.icon)}<span class="hidden-text">${look.name}</span>
    </label>`;
  }

  #choose(theme: Theme): void {
    this.theme = theme;
    chooseTheme(theme);
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-theme-switch': ThemeSwitch;
  }
}
