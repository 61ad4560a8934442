import type { RequestId } from '../core/ids.ts';
import { IntegerMap } from '../core/integer-map.ts';

interface Pending<R> {
  readonly onResult: (result: R) => void;
  readonly deadline: number;
}

/** Who waits for an answer, and until when. Each is answered exactly once. */
export class PendingRequests<R> {
  readonly #pending = new IntegerMap<Pending<R>>();
  #next: RequestId;
  /** Of none is the time up before: they come by the thousand, and are looked at with every tick. */
  #earliest = Number.POSITIVE_INFINITY;

  /** Ids rise from `first` on. Where that is random, no answer to a request of an earlier run fits. */
  constructor(first: RequestId) {
    this.#next = first;
  }

  get size(): number {
    return this.#pending.size;
  }

  add(deadline: number, onResult: (result: R) => void): RequestId {
    const request = this.#next;
    this.#next += 1;
    this.#pending.set(request, { onResult, deadline });
    if (deadline < this.#earliest) this.#earliest = deadline;
    return request;
  }

  /** Those whose time is up; they stay until they are answered. */
  due(now: number): RequestId[] {
    if (now < this.#earliest) return [];
    this.#earliest = Number.POSITIVE_INFINITY;
    const due = this.#pending.where(({ deadline }) => {
      this.#earliest = Math.min(this.#earliest, deadline);
      return deadline <= now;
    });
    return due.map(([request]) => request);
  }

  answer(request: RequestId, result: R): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.onResult(result);
  }

  answerAll(result: R): void {
    for (const [request] of this.#pending) this.answer(request, result);
  }
}
