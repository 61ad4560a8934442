import type { TestReport } from '../api.ts';
import { operationsOf, type HistoryEvent } from '../check/history.ts';
import { checkOperations, type CheckResult } from '../check/linearizability.ts';
import { createRandom } from '../core/random.ts';
import { Cancelled, TestFailure, TestRun, type TestOptions, type TestRunPorts } from './test-run.ts';
import type { TestName } from './tests/catalog.ts';
import { RUNS } from './tests/runs.ts';

/** What a test leaves behind: the report, and what it rests on. */
export interface TestResult {
  readonly report: TestReport;
  readonly history: readonly HistoryEvent[];
  /** Null: there was nothing to judge. */
  readonly check: CheckResult | null;
}

const CHECK_LIMIT_MS = 60_000;

/** Runs one test to its end, whatever that is: what it broke is healed, and what its clients were told is judged. */
export async function runTest(
  { name, voters }: { readonly name: TestName; readonly voters: number },
  options: TestOptions,
  ports: Omit<TestRunPorts, 'random'>,
): Promise<TestResult> {
  const start = performance.now();
  const steps: string[] = [];
  const run = new TestRun(options, {
    ...ports,
    random: createRandom(options.seed),
    onStep: (text) => {
      steps.push(text);
      ports.onStep(text);
    },
  });
  let error = await failureOf(async () => {
    await run.settle(voters);
    await RUNS[name](run);
  });
  const uncleaned = await failureOf(() => run.cleanUp());
  error ??= uncleaned;
  const check = error instanceof Cancelled || run.history.length === 0 ? null : judge(run.history);
  if (check !== null && check.verdict !== 'linearizable')
    error ??= new TestFailure(`The history is judged ${check.verdict}.`);
  if (check !== null) run.step(`the checker: ${check.operations} operations, ${check.verdict}`);
  const report: TestReport = {
    name,
    algorithm: options.algorithm,
    passed: error === null,
    operations: run.operations,
    durationMs: performance.now() - start,
    steps,
    ...(error === null ? {} : { error: error.message }),
    ...(error instanceof Cancelled ? { cancelled: true } : {}),
    seed: options.seed,
    completed: run.completed,
    verdict: check?.verdict ?? null,
    faults: run.faults,
    figures: run.figures,
  };
  return { report, history: run.history, check };
}

/** Any error at all fails a test; what was not expected says where it came from. */
async function failureOf(work: () => Promise<void>): Promise<Error | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (error instanceof TestFailure || error instanceof Cancelled) return error;
    return error instanceof Error ? error : new Error(String(error));
  }
}

function judge(history: readonly HistoryEvent[]): CheckResult {
  const parsed = operationsOf(history);
  if (!parsed.ok) throw new Error(`Event ${parsed.line} of the history: ${parsed.reason}.`);
  return checkOperations(parsed.operations, { timeLimitMs: CHECK_LIMIT_MS, now: () => performance.now() });
}
