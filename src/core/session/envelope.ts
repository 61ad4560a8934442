import { DecodeError, encoded, encodedTogether, Reader } from '../bytes.ts';
import { MAX_COMMAND_BYTES } from '../raft/log-entry.ts';

/**
 * What surrounds a command in the log, so that the state machine knows a repeated one again
 * (dissertation §6.3). A session's id is the index of the entry that opened it.
 */
export type Envelope =
  /** Outside of any session: applied as often as it is in the log. */
  | { readonly kind: 'plain'; readonly command: Uint8Array }
  /** Concerns the replica set of the registers, not the state machine. Repeating it does no harm. */
  | { readonly kind: 'epochs'; readonly command: Uint8Array }
  /** Opens a session, which ends after `ttlMs` of log time in which it was not used. */
  | { readonly kind: 'open'; readonly ttlMs: number }
  /**
   * `sequence` numbers the session's commands from 1. All below `lowestPending` have had their answers,
   * so that their replies need be kept no longer.
   */
  | {
      readonly kind: 'session';
      readonly session: number;
      readonly sequence: number;
      readonly lowestPending: number;
      readonly command: Uint8Array;
    };

/** `expired`: the session is not known (any more). What becomes of the command is up to the caller. */
export type Reply =
  | { readonly kind: 'done'; readonly value: Uint8Array }
  | { readonly kind: 'opened'; readonly session: number }
  | { readonly kind: 'expired' }
  /** The bytes do not parse. Nothing changes, on every node alike. */
  | { readonly kind: 'malformed'; readonly reason: string };

const ENVELOPE_KINDS = ['plain', 'open', 'session', 'epochs'] as const;
const REPLY_KINDS = ['done', 'opened', 'expired', 'malformed'] as const;
const MAX_REASON_BYTES = 4096;

export function encodeEnvelope(envelope: Envelope): Uint8Array {
  return encodedTogether((writer) => {
    writer.byte(ENVELOPE_KINDS.indexOf(envelope.kind));
    if (envelope.kind === 'open') {
      writer.integer(envelope.ttlMs);
      return;
    }
    if (envelope.kind === 'session') {
      writer.integer(envelope.session);
      writer.integer(envelope.sequence);
      writer.integer(envelope.lowestPending);
    }
    writer.bytes(envelope.command);
  });
}

/** Throws `DecodeError`. */
export function decodeEnvelope(bytes: Uint8Array): Envelope {
  const reader = new Reader(bytes);
  const envelope = readEnvelope(reader, ENVELOPE_KINDS[reader.byte()]);
  reader.end();
  return envelope;
}

function readEnvelope(reader: Reader, kind: Envelope['kind'] | undefined): Envelope {
  switch (kind) {
    case 'plain':
    case 'epochs':
      return { kind, command: reader.bytes(MAX_COMMAND_BYTES) };
    case 'open':
      return { kind, ttlMs: reader.integer() };
    case 'session': {
      const session = reader.integer();
      const sequence = reader.integer();
      const lowestPending = reader.integer();
      if (sequence < 1 || lowestPending > sequence) throw new DecodeError('a sequence number makes no sense');
      return { kind, session, sequence, lowestPending, command: reader.bytes(MAX_COMMAND_BYTES) };
    }
    default:
      throw new DecodeError('it is no kind of command');
  }
}

export function encodeReply(reply: Reply): Uint8Array {
  return encoded((writer) => {
    writer.byte(REPLY_KINDS.indexOf(reply.kind));
    if (reply.kind === 'done') writer.bytes(reply.value);
    if (reply.kind === 'opened') writer.integer(reply.session);
    if (reply.kind === 'malformed') writer.text(reply.reason);
  });
}

/** Throws `DecodeError`. */
export function decodeReply(bytes: Uint8Array): Reply {
  const reader = new Reader(bytes);
  const reply = readReply(reader, REPLY_KINDS[reader.byte()]);
  reader.end();
  return reply;
}

/** For one state machine's replies, of which almost all are the very same bytes. */
export class ReplyDecoder {
  #last: { readonly bytes: Uint8Array; readonly reply: Reply } | null = null;

  /** Throws `DecodeError`. */
  decode(bytes: Uint8Array): Reply {
    if (this.#last?.bytes !== bytes) this.#last = { bytes, reply: decodeReply(bytes) };
    return this.#last.reply;
  }
}

function readReply(reader: Reader, kind: Reply['kind'] | undefined): Reply {
  switch (kind) {
    case 'done':
      return { kind, value: reader.bytes(MAX_COMMAND_BYTES) };
    case 'opened':
      return { kind, session: reader.integer() };
    case 'expired':
      return { kind };
    case 'malformed':
      return { kind, reason: reader.text(MAX_REASON_BYTES) };
    default:
      throw new DecodeError('it is no kind of reply');
  }
}
