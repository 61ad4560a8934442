import { VirtualizerController, type VirtualItem } from '@tanstack/lit-virtual';
import { LitElement, html, nothing } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import { describeTraceEvent, Names } from '../../trace/describe.ts';
import type { TraceEvent } from '../../trace/event.ts';
import { controls } from '../controls.ts';
import { formatCount, plural } from '../format.ts';
import { InSight } from '../in-sight.ts';
import { label } from '../label.ts';
import '../library.ts';
import { Resized } from '../resized.ts';
import { SELDOM_MS } from '../section-views.ts';
import { styles } from './event-log-styles.ts';
import { relationTo, type Group, type Relation } from './groups.ts';
import { countNewer, keyOf, placeAt, placeOf, rowsOf } from './rows.ts';
import { timeLabel } from './scale.ts';

/** How often what comes is taken up; what the reader does is answered at once. */
const PERIOD_MS = 200;
/** One line. What a row really needs is measured once it is there. */
const ROW_HEIGHT = 25;
const OVERSCAN = 12;
const SAME_HEIGHT = 0.05;
/** Heights remembered of rows, most of which have gone by. */
const MAX_HEIGHTS = 5000;
/** Up by less than this, the reader has not scrolled away from the end. */
const END_REACH = ROW_HEIGHT / 2;
const PAGE_ROWS = 10;

/** The reader wants to see this event. */
export class ChooseEvent extends CustomEvent<TraceEvent> {
  constructor(event: TraceEvent) {
    super('tabraft-choose', { detail: event, bubbles: true, composed: true });
  }
}

/**
 * The picture in words: the same events, those of all nodes by time, newest last. It follows the moment that the
 * picture shows. Whoever scrolls, walks or chooses in it holds it: what it then says stays as it is, whatever comes.
 */
@customElement('tabraft-event-log')
export class EventLog extends LitElement {
  /** By time. */
  @property({ attribute: false }) events: readonly TraceEvent[] = [];
  @property({ attribute: false }) groups: ReadonlySet<Group> = new Set();
  @property({ attribute: false }) leftOut: ReadonlySet<string> = new Set();
  @property({ attribute: false }) chosen: TraceEvent | null = null;
  /** The moment that the picture shows; null: none of its own, and there is nothing to follow. */
  @property({ attribute: false }) cursor: number | null = null;
  /** What is read while more comes; null: the newest are followed. */
  @state() private held: readonly TraceEvent[] | null = null;
  /** Where the keyboard is. */
  @state() private active: TraceEvent | null = null;
  @query('.scroller') private readonly scroller!: HTMLElement | null;

  /** What the rows were made of. */
  #source: readonly TraceEvent[] = [];
  #rows: readonly TraceEvent[] = [];
  readonly #names = new Names();
  #heldBefore: readonly TraceEvent[] | null = null;
  /** How many have come since it is held. */
  #newer = 0;
  /** To be brought into sight with the next update. */
  #wanted: TraceEvent | null = null;
  /** The first row in sight when the filter changed: what is read stays where it is, as far as it is still there. */
  #firstSeen: TraceEvent | null = null;
  #scrollTop = 0;
  #renewal: ReturnType<typeof setTimeout> | null = null;
  #isDue = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Nobody saw what has come since. */
  #isBehind = false;
  readonly #inSight = new InSight(this, (isInSight) => this.#catchUp(isInSight));
  /** What was rendered and still holds: the virtualizer makes another list where any of it has changed. */
  #items: readonly VirtualItem[] = [];
  readonly #virtual = new VirtualizerController<HTMLElement, HTMLElement>(this, {
    count: 0,
    getScrollElement: () => this.scroller,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
    // A row that is walked to keeps some of its neighbours in sight.
    scrollPaddingStart: 2 * ROW_HEIGHT,
    scrollPaddingEnd: 2 * ROW_HEIGHT,
  });

  static override readonly styles = [controls, styles];

  constructor() {
    super();
    // Rows break elsewhere then, and are as high as they need to be.
    new Resized(this, () => {
      this.#items = [];
      this.requestUpdate();
    });
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#renewal !== null) clearTimeout(this.#renewal);
    this.#renewal = null;
  }

  /**
   * Live events and the moment shown change many times a second: they are taken up together, a few times, and
   * seldom where nobody sees it, for a list of thousands takes its time. The virtualizer asks for an update whenever it is
   * scrolled, also where that changes nothing.
   */
  override shouldUpdate(changed: Map<PropertyKey, unknown>): boolean {
    if (!this.hasUpdated) return true;
    if (changed.has('events') || changed.has('cursor')) this.#renewSoon();
    const isMoved = this.#virtual.getVirtualizer().getVirtualItems() !== this.#items;
    return this.#isDue || isMoved || [...changed.keys()].some((key) => key !== 'events' && key !== 'cursor');
  }

  #renewSoon(): void {
    const isRecent = performance.now() - this.#renewedAt < SELDOM_MS;
    this.#isBehind = !this.#inSight.value && isRecent;
    if (this.#isBehind) return;
    this.#renewal ??= setTimeout(() => {
      [this.#renewal, this.#isDue] = [null, true];
      this.requestUpdate();
    }, PERIOD_MS);
  }

  #catchUp(isInSight: boolean): void {
    if (!isInSight || !this.#isBehind) return;
    [this.#isBehind, this.#isDue] = [false, true];
    this.requestUpdate();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    const isFiltered = changed.has('groups') || changed.has('leftOut');
    if (isFiltered) this.#firstSeen = this.#topRow();
    if (changed.has('chosen') && this.chosen !== null) this.#showChosen(this.chosen);
    if (this.cursor === null) this.held = this.events;
    const isNews = this.#isDue || !this.hasUpdated;
    if (isNews) this.#renewedAt = performance.now();
    this.#isDue = false;
    const isOther = isFiltered || this.held !== this.#heldBefore;
    this.#heldBefore = this.held;
    if (isOther || (isNews && this.held === null)) this.#renewRows();
    if (isOther || isNews) this.#newer = countNewer(this.events, this.held ?? this.events, this);
  }

  override updated(): void {
    const virtualizer = this.#virtual.getVirtualizer();
    for (const row of this.renderRoot.querySelectorAll<HTMLElement>('.row')) this.#measure(row);
    const [wanted, firstSeen] = [this.#wanted, this.#firstSeen];
    [this.#wanted, this.#firstSeen] = [null, null];
    // At once: the virtualizer's own way takes some frames, in which it would fight a reader who scrolls up.
    if (this.held === null) this.scroller?.scrollTo({ top: this.scroller.scrollHeight });
    else if (wanted !== null) virtualizer.scrollToIndex(placeOf(this.#rows, wanted));
    else if (firstSeen !== null)
      virtualizer.scrollToIndex(placeAt(this.#rows, firstSeen.time), { align: 'start' });
  }

  override render(): unknown {
    const virtualizer = this.#virtual.getVirtualizer();
    const items = virtualizer.getVirtualItems();
    this.#items = items;
    const active = this.active !== null && items.some(({ index }) => this.#rows[index] === this.active);
    return html`
      <div class="head">
        <h3 id="heading">In words</h3>
        <span class="small soft number">${this.#summary()}</span>
        ${this.cursor === null ? nothing : this.#followButton()}
      </div>
      <div class="box">
        <div
          class="scroller small"
          role="listbox"
          tabindex="0"
          aria-labelledby="heading"
          aria-activedescendant=${active && this.active !== null ? keyOf(this.active) : nothing}
          @scroll=${this.#onScroll}
          @keydown=${this.#onKey}
          @pointerdown=${this.#onPointerDown}
          @click=${this.#onClick}
        >
          <div class="rows" role="presentation" style="block-size: ${virtualizer.getTotalSize()}px">
            ${repeat(
              items,
              ({ key }) => key,
              ({ index, start }) => this.#row(index, start),
            )}
          </div>
        </div>
        ${this.#rows.length > 0 ? nothing : html`<p class="empty small soft">No event is shown.</p>`}
      </div>
    `;
  }

  /** By ourselves, exactly, and before the next paint: observed, rows would be told rounded, and late. */
  #measure(row: HTMLElement): void {
    const virtualizer = this.#virtual.getVirtualizer();
    const { height } = row.getBoundingClientRect();
    const known = virtualizer.itemSizeCache.get(row.id);
    // Within the rounding of where it stands it is the same: otherwise measuring would never end.
    if (known === undefined || Math.abs(known - height) > SAME_HEIGHT)
      virtualizer.resizeItem(Number(row.dataset['index']), height);
  }

  #summary(): string {
    const count = plural(this.#rows.length, 'event');
    return this.#newer === 0 ? `${count}, newest last` : `${count}, held; ${formatCount(this.#newer)} newer`;
  }

  #followButton(): unknown {
    const isFollowing = this.held === null;
    return html`<wa-button
      variant=${isFollowing ? 'brand' : 'neutral'}
      appearance=${isFollowing ? 'accent' : 'outlined'}
      size="s"
      @click=${this.#follow}
      >${label('Follow', isFollowing ? 'Follow in words, on' : 'Follow in words')}</wa-button
    >`;
  }

  #row(index: number, start: number): unknown {
    const event = this.#rows[index];
    if (event === undefined) return nothing;
    const relation = this.chosen === null ? null : relationTo(this.chosen, event);
    return html`<div
      class="row ${relation ?? ''} ${event === this.active ? 'active' : ''}"
      role="option"
      id=${keyOf(event)}
      style="transform: translateY(${start}px)"
      data-index=${index}
      aria-selected=${relation === 'self'}
      aria-posinset=${index + 1}
      aria-setsize=${this.#rows.length}
    >
      <time class="number" datetime=${new Date(event.time).toISOString()}>${timeLabel(event.time, 1)}</time>
      <strong>${this.#names.of(event.node)}</strong>
      <span class="words">${describeTraceEvent(event, this.#names.of)}${relationText(relation)}</span>
    </div>`;
  }

  #renewRows(): void {
    this.#source = this.held ?? this.events;
    for (const event of this.#source) this.#names.add(event);
    const until = this.held === null ? (this.cursor ?? undefined) : undefined;
    const rows = rowsOf(this.#source, this, until);
    this.#rows = rows;
    const virtualizer = this.#virtual.getVirtualizer();
    // A new function tells that what stands where has changed.
    const getItemKey = (index: number): string => {
      const row = rows[index];
      return row === undefined ? String(index) : keyOf(row);
    };
    virtualizer.setOptions({ ...virtualizer.options, count: rows.length, getItemKey });
    if (this.held === null && virtualizer.itemSizeCache.size > MAX_HEIGHTS) virtualizer.measure();
  }

  #showChosen(chosen: TraceEvent): void {
    this.#hold();
    if (placeOf(this.#source, chosen) < 0) this.held = this.events;
    [this.active, this.#wanted] = [chosen, chosen];
  }

  /** As it stands, so that nothing moves. */
  #hold(): void {
    this.held ??= this.#source;
  }

  readonly #follow = (): void => {
    [this.held, this.active] = [null, null];
  };

  #topRow(): TraceEvent | null {
    const virtualizer = this.#virtual.getVirtualizer();
    const item = virtualizer.getVirtualItemForOffset(virtualizer.scrollOffset ?? 0);
    return item === undefined ? null : (this.#rows[item.index] ?? null);
  }

  /** Rows that come, and heights that prove other than expected, move it down, or leave it at the end. */
  readonly #onScroll = (): void => {
    const { scroller } = this;
    if (scroller === null) return;
    const { scrollTop, scrollHeight, clientHeight } = scroller;
    const isUp = scrollTop < this.#scrollTop;
    this.#scrollTop = scrollTop;
    if (isUp && scrollHeight - clientHeight - scrollTop > END_REACH) this.#hold();
  };

  /** What is pointed at must not move away before the finger is up. */
  readonly #onPointerDown = (): void => this.#hold();

  readonly #onClick = ({ target }: Event): void => {
    const row = target instanceof Element ? target.closest<HTMLElement>('.row') : null;
    this.#choose(this.#rows[Number(row?.dataset['index'] ?? -1)]);
  };

  #choose(event: TraceEvent | null | undefined): void {
    if (event !== null && event !== undefined) this.dispatchEvent(new ChooseEvent(event));
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#actOf(event.key);
    if (act === null) return;
    event.preventDefault();
    act();
  };

  #actOf(key: string): (() => void) | null {
    switch (key) {
      case 'ArrowUp':
        return () => this.#walk(-1);
      case 'ArrowDown':
        return () => this.#walk(1);
      case 'PageUp':
        return () => this.#walk(-PAGE_ROWS);
      case 'PageDown':
        return () => this.#walk(PAGE_ROWS);
      case 'Home':
        return () => this.#walk(Number.NEGATIVE_INFINITY);
      case 'End':
        return this.cursor === null ? () => this.#walk(Number.POSITIVE_INFINITY) : this.#follow;
      case 'Enter':
      case ' ':
        return () => this.#choose(this.active);
      default:
        return null;
    }
  }

  /** From where the keyboard is; from the last row in sight, where it is nowhere yet. */
  #walk(rows: number): void {
    this.#hold();
    const last = this.#rows.length - 1;
    const at = this.active === null ? -1 : placeOf(this.#rows, this.active);
    const start = Number.isFinite(rows) ? (this.#virtual.getVirtualizer().range?.endIndex ?? last) : rows;
    const target = this.#rows[Math.min(Math.max(at < 0 ? start : at + rows, 0), last)];
    if (target !== undefined) [this.active, this.#wanted] = [target, target];
  }
}

function relationText(relation: Relation | null): unknown {
  if (relation === 'past') return html` <span class="relation">← came before</span>`;
  if (relation === 'future') return html` <span class="relation">→ may follow</span>`;
  return nothing;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-event-log': EventLog;
  }
  interface HTMLElementEventMap {
    'tabraft-choose': ChooseEvent;
  }
}
