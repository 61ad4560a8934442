import { DecodeError, encoded, Reader, type Writer } from '../bytes.ts';
import { MAX_TEXT_BYTES } from '../kv/transaction.ts';
import { readMemberId, writeMemberId } from '../raft/entry-codec.ts';
import type { Found, Register } from './register.ts';

/** More than writes can have made of it, and well below where integers end to be exact. */
const MAX_COUNTER = 2 ** 52;
const MAX_REGISTERS = 1_000_000;

export function writeRegister(writer: Writer, { key, tag, value }: Register): void {
  writer.text(key);
  writeHeld(writer, { tag, value });
}

export function readRegister(reader: Reader): Register {
  const key = reader.text(MAX_TEXT_BYTES);
  return { key, ...readHeld(reader) };
}

export function writeHeld(writer: Writer, { tag, value }: Found): void {
  writer.integer(tag.counter);
  writeMemberId(writer, tag.writer);
  writer.integer(tag.operation);
  writer.textOrNull(value);
}

export function readHeld(reader: Reader): Found {
  const counter = reader.integer();
  if (counter === 0 || counter > MAX_COUNTER) throw new DecodeError('a counter makes no sense');
  const tag = { counter, writer: readMemberId(reader), operation: reader.integer() };
  return { tag, value: reader.textOrNull(MAX_TEXT_BYTES) };
}

export function writeRegisters(writer: Writer, registers: readonly Register[]): void {
  writer.integer(registers.length);
  for (const register of registers) writeRegister(writer, register);
}

export function readRegisters(reader: Reader): Register[] {
  const registers: Register[] = [];
  for (let left = reader.count(MAX_REGISTERS); left > 0; left -= 1) registers.push(readRegister(reader));
  return registers;
}

export function encodeRegister(register: Register): Uint8Array {
  return encoded((writer) => writeRegister(writer, register));
}

/** Throws `DecodeError`. */
export function decodeRegister(bytes: Uint8Array): Register {
  const reader = new Reader(bytes);
  const register = readRegister(reader);
  reader.end();
  return register;
}
