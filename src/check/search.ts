import { createRandom, nextInteger } from '../core/random.ts';
import { Foresight } from './foresight.ts';
import type { Operation } from './history.ts';
import { INITIAL, transition } from './models.ts';

export interface SearchLimits {
  /** Told once in a while; false ends the search without a verdict. */
  mayGoOn(): boolean;
  /** Of what is remembered, as far as it can be estimated; more ends the search without a verdict. */
  readonly maxBytes: number;
}

export type SearchResult =
  /** Operations in an order that explains everything. */
  | { readonly verdict: 'linearizable'; readonly order: readonly number[] }
  | {
      readonly verdict: 'not linearizable' | 'unknown';
      /** Where asked for: for some of the operations, the longest order seen that holds them. */
      readonly longest: readonly (readonly number[])[];
      /** A return: whatever returned before it can be explained. */
      readonly stuckAt: number;
    };

const CHECK_EVERY = 1024;
/** What the engine needs for a configuration or a value besides its content. */
const OVERHEAD_BYTES = 250;
/** Bounds the memory; what is forgotten is worked out again. */
const MAX_TRANSITIONS = 1_000_000;
const NONE = -1;

/**
 * Whether the operations of one key can be put into an order that the model allows and that keeps every
 * operation that returned before another was called before it. Wing & Gong 1993, with Lowe's memory of
 * configurations (2017): what is linearized so far, and the value that it left. Six cuts keep it exact:
 *
 * - A read, or a cas that did not apply, is placed as soon as it is allowed: it can always be moved forward.
 * - One of unknown outcome is placed only where what comes next depends on it (`#isOfUse`).
 * - Of equal ones of unknown outcome the one called first is as good as any.
 * - A configuration was tried in vain if one was that differs only in that fewer operations of unknown
 *   outcome are spent: whatever would go on from the one goes on from the other.
 * - A value that cannot become what the next read saw is no way to go on (`Foresight`).
 *
 * `unexplained` is an operation known to have no place in any order, for whose sake the longest orders without it
 * are looked for.
 */
export function search(
  operations: readonly Operation[],
  limits: SearchLimits,
  unexplained: Operation | null = null,
): SearchResult {
  return new Search(operations, limits, unexplained).run();
}

/** A choice that was made: which operation, and what to go back to. */
interface Frame {
  readonly operation: number;
  readonly stateBefore: number;
  /** Nothing else need be tried in its place. */
  readonly isForced: boolean;
}

interface Configuration {
  readonly done: Uint32Array;
  readonly state: number;
}

class Search {
  readonly #values: (string | null)[] = [INITIAL];
  readonly #ids = new Map<string | null, number>([[INITIAL, 0]]);
  readonly #transitions = new Map<number, number>();
  /** Calls and returns in their order, as a linked list: of operation i, the call is i, the return n + i. */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  readonly #head: number;
  /** The latest operation of unknown outcome before this one that does the same. */
  readonly #twin: Int32Array;
  /** It changes nothing, wherever it is placed. */
  readonly #isReadOnly: Uint8Array;
  /** Of unknown outcome. */
  readonly #isPending: Uint8Array;
  readonly #pendingMask: Uint32Array;
  /** For the hash, which leaves out what is of unknown outcome. */
  readonly #marks: Int32Array;
  readonly #done: Uint32Array;
  #hash = 0;
  #state = 0;
  #left: number;
  readonly #frames: Frame[] = [];
  readonly #foresight: Foresight;
  readonly #known = new Map<number, Configuration[]>();
  #bytes = 0;
  #steps = 0;
  readonly #longest = new Map<number, readonly number[]>();
  #stuckAt = 0;

  constructor(
    private readonly operations: readonly Operation[],
    private readonly limits: SearchLimits,
    private readonly unexplained: Operation | null,
  ) {
    const count = operations.length;
    const random = createRandom(count);
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1).fill(NONE);
    this.#previous = new Int32Array(2 * count + 1).fill(NONE);
    this.#isPending = Uint8Array.from(operations, ({ outcome }) => Number(outcome !== 'ok'));
    this.#marks = Int32Array.from(this.#isPending, (isPending) =>
      isPending === 1 ? 0 : nextInteger(random, -0x80000000, 0x7fffffff),
    );
    this.#done = new Uint32Array(Math.ceil(count / 32));
    this.#pendingMask = new Uint32Array(this.#done.length);
    for (const [position, isPending] of this.#isPending.entries())
      this.#pendingMask[position >>> 5] =
        (this.#pendingMask[position >>> 5] ?? 0) | (isPending << (position & 31));
    this.#left = operations.filter(({ outcome }) => outcome === 'ok').length;
    this.#twin = this.#findTwins();
    this.#isReadOnly = Uint8Array.from(operations, ({ outcome, f, applied }) =>
      Number(outcome === 'ok' && (f === 'get' || (f === 'cas' && !applied))),
    );
    this.#foresight = new Foresight(operations, (position) => this.#isDone(position), unexplained);
    this.#link();
  }

  run(): SearchResult {
    let from = NONE;
    while (this.#left > 0) {
      this.#steps += 1;
      if (this.#steps % CHECK_EVERY === 0 && !this.limits.mayGoOn()) return this.#end('unknown');
      if (this.#bytes > this.limits.maxBytes) return this.#end('unknown');
      const chosen = from === NONE ? this.#forced() : NONE;
      if (chosen !== NONE) {
        this.#place(chosen, true);
        continue;
      }
      const candidate = this.#candidateAfter(from);
      if (candidate !== NONE) {
        this.#place(candidate, false);
        from = NONE;
        continue;
      }
      if (from === NONE) this.#noteDeadEnd();
      const back = this.#backtrack();
      if (back === NONE) return this.#end('not linearizable');
      from = back;
    }
    return { verdict: 'linearizable', order: this.#frames.map(({ operation }) => operation) };
  }

  #end(verdict: 'not linearizable' | 'unknown'): SearchResult {
    const longest = [...new Set(this.#longest.values())].sort((a, b) => b.length - a.length);
    return { verdict, longest, stuckAt: this.#stuckAt };
  }

  #findTwins(): Int32Array {
    const latest = new Map<string, number>();
    return Int32Array.from(this.operations, ({ outcome, f, input }, position) => {
      if (outcome === 'ok') return NONE;
      const same = JSON.stringify([f, input]);
      const twin = latest.get(same) ?? NONE;
      latest.set(same, position);
      return twin;
    });
  }

  #link(): void {
    const count = this.operations.length;
    const events: { readonly at: number; readonly node: number }[] = [];
    for (const [position, operation] of this.operations.entries()) {
      events.push({ at: operation.call, node: position });
      if (operation.outcome === 'ok') events.push({ at: operation.return, node: count + position });
    }
    events.sort((a, b) => a.at - b.at);
    let last = this.#head;
    for (const { node } of events) {
      this.#next[last] = node;
      this.#previous[node] = last;
      last = node;
    }
  }

  // ── Candidates: whatever was called before the first return of one that is not placed yet ───────

  #forced(): number {
    const count = this.operations.length;
    for (let node = this.#after(this.#head); node !== NONE && node < count; node = this.#after(node)) {
      if (this.#isReadOnly[node] === 1 && this.#step(node) !== NONE) return node;
    }
    return NONE;
  }

  /**
   * In the order of the list, those that returned first and those of unknown outcome after them; `from`
   * is the one that was tried last.
   */
  #candidateAfter(from: number): number {
    if (from !== NONE && this.#isPending[from] === 1) return this.#scan(from, 1);
    const found = this.#scan(from === NONE ? this.#head : from, 0);
    return found === NONE ? this.#scan(this.#head, 1) : found;
  }

  #scan(from: number, pending: 0 | 1): number {
    const count = this.operations.length;
    for (let node = this.#after(from); node !== NONE && node < count; node = this.#after(node)) {
      if (this.#isPending[node] !== pending) continue;
      const twin = this.#twin[node] ?? NONE;
      if (twin !== NONE && !this.#isDone(twin)) continue;
      const state = this.#step(node);
      if (state === NONE || (pending === 1 && !this.#isOfUse(node, state))) continue;
      if (!this.#foresight.allows(node, this.#values[state] ?? null)) continue;
      if (this.#isNew(node, state)) return node;
    }
    return NONE;
  }

  /**
   * Whether what may come right after an operation of unknown outcome can tell that it was there: a put cannot, nor
   * can one that is not allowed then. An order with as few of them as possible has none in vain.
   */
  #isOfUse(pending: number, state: number): boolean {
    if (state === this.#state) return false;
    const count = this.operations.length;
    for (let node = this.#after(this.#head); node !== NONE && node < count; node = this.#after(node)) {
      if (node === pending || this.operations[node]?.f === 'put') continue;
      const next = this.#step(node, state);
      if (next !== NONE && (this.#isPending[node] === 0 || next !== state)) return true;
    }
    return false;
  }

  #after(node: number): number {
    return this.#next[node] ?? NONE;
  }

  /** The value that the operation leaves; NONE: it is not allowed now. */
  #step(position: number, from = this.#state): number {
    const key = from * this.operations.length + position;
    const known = this.#transitions.get(key);
    if (known !== undefined) return known;
    const operation = this.operations[position];
    const value = this.#values[from] ?? null;
    const { allowed, next } =
      operation === undefined ? { allowed: false, next: null } : transition(value, operation);
    const state = allowed ? this.#idOf(next) : NONE;
    if (this.#transitions.size >= MAX_TRANSITIONS) this.#transitions.clear();
    this.#transitions.set(key, state);
    return state;
  }

  #idOf(value: string | null): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#ids.set(value, id);
      this.#bytes += OVERHEAD_BYTES + 2 * (value?.length ?? 0);
    }
    return id;
  }

  // ── Placing and taking back ───────────────────────────────────────────────────────────────────

  #place(position: number, isForced: boolean): void {
    this.#frames.push({ operation: position, stateBefore: this.#state, isForced });
    this.#state = this.#step(position);
    this.#flip(position);
    this.#foresight.wasPlaced(position);
    this.#lift(position);
    if (this.#isPending[position] === 0) {
      this.#left -= 1;
      this.#lift(this.operations.length + position);
    }
  }

  /** Takes back the last choice; what is tried next comes after it. NONE: there was none. */
  #backtrack(): number {
    for (;;) {
      const frame = this.#frames.pop();
      if (frame === undefined) return NONE;
      const { operation, stateBefore, isForced } = frame;
      if (this.#isPending[operation] === 0) {
        this.#left += 1;
        this.#unlift(this.operations.length + operation);
      }
      this.#unlift(operation);
      this.#flip(operation);
      this.#foresight.wasTakenBack(operation);
      this.#state = stateBefore;
      if (!isForced) return operation;
    }
  }

  #flip(position: number): void {
    const word = position >>> 5;
    this.#done[word] = (this.#done[word] ?? 0) ^ (1 << (position & 31));
    this.#hash ^= this.#marks[position] ?? 0;
  }

  #isDone(position: number): boolean {
    return (((this.#done[position >>> 5] ?? 0) >>> (position & 31)) & 1) === 1;
  }

  #lift(node: number): void {
    const [before, after] = [this.#previous[node] ?? NONE, this.#after(node)];
    this.#next[before] = after;
    if (after !== NONE) this.#previous[after] = before;
  }

  /** In the opposite order of lifting, so that the neighbours are what they were. */
  #unlift(node: number): void {
    const [before, after] = [this.#previous[node] ?? NONE, this.#after(node)];
    this.#next[before] = node;
    if (after !== NONE) this.#previous[after] = node;
  }

  /** Remembers the configuration that placing leads to; false: it was tried before, in vain. */
  #isNew(position: number, state: number): boolean {
    this.#flip(position);
    const hash = this.#hash ^ Math.imul(state + 1, 0x9e3779b1);
    const done = this.#done;
    const bucket = this.#known.get(hash);
    // A hash alone never decides.
    const isKnown =
      bucket?.some((known) => known.state === state && this.#isCovered(done, known.done)) === true;
    if (!isKnown) {
      const configuration = { done: done.slice(), state };
      if (bucket === undefined) this.#known.set(hash, [configuration]);
      else this.#remember(bucket, configuration);
      this.#bytes += OVERHEAD_BYTES + done.byteLength;
    }
    this.#flip(position);
    return !isKnown;
  }

  /** Adds to a bucket, without what the new one makes superfluous. */
  #remember(bucket: Configuration[], added: Configuration): void {
    let kept = 0;
    for (const known of bucket) {
      if (known.state === added.state && this.#isCovered(known.done, added.done)) continue;
      bucket[kept] = known;
      kept += 1;
    }
    this.#bytes -= (bucket.length - kept) * (OVERHEAD_BYTES + added.done.byteLength);
    bucket.length = kept;
    bucket.push(added);
  }

  /** Whether `by` is `done`, or that with fewer operations of unknown outcome. */
  #isCovered(done: Uint32Array, by: Uint32Array): boolean {
    for (let word = 0; word < done.length; word += 1) {
      const [here, there] = [done[word] ?? 0, by[word] ?? 0];
      if ((there & ~here) !== 0 || (here & ~there & ~(this.#pendingMask[word] ?? 0)) !== 0) return false;
    }
    return true;
  }

  // ── Explaining ────────────────────────────────────────────────────────────────────────────────

  #noteDeadEnd(): void {
    const stuckAt = this.#firstReturn();
    this.#stuckAt = Math.max(this.#stuckAt, stuckAt);
    if (this.unexplained !== null) this.#noteLongest();
  }

  /** Of what is not placed. */
  #firstReturn(): number {
    const count = this.operations.length;
    let node = this.#after(this.#head);
    while (node !== NONE && node < count) node = this.#after(node);
    return this.operations[node - count]?.return ?? 0;
  }

  #noteLongest(): void {
    let order: number[] | null = null;
    for (const { operation } of this.#frames) {
      if ((this.#longest.get(operation)?.length ?? 0) >= this.#frames.length) continue;
      order ??= this.#frames.map((frame) => frame.operation);
      this.#longest.set(operation, order);
    }
  }
}
