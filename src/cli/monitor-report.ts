import { TRACE_INVARIANTS, type EventReference, type TraceVerdict } from '../check/trace-invariants.ts';
import { countOf, runOf } from '../trace/event.ts';
import { textTime } from '../trace/formats.ts';
import type { MonitorReport } from './merge-files.ts';

const SHOWN = 10;

/** For people. */
export function describeReport(report: MonitorReport): string {
  const { files, events, nodes, messages } = report;
  return [
    `${events} events of ${nodes.length} nodes, ${messages} log messages, from ${files.length} files`,
    ...nodes.map(({ name, events: own, runs }) => `  ${name}: ${own} events in ${plural(runs, 'run')}`),
    ...offsetLines(report),
    ...problemLines(report),
    ...report.verdicts.flatMap(verdictLines),
  ].join('\n');
}

function offsetLines({ offsets }: MonitorReport): string[] {
  const apart = offsets.filter(
    ({ offsetMs, uncertaintyMs }) => uncertaintyMs !== null && Math.abs(offsetMs) > uncertaintyMs,
  );
  return apart.map(
    ({ name, run, offsetMs, uncertaintyMs }) =>
      `Clock of ${name} in run ${run}: ${Math.abs(offsetMs).toFixed(3)} ms ${offsetMs > 0 ? 'ahead' : 'behind'}, give or take ${(uncertaintyMs ?? 0).toFixed(3)} ms; corrected`,
  );
}

function problemLines({
  gaps,
  damagedLines,
  damaged,
  repeated,
  misplaced,
  contradictions,
}: MonitorReport): string[] {
  const missing = gaps.map(({ name, run, from, to }) =>
    from === to
      ? `MISSING: event ${run}:${from} of ${name}`
      : `MISSING: events ${run}:${from} to ${run}:${to} of ${name} (${to - from + 1})`,
  );
  return [
    ...shortened(missing, missing.length),
    ...shortened(
      damaged.map(({ file, line, reason }) => `DAMAGED: ${file}:${line}: ${reason}`),
      damagedLines,
    ),
    ...(repeated > 0 ? [`${repeated} events stood there twice, and were taken once`] : []),
    ...(misplaced > 0
      ? [`${misplaced} events stood behind later ones of their node, and were left out`]
      : []),
    ...(contradictions > 0 ? [`At ${contradictions} events the nodes' clocks contradict each other`] : []),
  ];
}

function shortened(lines: readonly string[], total: number): string[] {
  const shown = lines.slice(0, SHOWN);
  return total > shown.length ? [...shown, `  … and ${total - shown.length} more`] : shown;
}

function verdictLines({ invariant, verdict, checked, violations }: TraceVerdict): string[] {
  const { name, section, about } = TRACE_INVARIANTS[invariant];
  const word = verdict === 'unknown' ? 'unknown: the trace has nothing to judge by' : verdict.toUpperCase();
  const head = `${name} (${section}: ${about}): ${word}${verdict === 'holds' ? `, ${checked} times` : ''}`;
  return [
    head,
    ...shortened(
      violations.map(({ text, events }) => `  ${text}\n${events.map(eventLine).join('\n')}`),
      violations.length,
    ),
  ];
}

function eventLine({ name, node, seq, time }: EventReference): string {
  return `    ${textTime(time)} ${name ?? node} ${runOf(seq)}:${countOf(seq)}`;
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
