/** A hash of everything that happens in a run, in order: two runs of one seed must agree on it. */
export class TraceHash {
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  add(value: number): void {
    const word = value | 0;
    this.#low = Math.imul(this.#low ^ word, 0x01000193);
    this.#high = Math.imul(this.#high ^ (word + (this.#low >>> 15)), 0x85ebca6b);
    this.#high ^= this.#high >>> 13;
  }

  text(value: string): void {
    for (let position = 0; position < value.length; position += 1) this.add(value.charCodeAt(position));
  }

  /** Sixteen hexadecimal digits. */
  digest(): string {
    const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
    return hex(this.#high) + hex(this.#low);
  }
}
