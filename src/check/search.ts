import { createRandom, nextInteger } from '../core/random.ts';
import type { Operation } from './history.ts';
import { INITIAL, transition } from './models.ts';

export interface SearchLimits {
  /** Told once in a while; false ends the search without a verdict. */
  mayGoOn(): boolean;
  /** Configurations that are remembered; more end the search without a verdict. */
  readonly maxConfigurations: number;
}

export type SearchResult =
  /** Operations in an order that explains everything. */
  | { readonly verdict: 'linearizable'; readonly order: readonly number[] }
  /** For some of the operations, the longest order that holds them and explains as much as it can. */
  | { readonly verdict: 'not linearizable'; readonly longest: readonly (readonly number[])[] }
  | { readonly verdict: 'unknown' };

const CHECK_EVERY = 1024;
const NONE = -1;

/**
 * Whether the operations of one key can be put into an order that the model allows and that keeps every
 * operation that returned before another was called before it. Wing & Gong 1993, with Lowe's memory of
 * configurations (2017): what is linearized so far, and the value that it left. Three cuts keep it exact:
 *
 * - A read, or a cas that did not apply, is placed as soon as it is allowed: it can always be moved forward.
 * - One of unknown outcome that would change nothing need not be placed at all.
 * - Of equal ones of unknown outcome the one called first is as good as any.
 */
export function search(
  operations: readonly Operation[],
  limits: SearchLimits,
  explain: boolean,
): SearchResult {
  return new Search(operations, limits, explain).run();
}

/** A choice that was made: which operation, and what to go back to. */
interface Frame {
  readonly operation: number;
  readonly stateBefore: number;
  /** Nothing else need be tried in its place. */
  readonly isForced: boolean;
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
  readonly #marks: Int32Array;
  readonly #done: Uint32Array;
  #hash = 0;
  #state = 0;
  #left: number;
  readonly #frames: Frame[] = [];
  readonly #known = new Map<number, { readonly done: Uint32Array; readonly state: number }[]>();
  #configurations = 0;
  #steps = 0;
  readonly #longest = new Map<number, readonly number[]>();

  constructor(
    private readonly operations: readonly Operation[],
    private readonly limits: SearchLimits,
    private readonly explain: boolean,
  ) {
    const count = operations.length;
    const random = createRandom(count);
    this.#head = 2 * count;
    this.#next = new Int32Array(2 * count + 1).fill(NONE);
    this.#previous = new Int32Array(2 * count + 1).fill(NONE);
    this.#marks = Int32Array.from({ length: count }, () => nextInteger(random, -0x80000000, 0x7fffffff));
    this.#done = new Uint32Array(Math.ceil(count / 32));
    this.#left = operations.filter(({ outcome }) => outcome === 'ok').length;
    this.#twin = this.#findTwins();
    this.#isReadOnly = Uint8Array.from(operations, ({ outcome, f, applied }) =>
      Number(outcome === 'ok' && (f === 'get' || (f === 'cas' && !applied))),
    );
    this.#link();
  }

  run(): SearchResult {
    let from = NONE;
    while (this.#left > 0) {
      this.#steps += 1;
      if (this.#steps % CHECK_EVERY === 0 && !this.limits.mayGoOn()) return { verdict: 'unknown' };
      if (this.#configurations > this.limits.maxConfigurations) return { verdict: 'unknown' };
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
      if (this.explain) this.#noteLongest();
      const back = this.#backtrack();
      if (back === NONE) return { verdict: 'not linearizable', longest: this.#distinctLongest() };
      from = back;
    }
    return { verdict: 'linearizable', order: this.#frames.map(({ operation }) => operation) };
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
    const isPending = (node: number): boolean => this.operations[node]?.outcome !== 'ok';
    if (from === NONE || !isPending(from)) {
      const found = this.#scan(from === NONE ? this.#head : from, false);
      if (found !== NONE) return found;
      return this.#scan(this.#head, true);
    }
    return this.#scan(from, true);
  }

  #scan(from: number, pending: boolean): number {
    const count = this.operations.length;
    for (let node = this.#after(from); node !== NONE && node < count; node = this.#after(node)) {
      if ((this.operations[node]?.outcome !== 'ok') !== pending) continue;
      const twin = this.#twin[node] ?? NONE;
      if (twin !== NONE && !this.#isDone(twin)) continue;
      const state = this.#step(node);
      if (state === NONE || (pending && state === this.#state)) continue;
      if (this.#isNew(node, state)) return node;
    }
    return NONE;
  }

  #after(node: number): number {
    return this.#next[node] ?? NONE;
  }

  /** The value that the operation leaves; NONE: it is not allowed now. */
  #step(position: number): number {
    const key = this.#state * this.operations.length + position;
    const known = this.#transitions.get(key);
    if (known !== undefined) return known;
    const operation = this.operations[position];
    const value = this.#values[this.#state] ?? null;
    const { allowed, next } =
      operation === undefined ? { allowed: false, next: null } : transition(value, operation);
    const state = allowed ? this.#idOf(next) : NONE;
    this.#transitions.set(key, state);
    return state;
  }

  #idOf(value: string | null): number {
    let id = this.#ids.get(value);
    if (id === undefined) {
      id = this.#values.length;
      this.#values.push(value);
      this.#ids.set(value, id);
    }
    return id;
  }

  // ── Placing and taking back ───────────────────────────────────────────────────────────────────

  #place(position: number, isForced: boolean): void {
    this.#frames.push({ operation: position, stateBefore: this.#state, isForced });
    this.#state = this.#step(position);
    this.#flip(position);
    this.#lift(position);
    if (this.operations[position]?.outcome === 'ok') {
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
      if (this.operations[operation]?.outcome === 'ok') {
        this.#left += 1;
        this.#unlift(this.operations.length + operation);
      }
      this.#unlift(operation);
      this.#flip(operation);
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
    const bucket = this.#known.get(hash);
    // A hash alone never decides.
    const isKnown = bucket?.some((known) => known.state === state && equal(known.done, this.#done)) === true;
    if (!isKnown) {
      const configuration = { done: this.#done.slice(), state };
      if (bucket === undefined) this.#known.set(hash, [configuration]);
      else bucket.push(configuration);
      this.#configurations += 1;
    }
    this.#flip(position);
    return !isKnown;
  }

  // ── Explaining ────────────────────────────────────────────────────────────────────────────────

  #noteLongest(): void {
    let order: number[] | null = null;
    for (const { operation } of this.#frames) {
      if ((this.#longest.get(operation)?.length ?? 0) >= this.#frames.length) continue;
      order ??= this.#frames.map((frame) => frame.operation);
      this.#longest.set(operation, order);
    }
  }

  #distinctLongest(): (readonly number[])[] {
    return [...new Set(this.#longest.values())].sort((a, b) => b.length - a.length);
  }
}

function equal(a: Uint32Array, b: Uint32Array): boolean {
  for (let word = 0; word < a.length; word += 1) if (a[word] !== b[word]) return false;
  return true;
}
