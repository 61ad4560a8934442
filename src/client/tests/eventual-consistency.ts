import type { TestRun } from '../test-run.ts';
import { reasonOf } from '../words.ts';

const WRITES = 10;
const BOUND_MS = 30_000;

/** What a node has missed reaches its own copy after a while, without anybody asking for it. */
export async function eventualConsistency(run: TestRun): Promise<void> {
  const isolated = run.pick(run.voters);
  const expected = new Map(
    Array.from({ length: WRITES }, (_, number) => [run.key(`number-${number}`), `value ${number}`]),
  );
  await run.setRules(run.preset('isolate', isolated));
  run.step(`isolated ${isolated}`);
  const writer = run.client('writer', { at: run.members.filter((name) => name !== isolated) });
  for (const [key, value] of expected) {
    const written = await writer.put(key, value);
    run.expect(written.outcome === 'ok', `a write without ${isolated} came to nothing: ${reasonOf(written)}`);
  }
  run.step(`wrote ${WRITES} keys at the others`);
  await run.clearRules();
  const healedAt = performance.now();
  for (const [position, member] of run.members.entries()) {
    await pollUntilAgreed(run, member, expected, healedAt);
    run.progress((position + 1) / run.members.length, `${member} agrees`);
  }
  run.step(`healed: all agreed after ${Math.round(performance.now() - healedAt)} ms`);
}

/** Local reads of Raft's state. A replica of registers has no state to read alone: there it is plain reads. */
async function pollUntilAgreed(
  run: TestRun,
  member: string,
  expected: ReadonlyMap<string, string>,
  healedAt: number,
): Promise<void> {
  const client = run.client(`poller at ${member}`, { at: [member] });
  for (const [key, value] of expected) {
    for (;;) {
      const read = await client.get(key, 'local');
      if (read.outcome === 'ok' && read.value === value) break;
      run.expect(
        performance.now() - healedAt < BOUND_MS,
        `${member} had not caught up ${BOUND_MS / 1000} s after it was healed`,
      );
      await run.pause(20);
    }
  }
}
