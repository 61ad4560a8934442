import { DecodeError, type Reader, type Writer } from '../bytes.ts';
import {
  decodeTransaction,
  encodeResult,
  MAX_TEXT_BYTES,
  type Instruction,
  type TransactionResult,
} from './transaction.ts';

/** Far above what fits into memory: bounds what a damaged snapshot can do. */
const MAX_KEYS = 100_000_000;

/** The replicated map from keys to values. Deterministic: a function of the commands applied so far. */
export class KeyValueMachine {
  readonly #values = new Map<string, string>();

  /** Applies an encoded transaction and returns its encoded result. */
  apply(command: Uint8Array): Uint8Array {
    let instructions: Instruction[];
    try {
      instructions = decodeTransaction(command);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return encodeResult({ applied: false, malformed: error.message });
    }
    return encodeResult(this.transact(instructions));
  }

  /** All or nothing. An ASSERT sees what earlier SETs of the same transaction would leave. */
  transact(instructions: readonly Instruction[]): TransactionResult {
    // Almost all are one SET, which sees nothing of what came before.
    const first = instructions[0];
    if (instructions.length === 1 && first?.op === 'SET') {
      this.#set(first.key, first.val);
      return { applied: true };
    }
    const changes = new Map<string, string | null>();
    for (const { op, key, val } of instructions) {
      if (op === 'SET') {
        changes.set(key, val);
        continue;
      }
      const changed = changes.get(key);
      const actual = changed === undefined ? this.get(key) : changed;
      if (actual !== val) return { applied: false, key, expected: val, actual };
    }
    for (const [key, val] of changes) this.#set(key, val);
    return { applied: true };
  }

  #set(key: string, val: string | null): void {
    if (val === null) this.#values.delete(key);
    else this.#values.set(key, val);
  }

  get(key: string): string | null {
    return this.#values.get(key) ?? null;
  }

  entries(): IterableIterator<[string, string]> {
    return this.#values.entries();
  }

  /** The map's order is a function of the commands, so equal states have equal bytes. */
  snapshot(writer: Writer): void {
    writer.integer(this.#values.size);
    for (const [key, value] of this.#values) {
      writer.text(key);
      writer.text(value);
    }
  }

  /** Throws `DecodeError`. */
  restore(reader: Reader): void {
    this.#values.clear();
    for (let left = reader.count(MAX_KEYS); left > 0; left -= 1) {
      const key = reader.text(MAX_TEXT_BYTES);
      this.#values.set(key, reader.text(MAX_TEXT_BYTES));
    }
  }
}
