import { encodeEnvelope } from './envelope.ts';

/**
 * The client's side of a session: numbers commands, and remembers which still wait for their answers.
 * Commands may be under way at the same time and end in any order.
 */
export class ClientSession {
  #nextSequence = 1;
  readonly #pending = new Set<number>();

  constructor(readonly id: number) {}

  /** The command as it goes into the log, however often it is tried. Call `end` once it is answered. */
  begin(command: Uint8Array): { readonly sequence: number; readonly bytes: Uint8Array } {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    this.#pending.add(sequence);
    // Insertion order is ascending, so the first is the lowest.
    const [lowestPending = sequence] = this.#pending;
    const envelope = { kind: 'session' as const, session: this.id, sequence, lowestPending, command };
    return { sequence, bytes: encodeEnvelope(envelope) };
  }

  /** Its answer has come, or nobody waits for it and nobody will try it again. */
  end(sequence: number): void {
    this.#pending.delete(sequence);
  }
}
