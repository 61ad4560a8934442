import { DecodeError, Reader, Writer } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { countsOf, type ClockReading } from './clock.ts';
import {
  EVENT_KINDS,
  type EventKind,
  type MessageFacts,
  type TraceDetail,
  type TraceEvent,
} from './event.ts';
import { FIELDS, type FieldType } from './fields.ts';

/** The first byte of a block; the meaning of the others follows from it. */
const BLOCK_VERSION = 4;
const MAX_TEXT_BYTES = 64 * 1024;
const MAX_ITEMS = 100_000;
const FACT_KINDS = { null: 0, false: 1, true: 2, count: 3, text: 4 } as const;

interface Field {
  readonly name: string;
  readonly type: FieldType;
}
interface Kind {
  readonly code: number;
  readonly fields: readonly Field[];
}
const KINDS = new Map<EventKind, Kind>(
  EVENT_KINDS.map((kind, code) => [
    kind,
    { code, fields: Object.entries(FIELDS[kind]).map(([name, type]) => ({ name, type })) },
  ]),
);

/**
 * Events of one node that follow on each other, in as few bytes as is easily done: what most of them share, or can be
 * counted on from the one before, is not repeated, and a text is spelled out once. A block stands for itself.
 */
export class BlockWriter {
  readonly #writer = new Writer();
  readonly #texts = new Map<string, number>();
  readonly #counts: number[];
  #timeUs: number;
  count = 0;

  /** `time` and `clock`: of the first event. */
  constructor(
    node: MemberId,
    readonly name: string | null,
    readonly firstSeq: number,
    time: number,
    private readonly clock: ClockReading,
  ) {
    this.#timeUs = Math.round(time * 1000);
    this.#counts = [...clock.counts];
    const writer = this.#writer;
    writer.byte(BLOCK_VERSION);
    writer.text(node);
    writer.textOrNull(name);
    writer.integer(firstSeq);
    writer.integer(this.#timeUs);
    writer.integer(clock.nodes.length);
    for (const [place, other] of clock.nodes.entries()) {
      writer.text(other);
      writer.integer(clock.counts[place] ?? 0);
    }
  }

  /** Whether an event of this node may follow: its header still says all that the block's does. */
  fits(name: string | null, clock: ClockReading): boolean {
    return name === this.name && clock.nodes === this.clock.nodes;
  }

  get length(): number {
    return this.#writer.length;
  }

  get lastSeq(): number {
    return this.firstSeq + this.count - 1;
  }

  add(time: number, { counts }: ClockReading, detail: TraceDetail): void {
    const writer = this.#writer;
    const kind = KINDS.get(detail.kind);
    if (kind === undefined) return;
    writer.byte(kind.code);
    const timeUs = Math.round(time * 1000);
    writer.integer(Math.max(0, timeUs - this.#timeUs));
    this.#timeUs = Math.max(timeUs, this.#timeUs);
    this.#writeClock(counts);
    const values = detail as unknown as Readonly<Record<string, unknown>>;
    // An iterator makes an object for each, where code is not optimised; so below.
    kind.fields.forEach(({ name, type }) => this.#write(type, values[name]));
    this.count += 1;
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#writer.finish();
  }

  /** What has changed of others; the node's own goes with the events. */
  #writeClock(counts: readonly number[]): void {
    let changed = 0;
    for (let place = 1; place < counts.length; place += 1)
      if (counts[place] !== this.#counts[place]) changed += 1;
    this.#writer.integer(changed);
    if (changed === 0) return;
    for (let place = 1; place < counts.length; place += 1) {
      const count = counts[place] ?? 0;
      if (count === this.#counts[place]) continue;
      this.#writer.integer(place);
      this.#writer.integer(count - (this.#counts[place] ?? 0));
      this.#counts[place] = count;
    }
  }

  #write(type: FieldType, value: unknown): void {
    const writer = this.#writer;
    if (typeof type === 'object') {
      if ('oneOf' in type) writer.byte(type.oneOf.indexOf(value as string));
      else {
        writer.bool(value !== null);
        if (value !== null) this.#write(type.orNull, value);
      }
      return;
    }
    switch (type) {
      case 'count':
        writer.integer(value as number);
        return;
      case 'ms':
        writer.integer(Math.round((value as number) * 1000));
        return;
      case 'text':
        this.#writeText(value as string);
        return;
      case 'flag':
        writer.bool(value as boolean);
        return;
      case 'counts':
        this.#writeCounts(value as readonly number[]);
        return;
      case 'digests':
        writer.integer((value as readonly number[]).length);
        writer.words(value as readonly number[]);
        return;
      case 'texts':
        this.#writeList(value as readonly string[], (text) => this.#writeText(text));
        return;
      case 'facts':
        this.#writeFacts(value as MessageFacts);
    }
  }

  /** Terms of entries: there are as many as there are writes. */
  #writeCounts(counts: readonly number[]): void {
    const { length } = counts;
    this.#writer.integer(length);
    for (let at = 0; at < length; at += 1) this.#writer.integer(counts[at] ?? 0);
  }

  #writeList<T>(list: readonly T[], write: (item: T) => void): void {
    this.#writer.integer(list.length);
    list.forEach((item) => write(item));
  }

  #writeFacts(facts: MessageFacts): void {
    this.#writeList(Object.keys(facts), (name) => {
      this.#writeText(name);
      this.#writeFact(facts[name]);
    });
  }

  #writeFact(fact: MessageFacts[string] | undefined): void {
    const writer = this.#writer;
    if (typeof fact === 'number') {
      writer.byte(FACT_KINDS.count);
      writer.integer(fact);
    } else if (typeof fact === 'string') {
      writer.byte(FACT_KINDS.text);
      this.#writeText(fact);
    } else writer.byte(fact === true ? FACT_KINDS.true : fact === false ? FACT_KINDS.false : FACT_KINDS.null);
  }

  #writeText(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.#writer.integer(known);
      return;
    }
    this.#writer.integer(this.#texts.size);
    this.#writer.text(text);
    this.#texts.set(text, this.#texts.size);
  }
}

/** False: another release has written it. */
export function isReadable(bytes: Uint8Array): boolean {
  return bytes[0] === BLOCK_VERSION;
}

/** The events of a block. Throws `DecodeError` for what no `BlockWriter` has written. */
export function readBlock(bytes: Uint8Array): TraceEvent[] {
  const reader = new Reader(bytes);
  const version = reader.byte();
  if (version !== BLOCK_VERSION) throw new DecodeError(`block version ${version}, not ${BLOCK_VERSION}`);
  const node = reader.text(MAX_TEXT_BYTES) as MemberId;
  const name = reader.textOrNull(MAX_TEXT_BYTES);
  let seq = reader.integer();
  let timeUs = reader.integer();
  const nodes: MemberId[] = [];
  const counts: number[] = [];
  for (let left = reader.count(MAX_ITEMS); left > 0; left -= 1) {
    nodes.push(reader.text(MAX_TEXT_BYTES) as MemberId);
    counts.push(reader.integer());
  }
  const fields = new FieldReader(reader);
  const events: TraceEvent[] = [];
  for (; !reader.isAtEnd; seq += 1) {
    const kind = EVENT_KINDS[reader.byte()];
    if (kind === undefined) throw new DecodeError('there is no such kind of event');
    timeUs += reader.integer();
    for (let left = reader.count(MAX_ITEMS); left > 0; left -= 1) {
      const place = reader.integer();
      const before = counts[place];
      if (before === undefined) throw new DecodeError(`the clock has no place ${place}`);
      counts[place] = before + reader.integer();
    }
    counts[0] = seq;
    const header = { seq, node, name, time: timeUs / 1000, clock: countsOf({ nodes, counts }) };
    events.push({ ...header, kind, ...fields.readAll(kind) } as unknown as TraceEvent);
  }
  return events;
}

class FieldReader {
  readonly #texts: string[] = [];

  constructor(private readonly reader: Reader) {}

  readAll(kind: EventKind): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const { name, type } of KINDS.get(kind)?.fields ?? []) values[name] = this.#read(type);
    return values;
  }

  #read(type: FieldType): unknown {
    const { reader } = this;
    if (typeof type === 'object') {
      if ('orNull' in type) return reader.bool() ? this.#read(type.orNull) : null;
      const choice = type.oneOf[reader.byte()];
      if (choice === undefined) throw new DecodeError(`a field is none of ${type.oneOf.join(', ')}`);
      return choice;
    }
    switch (type) {
      case 'count':
        return reader.integer();
      case 'ms':
        return reader.integer() / 1000;
      case 'text':
        return this.#readText();
      case 'flag':
        return reader.bool();
      case 'counts':
        return this.#readList(() => reader.integer());
      case 'digests':
        return this.#readList(() => reader.word() >>> 0);
      case 'texts':
        return this.#readList(() => this.#readText());
      case 'facts':
        return Object.fromEntries(this.#readList(() => [this.#readText(), this.#readFact()]));
    }
  }

  #readList<T>(read: () => T): T[] {
    return Array.from({ length: this.reader.count(MAX_ITEMS) }, read);
  }

  #readFact(): MessageFacts[string] {
    const kind = this.reader.byte();
    if (kind === FACT_KINDS.count) return this.reader.integer();
    if (kind === FACT_KINDS.text) return this.#readText();
    if (kind > FACT_KINDS.text) throw new DecodeError('a fact is of no kind');
    return kind === FACT_KINDS.null ? null : kind === FACT_KINDS.true;
  }

  #readText(): string {
    const place = this.reader.integer();
    const known = this.#texts[place];
    if (known !== undefined) return known;
    if (place !== this.#texts.length) throw new DecodeError(`there is no text ${place}`);
    const text = this.reader.text(MAX_TEXT_BYTES);
    this.#texts.push(text);
    return text;
  }
}
