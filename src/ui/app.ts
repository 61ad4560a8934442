import { LitElement, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { PageController } from './view.ts';

@customElement('tabraft-app')
export class App extends LitElement {
  @property({ attribute: false }) controller: PageController | null = null;
  @property({ attribute: false }) fatal: { title: string; problems: string[] } | null = null;

  override render(): unknown {
    return html`<pre>${JSON.stringify(this.fatal)}</pre>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-app': App;
  }
}
