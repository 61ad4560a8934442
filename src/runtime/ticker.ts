import type { Clock } from './clock.ts';

export interface TickerPorts {
  /** So many of the next ticks need not be told before something else happens. */
  uneventful(): number;
  /** `rest` is to be called once they are dealt with. */
  onTicks(count: number): void;
  /** Nothing has run for `gapMs`, though something was to: the tab slept. A tick follows. */
  onGap(gapMs: number): void;
}

/** It wakes at least this often, lest a sleep of the tab goes unnoticed for longer. */
const MAX_REST_TICKS = 5;
/** A timer is this late to be worth telling. */
const LATE_TICKS = 9;
/** A timer may fire this early. */
const EARLY_MS = 0.5;

/**
 * Tells a core how time passes, in ticks, and wakes only for those that matter: the others are told before the next
 * input. Ticks that a sleeping tab missed are never made up: it would wake to a burst of elections.
 */
export class Ticker {
  #isRunning = false;
  /** The time of the newest tick that was told. */
  #toldAt = 0;
  /** Of those that come next. */
  #uneventful = 0;
  /** Infinite: no timer is set. */
  #wakesAt = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => undefined;

  constructor(
    private readonly clock: Clock,
    private readonly tickMs: number,
    private readonly ports: TickerPorts,
  ) {}

  /** Time passes from now on. */
  start(): void {
    this.stop();
    this.#isRunning = true;
    this.#toldAt = this.clock.now();
    this.#wakeAt(this.#toldAt + this.tickMs);
  }

  stop(): void {
    this.#isRunning = false;
    this.#uneventful = 0;
    this.#cancel();
    this.#wakesAt = Number.POSITIVE_INFINITY;
  }

  /** The ticks that have passed and will be told with the next input. */
  get untold(): number {
    return Math.max(0, Math.min(this.#passed(), this.#uneventful));
  }

  /** Before each input. */
  catchUp(): void {
    if (!this.#isRunning || this.#tellGap()) return;
    this.#forgetMissed();
    const count = this.untold;
    if (count === 0) return;
    this.#uneventful -= count;
    this.#toldAt += count * this.tickMs;
    this.ports.onTicks(count);
  }

  /** After each turn: it may have changed which ticks matter. */
  rest(): void {
    if (!this.#isRunning) return;
    this.#uneventful = this.ports.uneventful();
    const longest = this.clock.now() + MAX_REST_TICKS * this.tickMs;
    const wakesAt = Math.min(this.#toldAt + (this.#uneventful + 1) * this.tickMs, longest);
    // A timer that fires early sets itself anew: cheaper than to set one anew after each turn.
    if (wakesAt >= this.#wakesAt) return;
    this.#cancel();
    this.#wakeAt(wakesAt);
  }

  #wakeAt(time: number): void {
    this.#wakesAt = time;
    // A fraction would be cut off, and the timer be early.
    const delayMs = Math.ceil(Math.max(0, time - this.clock.now()));
    this.#cancel = this.clock.after(delayMs, () => this.#onTimer());
  }

  #onTimer(): void {
    if (this.#tellGap()) return;
    this.#forgetMissed();
    this.#wakesAt = Number.POSITIVE_INFINITY;
    const due = this.#uneventful + 1;
    if (this.#passed() < due) {
      this.rest();
      return;
    }
    this.#uneventful = 0;
    this.#toldAt += due * this.tickMs;
    this.ports.onTicks(due);
  }

  /** From when it was to wake until now nothing ran: those ticks do not count. */
  #forgetMissed(): void {
    const missed = Math.floor((this.clock.now() - this.#wakesAt) / this.tickMs);
    if (missed <= 0) return;
    this.#toldAt += missed * this.tickMs;
    this.#wakesAt += missed * this.tickMs;
  }

  #tellGap(): boolean {
    const now = this.clock.now();
    const lateMs = now - this.#wakesAt;
    if (lateMs <= LATE_TICKS * this.tickMs) return false;
    this.start();
    this.ports.onGap(lateMs);
    this.ports.onTicks(1);
    return true;
  }

  #passed(): number {
    return Math.floor((this.clock.now() - this.#toldAt + EARLY_MS) / this.tickMs);
  }
}
