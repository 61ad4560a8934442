import { DecodeError, type Reader, type Writer } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { readMemberId, writeMemberId } from '../core/raft/entry-codec.ts';
import type { Stamp } from '../trace/tracer.ts';

const MAX_NODES = 128;

/**
 * What stands before a message: no stamp; one that says only what is new; or one that says all. Times are whole
 * microseconds on the way.
 */
const FORMS = { none: 0, news: 1, whole: 2 } as const;

/**
 * Stamps on their way over one link, which keeps its order. Of a clock only what the other side has not been sent
 * before goes with a message, since it never forgets (Singhal and Kshemkalyani 1992), and a node is named once and
 * then by its place in the list of those named.
 */
export class StampWriter {
  readonly #places = new Map<MemberId, number>();
  readonly #sent: number[] = [];
  /** Of the stamp that was written last: nodes, and what of them. */
  #written: (readonly [MemberId, number])[] = [];

  write(writer: Writer, stamp: Stamp | null): void {
    this.#written = [];
    writer.byte(stamp === null ? FORMS.none : FORMS.news);
    if (stamp === null) return;
    writeTimes(writer, stamp);
    const { nodes, counts } = stamp.clock;
    for (let at = 0; at < nodes.length; at += 1) {
      const [node, count] = [nodes[at], counts[at] ?? 0];
      if (node !== undefined && this.#isNews(node, count)) this.#written.push([node, count]);
    }
    writer.integer(this.#written.length);
    let named = this.#places.size;
    for (const [node, count] of this.#written) {
      const place = this.#places.get(node) ?? named;
      writer.integer(place);
      if (place === named) {
        writeMemberId(writer, node);
        named += 1;
      }
      writer.integer(count);
    }
  }

  /** The message was sent: the other side will have read this stamp before the next one. */
  onSent(): void {
    for (const [node, count] of this.#written) {
      let place = this.#places.get(node);
      if (place === undefined) this.#places.set(node, (place = this.#places.size));
      this.#sent[place] = count;
    }
  }

  #isNews(node: MemberId, count: number): boolean {
    const place = this.#places.get(node);
    // More are not told of: nobody remembers so many.
    if (place === undefined) return this.#places.size + this.#written.length < MAX_NODES;
    return count > (this.#sent[place] ?? 0);
  }
}

/** For a message that others may overtake: it depends on nothing that was sent before, and nothing on it. */
export function writeWholeStamp(writer: Writer, stamp: Stamp | null): void {
  writer.byte(stamp === null ? FORMS.none : FORMS.whole);
  if (stamp === null) return;
  writeTimes(writer, stamp);
  const { nodes, counts } = stamp.clock;
  const told = nodes.slice(0, MAX_NODES);
  writer.integer(told.length);
  for (const [at, node] of told.entries()) {
    writeMemberId(writer, node);
    writer.integer(counts[at] ?? 0);
  }
}

function writeTimes(writer: Writer, { seq, time }: Stamp): void {
  writer.integer(seq);
  writer.integer(Math.round(time * 1000));
}

export class StampReader {
  readonly #nodes: MemberId[] = [];

  read(reader: Reader): Stamp | null {
    const form = reader.byte();
    if (form === FORMS.none) return null;
    if (form > FORMS.whole) throw new DecodeError(`${form} is no form of a stamp`);
    const seq = reader.integer();
    const time = reader.integer() / 1000;
    const nodes: MemberId[] = [];
    const counts: number[] = [];
    for (let left = reader.count(MAX_NODES); left > 0; left -= 1) {
      nodes.push(form === FORMS.whole ? readMemberId(reader) : this.#node(reader));
      counts.push(reader.integer());
    }
    return { seq, time, clock: { nodes, counts } };
  }

  #node(reader: Reader): MemberId {
    const place = reader.integer();
    if (place > this.#nodes.length || place >= MAX_NODES)
      throw new DecodeError(`a clock has the node ${place} of ${this.#nodes.length}`);
    const known = this.#nodes[place];
    if (known !== undefined) return known;
    const node = readMemberId(reader);
    this.#nodes.push(node);
    return node;
  }
}
