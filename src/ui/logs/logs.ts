import { LitElement, css, html, type TemplateResult } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { LogEntryView } from '../../api.ts';
import { messageOf } from '../../error-text.ts';
import { controls } from '../controls.ts';
import { formatCount } from '../format.ts';
import { label } from '../label.ts';
import type { PageView } from '../view.ts';
import { entryContent } from './entry.ts';
import { cellAt, cellText, lastIndexOf, logRows, type Cell, type CellKind, type LogRow } from './grid.ts';
import './log-grid.ts';
import type { OpenEntryEvent } from './log-grid.ts';
import { cellStyles } from './styles.ts';

const LEGEND: readonly (readonly [kind: CellKind, word: string])[] = [
  ['applied', 'applied'],
  ['committed', 'committed'],
  ['stored', 'on disk, not committed'],
  ['volatile', 'not durable yet'],
  ['compacted', 'in the snapshot'],
];

type Reading =
  | { readonly kind: 'running' }
  | { readonly kind: 'read'; readonly entry: LogEntryView | null }
  | { readonly kind: 'failed'; readonly reason: string };

interface Opened {
  readonly memberId: string;
  readonly name: string;
  readonly index: number;
  readonly cell: Cell;
  /** Of this tab's own log. */
  readonly reading: Reading;
}

/** Every member's log, entry by entry. */
@customElement('tabraft-logs')
export class Logs extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  /** An entry of this tab's own log. */
  @property({ attribute: false }) read: ((index: number) => Promise<LogEntryView | null>) | null = null;
  @state() private isFollowing = true;
  @state() private opened: Opened | null = null;

  static override readonly styles = [
    controls,
    cellStyles,
    css`
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: var(--gap-1) var(--gap-4);
      }
      .legend li {
        display: flex;
        align-items: center;
        gap: var(--gap-2);
      }
      .legend i {
        --term: 1;
        inline-size: 1.2rem;
        block-size: 1.2rem;
        font-size: 0.6875rem;
      }
      /* Room for an entry of a few rows, so that opening one moves nothing. */
      .opened {
        display: grid;
        gap: var(--gap-1);
        align-content: start;
        min-block-size: 5.5rem;
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render(): TemplateResult | null {
    const { view } = this;
    if (view === null) return null;
    const rows = logRows(view.status.members, view.live.nodes);
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Logs</h2>
          <span class="small soft">an entry a cell; the number in it is its term</span>
        </header>
        ${rows.length === 0 ? html`<p class="soft">No members are known yet.</p>` : this.#grid(rows)}
        <ul class="legend small soft" aria-label="What the cells mean">
          ${LEGEND.map(([kind, word]) => html`<li><i class=${kind} aria-hidden="true">1</i>${word}</li>`)}
          <li>number and colour: the term</li>
        </ul>
        <div class="opened small" aria-live="polite">${this.#details(rows)}</div>
      </section>
    `;
  }

  #grid(rows: readonly LogRow[]): TemplateResult {
    return html`
      <div class="row">
        <wa-button
          variant=${this.isFollowing ? 'brand' : 'neutral'}
          appearance=${this.isFollowing ? 'accent' : 'outlined'}
          size="s"
          @click=${() => (this.isFollowing = true)}
          >${label('Newest', this.isFollowing ? 'Follow the newest entries, on' : 'Follow the newest entries')}</wa-button
        >
        <span class="small soft number">${lastText(lastIndexOf(rows))}</span>
      </div>
      <tabraft-log-grid
        .rows=${rows}
        .following=${this.isFollowing}
        @tabraft-following=${({ detail }: CustomEvent<boolean>) => (this.isFollowing = detail)}
        @tabraft-open-entry=${this.#open}
      ></tabraft-log-grid>
    `;
  }

  readonly #open = async ({ detail: { row, index } }: OpenEntryEvent): Promise<void> => {
    const { id: memberId, name, log } = row;
    const opened: Opened = { memberId, name, index, cell: cellAt(log, index), reading: { kind: 'running' } };
    this.opened = opened;
    const reading = await this.#readEntry(index);
    // Another may have been opened meanwhile.
    if (this.opened === opened) this.opened = { ...opened, reading };
  };

  async #readEntry(index: number): Promise<Reading> {
    try {
      return { kind: 'read', entry: (await this.read?.(index)) ?? null };
    } catch (error) {
      return { kind: 'failed', reason: messageOf(error) };
    }
  }

  #details(rows: readonly LogRow[]): TemplateResult {
    const { opened } = this;
    if (opened === null) return html`<p class="soft">Choose an entry, to see what it holds.</p>`;
    const { memberId, name, index, cell, reading } = opened;
    const log = rows.find(({ id }) => id === memberId)?.log ?? null;
    const now = log === null ? cell : cellAt(log, index);
    return html`
      <p><strong>${cellText(name, index, now)}</strong></p>
      ${cell.term !== null && now.term !== null && now.term !== cell.term ? html`<p class="doubt">It has taken the place of an entry of term ${cell.term}.</p>` : null}
      ${contentOf(cell, reading)}
    `;
  }
}

/** Only this tab's log can be read: an entry of the same index and term is the same in every log (§5.3). */
function contentOf({ kind, term }: Cell, reading: Reading): TemplateResult {
  if (kind === 'none') return html`<p class="soft">There is no entry here.</p>`;
  if (reading.kind === 'running') return html`<p class="soft">Reading it …</p>`;
  if (reading.kind === 'failed') return html`<p class="bad">It could not be read: ${reading.reason}</p>`;
  const { entry } = reading;
  if (entry === null)
    return html`<p class="soft">This tab does not hold it, so that it cannot be shown here.</p>`;
  if (term !== null && entry.term !== term)
    return html`<p class="soft">
      This tab holds another there, of term ${entry.term}: what that member’s holds cannot be shown here.
    </p>`;
  return entryContent(entry);
}

function lastText(last: number): string {
  return last === 0 ? 'No entries yet.' : `The newest is entry ${formatCount(last)}.`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-logs': Logs;
  }
}
