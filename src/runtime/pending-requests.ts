import type { RequestId } from '../core/ids.ts';

interface Pending<R> {
  readonly onResult: (result: R) => void;
  readonly deadline: number;
}

/** Who waits for an answer, and until when. Each is answered exactly once. */
export class PendingRequests<R> {
  readonly #pending = new Map<RequestId, Pending<R>>();
  #next: RequestId;

  /** Ids rise from `first` on. Where that is random, no answer to a request of an earlier run fits. */
  constructor(first: RequestId) {
    this.#next = first;
  }

  add(deadline: number, onResult: (result: R) => void): RequestId {
    const request = this.#next;
    this.#next += 1;
    this.#pending.set(request, { onResult, deadline });
    return request;
  }

  /** Those whose time is up; they stay until they are answered. */
  due(now: number): RequestId[] {
    return [...this.#pending].filter(([, { deadline }]) => deadline <= now).map(([request]) => request);
  }

  answer(request: RequestId, result: R): void {
    const pending = this.#pending.get(request);
    this.#pending.delete(request);
    pending?.onResult(result);
  }

  answerAll(result: R): void {
    for (const request of [...this.#pending.keys()]) this.answer(request, result);
  }
}
