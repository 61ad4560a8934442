import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { MemberId } from '../core/ids.ts';
import type { TraceEvent } from '../trace/event.ts';
import { parseEvent } from '../trace/lines.ts';

const CHUNK_BYTES = 1 << 18;
const MESSAGE = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z) (\S+) (.*)$/;

/** Whether a file begins as what a node of that name had to say. */
export function isNodeLog(file: string): boolean {
  const [, , , text = ''] = MESSAGE.exec(beginOf(file)) ?? [];
  return text.startsWith(`${basename(file, '.log')}: `) || text.startsWith('tabraft: ');
}

/** Its first line, where that is short; nothing of what cannot be read. */
function beginOf(file: string): string {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const buffer = Buffer.alloc(1000);
      return buffer.toString('utf8', 0, readSync(descriptor, buffer)).split('\n', 1)[0] ?? '';
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return ''; // a folder, or somebody's who does not let us
  }
}

/** A line that is not what it should be. `line`: from 1 on. */
export interface DamagedLine {
  readonly file: string;
  readonly line: number;
  readonly reason: string;
}

type OnDamaged = (damaged: DamagedLine) => void;

/** What a node had to say, all its lines together. */
export interface LogMessage {
  readonly time: number;
  readonly name: string;
  readonly text: string;
}

export interface TraceFiles {
  /** JSON lines of events. */
  readonly traces: readonly string[];
  /** What nodes had to say, in text. */
  readonly logs: readonly string[];
}

export function findTraceFiles(directory: string): TraceFiles {
  const files = readdirSync(directory).sort();
  const withEnd = (end: string): string[] =>
    files.filter((file) => file.endsWith(end)).map((file) => join(directory, file));
  return { traces: withEnd('.trace.jsonl'), logs: withEnd('.log') };
}

/** A file's events in their order, of all nodes or of one. Only a piece of the file is in memory. */
export function* readEvents(
  file: string,
  node: MemberId | null,
  onDamaged: OnDamaged = () => undefined,
): Generator<TraceEvent> {
  // What does not name the node anywhere need not be parsed.
  const mark = node === null ? null : `"node":${JSON.stringify(node)}`;
  for (const { line, number } of readLines(file)) {
    if (line === '' || (mark !== null && !line.includes(mark))) continue;
    const parsed = parseEvent(line);
    if (!parsed.ok) onDamaged({ file, line: number, reason: parsed.reason });
    else if (node === null || parsed.event.node === node) yield parsed.event;
  }
}

/** A line that does not begin with a time belongs to the message before it. */
export function* readMessages(file: string, onDamaged: OnDamaged): Generator<LogMessage> {
  const name = basename(file, '.log');
  let message: LogMessage | null = null;
  for (const { line, number } of readLines(file)) {
    const [, when = '', level, text] = MESSAGE.exec(line) ?? [];
    const time = Date.parse(when);
    if (!Number.isNaN(time)) {
      if (message !== null) yield message;
      message = { time, name, text: `${level ?? ''}: ${text ?? ''}` };
    } else if (when !== '') {
      if (message !== null) yield message;
      message = null;
      onDamaged({ file, line: number, reason: `there is no time ${when}` });
    } else if (message !== null) message = continued(message, line);
    else if (line !== '') onDamaged({ file, line: number, reason: 'it has no time, and follows on nothing' });
  }
  if (message !== null) yield message;
}

function continued(message: LogMessage, line: string): LogMessage {
  return { ...message, text: `${message.text}\n${line}` };
}

function* readLines(file: string): Generator<{ readonly line: string; readonly number: number }> {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
    const decoder = new TextDecoder();
    let rest = '';
    let number = 0;
    for (;;) {
      const length = readSync(descriptor, buffer, 0, CHUNK_BYTES, null);
      rest += decoder.decode(buffer.subarray(0, length), { stream: length > 0 });
      const lines = rest.split('\n');
      rest = length === 0 ? '' : (lines.pop() ?? '');
      for (const line of lines) {
        number += 1;
        yield { line: line.endsWith('\r') ? line.slice(0, -1) : line, number };
      }
      if (length === 0) return;
    }
  } finally {
    closeSync(descriptor);
  }
}
