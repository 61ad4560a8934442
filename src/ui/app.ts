import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { LogEntryView, TestRunOptions } from '../api.ts';
import { messageOf } from '../error-text.ts';
import { confirmationOf, perform, type ActionEvent, type Command } from './action.ts';
import './announcer.ts';
import './banner-list.ts';
import { bannersOf } from './banners.ts';
import { Busy } from './busy.ts';
import './cluster.ts';
import './confirm-dialog.ts';
import type { ConfirmDialog } from './confirm-dialog.ts';
import { showInTabStrip } from './document-face.ts';
import './fatal-error.ts';
import type { Fatal } from './fatal-error.ts';
import './footer.ts';
import './header.ts';
import './library.ts';
import { LocalStates } from './local-states.ts';
import { chromaOf, hueOf } from './names.ts';
import { momentOf, Moments } from './playback/moments.ts';
import { Playback } from './playback/playback.ts';
import type { EventPlace } from './promises.ts';
import { runOperation, type Operation, type OperationRecord } from './operation.ts';
import './report-bar.ts';
import type { Report } from './report-bar.ts';
import { saveText } from './save.ts';
import './section-nav.ts';
import type { GoToEvent, Place } from './section-nav.ts';
import { SectionViews } from './section-views.ts';
import { SectionsWithin } from './sections-within.ts';
import type { FilterKeysEvent } from './states-table.ts';
import type { TimelineSection } from './timeline/section.ts';
import type { ExportRangeEvent } from './timeline/timeline.ts';
import { ViewSubscription } from './view-subscription.ts';
import type { PageController, PageView } from './view.ts';

const SECTIONS = '.column > *';
/** They grow with whatever the cluster does. */
const LISTS = ['timeline', 'logs', 'promises'];
const MAX_RECORDS = 20;
const GOOD_NEWS_MS = 8000;

/** In the order of the page, which is also that of the Tab key. */
const PLACES: readonly Place[] = [
  { id: 'cluster', label: 'Cluster' },
  { id: 'lessons', label: 'Lessons' },
  { id: 'join', label: 'Join' },
  { id: 'data', label: 'Data' },
  { id: 'faults', label: 'Faults' },
  { id: 'tests', label: 'Tests' },
  { id: 'timeline', label: 'Timeline' },
  { id: 'logs', label: 'Logs' },
  { id: 'curves', label: 'Curves' },
  { id: 'promises', label: 'Promises' },
  { id: 'events', label: 'Events' },
];

/** The page. Only here is the controller called: components beneath get properties and ask by events. */
@customElement('tabraft-app')
export class App extends LitElement {
  @property({ attribute: false }) controller: PageController | null = null;
  @property({ attribute: false }) fatal: Fatal | null = null;
  @state() private records: readonly OperationRecord[] = [];
  @state() private report: Report | null = null;
  @query('tabraft-confirm-dialog') private readonly dialog?: ConfirmDialog;
  @query('tabraft-timeline-section') private readonly timeline!: TimelineSection | null;

  readonly #playback = new Playback();
  readonly #moments = new Moments();
  readonly #views = new SectionViews(this, SECTIONS, LISTS);
  readonly #states = new LocalStates(
    this,
    () => this.controller,
    () => this.#views.isInSight('data'),
  );
  readonly #atTop = new SectionsWithin(this, SECTIONS, '-12% 0px -80% 0px');
  readonly #busy = new Busy();
  #recorded: PageView | null = null;
  #nextRecord = 1;
  #isExporting = false;

  constructor() {
    super();
    new ViewSubscription(this, () => this.controller);
    this.addEventListener('tabraft-action', (event) => this.#onAction(event));
    this.addEventListener('tabraft-reveal', ({ detail }) => void this.#reveal(detail));
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
      max-inline-size: 88rem;
      margin-inline: auto;
      padding: var(--gap-4) clamp(1rem, 3vw, 2rem) 0;
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: var(--gap-5);
    }
    /* In sight wherever the reader is, and at the end of the page, so that nothing moves when it comes and goes. */
    tabraft-banner-list {
      order: 1;
      position: sticky;
      inset-block-end: var(--gap-3);
      z-index: 2;
      margin-block-end: var(--gap-3);
    }
    .columns,
    .column {
      display: grid;
      grid-template-columns: minmax(0, 1fr);
      gap: var(--gap-4);
      align-content: start;
    }
    tabraft-section-nav {
      position: sticky;
      inset-block-start: 0;
      z-index: 1;
      margin-inline: calc(var(--gap-2) * -1);
      background: var(--ground);
    }
    .columns > * > * {
      scroll-margin-block-start: 3.5rem;
    }
    .columns > * > :focus {
      outline: none;
    }
    /* Painted each by itself: else what changes in one of them has all of the page painted anew. */
    .column > * {
      isolation: isolate;
    }
    /* Under load, neither laid out nor painted, which took half of each frame. Pictures of a whole page lack it. */
    .column > [resting] {
      content-visibility: auto;
    }
    /* So that nothing moves once they are there. */
    .columns :not(:defined) {
      display: block;
      min-block-size: 24rem;
    }
    /* The pictures stand to the left, what can be done to the right; on a very wide screen, side by side. */
    @media (min-width: 64rem) {
      .columns {
        grid-template-columns: minmax(0, 7fr) minmax(0, 5fr);
        grid-template-rows: auto 1fr;
      }
      .aside {
        grid-column: 2;
        grid-row: 1 / span 2;
      }
      .pictures {
        grid-row: 2;
      }
    }
    @media (min-width: 112rem) {
      .page {
        max-inline-size: 180rem;
      }
      .columns {
        grid-template-columns: minmax(0, 5fr) minmax(0, 8fr) minmax(0, 5fr);
      }
      .pictures {
        grid-column: 2;
        grid-row: 1;
      }
      .aside {
        grid-column: 3;
        grid-row: 1;
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

  /** What is not needed to join and to read comes behind what is. */
  override firstUpdated(): void {
    import('./later.ts').catch((error: unknown) => {
      const text = `A part of the page could not be loaded: ${messageOf(error)}. Reload the page.`;
      this.report = { level: 'error', text };
    });
  }

  override willUpdate(): void {
    const view = this.controller?.view ?? null;
    if (view === null || view === this.#recorded) return;
    this.#recorded = view;
    if (view.live.nodes.length > 0) this.#moments.add(momentOf(view, Date.now()));
  }

  override updated(): void {
    const view = this.controller?.view;
    if (view === undefined) return;
    const { name } = view.status;
    this.style.setProperty('--hue', String(hueOf(name)));
    this.style.setProperty('--chroma', String(chromaOf(name)));
    showInTabStrip(view);
    this.#restUnseen(this.#busy.isSo(view.live.skipped, performance.now()));
  }

  /** What is in sight would be gone for a frame. What rests stays as large as it was. */
  #restUnseen(isBusy: boolean): void {
    const sections = [...this.renderRoot.querySelectorAll<HTMLElement>(SECTIONS)];
    const rests = (section: HTMLElement): boolean => isBusy && !this.#views.isInSight(section.id);
    const begin = sections.filter((section) => rests(section) && !section.hasAttribute('resting'));
    // All are measured before the first changes, as that would cost a layout each.
    const heights = begin.map((section) => section.getBoundingClientRect().height);
    for (const [at, section] of begin.entries())
      section.style.setProperty('contain-intrinsic-block-size', `auto ${heights[at] ?? 0}px`);
    for (const section of sections) section.toggleAttribute('resting', rests(section));
  }

  #renderPage(current: PageView): unknown {
    const banners = bannersOf(current);
    const view = (id: string): PageView => this.#views.of(id, current);
    return html`
      <tabraft-announcer .view=${current}></tabraft-announcer>
      <main class="page">
        <tabraft-header .view=${current}></tabraft-header>
        ${
          this.fatal === null
            ? nothing
            : html`<tabraft-fatal-error .fatal=${this.fatal}></tabraft-fatal-error>`
        }
        <tabraft-banner-list .banners=${banners} ?hidden=${banners.length === 0}></tabraft-banner-list>
        <tabraft-section-nav
          .places=${PLACES}
          .here=${PLACES.filter(({ id }) => this.#atTop.isWithin(id) === true).map(({ id }) => id)}
          @tabraft-go-to=${this.#goTo}
        ></tabraft-section-nav>
        <div class="columns">
          <div class="column">
            <tabraft-cluster
              id="cluster"
              .view=${view('cluster')}
              .playback=${this.#playback}
              .moments=${this.#moments}
            ></tabraft-cluster>
          </div>
          <div class="column aside">
            <tabraft-lessons
              id="lessons"
              .view=${view('lessons')}
              .playback=${this.#playback}
              .moments=${this.#moments}
            ></tabraft-lessons>
            <tabraft-join id="join" .link=${view('join').joinLink}></tabraft-join>
            <tabraft-data
              id="data"
              .records=${this.records}
              .states=${this.#states.view}
              @tabraft-filter-keys=${({ detail }: FilterKeysEvent) => this.#states.setFilter(detail)}
            ></tabraft-data>
            <tabraft-faults
              id="faults"
              .rules=${view('faults').rules}
              .links=${view('faults').links}
              .nodes=${view('faults').nodes}
            ></tabraft-faults>
            <tabraft-tests id="tests" .test=${view('tests').test}></tabraft-tests>
          </div>
          <div class="column pictures">
            <tabraft-timeline-section
              id="timeline"
              .view=${view('timeline')}
              .playback=${this.#playback}
              .moments=${this.#moments}
              @tabraft-export-range=${this.#exportRange}
            ></tabraft-timeline-section>
            <tabraft-logs id="logs" .view=${view('logs')} .read=${this.#readEntry}></tabraft-logs>
            <tabraft-curves id="curves" .live=${view('curves').live}></tabraft-curves>
            <tabraft-promises
              id="promises"
              .live=${view('promises').live}
              .test=${view('promises').test}
            ></tabraft-promises>
            <tabraft-notice-list id="events" .notices=${view('events').notices}></tabraft-notice-list>
          </div>
        </div>
        <tabraft-footer .view=${current}></tabraft-footer>
      </main>
      <tabraft-confirm-dialog></tabraft-confirm-dialog>
      <tabraft-report-bar .report=${this.report} @dismiss=${() => (this.report = null)}></tabraft-report-bar>
    `;
  }

  readonly #goTo = ({ detail: id }: GoToEvent): void => {
    const section = this.renderRoot.querySelector<HTMLElement>(`#${id}`);
    if (section === null) return;
    // So that the next Tab goes on from there.
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
    section.scrollIntoView();
  };

  readonly #readEntry = async (index: number): Promise<LogEntryView | null> => {
    const [entry] = (await this.controller?.api.raft.log({ from: index, to: index })) ?? [];
    return entry ?? null;
  };

  async #reveal({ node, seq }: EventPlace): Promise<void> {
    // Where it is out of sight, it may not know yet of what others do.
    this.#views.renew('timeline');
    await this.updateComplete;
    await this.timeline?.updateComplete;
    const isShown = this.timeline?.reveal(node, seq) ?? false;
    if (!isShown)
      this.report = {
        level: 'error',
        text: 'That event is not kept in this page any more. Export the trace, and look with npm run monitor.',
      };
  }

  readonly #exportRange = async ({ detail: { span, format } }: ExportRangeEvent): Promise<void> => {
    const { controller } = this;
    if (controller === null || this.#isExporting) return;
    this.#isExporting = true;
    this.report = { level: 'running', text: 'Reading what the nodes recorded …' };
    try {
      const text = await controller.api.trace.export(format, 'cluster', span);
      saveText(text, `trace-${new Date(span.from).toISOString().replaceAll(':', '')}.${format}`);
      this.report = { level: 'done', text: 'The trace is saved.' };
    } catch (error) {
      this.report = { level: 'error', text: `Export: ${messageOf(error)}` };
    } finally {
      this.#isExporting = false;
    }
  };

  #onAction({ detail: action }: ActionEvent): void {
    switch (action.kind) {
      case 'operation':
        void this.#operate(action.operation);
        return;
      case 'run-test':
        void this.#runTest(action.name, action.options);
        return;
      case 'lesson':
        this.controller?.lesson(action.act);
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
