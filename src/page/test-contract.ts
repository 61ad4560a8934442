import type { ClusterPort, MemberAction } from '../client/cluster.ts';
import type { TestResult } from '../client/runner.ts';
import type { Progress, TestOptions } from '../client/test-run.ts';
import type { TestName } from '../client/tests/catalog.ts';

/** What the page says to the worker that runs its consistency tests, through comlink. */
export interface TestWorkerApi {
  run(
    test: { readonly name: TestName; readonly voters: number },
    options: TestOptions,
    actions: readonly MemberAction[],
    port: ClusterPort,
    listener: TestListener,
  ): Promise<TestResult>;
  /** The run then ends as soon as it has healed what it broke. */
  cancel(): void;
}

export interface TestListener {
  onStep(text: string): void;
  onProgress(progress: Progress): void;
}
