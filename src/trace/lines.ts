import { EVENT_KINDS, type EventKind, type TraceEvent } from './event.ts';
import { FIELDS, type FieldType } from './fields.ts';

/** What a field must be; `expected` ends the sentence "it was to be …". */
interface Check {
  readonly holds: (value: unknown) => boolean;
  readonly expected: string;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isDigest = (value: unknown): boolean => isCount(value) && (value as number) < 2 ** 32;
/** Less than half of what a `Date` can be: corrected by the difference of two such times, one is still a time. */
const MAX_MS = 4e15;
const isTime = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= MAX_MS;
const isText = (value: unknown): boolean => typeof value === 'string';

const CHECKS = {
  count: { holds: isCount, expected: 'a whole number from 0 on' },
  ms: { holds: isTime, expected: `a number from 0 to ${MAX_MS}` },
  text: { holds: isText, expected: 'a text' },
  flag: { holds: (value) => typeof value === 'boolean', expected: 'true or false' },
  counts: { holds: (value) => isListOf(value, isCount), expected: 'a list of whole numbers' },
  digests: { holds: (value) => isListOf(value, isDigest), expected: 'a list of numbers of 32 bits' },
  texts: { holds: (value) => isListOf(value, isText), expected: 'a list of texts' },
  facts: { holds: isFacts, expected: 'numbers, texts and flags by name' },
} as const satisfies Record<string, Check>;

function checkOf(type: FieldType): Check {
  if (typeof type === 'string') return CHECKS[type];
  if ('oneOf' in type) {
    const known = new Set<unknown>(type.oneOf);
    return { holds: (value) => known.has(value), expected: `one of ${type.oneOf.join(', ')}` };
  }
  const { holds, expected } = checkOf(type.orNull);
  return { holds: (value) => value === null || holds(value), expected: `${expected}, or null` };
}

type Checks = Readonly<Record<string, Check>>;

function checksOf(fields: Readonly<Record<string, FieldType>>): Checks {
  return Object.fromEntries(Object.entries(fields).map(([name, type]) => [name, checkOf(type)]));
}

const HEADER: Checks = {
  ...checksOf({ seq: 'count', node: 'text', name: { orNull: 'text' }, time: 'ms' }),
  clock: { holds: isClock, expected: 'whole numbers by node' },
};
const DETAILS = Object.fromEntries(
  Object.entries(FIELDS).map(([kind, fields]) => [kind, checksOf(fields)]),
) as Readonly<Record<EventKind, Checks>>;

const KINDS: ReadonlySet<unknown> = new Set(EVENT_KINDS);

export type ParsedEvent =
  { readonly ok: true; readonly event: TraceEvent } | { readonly ok: false; readonly reason: string };

export function parseEvent(line: string): ParsedEvent {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { ok: false, reason: 'it is not JSON' };
  }
  if (!isObject(value)) return { ok: false, reason: 'it is not a JSON object' };
  const { kind } = value as { kind?: unknown };
  if (!KINDS.has(kind)) return { ok: false, reason: `there is no event of the kind ${shown(kind)}` };
  const reason =
    problemOf(value, HEADER) ?? problemOf(value, DETAILS[kind as EventKind]) ?? listProblem(value);
  return reason === null ? { ok: true, event: value as unknown as TraceEvent } : { ok: false, reason };
}

/** All lines, of which one that does not parse is left out; `problem` is of the first such. */
export function parseTrace(text: string): { readonly events: TraceEvent[]; readonly problem: string | null } {
  const events: TraceEvent[] = [];
  let problem: string | null = null;
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const parsed = parseEvent(line);
    if (parsed.ok) events.push(parsed.event);
    else problem ??= parsed.reason;
  }
  return { events, problem };
}

function problemOf(value: Record<string, unknown>, checks: Checks): string | null {
  for (const field in checks) {
    const check = checks[field];
    if (check === undefined || check.holds(value[field])) continue;
    return `${field} was to be ${check.expected}, and is ${shown(value[field])}`;
  }
  return null;
}

/** Fields that must fit together. */
function listProblem(value: Record<string, unknown>): string | null {
  const event = value as unknown as TraceEvent;
  if (event.clock[event.node] !== event.seq)
    return 'the clock does not have the event’s own number for its node';
  switch (event.kind) {
    case 'append':
      return areAlike(event.terms, event.digests)
        ? null
        : 'an append has as many digests as terms, and one at least';
    case 'invoke':
    case 'result':
      return event.operations >= Math.max(1, event.keys.length)
        ? null
        : `an event of the kind ${event.kind} has one operation at least, and not more keys than operations`;
    default:
      return null;
  }
}

function areAlike(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length > 0 && one.length === other.length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOf(value: unknown, holds: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(holds);
}

function isClock(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const node in value) if (!isCount(value[node])) return false;
  return true;
}

function isFacts(value: unknown): boolean {
  if (!isObject(value)) return false;
  for (const name in value) {
    const fact = value[name];
    const type = typeof fact;
    if (fact !== null && type !== 'number' && type !== 'string' && type !== 'boolean') return false;
  }
  return true;
}

function shown(value: unknown): string {
  const text = value === undefined ? 'missing' : JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 60)}…`;
}
