import { rowOf, type BenchContext, type Benchmark, type Measured, type Row } from './benchmark.ts';
import { processesUnder } from './processes.ts';

const TABS = 3;
const PERIOD_MS = 10_000;
const PERIOD_IF_QUICK_MS = 2000;
const RUNS = 3;
/** A page that was opened, put in front or hidden has things to do for a while: it is shown once more, and collected. */
const SETTLE_MS = 30_000;
const SETTLE_IF_QUICK_MS = 3000;

export const idle: Benchmark = {
  name: 'idle',
  about: 'processor time of an idle cluster of three tabs, each tab’s part (Linux)',
  run: async (context) => {
    const cluster = await context.lab.openCluster({ tabs: TABS });
    try {
      await context.lab.showEmptyPage();
      const hidden = await measure(context);
      await context.lab.showBareAnimation();
      const bare = await measure(context);
      await cluster.pages[0]?.bringToFront();
      return [...rowsOf('all hidden', hidden), ...rowsOf('one in front', await measure(context), bare)];
    } finally {
      await cluster.close();
    }
  },
};

/** Of the processor. */
interface Share {
  readonly renderers: number;
  readonly all: number;
}

async function measure(context: BenchContext): Promise<Share[]> {
  const periodMs = context.isQuick ? PERIOD_IF_QUICK_MS : PERIOD_MS;
  const shares: Share[] = [];
  await pause(context.isQuick ? SETTLE_IF_QUICK_MS : SETTLE_MS);
  let before = await usedBy(context);
  while (shares.length < Math.min(context.runs, RUNS)) {
    context.checkInterrupt();
    await pause(periodMs);
    const after = await usedBy(context);
    const share = (ms: number): number => (100 * ms) / periodMs / TABS;
    shares.push({ renderers: share(after.renderers - before.renderers), all: share(after.all - before.all) });
    before = after;
  }
  return shares;
}

/** `bare`: what it is with a bare animation in front. */
function rowsOf(what: string, shares: readonly Share[], bare?: readonly Share[]): Row[] {
  const unit = '% of a core';
  const floorOf = (part: keyof Share): Pick<Measured, 'floor'> =>
    bare === undefined
      ? {}
      : { floor: { what: 'behind a bare animation', values: bare.map((share) => share[part]) } };
  return [
    rowOf('idle', {
      ...{ figure: `${what}: renderer`, unit, values: shares.map(({ renderers }) => renderers) },
      ...floorOf('renderers'),
      aim: { bound: 'at most', limit: 2, of: 'value' },
    }),
    rowOf('idle', {
      ...{ figure: `${what}: whole browser`, unit, values: shares.map(({ all }) => all) },
      ...floorOf('all'),
    }),
  ];
}

/** Milliseconds of the processor, so far. */
async function usedBy({ lab }: BenchContext): Promise<Share> {
  const processes = await processesUnder((await lab.browser()).pid);
  if (processes === null) throw new Error('Only Linux tells in /proc what processes use.');
  const sum = (list: typeof processes): number => list.reduce((total, { cpuMs }) => total + cpuMs, 0);
  return { renderers: sum(processes.filter(({ isRenderer }) => isRenderer)), all: sum(processes) };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
