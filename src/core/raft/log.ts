import { assert, broken } from '../assert.ts';
import type { Entry } from './log-entry.ts';

/** Rough wire size of an entry, for batch limits: its command and a fixed share for the rest. */
const ENTRY_OVERHEAD_BYTES = 24;

export function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + (entry.payload.kind === 'command' ? entry.payload.command.length : 0);
}

/** Where the entries in memory begin. Index 0 with term 0 precedes the first entry ever (§5.3). */
export interface LogBase {
  readonly index: number;
  /** Null: not known any more; nobody can be asked to agree on this entry. */
  readonly term: number | null;
}

/**
 * The log in memory, durable or not: the entries after `base`. What stands at or before the base is
 * compacted (§7). Invariant: indexes are contiguous, and terms never decrease along the log.
 */
export class RaftLog {
  #entries: Entry[];
  #base: LogBase;

  constructor(entries: readonly Entry[], base: LogBase = { index: 0, term: 0 }) {
    this.#base = base;
    this.#entries = [...entries];
    for (const [offset, entry] of this.#entries.entries()) {
      const expected = base.index + offset + 1;
      if (entry.index !== expected) broken(`entry ${entry.index} stands at position ${expected} of the log`);
    }
  }

  /** What a log of the same content is made of. */
  image(): { readonly entries: readonly Entry[]; readonly base: LogBase } {
    return { entries: this.#entries.slice(), base: this.#base };
  }

  /** The index of the oldest entry in memory, if there is any. */
  get firstIndex(): number {
    return this.#base.index + 1;
  }

  get lastIndex(): number {
    return this.#base.index + this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#base.term ?? 0;
  }

  /** Null beyond the end of the log, and where it is compacted. */
  termAt(index: number): number | null {
    if (index === this.#base.index) return this.#base.term;
    return this.#entries[index - this.#base.index - 1]?.term ?? null;
  }

  at(index: number): Entry {
    const entry = this.#entries[index - this.#base.index - 1];
    if (entry === undefined) broken(`the log has an entry ${index}`);
    return entry;
  }

  /** Entries `from` to `to`, both included, as far as they are in memory. */
  range(from: number, to: number): Entry[] {
    const { index: base } = this.#base;
    return this.#entries.slice(Math.max(0, from - base - 1), Math.max(0, to - base));
  }

  /** Entries from `from` on, as many as fit into `maxBytes`; one at least, where there is one. */
  batch(from: number, maxBytes: number): Entry[] {
    assert(from >= this.firstIndex, 'what is sent is not compacted');
    const start = from - this.firstIndex;
    let bytes = 0;
    let end = start;
    for (; end < this.#entries.length; end += 1) {
      const entry = this.#entries[end];
      assert(entry !== undefined, 'the index is within the log');
      bytes += entryBytes(entry);
      if (bytes > maxBytes && end > start) break;
    }
    return this.#entries.slice(start, end);
  }

  append(entry: Entry): void {
    const { index, term } = entry;
    if (index !== this.lastIndex + 1) broken(`entry ${index} follows entry ${this.lastIndex}`);
    if (term < this.lastTerm) broken(`the term of entry ${index} is not below its predecessor's`);
    this.#entries.push(entry);
  }

  /** Removes entry `index` and all after it. */
  truncateFrom(index: number): void {
    assert(index >= this.firstIndex, 'what is compacted stays');
    this.#entries.length = index - this.firstIndex;
  }

  /** Forgets entries up to and including `index`, which a snapshot covers. */
  compactTo(index: number): void {
    if (index <= this.#base.index) return;
    assert(index <= this.lastIndex, 'only entries that exist are compacted');
    const base = { index, term: this.termAt(index) };
    this.#entries = this.#entries.slice(index - this.#base.index);
    this.#base = base;
  }

  /** Begins anew behind a snapshot that this log does not lead to. */
  reset(base: LogBase): void {
    this.#base = base;
    this.#entries = [];
  }

  /**
   * The newest index at or before `index` whose term is not above `term`: the last place where this
   * log and another with an entry (`index`, `term`) can agree, since terms never decrease (§5.3).
   */
  lastPossibleAgreement(index: number, term: number): number {
    let candidate = Math.min(index, this.lastIndex);
    while (candidate > this.#base.index && (this.termAt(candidate) ?? 0) > term) candidate -= 1;
    return candidate;
  }
}
