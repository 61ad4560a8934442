import type { Clock } from '../runtime/clock.ts';

interface ScheduledEvent {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/**
 * Virtual time: a queue of events by time, and among equal times by the order in which they were
 * scheduled. Nothing else decides what happens next, so that a run repeats.
 */
export class Scheduler {
  now = 0;
  /** Events run so far. */
  steps = 0;
  #heap: ScheduledEvent[] = [];
  #order = 0;
  #soon: (() => void)[] = [];
  #nextSoon = 0;

  at(time: number, run: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.#order, run };
    this.#order += 1;
    const heap = this.#heap;
    let position = heap.length;
    heap.push(event);
    while (position > 0) {
      const parent = (position - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, event)) break;
      heap[position] = above;
      position = parent;
    }
    heap[position] = event;
  }

  /** Right after the event that runs now, before time goes on. */
  soon(run: () => void): void {
    this.#soon.push(run);
  }

  /** Runs what is due soon; returns whether there was anything. */
  settle(): boolean {
    if (this.#nextSoon >= this.#soon.length) return false;
    for (let run = this.#soon[this.#nextSoon]; run !== undefined; run = this.#soon[this.#nextSoon]) {
      this.#nextSoon += 1;
      run();
    }
    this.#soon = [];
    this.#nextSoon = 0;
    return true;
  }

  /** Runs the next event, if there is one no later than `until`; else time goes on to `until`. */
  step(until: number): boolean {
    const next = this.#heap[0];
    if (next === undefined || next.at > until) {
      this.now = until;
      return false;
    }
    this.#removeFirst();
    this.now = next.at;
    this.steps += 1;
    next.run();
    this.settle();
    return true;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let position = 0;
    for (;;) {
      let child = 2 * position + 1;
      let below = heap[child];
      if (below === undefined) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, below)) {
        child += 1;
        below = right;
      }
      if (isBefore(last, below)) break;
      heap[position] = below;
      position = child;
    }
    heap[position] = last;
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/**
 * The clock of one process, and its life: a dead process does nothing any more; in a frozen one
 * everything waits, as in a tab that the browser froze.
 */
export class Process implements Clock {
  #isAlive = true;
  #isFrozen = false;
  #waiting: (() => void)[] = [];

  constructor(private readonly scheduler: Scheduler) {}

  get isAlive(): boolean {
    return this.#isAlive;
  }

  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  now(): number {
    return this.scheduler.now;
  }

  after(delayMs: number, callback: () => void): () => void {
    let isCancelled = false;
    this.scheduler.at(this.scheduler.now + delayMs, () => {
      this.run(() => {
        if (!isCancelled) callback();
      });
    });
    return () => {
      isCancelled = true;
    };
  }

  soon(callback: () => void): void {
    this.scheduler.soon(() => this.run(callback));
  }

  /** Whatever reaches this process: now, or when it thaws, or never. */
  run(action: () => void): void {
    if (!this.#isAlive) return;
    if (this.#isFrozen) this.#waiting.push(action);
    else action();
  }

  freeze(): void {
    this.#isFrozen = true;
  }

  thaw(): void {
    if (!this.#isFrozen) return;
    this.#isFrozen = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const action of waiting) this.run(action);
  }

  kill(): void {
    this.#isAlive = false;
    this.#waiting = [];
  }
}
