import { LitElement, css, html } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { icon, type IconName } from './icons.ts';

const CONFIRMATION_MS = 4000;
type Copied = 'no' | 'copied' | 'selected';

const LOOKS: Readonly<Record<Copied, { icon: IconName | null; tone: string; text: string }>> = {
  no: { icon: null, tone: 'soft', text: 'It works in any browser that reaches this address.' },
  copied: { icon: 'ok', tone: 'good', text: 'Link copied.' },
  selected: {
    icon: 'warning',
    tone: 'doubt',
    text: 'The browser did not let this page copy. The link is selected: press Ctrl+C or ⌘C.',
  },
};

/** The way in for another tab, browser or person. */
@customElement('tabraft-join')
export class Join extends LitElement {
  @property({ attribute: false }) link = '';
  @state() private copied: Copied = 'no';
  @query('input') private readonly field?: HTMLInputElement;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override readonly styles = [
    controls,
    css`
      .link {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        gap: var(--gap-2);
        align-items: end;
      }
      .copied {
        grid-column: 1 / -1;
        min-block-size: 1.4em;
      }
      .row {
        justify-content: space-between;
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override render(): unknown {
    const look = LOOKS[this.copied];
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Join</h2>
          <span class="small soft">every tab is a node</span>
        </header>
        <div class="link">
          <label class="field">
            <span class="label">Join link</span>
            <input type="text" readonly class="mono" .value=${this.link} @focus=${this.#select} />
          </label>
          <button @click=${this.#copy}>${icon('link')}Copy link</button>
          <p class="copied small ${look.tone}" role="status" aria-label="Copying">
            ${look.icon === null ? null : icon(look.icon)} ${look.text}
          </p>
        </div>
        <p class="soft">
          Whoever has this link is in the cluster: can read, write and remove everything in it. Give it only
          to those you trust.
        </p>
        <div class="row">
          <button class="primary" @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'open-tab' }))}>
            ${icon('add')}Open another tab
          </button>
          <button @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'new-cluster' }))}>
            New cluster
          </button>
        </div>
      </section>
    `;
  }

  readonly #select = (): void => this.field?.select();

  readonly #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.link);
      this.copied = 'copied';
    } catch {
      // Refused, or no secure context: the person copies by hand, and is told how.
      this.field?.focus();
      this.field?.select();
      this.copied = 'selected';
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (this.copied = 'no'), CONFIRMATION_MS);
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-join': Join;
  }
}
