import type { Failure } from '../api.ts';
import { Reader } from '../core/bytes.ts';
import { IntegerMap } from '../core/integer-map.ts';
import { writtenTogether } from '../transport/written-together.ts';
import type { CallOf, OperationName, ResultOf } from '../worker/contract.ts';
import { readAnswer, writeCall } from '../worker/operation-codec.ts';

/** The worker keeps time itself; if even that does not answer, the page gives up a little later. */
export const WORKER_GRACE_MS = 2000;
const SWEEP_PERIOD_MS = 500;

/** What was asked of a worker that then said nothing may have happened. */
export const SILENT: Failure = {
  outcome: 'unknown',
  code: 'timed-out',
  reason: 'This tab’s node does not answer.',
};
export const ENDED: Failure = {
  outcome: 'unknown',
  code: 'not-running',
  reason: 'This tab’s node has ended.',
};

interface Pending {
  readonly deadline: number;
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The page's end of the worker's port for operations. What is called in one task goes as one message, and answers
 * come so, too. Comlink, which carries all other calls, listens once for each call under way, and every answer
 * wakes all of these.
 */
export class OperationCalls {
  readonly #pending = new IntegerMap<Pending>();
  readonly #write = writtenTogether((bytes) => this.port.postMessage(bytes, [bytes.buffer]));
  #next = 1;
  #sweeping: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<Uint8Array>) => this.#onAnswers(data);
  }

  /**
   * Always answered: as `unknown` where the worker says nothing for longer than `timeoutMs`. Rejects for a bug of the
   * worker, and for what cannot be written.
   */
  call<M extends OperationName>(call: CallOf<M>, timeoutMs: number): Promise<ResultOf<M>> {
    return new Promise((resolve, reject) => {
      const id = this.#next;
      this.#next += 1;
      this.#write((writer) => writeCall(writer, id, call, timeoutMs));
      const deadline = performance.now() + timeoutMs + WORKER_GRACE_MS;
      this.#pending.set(id, { deadline, resolve, reject });
      this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_PERIOD_MS);
    });
  }

  /** The worker has ended: nobody will answer any more. */
  close(): void {
    this.port.close();
    this.#giveUp(Number.POSITIVE_INFINITY, ENDED);
  }

  #onAnswers(bytes: Uint8Array): void {
    const reader = new Reader(bytes);
    while (!reader.isAtEnd) {
      const id = reader.integer();
      const answer = readAnswer(reader);
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      if (answer instanceof Error) pending?.reject(answer);
      else pending?.resolve(answer as never);
    }
  }

  #sweep(): void {
    this.#giveUp(performance.now(), SILENT);
    if (this.#pending.size > 0 || this.#sweeping === null) return;
    clearInterval(this.#sweeping);
    this.#sweeping = null;
  }

  #giveUp(now: number, failure: Failure): void {
    for (const [id, { resolve }] of this.#pending.where(({ deadline }) => deadline <= now)) {
      this.#pending.delete(id);
      resolve(failure as never);
    }
  }
}
