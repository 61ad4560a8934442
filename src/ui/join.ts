import type WaInput from '@awesome.me/webawesome/dist/components/input/input.js';
import { LitElement, css, html } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { ActionEvent } from './action.ts';
import { controls } from './controls.ts';
import { icon, type IconName } from './icons.ts';
import { opensHereOnly } from './join-link.ts';
import './qr-dialog.ts';
import type { QrDialog } from './qr-dialog.ts';

const CONFIRMATION_MS = 4000;
type Copied = 'no' | 'copied' | 'selected';

const LOOKS: Readonly<Record<Copied, { icon: IconName | null; tone: string; text: string | null }>> = {
  no: { icon: null, tone: 'soft', text: null },
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
  @query('wa-input') private readonly field?: WaInput;
  @query('tabraft-qr-dialog') private readonly qrDialog?: QrDialog;
  #timer: ReturnType<typeof setTimeout> | undefined;

  static override readonly styles = [
    controls,
    css`
      .link {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-2);
      }
      wa-input::part(input) {
        font-family: var(--mono);
        /* At some smaller sizes underscores are cut off. */
        font-size: 1em;
      }
      .copied {
        min-block-size: 1.4em;
      }
      .ends {
        justify-content: space-between;
      }
      .command {
        display: block;
        margin-block: var(--gap-1);
        padding: var(--gap-1) var(--gap-2);
        border-radius: var(--radius-small);
        background: var(--sunken);
        overflow-wrap: anywhere;
        user-select: all;
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
  }

  override render(): unknown {
    const look = LOOKS[this.copied];
    const isHereOnly = opensHereOnly(this.link);
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Join</h2>
          <span class="small soft">every tab is a node</span>
        </header>
        <div class="link">
          <wa-input label="Join link" readonly .value=${this.link} @focus=${this.#select}></wa-input>
          <div class="row">
            <wa-button appearance="outlined" @click=${this.#copy}
              >${icon('link', 'start')}Copy link</wa-button
            >
            <wa-button appearance="outlined" @click=${() => void this.qrDialog?.show(this.link)}
              >${icon('qr', 'start')}QR code</wa-button
            >
          </div>
          <p class="copied small ${look.tone}" role="status" aria-label="Copying">
            ${look.icon === null ? null : icon(look.icon)}
            ${look.text ?? `It works in any browser ${isHereOnly ? 'of this machine' : 'that reaches this address'}.`}
          </p>
        </div>
        ${isHereOnly ? HERE_ONLY : null}
        <p class="soft">
          Whoever has this link is in the cluster: can read, write and remove everything in it. Give it only
          to those you trust.
        </p>
        <div class="row ends">
          <wa-button variant="brand" @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'open-tab' }))}
            >${icon('add', 'start')}Open another tab</wa-button
          >
          <wa-button
            appearance="outlined"
            @click=${() => this.dispatchEvent(new ActionEvent({ kind: 'new-cluster' }))}
            >New cluster</wa-button
          >
        </div>
      </section>
      <tabraft-qr-dialog></tabraft-qr-dialog>
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

const HERE_ONLY = html`<p class="small">
  <span class="doubt">${icon('warning')}</span> Another device cannot open this link: its address means the
  device itself, on every device. For phones and other computers, start the server with
  <code class="command mono">npm start -- --https --host 0.0.0.0</code>
  and open the page at an address that it prints.
</p>`;

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-join': Join;
  }
}
