import { LitElement, css, html } from 'lit';
import { customElement, state } from 'lit/decorators.js';
import { exportRange } from '../../trace/export.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { parseTrace } from '../../trace/lines.ts';
import { controls } from '../controls.ts';
import '../library.ts';
import { saveText } from '../save.ts';
import './timeline.ts';
import type { ExportRangeEvent } from './timeline.ts';

/** What `npm run monitor -- --format html` leaves: a merged trace and its report stand in the page itself. */
@customElement('tabraft-trace-file')
export class TraceFile extends LitElement {
  @state() private problem: string | null = null;

  readonly #text = document.querySelector('#trace')?.textContent.trim() ?? '';
  readonly #report = JSON.parse(document.querySelector('#report')?.textContent ?? '""') as string;
  #events: readonly TraceEvent[] = [];

  static override readonly styles = [
    controls,
    css`
      :host {
        --accent: light-dark(#2b5c8a, #93c3ef);
        --on-accent: light-dark(#fff, #131618);
      }
      main {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-4);
        padding: var(--gap-4);
      }
      h1 {
        margin: 0;
        font-size: 1.25rem;
      }
      pre {
        margin: 0;
        font: 0.8125rem/1.45 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    const { events, problem } = parseTrace(this.#text);
    this.#events = [...events].sort((a, b) => a.time - b.time);
    this.problem = problem;
  }

  override render(): unknown {
    return html`<main>
      <h1>A merged trace</h1>
      ${this.problem === null ? null : html`<p class="bad" role="alert">${this.problem}</p>`}
      <tabraft-timeline
        .events=${this.#events}
        @tabraft-export-range=${({ detail: { span, format } }: ExportRangeEvent) =>
          saveText(exportRange(this.#text, span, format), `trace.${format}`)}
      ></tabraft-timeline>
      <section aria-labelledby="report-heading">
        <h2 id="report-heading">What the monitor found</h2>
        <pre>${this.#report}</pre>
      </section>
    </main>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-trace-file': TraceFile;
  }
}
