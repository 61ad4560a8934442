import { EpochMachine } from '../abd/epochs.ts';
import { DecodeError, encoded, Reader, type Writer } from '../bytes.ts';
import { IntegerMap } from '../integer-map.ts';
import { MAX_COMMAND_BYTES } from '../raft/log-entry.ts';
import { decodeEnvelope, encodeReply, type Envelope, type Reply } from './envelope.ts';

/** A deterministic machine as it knows nothing of sessions. */
export interface InnerMachine {
  apply(command: Uint8Array): Uint8Array;
  snapshot(writer: Writer): void;
  /** Throws `DecodeError`. */
  restore(reader: Reader): void;
}

interface Session {
  readonly ttlMs: number;
  usedAtMs: number;
  /** The replies to commands that the client may still repeat, by sequence number. */
  readonly replies: IntegerMap<Uint8Array>;
  /** Everything below was answered; a late copy of it is not applied again. */
  lowestPending: number;
}

/** Far above what a well-behaved cluster has; the one used least recently ends when a new one needs room. */
const MAX_SESSIONS = 4096;
const MAX_TTL_MS = 30 * 24 * 3_600_000;
/** Of one session. A client that leaves more unanswered has given up on the oldest of them. */
const MAX_REPLIES = 8192;

/**
 * Exactly-once semantics around a state machine (§8; dissertation §6.3): a session's command that was
 * applied before is answered with what was said then. All of it is a function of the log: sessions
 * expire by log time, and are part of the snapshot.
 */
export class SessionMachine {
  /** Least recently used first. */
  readonly #sessions = new Map<number, Session>();
  /** The one used most recently, if it is known. */
  #newest: number | null = null;
  #done: { readonly value: Uint8Array; readonly reply: Uint8Array } | null = null;
  #timeMs = 0;

  readonly epochs = new EpochMachine();

  constructor(private readonly inner: InnerMachine) {}

  /** `index` and `timeMs` are the entry's. Returns an encoded `Reply`. */
  apply(bytes: Uint8Array, index: number, timeMs: number): Uint8Array {
    if (timeMs > this.#timeMs) {
      this.#timeMs = timeMs;
      this.#expire();
    }
    let envelope: Envelope;
    try {
      envelope = decodeEnvelope(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      return encodeReply({ kind: 'malformed', reason: error.message });
    }
    const reply = this.#apply(envelope, index);
    return reply.kind === 'done' ? this.#encodeDone(reply) : encodeReply(reply);
  }

  /** The machine's answers are mostly one and the same. */
  #encodeDone(reply: Reply & { kind: 'done' }): Uint8Array {
    const { value } = reply;
    if (this.#done?.value !== value) this.#done = { value, reply: encodeReply(reply) };
    return this.#done.reply;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  snapshot(): Uint8Array {
    return encoded((writer) => {
      writer.integer(this.#timeMs);
      this.writeSessions(writer);
      this.inner.snapshot(writer);
      this.epochs.snapshot(writer);
    });
  }

  /** Throws `DecodeError` where `data` is no snapshot of this machine. */
  restore(data: Uint8Array): void {
    const reader = new Reader(data);
    this.#timeMs = reader.integer();
    this.#newest = null;
    this.readSessions(reader);
    this.inner.restore(reader);
    // A snapshot from before there were registers ends here.
    if (!reader.isAtEnd) this.epochs.restore(reader);
    reader.end();
  }

  #apply(envelope: Envelope, index: number): Reply {
    switch (envelope.kind) {
      case 'plain':
        return { kind: 'done', value: this.inner.apply(envelope.command) };
      case 'epochs':
        return { kind: 'done', value: this.epochs.apply(envelope.command) };
      case 'open':
        return this.#open(envelope.ttlMs, index);
      case 'session':
        return this.#applyOnce(envelope);
    }
  }

  #open(ttlMs: number, index: number): Reply {
    if (ttlMs > MAX_TTL_MS) return { kind: 'malformed', reason: `a session lives ${MAX_TTL_MS} ms at most` };
    if (this.#sessions.size >= MAX_SESSIONS) {
      for (const oldest of this.#sessions.keys()) {
        this.#sessions.delete(oldest);
        break;
      }
    }
    this.#newest = index;
    this.#sessions.set(index, { ttlMs, usedAtMs: this.#timeMs, replies: new IntegerMap(), lowestPending: 1 });
    return { kind: 'opened', session: index };
  }

  #applyOnce({ session: id, sequence, lowestPending, command }: Envelope & { kind: 'session' }): Reply {
    const session = this.#sessions.get(id);
    if (session === undefined) return { kind: 'expired' };
    this.#touch(id, session);
    const known = this.recall(session, sequence);
    if (known !== undefined) return { kind: 'done', value: known };
    // Its client has had the answer: this is a late copy, and nobody waits for a reply.
    if (sequence < session.lowestPending) return { kind: 'expired' };
    const value = this.inner.apply(command);
    session.replies.set(sequence, value);
    forgetBelow(session, Math.max(lowestPending, sequence - MAX_REPLIES));
    return { kind: 'done', value };
  }

  protected recall(session: Readonly<Pick<Session, 'replies'>>, sequence: number): Uint8Array | undefined {
    return session.replies.get(sequence);
  }

  #touch(id: number, session: Session): void {
    session.usedAtMs = this.#timeMs;
    if (id === this.#newest) return;
    this.#newest = id;
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
  }

  #expire(): void {
    for (const [id, { usedAtMs, ttlMs }] of this.#sessions) {
      if (usedAtMs + ttlMs < this.#timeMs) this.#sessions.delete(id);
    }
  }

  protected writeSessions(writer: Writer): void {
    writer.integer(this.#sessions.size);
    for (const [id, { ttlMs, usedAtMs, replies, lowestPending }] of this.#sessions) {
      for (const value of [id, ttlMs, usedAtMs, lowestPending, replies.size]) writer.integer(value);
      for (const [sequence, reply] of replies) {
        writer.integer(sequence);
        writer.bytes(reply);
      }
    }
  }

  protected readSessions(reader: Reader): void {
    this.#sessions.clear();
    for (let left = reader.count(MAX_SESSIONS); left > 0; left -= 1) {
      const id = reader.integer();
      const session: Session = {
        ttlMs: reader.integer(),
        usedAtMs: reader.integer(),
        lowestPending: reader.integer(),
        replies: new IntegerMap(),
      };
      for (let replies = reader.count(MAX_REPLIES + 1); replies > 0; replies -= 1) {
        const sequence = reader.integer();
        session.replies.set(sequence, reader.bytes(MAX_COMMAND_BYTES).slice());
      }
      this.#sessions.set(id, session);
    }
  }
}

/** What has been answered may go. Each number is passed once, however many replies are kept behind it. */
function forgetBelow(session: Session, lowestPending: number): void {
  const { replies } = session;
  if (lowestPending - session.lowestPending <= replies.size) {
    for (let sequence = session.lowestPending; sequence < lowestPending; sequence += 1)
      replies.delete(sequence);
  } else {
    for (const [sequence] of replies.where((_, at) => at < lowestPending)) replies.delete(sequence);
  }
  session.lowestPending = Math.max(session.lowestPending, lowestPending);
}
