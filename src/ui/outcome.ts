import { html, nothing, type TemplateResult } from 'lit';
import { formatMs } from './format.ts';
import { icon } from './icons.ts';
import { describeOutcome, type OperationRecord } from './operation.ts';

const TONES = { ok: 'good', failed: 'bad', unknown: 'doubt' } as const;
const MEANINGS = {
  ok: 'It happened',
  failed: 'It did not and will not happen',
  unknown: 'It may have happened, or may still happen',
} as const;

/** How an operation ended: an icon, the word, what it brought, and the time it took. */
export function outcomeView({ result }: OperationRecord): TemplateResult {
  if (result === null) return html`<span class="mark soft">${icon('running')}running…</span>`;
  const { outcome } = result.outcome;
  return html`<strong class="mark ${TONES[outcome]}" title=${MEANINGS[outcome]}
      >${icon(outcome)}${outcome}</strong
    >
    <span class="detail">${describeOutcome(result.outcome)}</span>
    <span class="number soft">${formatMs(result.durationMs)}</span>`;
}

/** The same, announced to those who cannot see it come; keeps its place while there is none. */
export function latestOutcome(record: OperationRecord | null, hint: string): TemplateResult {
  return html`<p class="latest small" role="status" aria-label="Latest outcome" aria-atomic="true">
    ${record === null ? html`<span class="soft">${hint}</span>` : outcomeView(record)}
    ${
      record?.result?.outcome.outcome === 'unknown' && record.operation.kind !== 'get'
        ? html`<span class="soft">Read the keys to find out.</span>`
        : nothing
    }
  </p>`;
}
