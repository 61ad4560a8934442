import type { Failure, SessionUse } from '../api.ts';
import type { Reader, Writer } from '../core/bytes.ts';
import type { OperationCall, OperationAnswer } from './contract.ts';

/**
 * How calls and answers stand in the messages of the port for operations, one behind the other. Both ends are of one
 * build and in one page: what does not fit is a bug.
 */

const METHODS = ['read', 'transact', 'readRegister', 'writeRegister'] as const;
const ANSWERS = ['written', 'states', 'value', 'failed', 'unknown', 'bug'] as const;
const ANY_LENGTH = Number.MAX_SAFE_INTEGER;

/** Throws for what is of the wrong type, perhaps in the middle. */
export function writeCall(writer: Writer, id: number, call: OperationCall, timeoutMs: number): void {
  writer.integer(id);
  writer.integer(Math.ceil(timeoutMs));
  writer.byte(METHODS.indexOf(call.method));
  switch (call.method) {
    case 'read':
      writer.bool(call.consistency === 'local');
      writer.bool(call.keys !== null);
      if (call.keys === null) return;
      writer.integer(call.keys.length);
      for (const key of call.keys) writer.text(key);
      return;
    case 'transact':
      writeSession(writer, call.session);
      writer.bytes(call.command);
      return;
    case 'readRegister':
      writer.text(call.key);
      return;
    case 'writeRegister':
      writer.text(call.key);
      writer.textOrNull(call.value);
  }
}

/** Behind its id and its timeout. */
export function readCall(reader: Reader): OperationCall {
  const method = METHODS[reader.byte()];
  switch (method) {
    case 'read': {
      const consistency = reader.bool() ? 'local' : 'linearizable';
      return { method, consistency, keys: reader.bool() ? readTexts(reader) : null };
    }
    case 'transact':
      return { method, session: readSession(reader), command: reader.bytes(ANY_LENGTH) };
    case 'readRegister':
      return { method, key: reader.text(ANY_LENGTH) };
    case 'writeRegister':
      return { method, key: reader.text(ANY_LENGTH), value: reader.textOrNull(ANY_LENGTH) };
    default:
      throw new Error('The page asks for what this node does not know.');
  }
}

export function writeAnswer(writer: Writer, id: number, result: OperationAnswer): void {
  writer.integer(id);
  if (result.outcome !== 'ok') {
    writeFailure(writer, result);
  } else if ('index' in result) {
    writer.byte(ANSWERS.indexOf('written'));
    writer.integer(result.index);
    writer.integer(result.term);
  } else if ('states' in result) {
    writer.byte(ANSWERS.indexOf('states'));
    writer.integer(result.commitIndex);
    writer.integer(result.lastIndex);
    const states = Object.entries(result.states);
    writer.integer(states.length);
    for (const [key, value] of states) {
      writer.text(key);
      writer.textOrNull(value);
    }
  } else {
    writer.byte(ANSWERS.indexOf('value'));
    writer.textOrNull(result.value);
  }
}

/** In place of an answer. */
export function writeBug(writer: Writer, id: number, error: unknown): void {
  writer.integer(id);
  writer.byte(ANSWERS.indexOf('bug'));
  writer.text(String(error));
}

/** Behind its id. */
export function readAnswer(reader: Reader): OperationAnswer | Error {
  const kind = ANSWERS[reader.byte()];
  switch (kind) {
    case 'written':
      return { outcome: 'ok', index: reader.integer(), term: reader.integer() };
    case 'states': {
      const [commitIndex, lastIndex] = [reader.integer(), reader.integer()];
      const states: [string, string | null][] = [];
      for (let left = reader.integer(); left > 0; left -= 1)
        states.push([reader.text(ANY_LENGTH), reader.textOrNull(ANY_LENGTH)]);
      return { outcome: 'ok', states: Object.fromEntries(states), commitIndex, lastIndex };
    }
    case 'value':
      return { outcome: 'ok', value: reader.textOrNull(ANY_LENGTH) };
    case 'failed':
    case 'unknown':
      return { outcome: kind, code: reader.text(ANY_LENGTH), reason: reader.text(ANY_LENGTH) };
    case 'bug':
      return new Error(reader.text(ANY_LENGTH));
    default:
      throw new Error('The node answers what the page does not know.');
  }
}

function writeFailure(writer: Writer, { outcome, code, reason }: Failure): void {
  writer.byte(ANSWERS.indexOf(outcome));
  writer.text(code);
  writer.text(reason);
}

function writeSession(writer: Writer, session: SessionUse | null): void {
  writer.bool(session !== null);
  if (session === null) return;
  writer.integer(session.id);
  writer.integer(session.sequence);
  writer.integer(session.lowestPending);
}

function readSession(reader: Reader): SessionUse | null {
  if (!reader.bool()) return null;
  return { id: reader.integer(), sequence: reader.integer(), lowestPending: reader.integer() };
}

function readTexts(reader: Reader): string[] {
  const texts: string[] = [];
  for (let left = reader.integer(); left > 0; left -= 1) texts.push(reader.text(ANY_LENGTH));
  return texts;
}
