import { LitElement, css, html, svg } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import { messageOf } from '../error-text.ts';
import { controls } from './controls.ts';
import { icon } from './icons.ts';
import { opensHereOnly } from './join-link.ts';
import { drawQrCode, type QrCode } from './qr-code.ts';

/** The join link for a camera across the table: as large as the window allows, dark on light in either theme. */
@customElement('tabraft-qr-dialog')
export class QrDialog extends LitElement {
  @state() private link = '';
  @state() private code: QrCode | null = null;
  @state() private problem: string | null = null;
  @query('dialog') private readonly dialog?: HTMLDialogElement;

  static override readonly styles = [
    controls,
    css`
      dialog {
        inline-size: min(34rem, calc(100vw - 1rem));
        max-block-size: calc(100dvh - 1rem);
        padding: var(--gap-4);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      .content {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-3);
      }
      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-4);
      }
      .code {
        display: grid;
        place-items: center;
        inline-size: min(100%, 100dvh - 17rem);
        min-inline-size: min(100%, 12rem);
        aspect-ratio: 1;
        margin-inline: auto;
        border-radius: var(--radius-small);
        background: #fff;
        color: #000;
        forced-color-adjust: none;
      }
      .code svg {
        inline-size: 100%;
        block-size: 100%;
        border-radius: inherit;
      }
      .link {
        overflow-wrap: anywhere;
        text-align: center;
      }
    `,
  ];

  async show(link: string): Promise<void> {
    this.link = link;
    this.code = null;
    this.problem = null;
    await this.updateComplete;
    this.dialog?.showModal();
    try {
      const code = await drawQrCode(link);
      // Another link may have been asked for meanwhile.
      if (this.link === link) this.code = code;
    } catch (error) {
      this.problem = messageOf(error);
    }
  }

  override render(): unknown {
    return html`
      <dialog aria-labelledby="title" @click=${this.#onClick}>
        <div class="content">
          <header>
            <h2 id="title">Join with a phone</h2>
            <form method="dialog">
              <wa-button type="submit" appearance="outlined" autofocus>Close</wa-button>
            </form>
          </header>
          ${opensHereOnly(this.link) ? HERE_ONLY : null} ${this.#renderCode()}
          <p class="link small mono">${this.link}</p>
          <p class="small soft">
            Point the camera at it. Whoever sees it can join, and is in the cluster then.
          </p>
        </div>
      </dialog>
    `;
  }

  #renderCode(): unknown {
    const { code, problem } = this;
    if (problem !== null) {
      return html`<p role="alert">
        <span class="bad">${icon('error')}</span> The code could not be drawn: ${problem} If the server is
        gone, start it and reload this page; or copy the link instead.
      </p>`;
    }
    if (code === null) return html`<div class="code" role="status">Drawing …</div>`;
    const { size, path, quiet } = code;
    return html`<div class="code">
      ${svg`<svg viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code of the join link ${this.link}">
        <rect width=${size} height=${size} fill="#fff" />
        <path transform="translate(${quiet} ${quiet})" d=${path} fill="#000" shape-rendering="crispEdges" />
      </svg>`}
    </div>`;
  }

  /** The backdrop is the dialog's own; its content covers all else of it but the padding. */
  readonly #onClick = ({ target, clientX, clientY }: MouseEvent): void => {
    const { dialog } = this;
    if (dialog === undefined || target !== dialog) return;
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const isInside = clientX >= left && clientX <= right && clientY >= top && clientY <= bottom;
    if (!isInside) dialog.close();
  };
}

const HERE_ONLY = html`<p class="doubt small">
  ${icon('warning')} No other device can open this: its address means the device itself, on every device.
</p>`;

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-qr-dialog': QrDialog;
  }
}
