const END_BYTES = 16;
const START = [0x811c9dc5, 0x1b873593] as const;

/** A hash of everything that happens in a run, in order: two runs of one seed must agree on it. */
export class TraceHash {
  /** Low word, high word. In fields, most of their values would each be an object. */
  readonly #words = Int32Array.from(START);

  /** Begins anew. */
  clear(): void {
    this.#words[0] = START[0];
    this.#words[1] = START[1];
  }

  add(value: number): void {
    const word = value | 0;
    const low = Math.imul((this.#words[0] ?? 0) ^ word, 0x01000193);
    const high = Math.imul((this.#words[1] ?? 0) ^ (word + (low >>> 15)), 0x85ebca6b);
    this.#words[0] = low;
    this.#words[1] = high ^ (high >>> 13);
  }

  /** Of any size, if it is a safe integer. */
  number(value: number): void {
    this.add(value);
    if (value > 0x7fffffff || value < 0) this.add(Math.floor(value / 0x1_0000_0000));
  }

  bytes(value: Uint8Array): void {
    const { length } = value;
    this.number(length);
    this.#part(value, 0, length);
  }

  /** Its length, and what it begins and ends with. */
  ends(value: Uint8Array): void {
    const { length } = value;
    if (length <= 2 * END_BYTES) {
      this.bytes(value);
      return;
    }
    this.number(length);
    this.#part(value, 0, END_BYTES);
    this.#part(value, length - END_BYTES, length);
  }

  /** Four bytes at a time, and in variables: a word that is handed over would be an object. */
  #part(value: Uint8Array, from: number, to: number): void {
    let { low, high } = this;
    for (let at = from; at < to; at += 4) {
      const word = wordAt(value, at);
      low = Math.imul(low ^ word, 0x01000193);
      high = Math.imul(high ^ (word + (low >>> 15)), 0x85ebca6b);
      high ^= high >>> 13;
    }
    this.#words[0] = low;
    this.#words[1] = high;
  }

  text(value: string): void {
    const { length } = value;
    let { low, high } = this;
    for (let position = 0; position < length; position += 1) {
      const word = value.charCodeAt(position);
      low = Math.imul(low ^ word, 0x01000193);
      high = Math.imul(high ^ (word + (low >>> 15)), 0x85ebca6b);
      high ^= high >>> 13;
    }
    this.#words[0] = low;
    this.#words[1] = high;
  }

  /** Of 32 bits, signed. */
  get low(): number {
    return this.#words[0] ?? 0;
  }

  /** Of 32 bits, signed. */
  get high(): number {
    return this.#words[1] ?? 0;
  }

  /** Sixteen hexadecimal digits. */
  digest(): string {
    return hexOf(this.high, this.low);
  }
}

/** Four bytes as one number; beyond the end there are zeros. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

/** Two words of 32 bits. */
export function hexOf(high: number, low: number): string {
  const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}
