import type { TraceDetail } from './event.ts';
import { millis } from './fields.ts';

/** What a client is told. */
interface Answer {
  readonly outcome: string;
  readonly reason?: string;
}

/** Of one event, so that its line fits into a message to another tab. */
const MAX_TOGETHER = 64;
/** A longer one stands alone in its event (characters). */
const MAX_SHARED_KEY = 64;

type Outcome = (TraceDetail & { kind: 'result' })['outcome'];

/** Operations `first` and those after it, a key each; none names none. */
interface Asked {
  readonly time: number;
  readonly first: number;
  readonly f: string;
  readonly keys: string[];
}

interface Answered {
  readonly time: number;
  readonly f: string;
  readonly outcome: Outcome;
  readonly reason: string | null;
  readonly operations: number[];
  readonly keys: string[];
  readonly ms: number[];
}

/**
 * The operations of a node's clients. They come by the thousand: those that are asked for in one task of the event
 * loop are one event, as long as nothing else happens between them, and so are those answered alike in one.
 */
export class OperationTrace {
  #last = 0;
  /** What is not told yet: one of the two at most. */
  #asked: Asked | null = null;
  #answered: Answered | null = null;

  constructor(
    private readonly now: () => number,
    private readonly tell: (time: number, detail: TraceDetail) => void,
  ) {}

  /** One begins here; what is returned takes its answer and hands it to `done`. */
  follow<R extends Answer>(f: string, key: string | null, done: (answer: R) => void): (answer: R) => void {
    this.#last += 1;
    const name = key ?? '';
    const asked = this.#askedFor(f, name);
    const place = asked.keys.push(name) - 1;
    return (answer) => {
      this.#answer(asked, place, answer);
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
      const { time, ...what } = answered;
      this.tell(time, { kind: 'result', ...what });
    }
  }

  #askedFor(f: string, key: string): Asked {
    if (this.#asked?.f === f && hasRoom(this.#asked.keys, key)) return this.#asked;
    this.#begin();
    return (this.#asked = { time: this.now(), first: this.#last, f, keys: [] });
  }

  /** Local reads and the like have another outcome, and no event. */
  #answer({ first, f, keys, time }: Asked, place: number, { outcome, reason }: Answer): void {
    if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown') return;
    const key = keys[place] ?? '';
    const answered = this.#answeredLike(f, key, outcome, reason ?? null);
    answered.operations.push(first + place);
    answered.keys.push(key);
    answered.ms.push(millis(answered.time - time));
  }

  #answeredLike(f: string, key: string, outcome: Outcome, reason: string | null): Answered {
    const open = this.#answered;
    const isAlike = open?.f === f && open.outcome === outcome && open.reason === reason;
    if (isAlike && hasRoom(open.keys, key)) return open;
    this.#begin();
    const what = { f, outcome, reason, operations: [], keys: [], ms: [] };
    return (this.#answered = { time: this.now(), ...what });
  }

  #begin(): void {
    this.settle();
    queueMicrotask(() => this.settle());
  }
}

/** For one more, behind the first. */
function hasRoom(keys: readonly string[], key: string): boolean {
  const longest = Math.max(keys[0]?.length ?? 0, key.length);
  return keys.length < MAX_TOGETHER && longest <= MAX_SHARED_KEY;
}
