import type { TestRun } from '../test-run.ts';
import type { TestName } from './catalog.ts';
import { eventualConsistency } from './eventual-consistency.ts';
import { faultTolerance } from './fault-tolerance.ts';
import { nemesis } from './nemesis.ts';
import { performanceFigures } from './performance.ts';
import { readAfterWrite } from './read-after-write.ts';
import { stateMachine } from './state-machine.ts';

/** What each test does; it throws what does not hold. */
export const RUNS: Readonly<Record<TestName, (run: TestRun) => Promise<void>>> = {
  'read-after-write': readAfterWrite,
  'fault-tolerant-linearizability': faultTolerance,
  'eventual-consistency': eventualConsistency,
  'state-machine': stateMachine,
  performance: performanceFigures,
  nemesis,
};
