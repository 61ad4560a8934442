/** Stands where there is no key: no integer. */
const NONE = -0.5;
const MIN_SLOTS = 16;
/** A larger table is made smaller where fewer than one in 64 of its slots are used. */
const KEPT_SLOTS = 8192;
/** Of 32 bits: the golden ratio's, whose highest bits spread what is numbered consecutively (Knuth, vol. 3, §6.4). */
const SPREAD = 0x9e3779b1;

/**
 * What is known by a number, from 0 on, and comes and goes by the thousand: who waits for an answer, say.
 *
 * Not a `Map`, since that makes itself a new table with every few hundred deletions. The old one is garbage,
 * but as soon as one of them is old to the collector, it keeps alive its successor, and all that stood in both: so
 * whatever waited would be taken for long-lived, copied to the old generation, and marked there. Here a deletion
 * closes the gap in place (linear probing; Knuth, vol. 3, §6.4, algorithm R), and the table stays as large as it once
 * had to be, within bounds.
 */
export class IntegerMap<V> {
  #keys = new Float64Array(MIN_SLOTS).fill(NONE);
  #values = new Array<V | undefined>(MIN_SLOTS);
  #size = 0;

  constructor(entries: Iterable<readonly [number, V]> = []) {
    for (const [key, value] of entries) this.set(key, value);
  }

  get size(): number {
    return this.#size;
  }

  has(key: number): boolean {
    return this.#keys[this.#slotOf(key)] === key;
  }

  get(key: number): V | undefined {
    return this.#values[this.#slotOf(key)];
  }

  set(key: number, value: V): void {
    if (2 * this.#size >= this.#keys.length) this.#resize(2);
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) this.#size += 1;
    this.#keys[slot] = key;
    this.#values[slot] = value;
  }

  delete(key: number): void {
    const slot = this.#slotOf(key);
    if (this.#keys[slot] !== key) return;
    this.#close(slot);
    this.#size -= 1;
    if (this.#keys.length > KEPT_SLOTS && 64 * this.#size < this.#keys.length) this.#resize(1 / 16);
  }

  /**
   * Those that are wanted, in the order of their keys: a list of its own, whatever is changed while it is gone through.
   * `isWanted` is asked of each, and changes nothing here.
   */
  where(isWanted: (value: V, key: number) => boolean = () => true): [number, V][] {
    if (this.#size === 0) return [];
    const keys = this.#keys.filter((key, slot) => key !== NONE && isWanted(this.#values[slot] as V, key));
    return Array.from(keys.sort(), (key) => [key, this.get(key) as V]);
  }

  /** All of them, likewise. */
  [Symbol.iterator](): Iterator<[number, V]> {
    return this.where().values();
  }

  /** Where the key is, or would be. */
  #slotOf(key: number): number {
    const last = this.#keys.length - 1;
    let slot = this.#homeOf(key);
    for (let held = this.#keys[slot]; held !== key && held !== NONE; held = this.#keys[slot])
      slot = (slot + 1) & last;
    return slot;
  }

  #homeOf(key: number): number {
    return Math.imul(key, SPREAD) >>> Math.clz32(this.#keys.length - 1);
  }

  /** What stands behind the gap moves into it, unless it would come to stand before its home. */
  #close(slot: number): void {
    const last = this.#keys.length - 1;
    let gap = slot;
    for (let next = (gap + 1) & last; ; next = (next + 1) & last) {
      const key = this.#keys[next] ?? NONE;
      if (key === NONE) break;
      if (((next - this.#homeOf(key)) & last) < ((next - gap) & last)) continue;
      this.#keys[gap] = key;
      this.#values[gap] = this.#values[next];
      gap = next;
    }
    this.#keys[gap] = NONE;
    this.#values[gap] = undefined;
  }

  #resize(factor: number): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Float64Array(factor * keys.length).fill(NONE);
    this.#values = new Array<V | undefined>(factor * keys.length);
    this.#size = 0;
    for (const [slot, key] of keys.entries()) if (key !== NONE) this.set(key, values[slot] as V);
  }
}
