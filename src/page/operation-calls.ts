import type { Failure } from '../api.ts';
import { together } from '../transport/together.ts';
import type { OperationAnswer, ArgsOf, OperationCall, OperationName, ResultOf } from '../worker/contract.ts';

/** The worker keeps time itself; if even that does not answer, the page gives up a little later. */
const WORKER_GRACE_MS = 2000;
const SWEEP_PERIOD_MS = 500;

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
  readonly #pending = new Map<number, Pending>();
  readonly #post = together<OperationCall>((calls) => this.#postAll(calls));
  #next = 1;
  #sweeping: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<readonly OperationAnswer[]>) => this.#onAnswers(data);
  }

  /** Always answered: as `unknown` where the worker says nothing for longer than `timeoutMs`. Rejects for a bug of the worker. */
  async call<M extends OperationName>(method: M, args: ArgsOf<M>, timeoutMs: number): Promise<ResultOf<M>> {
    return new Promise((resolve, reject) => {
      const id = this.#next;
      this.#next += 1;
      const deadline = performance.now() + timeoutMs + WORKER_GRACE_MS;
      this.#pending.set(id, { deadline, resolve, reject });
      this.#sweeping ??= setInterval(() => this.#sweep(), SWEEP_PERIOD_MS);
      this.#post({ id, method, args } as OperationCall);
    });
  }

  /** The worker has ended: nobody will answer any more. */
  close(): void {
    this.port.close();
    this.#giveUp(Number.POSITIVE_INFINITY, 'This tab’s node has ended.', 'not-running');
  }

  #postAll(calls: readonly OperationCall[]): void {
    try {
      this.port.postMessage(calls);
    } catch {
      // One of them holds what cannot be posted, such as a function: the others must not be lost with it.
      for (const call of calls) this.#postAlone(call);
    }
  }

  #postAlone(call: OperationCall): void {
    try {
      this.port.postMessage([call]);
    } catch (error) {
      const pending = this.#pending.get(call.id);
      this.#pending.delete(call.id);
      pending?.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #onAnswers(answers: readonly OperationAnswer[]): void {
    for (const answer of answers) {
      const pending = this.#pending.get(answer.id);
      this.#pending.delete(answer.id);
      if ('error' in answer) pending?.reject(new Error(answer.error));
      else pending?.resolve(answer.value as never);
    }
  }

  #sweep(): void {
    this.#giveUp(performance.now(), 'This tab’s node does not answer.', 'timed-out');
    if (this.#pending.size > 0 || this.#sweeping === null) return;
    clearInterval(this.#sweeping);
    this.#sweeping = null;
  }

  #giveUp(now: number, reason: string, code: string): void {
    const failure: Failure = { outcome: 'unknown', code, reason };
    for (const [id, { deadline, resolve }] of this.#pending) {
      if (deadline > now) continue;
      this.#pending.delete(id);
      resolve(failure as never);
    }
  }
}
