import { assert } from '../assert.ts';
import type { Entry } from './log-entry.ts';

/** Rough wire size of an entry, for batch limits: its command and a fixed share for the rest. */
const ENTRY_OVERHEAD_BYTES = 24;

export function entryBytes(entry: Entry): number {
  return ENTRY_OVERHEAD_BYTES + (entry.payload.kind === 'command' ? entry.payload.command.length : 0);
}

/**
 * The log in memory, durable or not. Indexes are the paper's: the first entry has index 1, and
 * index 0 with term 0 precedes it. Invariant: terms never decrease along the log.
 */
export class RaftLog {
  readonly #entries: Entry[];

  constructor(entries: readonly Entry[]) {
    this.#entries = [...entries];
    for (const [offset, entry] of this.#entries.entries()) {
      assert(entry.index === offset + 1, `entry ${entry.index} stands at position ${offset + 1} of the log`);
    }
  }

  get lastIndex(): number {
    return this.#entries.length;
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? 0;
  }

  /** Null beyond the end of the log. */
  termAt(index: number): number | null {
    return index === 0 ? 0 : (this.#entries[index - 1]?.term ?? null);
  }

  at(index: number): Entry {
    const entry = this.#entries[index - 1];
    assert(entry !== undefined, `the log has an entry ${index}`);
    return entry;
  }

  /** Entries `from` to `to`, both included. */
  range(from: number, to: number): Entry[] {
    return this.#entries.slice(from - 1, to);
  }

  /** Entries from `from` on, as many as fit into `maxBytes`; one at least, where there is one. */
  batch(from: number, maxBytes: number): Entry[] {
    let bytes = 0;
    let end = from - 1;
    for (; end < this.#entries.length; end += 1) {
      const entry = this.#entries[end];
      assert(entry !== undefined, 'the index is within the log');
      bytes += entryBytes(entry);
      if (bytes > maxBytes && end >= from) break;
    }
    return this.#entries.slice(from - 1, end);
  }

  append(entry: Entry): void {
    assert(entry.index === this.lastIndex + 1, `entry ${entry.index} follows entry ${this.lastIndex}`);
    assert(entry.term >= this.lastTerm, `the term of entry ${entry.index} is not below its predecessor's`);
    this.#entries.push(entry);
  }

  /** Removes entry `index` and all after it. */
  truncateFrom(index: number): void {
    this.#entries.length = index - 1;
  }

  /**
   * The newest index at or before `index` whose term is not above `term`: the last place where this
   * log and another with an entry (`index`, `term`) can agree, since terms never decrease (§5.3).
   */
  lastPossibleAgreement(index: number, term: number): number {
    let candidate = Math.min(index, this.lastIndex);
    while (candidate > 0 && (this.termAt(candidate) ?? 0) > term) candidate -= 1;
    return candidate;
  }
}
