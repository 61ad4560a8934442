import type { StoredRegisters } from '../../src/core/abd/register.ts';
import type { Storage, StoredState, WriteBatch } from '../../src/storage/storage.ts';

/** Completes writes when the test says so. */
export class HeldStorage implements Storage {
  readonly batches: WriteBatch[] = [];
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  load(): Promise<StoredState> {
    throw new Error('nothing is loaded in this test');
  }

  loadRegisters(): Promise<StoredRegisters> {
    throw new Error('nothing is loaded in this test');
  }

  async write(batch: WriteBatch): Promise<void> {
    this.batches.push(batch);
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
  }

  async close(): Promise<void> {
    return Promise.resolve();
  }

  /** Makes the writes under way durable; the driver notices before this resolves. */
  async complete(): Promise<void> {
    for (const { resolve } of this.#waiting.splice(0)) resolve();
    await settled();
  }

  async fail(error: Error): Promise<void> {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
    await settled();
  }
}

/** Once all promises that can are resolved. */
export async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}
