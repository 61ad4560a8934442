import type { Span } from '../api.ts';
import type { MemberId } from '../core/ids.ts';
import { Names } from './describe.ts';
import type { TraceEvent } from './event.ts';
import { traceFormat, type TraceFormatName } from './formats.ts';
import { parseTrace } from './lines.ts';
import { mergeByCausality } from './merge.ts';
import { ClockOffsets, correctedTime } from './offsets.ts';

export const EVER: Span = { from: 0, to: Number.POSITIVE_INFINITY };

/**
 * Nodes' traces, each as JSON lines of rising numbers, merged into one text: of what happened within `span` by the clock
 * of its own node.
 */
export function exportTrace(
  texts: readonly string[],
  format: TraceFormatName,
  { from, to }: Span = EVER,
): string {
  const names = new Names();
  const offsets = new ClockOffsets();
  const streams = new Map<MemberId, Iterator<TraceEvent>>();
  for (const text of texts) {
    const { events } = parseTrace(text);
    for (const event of events) {
      names.add(event);
      offsets.add(event);
    }
    const [first] = events;
    if (first !== undefined) streams.set(first.node, events.values());
  }
  const timeOf = correctedTime(offsets.estimate());
  const written = traceFormat(format, names);
  const lines = [written.head];
  for (const event of mergeByCausality(streams, { timeOf, onContradiction: () => undefined })) {
    if (event.time >= from && event.time <= to) lines.push(written.line(event, timeOf(event)));
  }
  return lines.join('');
}

/** Of a trace that is merged already, as JSON lines, what happened within `span`. */
export function exportRange(text: string, { from, to }: Span, format: TraceFormatName): string {
  const names = new Names();
  const { events } = parseTrace(text);
  for (const event of events) names.add(event);
  const written = traceFormat(format, names);
  const chosen = events.filter(({ time }) => time >= from && time <= to);
  return [written.head, ...chosen.map((event) => written.line(event, event.time))].join('');
}
