import { firstKey } from '../core/kv/transaction.ts';
import type { TraceDetail } from './event.ts';
import { millis } from './fields.ts';

/** What a client is told. */
interface Answer {
  readonly outcome: string;
  readonly reason?: string;
}

/** Of one event, so that it stays small however many come together. */
const MAX_KEYS = 5;
/** Behind the first one, a longer one is not told (characters). */
const MAX_SHARED_KEY = 64;

/** What an operation is about, or the transaction that says so: of most it is never told, and is not looked for. */
export type Key = string | null | Uint8Array;

type Outcome = (TraceDetail & { kind: 'result' })['outcome'];

/** Operations that follow on each other by their numbers, and the keys of the first of them. */
interface Burst {
  readonly time: number;
  readonly first: number;
  operations: number;
  readonly f: string;
  readonly keys: string[];
}

interface Answered extends Burst {
  readonly outcome: Outcome;
  readonly reason: string | null;
  /** When the earliest and the latest of them were asked for. */
  firstAsked: number;
  lastAsked: number;
}

/**
 * The operations of a node's clients. They come by the thousand: those that are asked for in one task of the event
 * loop are one event, as long as nothing else happens between them, and so are those answered alike in one.
 */
export class OperationTrace {
  #last = 0;
  /** What is not told yet: one of the two at most. */
  #asked: Burst | null = null;
  #answered: Answered | null = null;

  constructor(
    private readonly now: () => number,
    private readonly tell: (time: number, detail: TraceDetail) => void,
  ) {}

  /** One begins here; what is returned takes its result, makes the client's answer of it, and hands that to `done`. */
  follow<T, R extends Answer>(
    f: string,
    key: Key,
    answerOf: (result: T) => R,
    done: (answer: R) => void,
  ): (result: T) => void {
    this.#last += 1;
    const number = this.#last;
    const { time } = this.#ask(f, key);
    return (result) => {
      const answer = answerOf(result);
      this.#answer(number, f, key, time, answer);
      done(answer);
    };
  }

  /** Tells what it has gathered, which stands before whatever happens next. */
  settle(): void {
    const asked = this.#asked;
    const answered = this.#answered;
    this.#asked = null;
    this.#answered = null;
    if (asked !== null) {
      const { time, ...what } = asked;
      this.tell(time, { kind: 'invoke', ...what });
    }
    if (answered !== null) {
      const { time, firstAsked, lastAsked, ...what } = answered;
      const [leastMs, mostMs] = [millis(time - lastAsked), millis(time - firstAsked)];
      this.tell(time, { kind: 'result', ...what, leastMs, mostMs });
    }
  }

  #ask(f: string, key: Key): Burst {
    let asked = this.#asked;
    if (asked?.f !== f) {
      this.#begin();
      asked = { time: this.now(), first: this.#last, operations: 0, f, keys: [] };
      this.#asked = asked;
    }
    count(asked, key);
    return asked;
  }

  /** Local reads and the like have another outcome, and no event. */
  #answer(number: number, f: string, key: Key, asked: number, answer: Answer): void {
    const { outcome, reason = null } = answer;
    if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown') return;
    const open =
      this.#answeredLike(number, f, outcome, reason) ?? this.#answerAnew(number, f, outcome, reason, asked);
    count(open, key);
    if (asked < open.firstAsked) open.firstAsked = asked;
    if (asked > open.lastAsked) open.lastAsked = asked;
  }

  /** What this answer can be told with. */
  #answeredLike(number: number, f: string, outcome: Outcome, reason: string | null): Answered | null {
    const open = this.#answered;
    if (open === null || number !== open.first + open.operations) return null;
    return f === open.f && outcome === open.outcome && reason === open.reason ? open : null;
  }

  #answerAnew(first: number, f: string, outcome: Outcome, reason: string | null, asked: number): Answered {
    this.#begin();
    const burst = { time: this.now(), first, operations: 0, f, keys: [] };
    return (this.#answered = { ...burst, outcome, reason, firstAsked: asked, lastAsked: asked });
  }

  #begin(): void {
    this.settle();
    queueMicrotask(() => this.settle());
  }
}

/** One more. */
function count(burst: Burst, key: Key): void {
  burst.operations += 1;
  const { keys } = burst;
  if (key === null || keys.length === MAX_KEYS) return;
  const text = typeof key === 'string' ? key : firstKey(key);
  if (text !== null && (keys.length === 0 || text.length <= MAX_SHARED_KEY)) keys.push(text);
}
