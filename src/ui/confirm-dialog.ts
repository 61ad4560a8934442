import { LitElement, css, html } from 'lit';
import { customElement, query, state } from 'lit/decorators.js';
import type { Confirmation } from './action.ts';
import { controls } from './controls.ts';

/** Asks before something that cannot simply be undone. The focus goes to Cancel, and back when it closes. */
@customElement('tabraft-confirm-dialog')
export class ConfirmDialog extends LitElement {
  @state() private question: Confirmation | null = null;
  @query('dialog') private readonly dialog?: HTMLDialogElement;
  #answer: ((isConfirmed: boolean) => void) | null = null;

  static override readonly styles = [
    controls,
    css`
      dialog {
        inline-size: min(30rem, calc(100vw - 2rem));
        padding: var(--gap-5);
        border: 1px solid var(--line-strong);
        border-radius: var(--radius);
        background: var(--surface);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      p {
        margin-block: var(--gap-3) var(--gap-5);
      }
      .row {
        justify-content: end;
      }
    `,
  ];

  /** Resolves with false for Cancel, Escape, and a question that replaces this one. */
  async ask(question: Confirmation): Promise<boolean> {
    this.#answer?.(false);
    this.question = question;
    await this.updateComplete;
    this.dialog?.showModal();
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  override render(): unknown {
    return html`
      <dialog aria-labelledby="title" aria-describedby="text" @close=${this.#onClose}>
        <h2 id="title">${this.question?.title}</h2>
        <p id="text">${this.question?.text}</p>
        <form method="dialog" class="row">
          <wa-button type="submit" appearance="outlined" value="no" autofocus>Cancel</wa-button>
          <wa-button type="submit" variant="danger" appearance="outlined" value="yes"
            >${this.question?.confirmLabel}</wa-button
          >
        </form>
      </dialog>
    `;
  }

  readonly #onClose = (): void => {
    this.#answer?.(this.dialog?.returnValue === 'yes');
    this.#answer = null;
    if (this.dialog) this.dialog.returnValue = '';
  };
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-confirm-dialog': ConfirmDialog;
  }
}
