import { DecodeError, encoded, encodedTogether, Reader } from '../bytes.ts';

/** `null` stands for the absence of the key. */
export interface Instruction {
  readonly op: 'ASSERT' | 'SET';
  readonly key: string;
  readonly val: string | null;
}

/** What became of a transaction: all of it was applied, or, at the first ASSERT that fails, nothing. */
export type TransactionResult =
  | { readonly applied: true }
  | {
      readonly applied: false;
      readonly key: string;
      readonly expected: string | null;
      readonly actual: string | null;
    }
  /** The command does not parse. It changes nothing, on every node alike. */
  | { readonly applied: false; readonly malformed: string };

/** Far above what a client may send: these only bound what a damaged command can do. */
export const MAX_TEXT_BYTES = 4 * 1024 * 1024;
const MAX_INSTRUCTIONS = 65_536;

export function encodeTransaction(instructions: readonly Instruction[]): Uint8Array {
  return encodedTogether((writer) => {
    writer.integer(instructions.length);
    for (const { op, key, val } of instructions) {
      writer.bool(op === 'SET');
      writer.text(key);
      writer.textOrNull(val);
    }
  });
}

/** Of the first instruction. Throws `DecodeError`. */
export function firstKey(command: Uint8Array): string | null {
  const reader = new Reader(command);
  if (reader.count(MAX_INSTRUCTIONS) === 0) return null;
  reader.bool();
  return reader.text(MAX_TEXT_BYTES);
}

/** Throws `DecodeError`. */
export function decodeTransaction(command: Uint8Array): Instruction[] {
  const reader = new Reader(command);
  const instructions: Instruction[] = [];
  for (let left = reader.count(MAX_INSTRUCTIONS); left > 0; left -= 1) {
    const op = reader.bool() ? 'SET' : 'ASSERT';
    const key = reader.text(MAX_TEXT_BYTES);
    instructions.push({ op, key, val: reader.textOrNull(MAX_TEXT_BYTES) });
  }
  reader.end();
  return instructions;
}

const RESULT_TAGS = { applied: 0, refused: 1, malformed: 2 } as const;

/** Of almost all transactions. */
const APPLIED = Uint8Array.of(RESULT_TAGS.applied);

const APPLIED_RESULT: TransactionResult = { applied: true };

export function encodeResult(result: TransactionResult): Uint8Array {
  if (result.applied) return APPLIED;
  return encoded((writer) => {
    if ('malformed' in result) {
      writer.byte(RESULT_TAGS.malformed);
      writer.text(result.malformed);
    } else {
      writer.byte(RESULT_TAGS.refused);
      writer.text(result.key);
      writer.textOrNull(result.expected);
      writer.textOrNull(result.actual);
    }
  });
}

/** Throws `DecodeError`. */
export function decodeResult(bytes: Uint8Array): TransactionResult {
  const reader = new Reader(bytes);
  const tag = reader.byte();
  let result: TransactionResult;
  if (tag === RESULT_TAGS.applied) {
    result = APPLIED_RESULT;
  } else if (tag === RESULT_TAGS.malformed) {
    result = { applied: false, malformed: reader.text(MAX_TEXT_BYTES) };
  } else if (tag === RESULT_TAGS.refused) {
    const key = reader.text(MAX_TEXT_BYTES);
    const expected = reader.textOrNull(MAX_TEXT_BYTES);
    result = { applied: false, key, expected, actual: reader.textOrNull(MAX_TEXT_BYTES) };
  } else {
    throw new DecodeError(`${tag} is no kind of result`);
  }
  reader.end();
  return result;
}
