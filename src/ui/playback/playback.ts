/** Events are told a few times a second; shown so much later, they move evenly (milliseconds). */
export const LIVE_DELAY_MS = 500;

/** What the view plays at, in parts of real time. */
export const SPEEDS = [1, 2, 5, 10, 20, 50] as const;

export type Mode = 'live' | 'playing' | 'paused';

/** The clock of the pictures: live, slower, standing still, or somewhere back. The nodes know nothing of it. */
export class Playback {
  #mode: Mode = 'live';
  /** Real time is divided by it. */
  #slowness = 1;
  #anchor = { at: 0, wall: 0 };
  readonly #listeners = new Set<() => void>();

  constructor(private readonly wall: () => number = () => Date.now()) {}

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get mode(): Mode {
    return this.#mode;
  }

  get slowness(): number {
    return this.#slowness;
  }

  /** How much the pictures' clock moves for a millisecond of ours. */
  get rate(): number {
    return this.#mode === 'paused' ? 0 : 1 / this.#slowness;
  }

  /** The newest moment that can be shown. */
  get edge(): number {
    return this.wall() - LIVE_DELAY_MS;
  }

  /** The moment that is shown, milliseconds since the epoch. */
  get at(): number {
    const { edge } = this;
    if (this.#mode === 'live') return edge;
    if (this.#mode === 'paused') return this.#anchor.at;
    return Math.min(edge, this.#anchor.at + (this.wall() - this.#anchor.wall) / this.#slowness);
  }

  live(): void {
    this.#change('live', this.edge, 1);
  }

  pause(): void {
    this.#change('paused', this.at, this.#slowness);
  }

  /** From where it stands. At full speed the newest moment is kept up with once it is reached. */
  play(slowness = this.#slowness): void {
    this.#change('playing', this.at, slowness);
  }

  /** Stands still at this moment. */
  seek(at: number): void {
    this.#change('paused', Math.min(at, this.edge), this.#slowness);
  }

  #change(mode: Mode, at: number, slowness: number): void {
    this.#mode = mode;
    this.#slowness = slowness;
    this.#anchor = { at, wall: this.wall() };
    for (const listener of this.#listeners) listener();
  }
}
