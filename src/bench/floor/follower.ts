import type { FloorDisk } from './disk.ts';
import { Kind, type Frame, type FrameLink } from './frames.ts';

/** Writes what it is sent, all that came during a write with the next one, and says what is durable. */
export class Follower {
  #parts: Uint8Array[] = [];
  #waiting: Uint8Array[] = [];
  #received = 0;
  #isWriting = false;

  constructor(
    private readonly disk: FloorDisk,
    private readonly link: FrameLink,
  ) {}

  onFrame({ kind, number, isLast, body }: Frame): void {
    if (kind === Kind.Ping) this.link.send(Kind.Pong, number, body);
    if (kind === Kind.Bulk && isLast) this.link.send(Kind.BulkAck, number);
    if (kind !== Kind.Append) return;
    this.#parts.push(body);
    if (!isLast) return;
    this.#waiting.push(concatenate(this.#parts));
    this.#parts = [];
    this.#received = number;
    this.#write();
  }

  #write(): void {
    if (this.#isWriting || this.#waiting.length === 0) return;
    this.#isWriting = true;
    const written = this.#received;
    const batch = concatenate(this.#waiting);
    this.#waiting = [];
    this.disk.write(batch, () => {
      this.#isWriting = false;
      this.link.send(Kind.Ack, written);
      this.#write();
    });
  }
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const [first] = parts;
  if (first !== undefined && parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
