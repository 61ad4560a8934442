import { html, type TemplateResult } from 'lit';
import type { Instruction, LogEntryView } from '../../api.ts';
import { formatValue, plural } from '../format.ts';

/** Of a transaction. */
const SHOWN_ROWS = 8;
const SHOWN_CHARACTERS = 600;

/** What an entry holds, in words. */
export function entryContent({ kind, data }: LogEntryView): TemplateResult {
  if (kind === 'noop') return html`<p>A no-op: with it, a new leader commits what came before it.</p>`;
  if (kind === 'transaction' && Array.isArray(data)) return transaction(data as Instruction[]);
  const text = JSON.stringify(data);
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return html`<p>${kind} <span class="mono">${shown}</span></p>`;
}

function transaction(rows: readonly Instruction[]): TemplateResult {
  return html`
    ${rows
      .slice(0, SHOWN_ROWS)
      .map(({ op, key, val }) => html`<p class="mono">${op} ${formatValue(key)} ${formatValue(val)}</p>`)}
    ${rows.length > SHOWN_ROWS ? html`<p class="soft">and ${plural(rows.length - SHOWN_ROWS, 'row')} more</p>` : null}
  `;
}
