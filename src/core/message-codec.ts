import { unreachable } from './assert.ts';
import { DecodeError, encoded, Reader, type Writer } from './bytes.ts';
import {
  readHeld,
  readRegister,
  readRegisters,
  writeHeld,
  writeRegister,
  writeRegisters,
} from './abd/codec.ts';
import type { RegisterMessage } from './abd/message.ts';
import { MAX_TEXT_BYTES } from './kv/transaction.ts';
import { isRegisterMessage, isRegisterType, type Message, type MessageType } from './message.ts';
import {
  readEntries,
  readMemberId,
  readSnapshotMetadata,
  writeEntries,
  writeMemberId,
  writeSnapshotMetadata,
} from './raft/entry-codec.ts';
import { MAX_COMMAND_BYTES, MAX_MEMBERS } from './raft/log-entry.ts';
import {
  CHANGE_KINDS,
  FAILURE_CODES,
  type AppendResult,
  type ConfigurationChange,
  type LeaderOperation,
  type OperationResult,
} from './raft/message.ts';

/**
 * The binary form of every message: a tag, sender and receiver, then the fields in the order of their
 * declaration. A tag is never given another meaning; a new form of a message gets a new tag.
 */
const TAGS = {
  preVoteRequest: 1,
  preVoteResponse: 2,
  voteRequest: 3,
  voteResponse: 4,
  appendRequest: 5,
  appendResponse: 6,
  heartbeat: 7,
  heartbeatResponse: 8,
  forwardRequest: 9,
  forwardResponse: 10,
  joinRequest: 11,
  removedNotice: 12,
  ping: 13,
  pong: 14,
  snapshotRequest: 15,
  snapshotResponse: 16,
  readIndexRequest: 17,
  readIndexResponse: 18,
  timeoutNow: 19,
  registerQuery: 20,
  registerQueryResponse: 21,
  registerStore: 22,
  registerStoreResponse: 23,
  registerTransferRequest: 24,
  registerTransferResponse: 25,
} as const satisfies Record<MessageType, number>;

/** A joinRequest of a server that knows that it was a member: the older form does not say where. */
const FORMER_MEMBERS_JOIN = 26;

const TYPES = new Map<number, MessageType>([
  ...Object.entries(TAGS).map(([type, tag]) => [tag, type as MessageType] as const),
  [FORMER_MEMBERS_JOIN, 'joinRequest'],
]);

/**
 * A server's term is 0 until it hears of its first election. It may ask then, or say that it cannot
 * answer; whatever belongs to an election or comes from a leader, or answers it, has a later term.
 */
const MAY_HAVE_TERM_0: ReadonlySet<MessageType> = new Set<MessageType>([
  'preVoteResponse',
  'forwardRequest',
  'forwardResponse',
  'readIndexRequest',
  'readIndexResponse',
  'joinRequest',
]);

const MAX_REASON_BYTES = 4096;
const MAX_CHANGES = 2 * MAX_MEMBERS;
const OPERATION_KINDS = ['command', 'change', 'transfer'] as const;
const OUTCOMES = ['ok', 'failed', 'unknown'] as const;
const APPEND_RESULT_KINDS = ['accepted', 'rejected'] as const;

function writeChoice<T extends string>(writer: Writer, choices: readonly T[], choice: T): void {
  writer.byte(choices.indexOf(choice));
}

function readChoice<T extends string>(reader: Reader, choices: readonly T[]): T {
  const position = reader.byte();
  const choice = choices[position];
  if (choice === undefined) throw new DecodeError(`${position} is none of ${choices.join(', ')}`);
  return choice;
}

export function encodeMessage(message: Message): Uint8Array<ArrayBuffer> {
  return encoded((writer) => writeMessage(writer, message));
}

export function writeMessage(writer: Writer, message: Message): void {
  const isFormerMembers = message.type === 'joinRequest' && message.memberAt > 0;
  writer.byte(isFormerMembers ? FORMER_MEMBERS_JOIN : TAGS[message.type]);
  writeMemberId(writer, message.from);
  writeMemberId(writer, message.to);
  writeFields(writer, message);
}

function writeFields(writer: Writer, message: Message): void {
  if (message.type === 'ping' || message.type === 'pong') {
    writer.integer(message.nonce);
    return;
  }
  if (isRegisterMessage(message)) {
    writeRegisterMessage(writer, message);
    return;
  }
  writer.integer(message.term);
  switch (message.type) {
    case 'preVoteRequest':
    case 'voteRequest':
      writer.integer(message.lastIndex);
      writer.integer(message.lastTerm);
      if (message.type === 'voteRequest') writer.bool(message.force);
      return;
    case 'preVoteResponse':
    case 'voteResponse':
      writer.bool(message.granted);
      return;
    case 'appendRequest':
      writer.integer(message.prevIndex);
      writer.integer(message.prevTerm);
      writer.integer(message.commitIndex);
      writeEntries(writer, message.entries);
      return;
    case 'appendResponse':
      writeAppendResult(writer, message.result);
      return;
    case 'heartbeat':
      writer.integer(message.commitIndex);
      writer.integer(message.readRound);
      return;
    case 'heartbeatResponse':
      writer.integer(message.readRound);
      return;
    case 'snapshotRequest':
      writeSnapshotMetadata(writer, message.metadata);
      writer.integer(message.offset);
      writer.bytes(message.part);
      return;
    case 'snapshotResponse':
      writer.integer(message.index);
      writer.integer(message.receivedBytes);
      return;
    case 'readIndexRequest':
      writer.integer(message.batch);
      return;
    case 'readIndexResponse':
      writer.integer(message.batch);
      writer.bool(message.readIndex !== null);
      if (message.readIndex !== null) writer.integer(message.readIndex);
      return;
    case 'timeoutNow':
      return;
    case 'forwardRequest':
      writer.integer(message.request);
      writer.integer(message.attempt);
      writeOperation(writer, message.operation);
      return;
    case 'forwardResponse':
      writer.integer(message.request);
      writer.integer(message.attempt);
      writeResult(writer, message.result);
      return;
    case 'joinRequest':
      writeMemberId(writer, message.joiner);
      if (message.memberAt > 0) writer.integer(message.memberAt);
      return;
    case 'removedNotice':
      writer.integer(message.configurationIndex);
      return;
    default:
      unreachable(message);
  }
}

function writeRegisterMessage(writer: Writer, message: RegisterMessage): void {
  writer.integer(message.epoch);
  if ('operation' in message) writer.integer(message.operation);
  switch (message.type) {
    case 'registerQuery':
      writer.text(message.key);
      return;
    case 'registerQueryResponse':
      writer.bool(message.held !== null);
      if (message.held !== null) writeHeld(writer, message.held);
      return;
    case 'registerStore':
      writeRegister(writer, message.register);
      return;
    case 'registerStoreResponse':
      return;
    case 'registerTransferRequest':
      writer.textOrNull(message.after);
      return;
    case 'registerTransferResponse':
      writer.textOrNull(message.after);
      writeRegisters(writer, message.registers);
      writer.bool(message.isLast);
      return;
    default:
      unreachable(message);
  }
}

/** Throws `DecodeError` for anything that `encodeMessage` cannot have written. */
export function decodeMessage(bytes: Uint8Array): Message {
  return readMessage(new Reader(bytes));
}

/** All that is left to read is a message. */
export function readMessage(reader: Reader): Message {
  const message = readNextMessage(reader);
  reader.end();
  return message;
}

/** What follows it is left to read. */
export function readNextMessage(reader: Reader): Message {
  const tag = reader.byte();
  const type = TYPES.get(tag);
  if (type === undefined) throw new DecodeError(`${tag} is no type of message`);
  return readFields(reader, type, tag);
}

function readFields(reader: Reader, type: MessageType, tag: number): Message {
  const from = readMemberId(reader);
  const to = readMemberId(reader);
  if (type === 'ping') return { type, from, to, nonce: reader.integer() };
  if (type === 'pong') return { type, from, to, nonce: reader.integer() };
  if (isRegisterType(type)) return readRegisterMessage(reader, type, { from, to, epoch: reader.integer() });
  const envelope = { from, to, term: readTerm(reader) };
  if (envelope.term === 0 && !MAY_HAVE_TERM_0.has(type))
    throw new DecodeError('no server says this in term 0');
  switch (type) {
    case 'preVoteRequest':
      return { type, ...envelope, lastIndex: reader.integer(), lastTerm: reader.integer() };
    case 'voteRequest': {
      const end = { lastIndex: reader.integer(), lastTerm: reader.integer() };
      return { type, ...envelope, ...end, force: reader.bool() };
    }
    case 'preVoteResponse':
      return { type, ...envelope, granted: reader.bool() };
    case 'voteResponse':
      return { type, ...envelope, granted: reader.bool() };
    case 'appendRequest':
      return readAppendRequest(reader, envelope);
    case 'appendResponse':
      return { type, ...envelope, result: readAppendResult(reader) };
    case 'heartbeat':
      return { type, ...envelope, commitIndex: reader.integer(), readRound: reader.integer() };
    case 'heartbeatResponse':
      return { type, ...envelope, readRound: reader.integer() };
    case 'snapshotRequest':
      return readSnapshotRequest(reader, envelope);
    case 'snapshotResponse':
      return { type, ...envelope, index: reader.integer(), receivedBytes: reader.integer() };
    case 'readIndexRequest':
      return { type, ...envelope, batch: reader.integer() };
    case 'readIndexResponse': {
      const batch = reader.integer();
      return { type, ...envelope, batch, readIndex: reader.bool() ? reader.integer() : null };
    }
    case 'timeoutNow':
      return { type, ...envelope };
    case 'forwardRequest':
      return { type, ...envelope, ...readAttempt(reader), operation: readOperation(reader) };
    case 'forwardResponse':
      return { type, ...envelope, ...readAttempt(reader), result: readResult(reader) };
    case 'joinRequest': {
      const joiner = readMemberId(reader);
      return { type, ...envelope, joiner, memberAt: tag === FORMER_MEMBERS_JOIN ? reader.integer() : 0 };
    }
    case 'removedNotice':
      return { type, ...envelope, configurationIndex: reader.integer() };
    default:
      return unreachable(type);
  }
}

function readRegisterMessage(
  reader: Reader,
  type: RegisterMessage['type'],
  envelope: Pick<RegisterMessage, 'from' | 'to' | 'epoch'>,
): RegisterMessage {
  if (envelope.epoch === 0) throw new DecodeError('epochs begin at 1');
  switch (type) {
    case 'registerQuery':
      return { type, ...envelope, operation: reader.integer(), key: reader.text(MAX_TEXT_BYTES) };
    case 'registerQueryResponse': {
      const operation = reader.integer();
      return { type, ...envelope, operation, held: reader.bool() ? readHeld(reader) : null };
    }
    case 'registerStore':
      return { type, ...envelope, operation: reader.integer(), register: readRegister(reader) };
    case 'registerStoreResponse':
      return { type, ...envelope, operation: reader.integer() };
    case 'registerTransferRequest':
      return { type, ...envelope, after: reader.textOrNull(MAX_TEXT_BYTES) };
    case 'registerTransferResponse': {
      const after = reader.textOrNull(MAX_TEXT_BYTES);
      const registers = readRegisters(reader);
      const isLast = reader.bool();
      if (registers.length === 0 && !isLast)
        throw new DecodeError('a page without registers is not the last');
      if (registers.some(({ key }) => after !== null && key <= after))
        throw new DecodeError('a page goes back behind its begin');
      return { type, ...envelope, after, registers, isLast };
    }
    default:
      return unreachable(type);
  }
}

/** More than elections can have made of it, and well below where integers end to be exact. */
const MAX_TERM = 2 ** 52;

function readTerm(reader: Reader): number {
  const term = reader.integer();
  if (term > MAX_TERM) throw new DecodeError('a term makes no sense');
  return term;
}

type Envelope = Pick<Extract<Message, { type: 'appendRequest' }>, 'from' | 'to' | 'term'>;

function readAppendRequest(reader: Reader, envelope: Envelope): Message {
  const prevIndex = reader.integer();
  const prevTerm = reader.integer();
  const commitIndex = reader.integer();
  const entries = readEntries(reader);
  const [first] = entries;
  if (first !== undefined && (first.index !== prevIndex + 1 || first.term < prevTerm)) {
    throw new DecodeError('the entries do not follow on the previous one');
  }
  if ((entries.at(-1)?.term ?? prevTerm) > envelope.term) {
    throw new DecodeError('an entry is newer than the leader’s term');
  }
  return { type: 'appendRequest', ...envelope, prevIndex, prevTerm, entries, commitIndex };
}

function readSnapshotRequest(reader: Reader, envelope: Envelope): Message {
  const metadata = readSnapshotMetadata(reader);
  const offset = reader.integer();
  const part = reader.bytes(MAX_COMMAND_BYTES);
  if (metadata.term > envelope.term) throw new DecodeError('a snapshot is newer than the leader’s term');
  if (part.length === 0 || offset + part.length > metadata.bytes)
    throw new DecodeError('a part is not within its snapshot');
  return { type: 'snapshotRequest', ...envelope, metadata, offset, part };
}

function writeAppendResult(writer: Writer, result: AppendResult): void {
  writeChoice(writer, APPEND_RESULT_KINDS, result.kind);
  if (result.kind === 'accepted') {
    writer.integer(result.matchIndex);
  } else {
    writer.integer(result.prevIndex);
    writer.integer(result.hintIndex);
    writer.integer(result.hintTerm);
  }
}

function readAppendResult(reader: Reader): AppendResult {
  const kind = readChoice(reader, APPEND_RESULT_KINDS);
  if (kind === 'accepted') return { kind, matchIndex: reader.integer() };
  return { kind, prevIndex: reader.integer(), hintIndex: reader.integer(), hintTerm: reader.integer() };
}

function readAttempt(reader: Reader): { request: number; attempt: number } {
  return { request: reader.integer(), attempt: reader.integer() };
}

function writeOperation(writer: Writer, operation: LeaderOperation): void {
  writeChoice(writer, OPERATION_KINDS, operation.kind);
  switch (operation.kind) {
    case 'command':
      writer.bytes(operation.command);
      writer.bool(operation.repeatable);
      return;
    case 'change':
      writer.integer(operation.changes.length);
      for (const { kind, id } of operation.changes) {
        writeChoice(writer, CHANGE_KINDS, kind);
        writeMemberId(writer, id);
      }
      return;
    case 'transfer':
      writeMemberId(writer, operation.to);
      return;
    default:
      unreachable(operation);
  }
}

function readOperation(reader: Reader): LeaderOperation {
  const kind = readChoice(reader, OPERATION_KINDS);
  switch (kind) {
    case 'command':
      return { kind, command: reader.bytes(MAX_COMMAND_BYTES), repeatable: reader.bool() };
    case 'change': {
      const changes: ConfigurationChange[] = [];
      for (let left = reader.count(MAX_CHANGES); left > 0; left -= 1)
        changes.push({ kind: readChoice(reader, CHANGE_KINDS), id: readMemberId(reader) });
      return { kind, changes };
    }
    case 'transfer':
      return { kind, to: readMemberId(reader) };
    default:
      return unreachable(kind);
  }
}

function writeResult(writer: Writer, result: OperationResult): void {
  writeChoice(writer, OUTCOMES, result.outcome);
  if (result.outcome === 'ok') {
    writer.integer(result.index);
    writer.integer(result.term);
    writer.bytes(result.value);
  } else {
    writeChoice(writer, FAILURE_CODES, result.code);
    writer.text(result.reason);
  }
}

function readResult(reader: Reader): OperationResult {
  const outcome = readChoice(reader, OUTCOMES);
  if (outcome === 'ok') {
    return {
      outcome,
      index: reader.integer(),
      term: reader.integer(),
      value: reader.bytes(MAX_COMMAND_BYTES),
    };
  }
  return { outcome, code: readChoice(reader, FAILURE_CODES), reason: reader.text(MAX_REASON_BYTES) };
}
