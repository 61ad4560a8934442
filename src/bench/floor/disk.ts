const STORE = 'batches';

/** One store of batches: a strict transaction with one put each. */
export class FloorDisk {
  #next = 1;

  private constructor(
    private readonly name: string,
    private readonly database: IDBDatabase,
  ) {}

  static async open(name: string): Promise<FloorDisk> {
    const request = indexedDB.open(name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE);
    return new FloorDisk(name, await resultOf(request));
  }

  /** Calls back once it is durable. Promises would cost turns that are not the disk's. */
  write(batch: Uint8Array, onDurable: () => void): void {
    const transaction = this.database.transaction(STORE, 'readwrite', { durability: 'strict' });
    transaction.objectStore(STORE).put(batch, this.#next);
    this.#next += 1;
    transaction.oncomplete = onDurable;
    transaction.onabort = () => {
      throw new Error(`The floor could not write: ${transaction.error?.message ?? 'aborted'}`);
    };
  }

  /** All that is stored. */
  async read(): Promise<readonly Uint8Array[]> {
    const transaction = this.database.transaction(STORE);
    return resultOf(transaction.objectStore(STORE).getAll() as IDBRequest<Uint8Array[]>);
  }

  async clear(): Promise<void> {
    const transaction = this.database.transaction(STORE, 'readwrite');
    await resultOf(transaction.objectStore(STORE).clear());
  }

  async delete(): Promise<void> {
    this.database.close();
    await resultOf(indexedDB.deleteDatabase(this.name));
  }
}

async function resultOf<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database gave no reason'));
  });
}
