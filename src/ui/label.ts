import { html, type TemplateResult } from 'lit';

/** On a button that stands in a row of its own: the eye sees from the row whose it is; its full name says so, too. */
export function label(shown: string, name: string): TemplateResult {
  return html`<span aria-hidden="true">${shown}</span><span class="hidden-text">${name}</span>`;
}
