import type { RegisterInput } from '../core/abd/interface.ts';
import type { Reader, Writer } from '../core/bytes.ts';
import { readNextMessage, writeMessage } from '../core/message-codec.ts';
import type { Answer, Input } from '../core/raft/interface.ts';
import { fromJson, toJson } from './plain.ts';

type AnyInput = Input | RegisterInput;

/** What comes by the thousand has a form of its own; all else is JSON. A tag is never given another meaning. */
const TAGS = {
  json: 0,
  message: 1,
  command: 2,
  read: 3,
  applied: 4,
  persisted: 5,
  tick: 6,
  snapshot: 7,
} as const;

/** What this process wrote, it may read: nothing else bounds it. */
const ANY_LENGTH = Number.MAX_SAFE_INTEGER;

export function writeInput(writer: Writer, input: AnyInput): void {
  switch (input.type) {
    case 'tick':
      writer.byte(TAGS.tick);
      return;
    case 'persisted':
      writer.byte(TAGS.persisted);
      writer.integer(input.sequence);
      return;
    case 'message':
      writer.byte(TAGS.message);
      writeMessage(writer, input.message);
      return;
    case 'request':
      if (input.operation.kind === 'command') {
        writer.byte(TAGS.command);
        writer.integer(input.request);
        writer.bool(input.operation.repeatable);
        writer.bytes(input.operation.command);
        return;
      }
      if (input.operation.kind === 'read' && !('key' in input.operation)) {
        writer.byte(TAGS.read);
        writer.integer(input.request);
        return;
      }
      break;
    case 'snapshotTaken':
      writer.byte(TAGS.snapshot);
      writer.integer(input.index);
      writer.bytes(input.data);
      return;
    case 'applied':
      writer.byte(TAGS.applied);
      writer.integer(input.index);
      writeAnswers(writer, input.answers);
      return;
    default:
  }
  writer.byte(TAGS.json);
  writer.text(toJson(input));
}

/** Byte arrays in it are views of what is read. */
export function readInput(reader: Reader): AnyInput {
  const tag = reader.byte();
  switch (tag) {
    case TAGS.tick:
      return { type: 'tick' };
    case TAGS.persisted:
      return { type: 'persisted', sequence: reader.integer() };
    case TAGS.message:
      return { type: 'message', message: readNextMessage(reader) } as AnyInput;
    case TAGS.command: {
      const [request, repeatable] = [reader.integer(), reader.bool()];
      const command = reader.bytes(ANY_LENGTH);
      return { type: 'request', request, operation: { kind: 'command', command, repeatable } };
    }
    case TAGS.read:
      return { type: 'request', request: reader.integer(), operation: { kind: 'read' } };
    case TAGS.applied:
      return { type: 'applied', index: reader.integer(), answers: readAnswers(reader) };
    case TAGS.snapshot:
      return { type: 'snapshotTaken', index: reader.integer(), data: reader.bytes(ANY_LENGTH) };
    default:
      return fromJson(reader.text(ANY_LENGTH)) as AnyInput;
  }
}

function writeAnswers(writer: Writer, answers: readonly Answer[]): void {
  writer.integer(answers.length);
  for (const { index, term, value } of answers) {
    writer.integer(index);
    writer.integer(term);
    writer.bytes(value);
  }
}

function readAnswers(reader: Reader): Answer[] {
  return Array.from({ length: reader.integer() }, () => ({
    index: reader.integer(),
    term: reader.integer(),
    value: reader.bytes(ANY_LENGTH),
  }));
}
