import { DecodeError, encoded, lendEncoded, Reader } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { readMemberId, writeMemberId } from '../core/raft/entry-codec.ts';
import { Assembler, beginFrame, FrameKind, partFrames } from './framing.ts';
import type { Stamp } from '../trace/tracer.ts';
import { MAX_FRAME_BYTES, type Carrier } from './link.ts';
import { readMessage, writeMessage } from '../core/message-codec.ts';
import { StampReader, StampWriter, writeWholeStamp } from './stamp.ts';

/**
 * Events between a channel's transfer to the worker and the worker's handlers can be lost, so the
 * hello is repeated until the other side has acknowledged it.
 */
const HELLO_PERIOD_MS = 250;

/** How often a carrier whose buffer was full is tried again with the rest of a message. */
const RETRY_PERIOD_MS = 10;

export interface SessionOptions {
  readonly clusterId: string;
  readonly self: MemberId;
  /** Returns a function that cancels. */
  after(delayMs: number, callback: () => void): () => void;
}

export interface SessionHandlers {
  /** Once: the other side has said which member it is. */
  onOpen(member: MemberId): void;
  /** `stamp`: of the event in which it was sent; null: the sender keeps no trace. */
  onMessage(message: Message, stamp: Stamp | null): void;
  /** A frame was dropped; the link goes on. */
  onRefused(reason: string): void;
  /** Once, also after `close()`. */
  onClose(): void;
}

interface Hello {
  readonly clusterId: string;
  readonly member: MemberId;
  /** The sender has received the receiver's hello. */
  readonly acknowledges: boolean;
  /** The sender knows that its own was received; until then it wants an answer. */
  readonly isAcknowledged: boolean;
}

/** Messages between two members over a carrier that was introduced by a hello from each side. */
export class LinkSession {
  readonly #assembler = new Assembler();
  readonly #stamps = new StampWriter();
  readonly #theirStamps = new StampReader();
  #member: MemberId | null = null;
  #isAcknowledged = false;
  #nextMessage = 0;
  /** What is left of the one message that has begun and found the buffer full. */
  #rest: Uint8Array<ArrayBuffer>[] = [];
  #cancelRetry: () => void = () => undefined;
  #cancelHello: () => void = () => undefined;
  #isClosed = false;

  constructor(
    private readonly carrier: Carrier,
    private readonly options: SessionOptions,
    private readonly handlers: SessionHandlers,
  ) {
    carrier.onOpen = () => this.#sendHello();
    carrier.onFrame = (frame) => this.#onFrame(frame);
    carrier.onClose = () => this.#onClose();
    this.#repeatHello();
  }

  /** Null until the link is open. */
  get member(): MemberId | null {
    return this.#member;
  }

  /**
   * False: not sent. A message may be larger than the carrier's buffer, so once it has begun, its rest
   * follows as room comes free. Until then other large ones are refused, and small ones overtake it.
   */
  send(message: Message, stamp: Stamp | null = null): boolean {
    if (this.#member === null || this.#isClosed) return false;
    return lendEncoded(
      (writer) => {
        beginFrame(writer, FrameKind.whole);
        this.#stamps.write(writer, stamp);
        writeMessage(writer, message);
      },
      (frame) => {
        if (frame.length > MAX_FRAME_BYTES) return this.#sendLarge(message, stamp);
        if (!this.carrier.send(frame)) return false;
        this.#stamps.onSent();
        return true;
      },
    );
  }

  close(): void {
    this.carrier.close();
  }

  /** In parts. Others may overtake it, so its stamp says all. */
  #sendLarge(message: Message, stamp: Stamp | null): boolean {
    if (this.#rest.length > 0) return false;
    this.#nextMessage += 1;
    return lendEncoded(
      (writer) => {
        writeWholeStamp(writer, stamp);
        writeMessage(writer, message);
      },
      (bytes) => {
        const rest: Uint8Array<ArrayBuffer>[] = [];
        let hasBegun = false;
        for (const frame of partFrames(bytes, this.#nextMessage)) {
          if (rest.length === 0 && this.carrier.send(frame)) hasBegun = true;
          else if (hasBegun) rest.push(frame.slice());
          else return false;
        }
        if (rest.length > 0) this.#sendLater(rest);
        return true;
      },
    );
  }

  #sendLater(rest: Uint8Array<ArrayBuffer>[]): void {
    this.#rest = rest;
    if (rest.length === 0) return;
    this.#cancelRetry = this.options.after(RETRY_PERIOD_MS, () => {
      const refused = rest.findIndex((frame) => !this.carrier.send(frame));
      this.#sendLater(refused < 0 ? [] : rest.slice(refused));
    });
  }

  #repeatHello(): void {
    this.#sendHello();
    this.#cancelHello = this.options.after(HELLO_PERIOD_MS, () => this.#repeatHello());
  }

  #sendHello(): void {
    const hello = encoded((writer) => {
      beginFrame(writer, FrameKind.hello);
      writer.text(this.options.clusterId);
      writeMemberId(writer, this.options.self);
      writer.bool(this.#member !== null);
      writer.bool(this.#isAcknowledged);
    });
    this.carrier.send(hello);
  }

  #onFrame(frame: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      const received = this.#assembler.receive(frame);
      if (received?.kind === 'hello') this.#onHello(readHello(received.body));
      if (received?.kind === 'message') this.#onMessage(new Reader(received.body));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.handlers.onRefused(error.message);
    }
  }

  #onHello({ clusterId, member, acknowledges, isAcknowledged }: Hello): void {
    if (clusterId !== this.options.clusterId)
      throw new DecodeError('the other tab belongs to another cluster');
    if (member === this.options.self) throw new DecodeError('the other tab claims to be this member');
    if (this.#member !== null && this.#member !== member)
      throw new DecodeError('a link never changes its member');
    const isNew = this.#member === null;
    this.#member = member;
    if (acknowledges) {
      this.#isAcknowledged = true;
      this.#cancelHello();
    }
    if (!isAcknowledged) this.#sendHello();
    if (isNew) this.handlers.onOpen(member);
  }

  #onMessage(reader: Reader): void {
    const stamp = this.#theirStamps.read(reader);
    const message = readMessage(reader);
    if (this.#member === null) throw new DecodeError('a message comes before the hello');
    if (message.from !== this.#member)
      throw new DecodeError('a message names another sender than the link’s member');
    if (message.to !== this.options.self) throw new DecodeError('a message is meant for another member');
    this.handlers.onMessage(message, stamp);
  }

  #onClose(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#cancelHello();
    this.#cancelRetry();
    this.handlers.onClose();
  }
}

function readHello(body: Uint8Array): Hello {
  const reader = new Reader(body);
  const names = { clusterId: reader.text(64), member: readMemberId(reader) };
  const hello = { ...names, acknowledges: reader.bool(), isAcknowledged: reader.bool() };
  reader.end();
  return hello;
}
