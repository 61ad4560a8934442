const CHUNK = 4096;
const UNKNOWN = -1;
/** Around the newest: more indexes than anybody compares, and two megabytes. */
const KEPT_CHUNKS = 64;

/** A number from 0 on for each index, where one is known: of 262,144 around the last one set, wherever they begin. */
export class Column {
  readonly #chunks = new Map<number, Float64Array>();

  /** Null: unknown. */
  get(index: number): number | null {
    const value = this.#chunks.get(Math.floor(index / CHUNK))?.[index % CHUNK] ?? UNKNOWN;
    return value === UNKNOWN ? null : value;
  }

  /** The indexes from `from` to `to`, in order, but for those around which no number is known. */
  *within(from: number, to: number): Generator<number> {
    for (const number of [...this.#chunks.keys()].sort((a, b) => a - b)) {
      const end = Math.min(to + 1, (number + 1) * CHUNK);
      for (let index = Math.max(from, number * CHUNK); index < end; index += 1) yield index;
    }
  }

  set(index: number, value: number): void {
    const number = Math.floor(index / CHUNK);
    let chunk = this.#chunks.get(number);
    if (chunk === undefined) {
      chunk = new Float64Array(CHUNK).fill(UNKNOWN);
      for (const other of this.#chunks.keys())
        if (Math.abs(other - number) >= KEPT_CHUNKS) this.#chunks.delete(other);
      this.#chunks.set(number, chunk);
    }
    chunk[index % CHUNK] = value;
  }

  /** Forgets `index` and all above it. */
  clearFrom(index: number): void {
    const first = Math.floor(index / CHUNK);
    for (const number of this.#chunks.keys()) if (number > first) this.#chunks.delete(number);
    this.#chunks.get(first)?.fill(UNKNOWN, index % CHUNK);
  }

  clear(): void {
    this.#chunks.clear();
  }
}
