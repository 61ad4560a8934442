import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecodeError } from '../../src/core/bytes.ts';
import { KeyValueMachine } from '../../src/core/kv/machine.ts';
import {
  decodeResult,
  decodeTransaction,
  encodeResult,
  encodeTransaction,
  type Instruction,
  type TransactionResult,
} from '../../src/core/kv/transaction.ts';
import { bytes } from '../support/core-cluster.ts';

/** `SET x=1`, `ASSERT x=1`; without a value: null. */
function instructions(text: string): Instruction[] {
  return text.split(', ').map((line) => {
    const [, op, key, , val] = /^(ASSERT|SET) (\w+)(=(\w*))?$/.exec(line) ?? [];
    if ((op !== 'ASSERT' && op !== 'SET') || key === undefined) throw new Error(`no instruction: ${line}`);
    return { op, key, val: val ?? null };
  });
}

function apply(machine: KeyValueMachine, text: string): TransactionResult {
  return decodeResult(machine.apply(encodeTransaction(instructions(text))));
}

const contents = (machine: KeyValueMachine): Record<string, string> => Object.fromEntries(machine.entries());

function machineWith(text: string): KeyValueMachine {
  const machine = new KeyValueMachine();
  expect(apply(machine, text)).toEqual({ applied: true });
  return machine;
}

describe('a transaction', () => {
  it('sets, overwrites and deletes', () => {
    const machine = machineWith('SET a=1, SET b=2, SET c=3');
    expect(apply(machine, 'SET a=5, SET b')).toEqual({ applied: true });
    expect(contents(machine)).toEqual({ a: '5', c: '3' });
    expect([machine.get('a'), machine.get('b'), machine.get('never')]).toEqual(['5', null, null]);
  });

  it('of nothing is applied', () => {
    expect(decodeResult(new KeyValueMachine().apply(encodeTransaction([])))).toEqual({ applied: true });
  });

  it('whose ASSERT fails changes nothing, wherever it stands, and says what was there', () => {
    const machine = machineWith('SET a=1');
    const refused = { applied: false, key: 'a', expected: '2', actual: '1' };
    expect(apply(machine, 'ASSERT a=2, SET b=1')).toEqual(refused);
    expect(apply(machine, 'SET b=1, SET a, SET a=1, ASSERT a=2')).toEqual(refused);
    expect(contents(machine)).toEqual({ a: '1' });
  });

  it('names the first of several ASSERTs that fail', () => {
    const result = apply(machineWith('SET a=1'), 'ASSERT a=1, ASSERT b=2, ASSERT c=3');
    expect(result).toEqual({ applied: false, key: 'b', expected: '2', actual: null });
  });

  it('asserts against what its own earlier instructions leave, not its later ones', () => {
    const machine = machineWith('SET a=1');
    expect(apply(machine, 'SET a=2, ASSERT a=2, SET a=3')).toEqual({ applied: true });
    expect(apply(machine, 'SET a, ASSERT a, SET a=4')).toEqual({ applied: true });
    expect(apply(machine, 'ASSERT a=5, SET a=5')).toMatchObject({ applied: false, actual: '4' });
    expect(contents(machine)).toEqual({ a: '4' });
  });

  it('asserts absence with null, which is not the empty text', () => {
    const machine = machineWith('SET empty=');
    expect(apply(machine, 'ASSERT missing')).toEqual({ applied: true });
    expect(apply(machine, 'ASSERT empty=')).toEqual({ applied: true });
    expect(apply(machine, 'ASSERT empty')).toEqual({
      applied: false,
      key: 'empty',
      expected: null,
      actual: '',
    });
    expect(apply(machine, 'ASSERT missing=')).toMatchObject({ applied: false, actual: null });
  });

  it('may name any key, those of every object included', () => {
    const machine = new KeyValueMachine();
    const keys = ['__proto__', 'constructor', 'toString', '', 'ключ', '\u0000'];
    for (const key of keys) expect(machine.get(key)).toBeNull();
    for (const key of keys) machine.transact([{ op: 'SET', key, val: key }]);
    expect(new Map(machine.entries())).toEqual(new Map(keys.map((key) => [key, key])));
  });
});

describe('a command that does not parse', () => {
  const set = encodeTransaction(instructions('SET a=9'));

  it.each<[string, Uint8Array, string]>([
    ['nothing at all', bytes(), 'it ends too early'],
    ['an end that is missing', set.subarray(0, set.length - 1), 'it ends too early'],
    ['something behind the end', bytes(...set, 0), '1 bytes follow its end'],
    ['an instruction of no kind', bytes(1, 7), '7 is neither true nor false'],
    ['more instructions than bytes', bytes(50, 1), 'it ends too early'],
    ['a hundred thousand instructions', bytes(160, 141, 6), '100000 items where at most 65536 may be'],
    ['a key that is not UTF-8', bytes(1, 1, 1, 0xff, 0), 'a text is not UTF-8'],
  ])('%s: changes nothing and says why', (_what, command, malformed) => {
    const machine = machineWith('SET a=1');
    expect(decodeResult(machine.apply(command))).toEqual({ applied: false, malformed });
    expect(contents(machine)).toEqual({ a: '1' });
  });

  it('whatever it is: it never throws, and the same bytes give the same answer everywhere', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 8 }), (commands) => {
        const [here, there] = [machineWith('SET a=1'), machineWith('SET a=1')];
        for (const command of commands) expect(here.apply(command)).toEqual(there.apply(command));
        expect(contents(here)).toEqual(contents(there));
      }),
    );
  });
});

// ── Against a model ───────────────────────────────────────────────────────────────────────────

const value = fc.option(fc.constantFrom('', '1', '2'));
const instruction: fc.Arbitrary<Instruction> = fc.record({
  op: fc.constantFrom('ASSERT', 'SET'),
  key: fc.constantFrom('a', 'b', 'c'),
  val: value,
});

/** Works on a copy of everything, which takes the original's place if all goes well. */
function modelStep(
  state: ReadonlyMap<string, string | null>,
  transaction: readonly Instruction[],
): ReadonlyMap<string, string | null> {
  const copy = new Map(state);
  for (const { op, key, val } of transaction) {
    if (op === 'SET') copy.set(key, val);
    else if ((copy.get(key) ?? null) !== val) return state;
  }
  return copy;
}

describe('the machine and a model of it', () => {
  it('agree after any transactions', () => {
    fc.assert(
      fc.property(fc.array(fc.array(instruction, { maxLength: 5 }), { maxLength: 20 }), (transactions) => {
        const machine = new KeyValueMachine();
        let model: ReadonlyMap<string, string | null> = new Map();
        for (const transaction of transactions) {
          const before = model;
          model = modelStep(model, transaction);
          const hasAssert = transaction.some(({ op }) => op === 'ASSERT');
          const { applied } = machine.transact(transaction);
          if (!applied) expect(model).toBe(before);
          if (!hasAssert) expect(applied).toBe(true);
          for (const key of ['a', 'b', 'c']) expect(machine.get(key)).toBe(model.get(key) ?? null);
        }
        const present = [...model].filter(([, val]) => val !== null);
        expect(new Map(machine.entries())).toEqual(new Map(present));
      }),
    );
  });
});

describe('the form of transactions and results', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 10 });
  const anyInstruction: fc.Arbitrary<Instruction> = fc.record({
    op: fc.constantFrom('ASSERT', 'SET'),
    key: text,
    val: fc.option(text),
  });
  const anyResult: fc.Arbitrary<TransactionResult> = fc.oneof(
    fc.constant({ applied: true as const }),
    fc.record({ applied: fc.constant(false as const), malformed: text }),
    fc.record({
      applied: fc.constant(false as const),
      key: text,
      expected: fc.option(text),
      actual: fc.option(text),
    }),
  );

  it('a transaction comes back as it was', () => {
    fc.assert(
      fc.property(fc.array(anyInstruction), (transaction) => {
        expect(decodeTransaction(encodeTransaction(transaction))).toEqual(transaction);
      }),
    );
  });

  it('a result comes back as it was, and is refused where something is cut off or follows', () => {
    fc.assert(
      fc.property(anyResult, fc.nat(), (result, place) => {
        const encoded = encodeResult(result);
        expect(decodeResult(encoded)).toEqual(result);
        expect(() => decodeResult(encoded.subarray(0, place % encoded.length))).toThrow(DecodeError);
        expect(() => decodeResult(bytes(...encoded, 0))).toThrow(DecodeError);
      }),
    );
  });

  it('a result of no kind is refused', () => {
    expect(() => decodeResult(bytes(3))).toThrow(new DecodeError('3 is no kind of result'));
  });
});
