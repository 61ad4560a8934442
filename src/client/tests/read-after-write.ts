import type { TestRun } from '../test-run.ts';
import { reasonOf, shown } from '../words.ts';

/** What one node has acknowledged, every node reads at once. */
export async function readAfterWrite(run: TestRun): Promise<void> {
  for (const [position, writer] of run.members.entries()) {
    const key = run.key(`at-${writer}`);
    const client = run.client(`writer at ${writer}`, { at: [writer] });
    for (const [what, value] of [
      ['wrote', `first of ${writer}`],
      ['updated', `second of ${writer}`],
      ['deleted', null],
    ] as const) {
      const written = await client.put(key, value);
      run.expect(written.outcome === 'ok', `${writer} ${what} nothing: ${reasonOf(written)}`);
      await readEverywhere(run, key, value);
      run.step(`${writer} ${what} a key; ${run.members.join(', ')} read it at once`);
    }
    run.progress((position + 1) / run.members.length, `${writer} is done`);
  }
}

async function readEverywhere(run: TestRun, key: string, expected: string | null): Promise<void> {
  await Promise.all(
    run.members.map(async (reader) => {
      const read = await run.client(`reader at ${reader}`, { at: [reader] }).get(key);
      run.expect(read.outcome === 'ok', `${reader} could not read: ${reasonOf(read)}`);
      run.expect(
        read.value === expected,
        `${reader} read ${shown(read.value)} after ${shown(expected)} was acknowledged`,
      );
    }),
  );
}
