import type { MemberId } from '../core/ids.ts';
import { describeTraceEvent, type Names } from './describe.ts';
import { countOf, formatEvent, runOf, type TraceEvent } from './event.ts';

/** A merged trace, event by event, in another form; a form may need to know what came before. */
export interface TraceFormat {
  /** Before all events. */
  readonly head: string;
  /** `time`: the event's, corrected. */
  line(event: TraceEvent, time: number): string;
}

export const TRACE_FORMATS = ['text', 'jsonl', 'shiviz'] as const;
export type TraceFormatName = (typeof TRACE_FORMATS)[number];

export function traceFormat(name: TraceFormatName, names: Names): TraceFormat {
  switch (name) {
    case 'text':
      return textFormat(names);
    case 'jsonl':
      return { head: '', line: (event) => `${formatEvent(event)}\n` };
    case 'shiviz':
      return new ShivizFormat(names);
  }
}

function textFormat(names: Names): TraceFormat {
  return {
    head: '',
    line(event, time) {
      const { node, seq } = event;
      const head = `${textTime(time)} ${names.of(node).padEnd(2)} ${`${runOf(seq)}:${countOf(seq)}`.padStart(8)}  `;
      return `${head}${indented(describeTraceEvent(event, names.of))}\n`;
    },
  };
}

/** To the microsecond. */
export function textTime(time: number): string {
  const microseconds = String(Math.floor((time % 1) * 1000)).padStart(3, '0');
  return new Date(time).toISOString().replace('Z', `${microseconds}Z`);
}

/** A message of several lines stays together behind the line that it begins in. */
export function indented(text: string): string {
  return text.replace(/\n(?!$)/g, '\n    ');
}

/**
 * What ShiViz reads with its default expression: `(?<event>.*)\n(?<host>\S*) (?<clock>{.*})`. It wants each host's
 * events counted from 1 without a gap, so clocks are counted anew: of every host, the events in this output.
 */
class ShivizFormat implements TraceFormat {
  readonly head = '';
  /** The numbers of each node's events so far, and its newest clock in ShiViz's counting. */
  readonly #seqs = new Map<MemberId, number[]>();
  readonly #hosts = new Map<MemberId, string>();

  constructor(private readonly names: Names) {}

  line(event: TraceEvent): string {
    let seqs = this.#seqs.get(event.node);
    if (seqs === undefined) this.#seqs.set(event.node, (seqs = []));
    seqs.push(event.seq);
    const clock: Record<string, number> = {};
    for (const node in event.clock) {
      const count = this.#countUpTo(node as MemberId, event.clock[node as MemberId] ?? 0);
      if (count > 0) clock[this.#hostOf(node as MemberId)] = count;
    }
    const text = describeTraceEvent(event, this.names.of).replaceAll('\n', ' ');
    return `${text}\n${this.#hostOf(event.node)} ${JSON.stringify(clock)}\n`;
  }

  /** Of the node's events, how many have a number up to `seq`; what is mentioned but missing counts as not there. */
  #countUpTo(node: MemberId, seq: number): number {
    const seqs = this.#seqs.get(node) ?? [];
    let [low, high] = [0, seqs.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((seqs[middle] ?? 0) <= seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Without spaces, and no two nodes alike. */
  #hostOf(node: MemberId): string {
    const known = this.#hosts.get(node);
    if (known !== undefined) return known;
    const name = this.names.of(node).replace(/\s/g, '_');
    const isTaken = [...this.#hosts.values()].includes(name);
    const host = isTaken ? `${name}-${node}` : name;
    this.#hosts.set(node, host);
    return host;
  }
}
