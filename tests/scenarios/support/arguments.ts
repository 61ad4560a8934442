import { ScenarioError } from './parser.ts';

/** The words after a command. Whatever no handler asks for is an error (`finish`). */
export class Arguments {
  readonly #words: string[] = [];
  readonly #named: [key: string, value: string][] = [];

  constructor(words: readonly string[]) {
    for (const word of words) {
      const separator = word.indexOf('=');
      if (separator < 0) this.#words.push(word);
      else this.#named.push([word.slice(0, separator), word.slice(separator + 1)]);
    }
  }

  flag(name: string): boolean {
    const position = this.#words.indexOf(name);
    if (position >= 0) this.#words.splice(position, 1);
    return position >= 0;
  }

  optional(key: string): string | null {
    const position = this.#named.findIndex(([name]) => name === key);
    return position < 0 ? null : (this.#named.splice(position, 1)[0]?.[1] ?? null);
  }

  required(key: string): string {
    const value = this.optional(key);
    if (value === null) throw new ScenarioError(`'${key}=' is missing`);
    return value;
  }

  count(key: string): number | null {
    const value = this.optional(key);
    return value === null ? null : parseCount(value);
  }

  /** What is left of `key=value`, in the order given. */
  pairs(): [key: string, value: string][] {
    return this.#named.splice(0);
  }

  word(what: string): string {
    const word = this.#words.shift();
    if (word === undefined) throw new ScenarioError(`${what} is missing`);
    return word;
  }

  /** The next word if it is a number. */
  number(): number | null {
    const [word] = this.#words;
    return word !== undefined && /^\d+$/.test(word) ? parseCount(this.word('a number')) : null;
  }

  /** The next word as names of one letter each, if it is one; else nothing. */
  names(): string[] {
    const [word] = this.#words;
    return word !== undefined && /^[A-Z]+$/.test(word) ? Array.from(this.word('names')) : [];
  }

  finish(): void {
    const left = [...this.#words, ...this.#named.map(([key, value]) => `${key}=${value}`)];
    if (left.length > 0) throw new ScenarioError(`unknown: ${left.join(' ')}`);
  }
}

export function parseCount(text: string): number {
  if (!/^\d+$/.test(text)) throw new ScenarioError(`'${text}' is not a number`);
  return Number(text);
}
