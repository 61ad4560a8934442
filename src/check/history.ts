/**
 * Histories: what clients asked and were told, as JSON lines in the manner of Jepsen (docs/checker.md).
 * The order of the lines is the order of events.
 */

export const FUNCTIONS = ['get', 'put', 'cas', 'append'] as const;
export type OperationName = (typeof FUNCTIONS)[number];
const EVENT_TYPES = ['invoke', 'ok', 'fail', 'info'] as const;

/** Of `get`: what was read, null for a missing key. Of `cas`: what was expected, and what is to be. */
export type OperationValue = string | null | readonly [string | null, string | null];

export interface HistoryEvent {
  readonly index: number;
  /** Nanoseconds from an arbitrary origin; it never falls from one line to the next. */
  readonly time: number;
  readonly process: string;
  /** `fail`: it never happened. `info`: nobody knows; it may take effect at any later time, or never. */
  readonly type: (typeof EVENT_TYPES)[number];
  readonly f: OperationName;
  readonly key: string;
  readonly value: OperationValue;
  /** False on an `ok` cas whose comparison failed: it saw another value. */
  readonly applied?: boolean;
}

/** An operation from its call to its return; both are positions in the history. */
export interface Operation {
  /** Its place among the operations, by their calls. */
  readonly id: number;
  readonly process: string;
  readonly f: OperationName;
  readonly key: string;
  readonly input: OperationValue;
  /** Of an `ok` get: what was read. */
  readonly output: string | null;
  /** Of an `ok` cas: whether the comparison held. */
  readonly applied: boolean;
  readonly outcome: 'ok' | 'fail' | 'info';
  readonly call: number;
  /** Infinity: it never returned, so that it may take effect at any time after its call, or never. */
  readonly return: number;
  readonly callTime: number;
  readonly returnTime: number;
  /** Where it stands in the file, from 1. */
  readonly line: number;
}

export type ParsedHistory =
  | { readonly ok: true; readonly operations: readonly Operation[] }
  | { readonly ok: false; readonly line: number; readonly reason: string };

class HistoryError extends Error {
  constructor(
    readonly line: number,
    message: string,
  ) {
    super(message);
  }
}

/** One event a line; empty lines are skipped. */
export function parseHistory(text: string): ParsedHistory {
  const lines = text.split('\n').map((line, position) => ({ line, number: position + 1 }));
  return collect(function* () {
    for (const { line, number } of lines) {
      if (line.trim() !== '') yield { event: parseEvent(line, number), line: number };
    }
  });
}

/** The same for events that are there as values; the `line` of an error is the event's place, from 1. */
export function operationsOf(events: readonly HistoryEvent[]): ParsedHistory {
  return collect(function* () {
    for (const [position, event] of events.entries()) yield { event, line: position + 1 };
  });
}

export function formatHistory(events: readonly HistoryEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

function collect(events: () => Iterable<{ event: HistoryEvent; line: number }>): ParsedHistory {
  const builder = new OperationsBuilder();
  try {
    for (const { event, line } of events()) builder.add(event, line);
  } catch (error) {
    if (error instanceof HistoryError) return { ok: false, line: error.line, reason: error.message };
    throw error;
  }
  return { ok: true, operations: builder.operations };
}

type Open = { -readonly [K in keyof Operation]: Operation[K] };

/** Pairs every completion with its call. */
class OperationsBuilder {
  readonly operations: Open[] = [];
  readonly #open = new Map<string, Open>();
  #position = 0;
  #lastTime = Number.NEGATIVE_INFINITY;

  add(event: HistoryEvent, line: number): void {
    if (event.time < this.#lastTime) throw new HistoryError(line, 'time: it runs backwards');
    this.#lastTime = event.time;
    if (event.type === 'invoke') this.#invoke(event, line);
    else this.#complete(event, line);
    this.#position += 1;
  }

  #invoke({ process, f, key, value, time }: HistoryEvent, line: number): void {
    if (this.#open.has(process))
      throw new HistoryError(line, `process ${process} has an operation under way`);
    const operation: Open = {
      id: this.operations.length,
      process,
      f,
      key,
      input: f === 'get' ? null : value,
      output: null,
      applied: true,
      outcome: 'info',
      call: this.#position,
      return: Number.POSITIVE_INFINITY,
      callTime: time,
      returnTime: Number.POSITIVE_INFINITY,
      line,
    };
    this.operations.push(operation);
    this.#open.set(process, operation);
  }

  #complete({ process, type, f, key, value, applied, time }: HistoryEvent, line: number): void {
    const operation = this.#open.get(process);
    if (operation === undefined || type === 'invoke')
      throw new HistoryError(line, `process ${process} has no operation under way`);
    if (operation.f !== f || operation.key !== key)
      throw new HistoryError(line, `process ${process} began a ${operation.f} of "${operation.key}"`);
    if (f !== 'get' && value !== null && JSON.stringify(value) !== JSON.stringify(operation.input))
      throw new HistoryError(line, `process ${process} began a ${f} with another value`);
    this.#open.delete(process);
    operation.outcome = type;
    // Nobody knows when, or whether, it takes effect.
    if (type === 'info') return;
    operation.return = this.#position;
    operation.returnTime = time;
    operation.applied = applied ?? true;
    if (type === 'ok' && f === 'get') operation.output = typeof value === 'string' ? value : null;
  }
}

function parseEvent(text: string, line: number): HistoryEvent {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw new HistoryError(line, 'it is not JSON');
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event))
    throw new HistoryError(line, 'expected a JSON object');
  const {
    index = line - 1,
    time,
    process,
    type,
    f,
    key,
    value: written,
    applied,
  } = event as Record<string, unknown>;
  const expected = (what: string): HistoryError => new HistoryError(line, what);
  if (!Number.isSafeInteger(index)) throw expected('index: expected an integer');
  if (typeof time !== 'number' || !Number.isFinite(time)) throw expected('time: expected nanoseconds');
  if (typeof process !== 'string' && !Number.isSafeInteger(process))
    throw expected('process: expected a name');
  if (!isOneOf(EVENT_TYPES, type)) throw expected(`type: expected one of ${EVENT_TYPES.join(', ')}`);
  if (!isOneOf(FUNCTIONS, f)) throw expected(`f: expected one of ${FUNCTIONS.join(', ')}`);
  if (typeof key !== 'string') throw expected('key: expected a text');
  if (applied !== undefined && typeof applied !== 'boolean')
    throw expected('applied: expected true or false');
  if (applied !== undefined && (f !== 'cas' || type !== 'ok'))
    throw expected('applied: only an ok of a cas says so');
  // Left out, it would read as a delete, or as a missing key: a claim that nobody made.
  const isVital = (type === 'invoke' && f !== 'get') || (type === 'ok' && f === 'get');
  const value = written ?? null;
  if ((written === undefined && isVital) || !isValueOf(f, type, value))
    throw expected(`value: expected ${f === 'get' && type === 'invoke' ? 'null' : VALUES[f]}`);
  const read = { index: Number(index), time, process: String(process), type, f, key, value };
  return applied === undefined ? read : { ...read, applied };
}

const VALUES: Record<OperationName, string> = {
  get: 'a text or null',
  put: 'a text or null',
  cas: '[expected, new], each a text or null',
  append: 'a text',
};

function isOneOf<T extends string>(choices: readonly T[], value: unknown): value is T {
  return choices.some((choice) => choice === value);
}

/** A completion need not repeat what its call said. */
function isValueOf(f: OperationName, type: HistoryEvent['type'], value: unknown): value is OperationValue {
  const isText = (part: unknown): boolean => part === null || typeof part === 'string';
  if (value === null && (type !== 'invoke' || f === 'get')) return true;
  if (f === 'get' && type === 'invoke') return false;
  if (f === 'cas') return Array.isArray(value) && value.length === 2 && value.every(isText);
  return f === 'append' ? typeof value === 'string' : isText(value);
}
