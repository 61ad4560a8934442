import type { TestRun } from '../test-run.ts';

const COUNT = 100;
const IN_FLIGHT = 64;
/** Each depth is worth the same, whatever it has to wait for. */
const ROUNDS = 10;

type Ask = (member: string, number: number) => Promise<boolean>;

/** What operations cost at random nodes, beside what it costs to ask a node for nothing. */
export async function performanceFigures(run: TestRun): Promise<void> {
  const clients = new Map(
    run.members.map((member) => [
      member,
      run.client(`client at ${member}`, { at: [member], isRecorded: false }),
    ]),
  );
  const key = (number: number): string => run.key(`number-${number % 10}`);
  const kinds: readonly (readonly [string, Ask])[] = [
    ['call to a node, which does nothing', async (member) => isOk(run.cluster.member(member).ping(member))],
    ['ping from node to node', async (member) => isOk(run.cluster.member(member).ping(otherOf(run, member)))],
    ['write', async (member, number) => isDone(clients.get(member)?.put(key(number), `value ${number}`))],
    ['read', async (member, number) => isDone(clients.get(member)?.get(key(number)))],
  ];
  let done = 0;
  for (const inFlight of [1, IN_FLIGHT]) {
    for (const [kind, ask] of kinds) {
      await measure(run, `${kind}${inFlight === 1 ? '' : `, ${inFlight} in flight`}`, inFlight, ask);
      done += 1;
      run.progress(done / (2 * kinds.length), kind);
    }
  }
}

function otherOf(run: TestRun, member: string): string {
  const others = run.members.filter((name) => name !== member);
  return others.length === 0 ? member : run.pick(others);
}

async function isOk(result: Promise<{ ok: boolean }>): Promise<boolean> {
  return (await result).ok;
}

async function isDone(result: Promise<{ outcome: string }> | undefined): Promise<boolean> {
  return (await result)?.outcome === 'ok';
}

async function measure(run: TestRun, what: string, inFlight: number, ask: Ask): Promise<void> {
  const total = inFlight === 1 ? COUNT : COUNT * ROUNDS;
  const times: number[] = [];
  let asked = 0;
  let failed = 0;
  const start = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (asked < total && !run.signal.aborted) {
        asked += 1;
        const before = performance.now();
        if (!(await ask(run.pick(run.members), asked))) failed += 1;
        times.push(performance.now() - before);
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  run.expect(failed === 0, `${what}: ${failed} of ${total} came to nothing`);
  times.sort((a, b) => a - b);
  const quantile = (fraction: number): number => times[Math.ceil(fraction * times.length) - 1] ?? 0;
  const figure = {
    what,
    count: total,
    perSecond: total / seconds,
    medianMs: quantile(0.5),
    p99Ms: quantile(0.99),
  };
  run.figures.push(figure);
  run.step(
    `${what}: ${total}, ${Math.round(figure.perSecond)} a second, median ${figure.medianMs.toFixed(1)} ms, p99 ${figure.p99Ms.toFixed(1)} ms`,
  );
}
