import { IntegerMap } from '../integer-map.ts';
import { encodeEnvelope } from './envelope.ts';

/** Where a command stands in its client's session. */
export interface SessionPlace {
  /** Of the session. */
  readonly id: number;
  readonly sequence: number;
  /** All below it have had their answers. */
  readonly lowestPending: number;
}

/**
 * The client's side of a session: numbers commands, and remembers which still wait for their answers.
 * Commands may be under way at the same time and end in any order.
 */
export class ClientSession {
  #nextSequence = 1;
  #lowestPending = 1;
  readonly #pending = new IntegerMap<true>();

  constructor(readonly id: number) {}

  /** The command's place, however often it is tried. Call `end` once it is answered. */
  begin(): SessionPlace {
    const sequence = this.#nextSequence;
    this.#nextSequence += 1;
    this.#pending.set(sequence, true);
    return { id: this.id, sequence, lowestPending: this.#lowestPending };
  }

  /** Its answer has come, or nobody waits for it and nobody will try it again. */
  end({ sequence }: SessionPlace): void {
    this.#pending.delete(sequence);
    while (this.#lowestPending < this.#nextSequence && !this.#pending.has(this.#lowestPending))
      this.#lowestPending += 1;
  }
}

/** The command as it goes into the log. */
export function encodeInSession(place: SessionPlace, command: Uint8Array): Uint8Array {
  const { id: session, sequence, lowestPending } = place;
  return encodeEnvelope({ kind: 'session', session, sequence, lowestPending, command });
}
