import type { Scheduler } from './scheduler.ts';

/**
 * Asks a node that may die before it answers: `done` is called once, by its answer or, after `patienceMs`, with
 * what is known then.
 */
export function askWithPatience<R>(
  scheduler: Scheduler,
  patienceMs: number,
  ask: (done: (result: R | typeof NO_ANSWER) => void) => void,
  done: (result: R | typeof NO_ANSWER) => void,
): void {
  let isDone = false;
  const finish = (result: R | typeof NO_ANSWER): void => {
    if (isDone) return;
    isDone = true;
    done(result);
  };
  scheduler.at(scheduler.now + patienceMs, () => finish(NO_ANSWER));
  ask(finish);
}

const NO_ANSWER = { outcome: 'unknown', code: 'timed-out', reason: 'The node does not answer.' } as const;
