import { LitElement, html, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { Span } from '../../api.ts';
import { Names } from '../../trace/describe.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { TRACE_FORMATS, type TraceFormatName } from '../../trace/formats.ts';
import { controls } from '../controls.ts';
import { label } from '../label.ts';
import { Palette } from '../palette.ts';
import { causeOf, eventDetails } from './event-details.ts';
import './event-log.ts';
import type { ChooseEvent } from './event-log.ts';
import { filters } from './filters.ts';
import { GROUPS, LANDMARKS, groupOf, type Group, type Landmark } from './groups.ts';
import { timelineModel, type FirstRoles, type Members, type TimelineModel } from './model.ts';
import { Layout, paint, type Painted } from './paint.ts';
import { Pointing } from './pointing.ts';
import type { Filter } from './rows.ts';
import { centred, pan, spanOf, spanText, timeLabel, zoom } from './scale.ts';
import { styles } from './styles.ts';
import { neighbour, nextLandmark } from './walk.ts';

/** What is shown at first, and again after "Follow". */
const FOLLOWED_MS = 3000;
const MODEL_PERIOD_MS = 200;
/** How often what is said of the picture follows it while it moves. */
const WORDS_PERIOD_MS = 200;
/** How often the count beneath the picture changes. */
const COUNT_PERIOD_MS = 300;
const ZOOM_STEP = 1.6;
const PAN_STEP = 0.15;
/** How near a pointer must be to an event (pixels). */
const REACH = 14;

/** A part of time that the reader wants as a file. */
export class ExportRangeEvent extends CustomEvent<{ span: Span; format: TraceFormatName }> {
  constructor(span: Span, format: TraceFormatName) {
    super('tabraft-export-range', { detail: { span, format }, bubbles: true, composed: true });
  }
}

/** The reader wants to see this moment. */
export class SeekEvent extends CustomEvent<number> {
  constructor(at: number) {
    super('tabraft-seek', { detail: at, bubbles: true, composed: true });
  }
}

/**
 * The space-time diagram (Lamport 1978): a line for every node, time to the right, messages from line to line. It
 * knows nothing of the page around it: the monitor's file shows it too.
 */
@customElement('tabraft-timeline')
export class Timeline extends LitElement {
  /** By time. */
  @property({ attribute: false }) events: readonly TraceEvent[] = [];
  @property({ attribute: false }) firstRoles: FirstRoles = new Map();
  @property({ attribute: false }) members: Members = new Map();
  /** The moment that the page shows; null: it shows none of its own. It is followed until the reader looks elsewhere. */
  @property({ attribute: false }) cursor: number | null = null;
  @state() private groups: ReadonlySet<Group> = new Set(GROUPS);
  @state() private leftOut: ReadonlySet<string> = new Set();
  @state() private chosen: TraceEvent | null = null;
  /** What the reader chose to see; while the cursor is followed, only how wide that was. */
  @state() private shown: Span | null = null;
  @state() private range: Span | null = null;
  @state() private isFollowing = true;
  @state() private painted: Painted = { arrows: 0, skipped: 0 };
  @query('canvas') private readonly canvas!: HTMLCanvasElement | null;
  @query('.export select') private readonly formatField?: HTMLSelectElement;

  #modelled: readonly TraceEvent[] | null = null;
  #modelledAt = Number.NEGATIVE_INFINITY;
  #modelledMembers = '';
  #counted: Painted | null = null;
  #model: TimelineModel = timelineModel([], new Map());
  #names = new Names();
  #frame: number | null = null;
  /** The cursor in the picture, and the picture's width in pixels. */
  #at: number | null = null;
  #width = 0;
  #saidAt = Number.NEGATIVE_INFINITY;
  readonly #palette = new Palette(this, () => this.#repaint());
  readonly #resized = new ResizeObserver((entries) => {
    this.#width = entries.at(-1)?.contentRect.width ?? 0;
    this.#repaint();
  });
  readonly #pointing = new Pointing({
    layout: () => this.#layout(),
    onPan: (byMs) => this.#show(pan(this.#shown, byMs, this.#model.whole)),
    onZoom: (factor, at) => this.#show(zoom(this.#shown, factor, at, this.#model.whole)),
    onRange: (range) => (this.range = range),
    onTap: (x, y) => this.#tap(x, y),
  });

  static override readonly styles = [controls, styles];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  override firstUpdated(): void {
    if (this.canvas === null) return;
    this.#resized.observe(this.canvas);
    // Not by the template: to keep the page from scrolling, it must not be passive.
    this.canvas.addEventListener('wheel', (event) => this.#pointing.onWheel(event), { passive: false });
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    this.#renewModel();
    if (changed.has('cursor')) this.#at = this.cursor;
  }

  override updated(): void {
    this.#saidAt = performance.now();
    this.#repaint();
  }

  /** In a frame of the page: the picture moves, and some frames later what is said of it. */
  moveTo(cursor: number): void {
    if (performance.now() - this.#saidAt >= WORDS_PERIOD_MS) this.cursor = cursor;
    this.#at = cursor;
    this.#paint();
  }

  /**
   * Live events come many times a second: the model is made anew a few times, with what has come till then. A new
   * member has its lane at once: what stands below the picture is not to move later, under somebody's pointer.
   */
  #renewModel(): void {
    const now = performance.now();
    const members = [...this.members].join();
    const isDue = this.events !== this.#modelled && now - this.#modelledAt >= MODEL_PERIOD_MS;
    if (!isDue && members === this.#modelledMembers) return;
    [this.#modelled, this.#modelledAt, this.#modelledMembers] = [this.events, now, members];
    for (const event of this.events) this.#names.add(event);
    this.#model = timelineModel(this.events, this.firstRoles, this.cursor ?? undefined, this.members);
  }

  /** Shows an event wherever it is; false where it is not among these. */
  reveal(node: string, seq: number): boolean {
    const event = this.events.find((other) => other.node === node && other.seq === seq);
    if (event === undefined) return false;
    this.#choose(event);
    return true;
  }

  override render(): unknown {
    const { lanes } = this.#model;
    return html`
      <div class="row tools" role="toolbar" aria-label="Timeline">
        <wa-button appearance="outlined" size="s" @click=${() => this.#zoomBy(1 / ZOOM_STEP)}
          >${label('+', 'Zoom in')}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#zoomBy(ZOOM_STEP)}
          >${label('−', 'Zoom out')}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#panBy(-PAN_STEP * 3)}
          >${label('←', 'Earlier')}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#panBy(PAN_STEP * 3)}
          >${label('→', 'Later')}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#show(this.#model.whole)}
          >All</wa-button
        >
        ${
          this.cursor === null
            ? nothing
            : html`<wa-button
                variant=${this.isFollowing ? 'brand' : 'neutral'}
                appearance=${this.isFollowing ? 'accent' : 'outlined'}
                size="s"
                @click=${() => this.#follow()}
                >${label('Follow', this.isFollowing ? 'Follow, on' : 'Follow')}</wa-button
              >`
        }
        ${this.#jump('election')} ${this.#jump('error')}
      </div>
      ${filters(lanes, this.#filter, (filter) => ([this.groups, this.leftOut] = [filter.groups, filter.leftOut]))}
      <div class="picture" style="--lanes: ${Math.max(1, lanes.length - this.leftOut.size)}">
        <canvas
          tabindex="0"
          role="application"
          aria-roledescription="space-time diagram"
          aria-label="Space-time diagram of ${lanes.map(({ name }) => name).join(', ') || 'no nodes yet'}. Arrow keys go from event to event, plus and minus zoom, brackets mark a range."
          aria-describedby="chosen"
          @keydown=${(event: KeyboardEvent) => this.#onKey(event)}
          @pointerdown=${(event: PointerEvent) => this.#pointing.onDown(event)}
          @pointermove=${(event: PointerEvent) => this.#pointing.onMove(event)}
          @pointerup=${(event: PointerEvent) => this.#pointing.onUp(event)}
          @pointercancel=${(event: PointerEvent) => this.#pointing.onUp(event)}
        ></canvas>
        ${this.events.length > 0 ? nothing : html`<p class="empty soft">Nothing is recorded yet.</p>`}
      </div>
      <p class="small soft number counts">${this.#countsText()}</p>
      <div class="chosen" id="chosen" aria-live="polite">${this.#details()}</div>
      ${this.#exportRow()}
      <tabraft-event-log
        .events=${this.events}
        .groups=${this.groups}
        .leftOut=${this.leftOut}
        .chosen=${this.chosen}
        .cursor=${this.cursor}
        @tabraft-choose=${({ detail }: ChooseEvent) => this.#choose(detail)}
      ></tabraft-event-log>
    `;
  }

  /** One text: the end of it would count as moved when a number grows. */
  #countsText(): string {
    const { arrows, skipped } = this.painted;
    const drawn = `${arrows} messages drawn${skipped > 0 ? `, ${skipped} more not` : ''}`;
    return `${timeLabel(this.#shown.from, 0.001)} and ${spanText(spanOf(this.#shown))} from there · ${drawn}`;
  }

  #jump(landmark: Landmark): unknown {
    const isNone = !this.events.some(LANDMARKS[landmark]);
    return html`<span class="pair">
      <wa-button appearance="outlined" size="s" ?disabled=${isNone} @click=${() => this.#jumpTo(landmark, -1)}
        >${label('‹', `Previous ${landmark}`)}</wa-button
      >
      <wa-button appearance="outlined" size="s" ?disabled=${isNone} @click=${() => this.#jumpTo(landmark, 1)}
        >${label(`${landmark} ›`, `Next ${landmark}`)}</wa-button
      >
    </span>`;
  }

  #details(): unknown {
    const { chosen } = this;
    if (chosen === null)
      return html`<p class="small soft">
        Choose an event, to see what led to it and what may follow from it. Drag with the shift key to mark a
        range.
      </p>`;
    const cause = causeOf(chosen, this.events);
    return html`${eventDetails(chosen, this.events, this.#names.of)}
      <div class="row">
        ${
          cause === null
            ? nothing
            : html`<wa-button appearance="outlined" size="s" @click=${() => this.#choose(cause)}
                >Where it was sent</wa-button
              >`
        }
        ${
          this.cursor === null
            ? nothing
            : html`<wa-button
                appearance="outlined"
                size="s"
                @click=${() => this.dispatchEvent(new SeekEvent(chosen.time))}
                >Show this moment</wa-button
              >`
        }
        <wa-button appearance="outlined" size="s" @click=${() => this.#mark('from', chosen.time)}
          >Range from here</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#mark('to', chosen.time)}
          >Range to here</wa-button
        >
        <wa-button appearance="plain" size="s" @click=${() => (this.chosen = null)}>Let go</wa-button>
      </div>`;
  }

  #exportRow(): unknown {
    return html`<div class="row export">
      <label class="format"
        ><span class="hidden-text">Format</span>
        <select>
          ${TRACE_FORMATS.map((name) => html`<option>${name}</option>`)}
        </select></label
      >
      <wa-button
        appearance="outlined"
        size="s"
        ?disabled=${this.#model.lanes.length === 0}
        @click=${() => this.dispatchEvent(new ExportRangeEvent(this.range ?? this.#shown, this.#format))}
        >Export ${this.range === null ? 'what is shown' : 'the range'}</wa-button
      >
      ${
        this.range === null
          ? nothing
          : html`<span class="small soft number">${spanText(spanOf(this.range))}</span>
              <wa-button appearance="plain" size="s" @click=${() => (this.range = null)}
                >Clear range</wa-button
              >`
      }
    </div>`;
  }

  get #format(): TraceFormatName {
    return TRACE_FORMATS.find((name) => name === this.formatField?.value) ?? 'text';
  }

  get #filter(): Filter {
    return { groups: this.groups, leftOut: this.leftOut };
  }

  get #shown(): Span {
    return this.isFollowing && this.#at !== null
      ? this.#atCursor(this.#at)
      : (this.shown ?? this.#model.whole);
  }

  #layout(): Layout | null {
    const { groups, leftOut: hidden, chosen, range } = this;
    if (this.#width === 0) return null;
    const picture = {
      model: this.#model,
      shown: this.#shown,
      groups,
      hidden,
      chosen,
      cursor: this.#at,
      range,
    };
    return new Layout(picture, this.#width);
  }

  #repaint(): void {
    this.#frame ??= requestAnimationFrame(() => this.#paint());
  }

  #paint(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const layout = this.#layout();
    if (this.canvas === null || layout === null) return;
    const painted = paint(this.canvas, layout, this.#palette.of);
    if (painted.arrows !== this.painted.arrows || painted.skipped !== this.painted.skipped)
      this.#count(painted);
  }

  /** The newest of the counts that come within a while. */
  #count(painted: Painted): void {
    const isWaiting = this.#counted !== null;
    this.#counted = painted;
    if (isWaiting) return;
    setTimeout(() => {
      this.painted = this.#counted ?? this.painted;
      this.#counted = null;
    }, COUNT_PERIOD_MS);
  }

  #show(shown: Span): void {
    this.isFollowing = false;
    this.shown = shown;
  }

  #follow(): void {
    this.isFollowing = true;
  }

  /** As wide as it was, with the moment towards the right. */
  #atCursor(cursor: number): Span {
    const width = this.shown === null ? FOLLOWED_MS : spanOf(this.shown);
    const from = cursor - width * 0.9;
    return { from, to: from + width };
  }

  #zoomBy(factor: number): void {
    const { from, to } = this.#shown;
    const at = this.chosen?.time ?? (this.isFollowing && this.#at !== null ? this.#at : (from + to) / 2);
    const isFollowing = this.isFollowing;
    this.#show(zoom(this.#shown, factor, Math.min(Math.max(at, from), to), this.#model.whole));
    this.isFollowing = isFollowing;
  }

  #panBy(share: number): void {
    this.#show(pan(this.#shown, share * spanOf(this.#shown), this.#model.whole));
  }

  #tap(x: number, y: number): void {
    const event = this.#layout()?.eventAt(x, y, REACH) ?? null;
    if (event === null) this.chosen = null;
    else this.#choose(event);
  }

  #choose(event: TraceEvent): void {
    this.chosen = event;
    const { from, to } = this.#shown;
    const isSeen = event.time >= from && event.time <= to;
    this.#show(isSeen ? { from, to } : centred({ from, to }, event.time, this.#model.whole));
    this.groups = new Set([...this.groups, groupOf(event)]);
    this.leftOut = new Set([...this.leftOut].filter((node) => node !== event.node));
  }

  #mark(edge: 'from' | 'to', at: number): void {
    const { from, to } = this.range ?? this.#shown;
    const range = edge === 'from' ? { from: at, to: Math.max(at, to) } : { from: Math.min(from, at), to: at };
    this.range = range;
  }

  #jumpTo(landmark: Landmark, direction: 1 | -1): void {
    const { from, to } = this.#shown;
    const start = direction === 1 ? from : to;
    const target = nextLandmark(this.events, landmark, direction, this.chosen, start, this.leftOut);
    if (target !== undefined) this.#choose(target);
  }

  #step(rows: number, direction: number): void {
    const time = Math.min(this.#shown.to, this.#at ?? Number.POSITIVE_INFINITY);
    const target = neighbour(this.#model.lanes, this.#filter, { rows, events: direction }, this.chosen, time);
    if (target !== undefined) this.#choose(target);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#actOf(event);
    if (act === null) return;
    event.preventDefault();
    act();
  }

  #actOf({ key, shiftKey }: KeyboardEvent): (() => void) | null {
    const { chosen } = this;
    switch (key) {
      case 'ArrowLeft':
      case 'ArrowRight': {
        const direction = key === 'ArrowLeft' ? -1 : 1;
        return shiftKey ? () => this.#panBy(direction * PAN_STEP) : () => this.#step(0, direction);
      }
      case 'ArrowUp':
      case 'ArrowDown':
        return () => this.#step(key === 'ArrowUp' ? -1 : 1, 0);
      case '+':
      case '=':
        return () => this.#zoomBy(1 / ZOOM_STEP);
      case '-':
        return () => this.#zoomBy(ZOOM_STEP);
      case 'Home':
        return () => this.#show(pan(this.#shown, -spanOf(this.#model.whole), this.#model.whole));
      case 'End':
        return () => this.#show(pan(this.#shown, spanOf(this.#model.whole), this.#model.whole));
      case 'Escape':
        return chosen === null ? null : () => (this.chosen = null);
      case '[':
      case ']':
        return chosen === null ? null : () => this.#mark(key === '[' ? 'from' : 'to', chosen.time);
      default:
        return null;
    }
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-timeline': Timeline;
  }
  interface HTMLElementEventMap {
    'tabraft-export-range': ExportRangeEvent;
    'tabraft-seek': SeekEvent;
  }
}
