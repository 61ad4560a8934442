import type { MemberId } from '../core/ids.ts';
import { Names } from './describe.ts';
import type { TraceEvent } from './event.ts';
import { traceFormat, type TraceFormatName } from './formats.ts';
import { parseTrace } from './lines.ts';
import { mergeByCausality } from './merge.ts';
import { ClockOffsets, correctedTime } from './offsets.ts';

/** Nodes' traces, each as JSON lines of rising numbers, merged into one text. */
export function exportTrace(texts: readonly string[], format: TraceFormatName): string {
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
  for (const event of mergeByCausality(streams, { timeOf, onContradiction: () => undefined }))
    lines.push(written.line(event, timeOf(event)));
  return lines.join('');
}
