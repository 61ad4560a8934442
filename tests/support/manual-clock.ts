import type { Clock } from '../../src/runtime/clock.ts';

interface Timer {
  readonly dueAt: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until the test moves it. Timers fire in the order of their times, at
 * their own time; `sleep` is the tab that was frozen: one late call each, nothing made up.
 */
export class ManualClock implements Clock {
  #now = 1000;
  #timers: Timer[] = [];
  #soon: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#add({ dueAt: this.#now + delayMs, callback });
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Timers that have not fired and were not cancelled. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Everything that was to happen soon happens, and what comes of it. */
  settle(): void {
    for (let callback = this.#soon.shift(); callback !== undefined; callback = this.#soon.shift()) callback();
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    this.settle();
    for (;;) {
      const [next] = this.#timers.filter(({ dueAt }) => dueAt <= end).sort((a, b) => a.dueAt - b.dueAt);
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.dueAt);
      this.#fire(next);
    }
    this.#now = end;
  }

  /** Time passes, and no timer has fired yet. */
  skip(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number): void {
    this.settle();
    this.#now += ms;
    for (const timer of this.#timers.filter(({ dueAt }) => dueAt <= this.#now)) this.#fire(timer);
  }

  #fire(timer: Timer): void {
    this.#remove(timer);
    timer.callback();
    this.settle();
  }

  #add(timer: Timer): () => void {
    this.#timers.push(timer);
    return () => this.#remove(timer);
  }

  #remove(timer: Timer): void {
    this.#timers = this.#timers.filter((other) => other !== timer);
  }
}
