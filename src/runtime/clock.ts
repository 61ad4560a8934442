/** The driver's only sense of time, so that a simulator can put its own in place. Milliseconds. */
export interface Clock {
  /** Monotonic, from an arbitrary origin; it may stand still within a task. */
  now(): number;
  /** Returns a function that cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Returns a function that stops the repetition. The first beat may be early; missed beats are not made up. */
  every(periodMs: number, callback: () => void): () => void;
  /** Once everything that is happening now has happened. */
  soon(callback: () => void): void;
}

interface Beat {
  readonly timer: ReturnType<typeof setInterval>;
  readonly callbacks: Set<() => void>;
}
/** By their periods: a timer of its own for each callback would wake the processor as many times. */
const beats = new Map<number, Beat>();

function joinBeat(periodMs: number, callback: () => void): () => void {
  let beat = beats.get(periodMs);
  if (beat === undefined) {
    const callbacks = new Set<() => void>();
    const timer = setInterval(() => {
      for (const call of callbacks) call();
    }, periodMs);
    beats.set(periodMs, (beat = { timer, callbacks }));
  }
  const { timer, callbacks } = beat;
  // Of its own, so that whoever comes twice is called twice.
  const call = (): void => callback();
  callbacks.add(call);
  return () => {
    if (!callbacks.delete(call) || callbacks.size > 0) return;
    clearInterval(timer);
    beats.delete(periodMs);
  };
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

export const systemClock: Clock = {
  now: timeOfTask,
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  every: joinBeat,
  soon: (callback) => queueMicrotask(callback),
};

/** To ask the browser for it costs as much as to ask for the time. */
const { timeOrigin } = performance;

/** Milliseconds since the epoch, to the microsecond; within one process never backwards. */
export const wallClock = (): number => Math.round((timeOrigin + performance.now()) * 1000) / 1000;
