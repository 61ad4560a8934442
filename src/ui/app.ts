import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { TestRunOptions } from '../api.ts';
import { confirmationOf, perform, type ActionEvent, type Command } from './action.ts';
import './banner-list.ts';
import { bannersOf } from './banners.ts';
import './cluster.ts';
import './confirm-dialog.ts';
import type { ConfirmDialog } from './confirm-dialog.ts';
import './data.ts';
import { showInTabStrip } from './document-face.ts';
import './fatal-error.ts';
import type { Fatal } from './fatal-error.ts';
import './faults.ts';
import './footer.ts';
import { messageOf } from './format.ts';
import './header.ts';
import './join.ts';
import './library.ts';
import { LocalStates } from './local-states.ts';
import { chromaOf, hueOf } from './names.ts';
import './notice-list.ts';
import './promises.ts';
import { runOperation, type Operation, type OperationRecord } from './operation.ts';
import './report-bar.ts';
import type { Report } from './report-bar.ts';
import './tests.ts';
import { ViewSubscription } from './view-subscription.ts';
import type { PageController, PageView } from './view.ts';

const MAX_RECORDS = 20;
const GOOD_NEWS_MS = 8000;

/** The page. Only here is the controller called: components beneath get properties and ask by events. */
@customElement('tabraft-app')
export class App extends LitElement {
  @property({ attribute: false }) controller: PageController | null = null;
  @property({ attribute: false }) fatal: Fatal | null = null;
  @state() private records: readonly OperationRecord[] = [];
  @state() private report: Report | null = null;
  @query('tabraft-confirm-dialog') private readonly dialog?: ConfirmDialog;

  readonly #states = new LocalStates(this, () => this.controller);
  #nextRecord = 1;

  constructor() {
    super();
    new ViewSubscription(this, () => this.controller);
    this.addEventListener('tabraft-action', (event) => this.#onAction(event));
  }

  static override readonly styles = css`
    :host {
      --accent: light-dark(oklch(0.45 var(--chroma) var(--hue)), oklch(0.8 var(--chroma) var(--hue)));
      --on-accent: light-dark(#fff, #131618);
      display: block;
      min-block-size: 100vh;
      border-block-start: 4px solid var(--accent);
    }
    .page {
      max-inline-size: 84rem;
      margin-inline: auto;
      padding: var(--gap-4) clamp(1rem, 3vw, 2rem) 0;
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: var(--gap-5);
    }
    .columns,
    .column {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: var(--gap-4);
      align-content: start;
    }
    @media (min-width: 64rem) {
      .columns {
        grid-template-columns: minmax(0, 7fr) minmax(0, 5fr);
        align-content: stretch;
      }
      .aside {
        align-content: start;
      }
    }
  `;

  override render(): unknown {
    const view = this.controller?.view ?? null;
    if (view !== null) return this.#renderPage(view);
    return html`<div class="page">
      <tabraft-header></tabraft-header>
      ${
        this.fatal === null
          ? html`<p role="status">Starting: reading the configuration and opening this tab’s storage…</p>`
          : html`<tabraft-fatal-error .fatal=${this.fatal}></tabraft-fatal-error>`
      }
    </div>`;
  }

  override updated(): void {
    const view = this.controller?.view;
    if (view === undefined) return;
    const { name } = view.status;
    this.style.setProperty('--hue', String(hueOf(name)));
    this.style.setProperty('--chroma', String(chromaOf(name)));
    showInTabStrip(view);
  }

  #renderPage(view: PageView): unknown {
    const banners = bannersOf(view);
    return html`
      <main class="page">
        <tabraft-header .view=${view}></tabraft-header>
        ${
          this.fatal === null
            ? nothing
            : html`<tabraft-fatal-error .fatal=${this.fatal}></tabraft-fatal-error>`
        }
        <tabraft-banner-list .banners=${banners} ?hidden=${banners.length === 0}></tabraft-banner-list>
        <div class="columns">
          <div class="column">
            <tabraft-cluster .view=${view}></tabraft-cluster>
            <tabraft-promises .live=${view.live} .test=${view.test}></tabraft-promises>
            <tabraft-data .records=${this.records} .states=${this.#states.view}></tabraft-data>
            <tabraft-notice-list .notices=${view.notices}></tabraft-notice-list>
          </div>
          <div class="column aside">
            <tabraft-join .link=${view.joinLink}></tabraft-join>
            <tabraft-faults .rules=${view.rules} .links=${view.links} .nodes=${view.nodes}></tabraft-faults>
            <tabraft-tests .test=${view.test}></tabraft-tests>
          </div>
        </div>
        <tabraft-footer .view=${view}></tabraft-footer>
      </main>
      <tabraft-confirm-dialog></tabraft-confirm-dialog>
      <tabraft-report-bar .report=${this.report} @dismiss=${() => (this.report = null)}></tabraft-report-bar>
    `;
  }

  #onAction({ detail: action }: ActionEvent): void {
    switch (action.kind) {
      case 'operation':
        void this.#operate(action.operation);
        return;
      case 'run-test':
        void this.#runTest(action.name, action.options);
        return;
      case 'open-tab':
        // Without an opener, the new tab gets no copy of this tab's session storage, and so no member of it.
        window.open(this.controller?.view.joinLink, '_blank', 'noopener');
        return;
      case 'reload':
        location.reload();
        return;
      default:
        void this.#command(action);
    }
  }

  async #operate(operation: Operation): Promise<void> {
    const { controller } = this;
    if (controller === null) return;
    const record: OperationRecord = { id: this.#nextRecord, operation, startedAt: Date.now(), result: null };
    this.#nextRecord += 1;
    this.records = [record, ...this.records].slice(0, MAX_RECORDS);
    const start = performance.now();
    const outcome = await runOperation(operation, controller.api);
    const result = { outcome, durationMs: performance.now() - start };
    this.records = this.records.map((other) => (other.id === record.id ? { ...other, result } : other));
  }

  /** A test that fails says so where it ran; the bar is for one that could not be started or ended. */
  async #runTest(name: string, options: TestRunOptions): Promise<void> {
    try {
      await this.controller?.api.tests.run(name, options);
    } catch (error) {
      this.report = { level: 'error', text: `Run ${name}: ${messageOf(error)}` };
    }
  }

  async #command(command: Command): Promise<void> {
    const { controller } = this;
    if (controller === null || !(await this.#isConfirmed(command))) return;
    const running: Report = { level: 'running', text: `${describeCommand(command)} …` };
    this.report = running;
    const report = await runCommand(command, controller);
    // A command that was given meanwhile has the bar; a failure is told in any case.
    if (this.report === running || report?.level === 'error') this.report = report;
    if (report?.level !== 'done') return;
    setTimeout(() => {
      if (this.report === report) this.report = null;
    }, GOOD_NEWS_MS);
  }

  async #isConfirmed(command: Command): Promise<boolean> {
    const question = confirmationOf(command);
    return question === null || (await this.dialog?.ask(question)) === true;
  }
}

async function runCommand(command: Command, controller: PageController): Promise<Report | null> {
  try {
    const text = await perform(command, controller);
    return text === null ? null : { level: 'done', text };
  } catch (error) {
    return { level: 'error', text: `${describeCommand(command)}: ${messageOf(error)}` };
  }
}

function describeCommand(command: Command): string {
  const words = command.kind.replaceAll('-', ' ');
  const verb = words.charAt(0).toUpperCase() + words.slice(1);
  if (command.kind === 'preset') return [verb, command.preset, ...command.names].join(' ');
  return 'name' in command ? `${verb} ${command.name ?? 'this node'}` : verb;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-app': App;
  }
}
