import { LitElement, css, html, unsafeCSS } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { messageOf } from '../../error-text.ts';
import { controls } from '../controls.ts';
import { InSight } from '../in-sight.ts';
import { Palette } from '../palette.ts';
import type { LiveView } from '../view.ts';
import type { Line, Plot } from './plot.ts';
import { CurveCollector, SHOWN_S, type Curves as CurveData } from './series.ts';

const PERIOD_MS = 1000;
const HEIGHT = 130;

interface Curve {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly (Line & { readonly of: (data: CurveData) => readonly (number | null)[] })[];
}

const CURVES: readonly Curve[] = [
  {
    id: 'latency',
    title: 'Commit latency, append to commit at the leader',
    unit: ' ms',
    lines: [
      { label: 'median', token: '--calm', of: ({ medianMs }) => medianMs },
      { label: 'worst', token: '--bad', dash: [4, 3], of: ({ worstMs }) => worstMs },
    ],
  },
  {
    id: 'throughput',
    title: 'Throughput, entries committed a second',
    unit: '',
    lines: [{ label: 'committed', token: '--good', of: ({ throughput }) => throughput }],
  },
  {
    id: 'lag',
    title: 'Replication lag, entries that the slowest follower lacks',
    unit: '',
    lines: [{ label: 'behind', token: '--doubt', of: ({ lag }) => lag }],
  },
];

/** How fast the cluster is, while somebody looks. The plotting library is loaded by whoever scrolls to it. */
@customElement('tabraft-curves')
export class Curves extends LitElement {
  @property({ attribute: false }) live: LiveView | null = null;
  @state() private problem: string | null = null;
  /** In words, for whoever cannot see the curves. */
  @state() private latest: readonly string[] = CURVES.map(() => 'nothing measured yet');

  readonly #collector = new CurveCollector();
  #plots: readonly Plot[] | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;
  #isLoading = false;
  readonly #inSight = new InSight(this, (isInSight) => {
    if (isInSight) void this.#load();
  });
  readonly #palette = new Palette(this, () => {
    for (const plot of this.#plots ?? []) plot.repaint();
  });
  readonly #resized = new ResizeObserver(() => {
    for (const [at, plot] of (this.#plots ?? []).entries()) plot.resize(this.#hosts[at]?.clientWidth ?? 0);
  });

  static override readonly styles = [
    controls,
    css`
      .plot {
        block-size: ${HEIGHT}px;
        overflow: clip;
      }
      .title {
        display: grid;
        min-block-size: 2.8em;
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => this.#show(), PERIOD_MS);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const plot of this.#plots ?? []) plot.destroy();
    this.#plots = null;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('live') && this.live !== null) this.#collector.take(this.live, Date.now());
  }

  override render(): unknown {
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Curves</h2>
          <span class="small soft">the last ${SHOWN_S / 60} minutes, as far as this page looked</span>
        </header>
        ${this.problem === null ? null : html`<p class="bad">${this.problem}</p>`}
        ${CURVES.map(
          ({ id, title, lines }, at) =>
            html`<figure style="margin: 0" aria-labelledby="title-${id}">
              <figcaption class="title small">
                <span id="title-${id}">${title}</span>
                <span class="soft number">${`${lines.map(keyOf).join(', ')}: ${this.latest[at]}`}</span>
              </figcaption>
              <div class="plot" aria-hidden="true"></div>
            </figure>`,
        )}
      </section>
    `;
  }

  get #hosts(): HTMLElement[] {
    return [...this.renderRoot.querySelectorAll<HTMLElement>('.plot')];
  }

  async #load(): Promise<void> {
    if (this.#isLoading || this.#plots !== null) return;
    this.#isLoading = true;
    try {
      const { Plot, plotStyles } = await import('./plot.ts');
      const sheet = unsafeCSS(plotStyles).styleSheet;
      const root = this.renderRoot as ShadowRoot;
      if (!this.isConnected) return;
      if (sheet !== undefined) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
      this.#plots = CURVES.map(({ lines, unit }, at) => {
        const host = this.#hosts[at];
        if (host === undefined) throw new Error('a curve has no place');
        this.#resized.observe(host);
        return new Plot(host, lines, unit, HEIGHT, this.#palette.of);
      });
      this.#show();
    } catch (error) {
      this.problem = `The curves could not be loaded: ${messageOf(error)}. Reload the page.`;
    } finally {
      this.#isLoading = false;
    }
  }

  #show(): void {
    if (!this.#inSight.value || document.hidden) return;
    const data = this.#collector.curves;
    this.latest = CURVES.map(({ lines, unit }) =>
      latestOf(
        lines.map(({ of }) => of(data)),
        unit,
      ),
    );
    for (const [at, { lines }] of CURVES.entries())
      this.#plots?.[at]?.show([data.seconds, ...lines.map(({ of }) => of(data))]);
  }
}

/** With how the line is drawn, where there are several; short, as its line must not break when numbers grow. */
function keyOf({ label, dash }: Line, _at: number, { length }: readonly unknown[]): string {
  return length === 1 ? label : `${label} ${dash === undefined ? '—' : '┄'}`;
}

/** Of the newest second in which there was anything to measure; how long ago that is, unless it has just been. */
function latestOf(lines: readonly (readonly (number | null)[])[], unit: string): string {
  const [first = []] = lines;
  const at = first.findLastIndex((value) => value !== null);
  if (at < 0) return '–';
  const values = lines.map((line) => textOf(line[at] ?? null, unit));
  const ago = first.length - 1 - at;
  return `${values.join(', ')}${ago <= 1 ? '' : `, ${ago} s ago`}`;
}

function textOf(value: number | null, unit: string): string {
  if (value === null) return '–';
  return `${unit === '' ? String(value) : value.toFixed(1)}${unit}`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-curves': Curves;
  }
}
