import type { TestRun } from '../test-run.ts';
import { reasonOf, shown } from '../words.ts';

/** One node is cut off: the rest go on, and it reads the truth as soon as it is back. */
export async function faultTolerance(run: TestRun): Promise<void> {
  for (const [round, isolated] of run.voters.entries()) {
    await isolateOne(run, isolated);
    run.progress((round + 1) / run.voters.length, `${isolated} is healed`);
  }
}

async function isolateOne(run: TestRun, isolated: string): Promise<void> {
  const key = run.key(`without-${isolated}`);
  const rest = run.members.filter((name) => name !== isolated);
  const hasLed = (await run.leader()) === isolated;
  const before = await run.client('first writer').put(key, 'before');
  run.expect(before.outcome === 'ok', `the first write came to nothing: ${reasonOf(before)}`);
  await run.setRules(run.preset('isolate', isolated));
  run.step(`isolated ${isolated}${hasLed ? ', which led' : ''}`);

  const writer = run.pick(rest);
  const written = await run.client(`writer at ${writer}`, { at: [writer] }).put(key, 'meanwhile');
  run.expect(written.outcome === 'ok', `${writer} could not write without ${isolated}: ${reasonOf(written)}`);
  for (const reader of rest) await expectMeanwhile(run, reader, key);
  run.step(`${writer} wrote, and ${rest.join(', ')} read it`);
  // It may not answer at all. If it does, the checker judges what it says.
  const hasty = { attemptMs: 500, totalMs: 500 };
  const alone = await run.client(`reader at ${isolated}`, { at: [isolated], patience: hasty }).get(key);
  run.step(
    `${isolated}, alone, ${alone.outcome === 'ok' ? `read ${shown(alone.value)}` : 'rightly read nothing'}`,
  );

  await run.clearRules();
  await expectMeanwhile(run, isolated, key);
  run.step(`healed: ${isolated} read at once what was written without it`);
  await run.settle(3);
}

async function expectMeanwhile(run: TestRun, reader: string, key: string): Promise<void> {
  const read = await run.client(`reader at ${reader}`, { at: [reader] }).get(key);
  run.expect(read.outcome === 'ok', `${reader} could not read: ${reasonOf(read)}`);
  run.expect(read.value === 'meanwhile', `${reader} read ${shown(read.value)}, an overwritten value`);
}
