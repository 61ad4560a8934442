/** The driver's only sense of time, so that a simulator can put its own in place. Milliseconds. */
export interface Clock {
  /** Monotonic, from an arbitrary origin; it may stand still within a task. */
  now(): number;
  /** Returns a function that cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Once everything that is happening now has happened. */
  soon(callback: () => void): void;
}

let taskTime: number | null = null;

/** One time for all that is done at once: thousands of operations come together, and each would ask the browser. */
function timeOfTask(): number {
  if (taskTime === null) {
    taskTime = performance.now();
    queueMicrotask(() => {
      taskTime = null;
    });
  }
  return taskTime;
}

export function after(delayMs: number, callback: () => void): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

export const systemClock: Clock = {
  now: timeOfTask,
  after,
  soon: (callback) => queueMicrotask(callback),
};

/** To ask the browser for it costs as much as to ask for the time. */
const { timeOrigin } = performance;

/** Milliseconds since the epoch, to the microsecond; within one process never backwards. */
export const wallClock = (): number => Math.round((timeOrigin + performance.now()) * 1000) / 1000;
