import { LitElement, html, nothing, type TemplateResult } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { controls } from '../controls.ts';
import { formatCount } from '../format.ts';
import { icon } from '../icons.ts';
import { hueOf, ROLE_WORDS } from '../names.ts';
import { baseOf, cellAt, cellText, columnsInSight, lastIndexOf, type LogRow } from './grid.ts';
import { gridStyles } from './styles.ts';

/** Every so many entries, the index stands above. */
const LABELLED = 5;
const PAGE_COLUMNS = 20;

interface Place {
  readonly row: number;
  readonly index: number;
}

/** The person wants to see what an entry holds. */
export class OpenEntryEvent extends CustomEvent<{ readonly row: LogRow; readonly index: number }> {
  constructor(row: LogRow, index: number) {
    super('tabraft-open-entry', { detail: { row, index } });
  }
}

/**
 * All logs, a row each, an entry a cell, the same index in the same column. Only the columns in sight are in the
 * document, and the cell that has the focus, wherever it is.
 */
@customElement('tabraft-log-grid')
export class LogGrid extends LitElement {
  @property({ attribute: false }) rows: readonly LogRow[] = [];
  /** The newest entry stays in sight. */
  @property({ type: Boolean }) following = true;
  /** The cell in the tab order; null: the newest of the first row. */
  @state() private active: Place | null = null;
  @state() private columns = { first: 1, last: 0 };
  @query('.scroller') private readonly scroller!: HTMLElement;
  @query('.unit') private readonly unit!: HTMLElement;

  #base = 0;
  #last = 0;
  /** Of a column, and of what is in sight, in pixels; and how far that is scrolled. To ask costs a layout. */
  #width = 0;
  #widthInSight = 0;
  #scrolled = 0;
  /** Where it was scrolled to by itself: whoever scrolls back from there looks at something else. */
  #followedTo = 0;
  #hadFocus = false;
  readonly #resized = new ResizeObserver(() => this.#measure());

  static override readonly styles = [controls, gridStyles];

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated) this.#observe();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#resized.disconnect();
  }

  override firstUpdated(): void {
    this.#observe();
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    this.#hadFocus = this.shadowRoot?.activeElement?.getAttribute('role') === 'gridcell';
    if (changed.has('rows')) this.#renew();
    if (this.following) this.#followedTo = this.#endScrolled();
    // Before it is there, so that what is rendered is what will be in sight.
    this.#look(this.following ? this.#followedTo : this.#scrolled);
  }

  #renew(): void {
    this.#last = lastIndexOf(this.rows);
    const base = baseOf(this.#last);
    // What is looked at stays where it is.
    if (this.hasUpdated && !this.following)
      this.#scrollTo(this.#scrolled - (base - this.#base) * this.#width);
    this.#base = base;
    if (this.active !== null) this.active = this.#within(this.active);
  }

  override updated(): void {
    if (this.following && Math.abs(this.#followedTo - this.#scrolled) >= 1) this.#scrollTo(this.#followedTo);
    if (this.#hadFocus && this.shadowRoot?.activeElement === null) this.#focusActive();
  }

  override render(): TemplateResult {
    const count = this.#last - this.#base;
    const active = this.active ?? { row: 0, index: this.#last };
    return html`
      <div class="scroller" @scroll=${this.#onScroll}>
        <span class="unit" aria-hidden="true"></span>
        <div
          class="track"
          role="grid"
          aria-label="Logs of all members"
          aria-rowcount=${this.rows.length}
          aria-colcount=${this.#last}
          style="--columns: ${count}"
          @click=${this.#onClick}
          @keydown=${this.#onKey}
          @focusin=${this.#onFocus}
          @focusout=${this.#onBlur}
        >
          <div class="indexes" aria-hidden="true">${this.#indexes()}</div>
          ${repeat(
            this.rows,
            ({ id }) => id,
            (row, at) => this.#row(row, at, active.row === at ? active.index : null),
          )}
        </div>
      </div>
    `;
  }

  #indexes(): unknown {
    const labelled = this.#shownIndexes(null).filter((index) => index === 1 || index % LABELLED === 0);
    return repeat(
      labelled,
      (index) => index,
      (index) => html`<span style=${this.#placeAt(index)}>${formatCount(index)}</span>`,
    );
  }

  #row(row: LogRow, at: number, active: number | null): TemplateResult {
    return html`<div role="row" aria-rowindex=${at + 1}>
      <div role="rowheader" class="about small">${about(row)}</div>
      <div class="cells" role="presentation">
        ${guard([row.log, row.name, at, active, this.#base, this.columns], () =>
          repeat(
            this.#shownIndexes(active),
            (index) => index,
            (index) => this.#cell(row, at, index, index === active),
          ),
        )}
      </div>
      <div class="marks" aria-hidden="true">
        ${this.#mark('match', row.matchIndex)} ${this.#mark('next', row.nextIndex)}
      </div>
    </div>`;
  }

  #cell({ name, log }: LogRow, row: number, index: number, isActive: boolean): TemplateResult {
    const cell = cellAt(log, index);
    const { kind, term } = cell;
    return html`<div
      role="gridcell"
      class="${kind} ${term !== null && term > 999 ? 'long' : ''}"
      style="${this.#placeAt(index)}; --term: ${term ?? 0}"
      aria-colindex=${index}
      aria-label=${cellText(name, index, cell)}
      tabindex=${isActive ? 0 : -1}
      data-row=${row}
      data-index=${index}
    >
      ${term ?? (kind === 'none' || kind === 'compacted' ? nothing : '?')}
    </div>`;
  }

  #mark(word: string, index: number | null): unknown {
    const { first, last } = this.columns;
    if (index === null || index < this.#base + first || index > this.#base + last + 1) return nothing;
    return html`<span style=${this.#placeAt(index)}>${word}</span>`;
  }

  #placeAt(index: number): string {
    return `--column: ${index - this.#base - 1}`;
  }

  #shownIndexes(active: number | null): number[] {
    const { first, last } = this.columns;
    const indexes: number[] = [];
    for (let column = first; column <= last; column += 1) indexes.push(this.#base + column);
    if (active === null || active <= this.#base || active > this.#last || indexes.includes(active))
      return indexes;
    return active < (indexes[0] ?? 0) ? [active, ...indexes] : [...indexes, active];
  }

  #observe(): void {
    this.#resized.observe(this.scroller);
    this.#resized.observe(this.unit);
  }

  #measure(): void {
    this.#width = this.unit.getBoundingClientRect().width;
    this.#widthInSight = this.scroller.clientWidth;
    this.requestUpdate();
  }

  /** Finds the columns in sight where it is scrolled so far. */
  #look(scrolled: number): void {
    if (this.#width === 0) return;
    const count = this.#last - this.#base;
    const columns = columnsInSight(scrolled, this.#widthInSight, this.#width, count);
    const { first, last } = this.columns;
    if (columns.first !== first || columns.last !== last) this.columns = columns;
  }

  /** How far it is scrolled where the newest entry is in sight. */
  #endScrolled(): number {
    return Math.max(0, (this.#last - this.#base + 1) * this.#width - this.#widthInSight);
  }

  #scrollTo(left: number): void {
    this.scroller.scrollLeft = left;
    this.#scrolled = left;
  }

  readonly #onScroll = (): void => {
    const { scrollLeft, clientWidth, scrollWidth } = this.scroller;
    this.#scrolled = scrollLeft;
    const isAtEnd = scrollLeft + clientWidth >= scrollWidth - this.#width / 2;
    this.#setFollowing(isAtEnd || (this.following && scrollLeft >= this.#followedTo - 1));
    this.#look(scrollLeft);
  };

  #setFollowing(following: boolean): void {
    if (following === this.following) return;
    this.following = following;
    this.dispatchEvent(new CustomEvent('tabraft-following', { detail: following }));
  }

  readonly #onClick = (event: Event): void => {
    const place = placeOf(event.target);
    if (place !== null) this.#open(place);
  };

  #open(place: Place): void {
    const row = this.rows[place.row];
    if (row === undefined) return;
    this.active = place;
    this.#setFollowing(false);
    this.dispatchEvent(new OpenEntryEvent(row, place.index));
  }

  readonly #onFocus = (event: Event): void => {
    this.active = placeOf(event.target) ?? this.active;
  };

  /** So that whoever comes back begins at the newest, and not where it was long ago. */
  readonly #onBlur = (): void => {
    if (this.following) this.active = null;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const place = placeOf(event.target);
    if (place === null || event.altKey || event.metaKey || event.ctrlKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.#open(place);
      return;
    }
    const next = this.#nextPlace(event.key, place);
    if (next === null) return;
    event.preventDefault();
    void this.#goTo(this.#within(next));
  };

  #nextPlace(key: string, { row, index }: Place): Place | null {
    switch (key) {
      case 'ArrowLeft':
        return { row, index: index - 1 };
      case 'ArrowRight':
        return { row, index: index + 1 };
      case 'ArrowUp':
        return { row: row - 1, index };
      case 'ArrowDown':
        return { row: row + 1, index };
      case 'PageUp':
        return { row, index: index - PAGE_COLUMNS };
      case 'PageDown':
        return { row, index: index + PAGE_COLUMNS };
      case 'Home':
        return { row, index: this.#base + 1 };
      case 'End':
        return { row, index: this.#last };
      default:
        return null;
    }
  }

  #within({ row, index }: Place): Place {
    return {
      row: Math.max(0, Math.min(row, this.rows.length - 1)),
      index: Math.max(this.#base + 1, Math.min(index, this.#last)),
    };
  }

  async #goTo(place: Place): Promise<void> {
    this.active = place;
    this.#setFollowing(place.index === this.#last);
    await this.updateComplete;
    this.#bringIntoSight(place.index);
    this.#focusActive();
  }

  #bringIntoSight(index: number): void {
    const { scroller } = this;
    const start = (index - this.#base - 1) * this.#width;
    const end = start + this.#width;
    // The event of it comes with the next frame: an update before that must not scroll back.
    if (start < scroller.scrollLeft) this.#scrollTo(start);
    else if (end > scroller.scrollLeft + scroller.clientWidth) this.#scrollTo(end - scroller.clientWidth);
  }

  /** It is brought into sight otherwise: only sideways, and only where the person has gone there. */
  #focusActive(): void {
    this.renderRoot
      .querySelector<HTMLElement>('[role="gridcell"][tabindex="0"]')
      ?.focus({ preventScroll: true });
  }
}

function placeOf(target: EventTarget | null): Place | null {
  const cell = target instanceof Element ? target.closest<HTMLElement>('[role="gridcell"]') : null;
  return cell === null ? null : { row: Number(cell.dataset['row']), index: Number(cell.dataset['index']) };
}

function about({ name, role, term, log, isLeader, matchIndex, nextIndex }: LogRow): TemplateResult {
  return html`
    <span class="badge" style="--hue: ${hueOf(name)}">${name}</span>
    ${
      role === null || log === null
        ? html`<span class="soft">has told nothing: no tab of it is heard</span>`
        : html`<span class="mark">${icon(role)}${ROLE_WORDS[role]}, term ${term}</span>
            <span class="soft number">
              committed ${formatCount(log.commitIndex)} · applied ${formatCount(log.appliedIndex)}</span
            >`
    }
    ${
      isLeader || matchIndex === null || nextIndex === null
        ? nothing
        : html`<span class="soft number"
            >match ${formatCount(matchIndex)} · next ${formatCount(nextIndex)}</span
          >`
    }
  `;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-log-grid': LogGrid;
  }
}
