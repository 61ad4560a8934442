import { html, nothing } from 'lit';
import { describeTraceEvent, type NameOf } from '../../trace/describe.ts';
import { countOf, runOf, type TraceEvent } from '../../trace/event.ts';
import { relationTo } from './groups.ts';
import { timeLabel } from './scale.ts';

/** The chosen event in words, and what it depends on. */
export function eventDetails(chosen: TraceEvent, events: readonly TraceEvent[], nameOf: NameOf): unknown {
  const counts = { past: 0, future: 0, concurrent: 0, self: 0 };
  for (const event of events) counts[relationTo(chosen, event)] += 1;
  const clock = Object.entries(chosen.clock).map(
    ([node, seq]) => `${nameOf(node as TraceEvent['node'])} ${runOf(seq)}:${countOf(seq)}`,
  );
  return html`
    <p><strong>${nameOf(chosen.node)}</strong> ${describeTraceEvent(chosen, nameOf)}</p>
    <p class="small soft number">
      ${timeLabel(chosen.time, 0.001)} · event ${runOf(chosen.seq)}:${countOf(chosen.seq)} · ${counts.past} of
      the events here came before it, ${counts.future} may follow from it, ${counts.concurrent} are
      independent of it
    </p>
    ${clock.length === 0 ? nothing : html`<p class="small soft mono">clock ${clock.join(', ')}</p>`}
  `;
}

/** The event that a received message was sent in; null where it is not among these. */
export function causeOf(chosen: TraceEvent, events: readonly TraceEvent[]): TraceEvent | null {
  if (chosen.kind === 'proxy') return find(events, chosen.node, chosen.sent);
  if (chosen.kind !== 'receive' || chosen.sent === null) return null;
  return find(events, chosen.from, chosen.sent);
}

function find(events: readonly TraceEvent[], node: string, seq: number): TraceEvent | null {
  return events.find((event) => event.node === node && event.seq === seq) ?? null;
}
