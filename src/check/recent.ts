/**
 * What was told of the newest indexes: at least so many of them as `kept`, at most twice as many.
 *
 * Two generations, of which the older is dropped whole. A map from which the oldest is taken one by one has to step
 * over all that were taken before, each time it looks for the next.
 */
export class Recent<T> {
  #newer = new Map<number, T>();
  #older = new Map<number, T>();

  constructor(private readonly kept: number) {}

  get(index: number): T | undefined {
    return this.#newer.get(index) ?? this.#older.get(index);
  }

  set(index: number, value: T): void {
    if (this.#newer.size >= this.kept) {
      this.#older = this.#newer;
      this.#newer = new Map();
    }
    this.#newer.set(index, value);
  }

  /** Those that came first go first. */
  *[Symbol.iterator](): Generator<[number, T]> {
    yield* this.#older;
    yield* this.#newer;
  }
}
