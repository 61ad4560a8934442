/** The driver's only sense of time, so that a simulator can put its own in place. Milliseconds. */
export interface Clock {
  /** Monotonic, from an arbitrary origin. */
  now(): number;
  /** Returns a function that cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Returns a function that stops the repetition. Missed beats are not made up. */
  every(periodMs: number, callback: () => void): () => void;
  /** Once everything that is happening now has happened. */
  soon(callback: () => void): void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    return () => clearInterval(timer);
  },
  soon: (callback) => queueMicrotask(callback),
};

/** To ask the browser for it costs as much as to ask for the time. */
const { timeOrigin } = performance;

/** Milliseconds since the epoch, to the microsecond; within one process never backwards. */
export const wallClock = (): number => Math.round((timeOrigin + performance.now()) * 1000) / 1000;
