import type { Remote } from 'comlink';
import type { NodeApi } from '../worker/contract.ts';
import { ENDED } from './operation-calls.ts';

/** The worker is gone, and may or may not have done what it was asked for. */
export class NodeGone extends Error {
  constructor() {
    super(ENDED.reason);
  }
}

/** For what has no answer where there is no node. */
export function nullIfGone(error: unknown): null {
  if (error instanceof NodeGone) return null;
  throw error;
}

/** Calls of a node that are refused with `NodeGone` once it has ended: a worker that is gone never answers. */
export class NodeCalls {
  readonly node: Remote<NodeApi>;
  readonly #waiting = new Set<(reason: NodeGone) => void>();
  hasEnded = false;

  constructor(node: Remote<NodeApi>) {
    this.node = new Proxy(node, {
      get:
        (target, method: keyof NodeApi) =>
        (...args: unknown[]) =>
          this.#call(() => (target[method] as (...args: unknown[]) => Promise<unknown>)(...args)),
    });
  }

  end(): void {
    this.hasEnded = true;
    for (const refuse of this.#waiting) refuse(new NodeGone());
    this.#waiting.clear();
  }

  async #call(call: () => Promise<unknown>): Promise<unknown> {
    if (this.hasEnded) throw new NodeGone();
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      void call()
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject));
    });
  }
}
