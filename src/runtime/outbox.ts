interface Held<M> {
  readonly message: M;
  readonly awaits: number;
}

/** Messages that wait for the write that they speak of: nobody says what is not durable. */
export class Outbox<M> {
  #held: Held<M>[] = [];
  #durableSequence = 0;
  #isPaused = false;

  constructor(private readonly deliver: (message: M) => void) {}

  /** Sends once the write `awaits` is durable; 0: at once. */
  send(message: M, awaits: number): void {
    if (awaits > this.#durableSequence) this.#held.push({ message, awaits });
    else this.deliver(message);
  }

  onDurable(sequence: number): void {
    this.#durableSequence = sequence;
    if (!this.#isPaused) this.#release();
  }

  /** A paused node says nothing, though its writes go on. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    if (!isPaused) this.#release();
  }

  clear(): void {
    this.#held = [];
  }

  #release(): void {
    const held = this.#held;
    this.#held = held.filter(({ awaits }) => awaits > this.#durableSequence);
    for (const { message, awaits } of held) if (awaits <= this.#durableSequence) this.deliver(message);
  }
}
