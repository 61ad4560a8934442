import { rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { processesUnder } from './processes.ts';

const TABS = 3;
const PERIOD_MS = 10_000;
const PERIOD_IF_QUICK_MS = 2000;
const RUNS = 3;
/** What comes after a tab was opened, or put in front. */
const SETTLE_MS = 3000;

export const idle: Benchmark = {
  name: 'idle',
  about: 'processor time of an idle cluster of three tabs, each tab’s part (Linux)',
  run: async (context) => {
    const cluster = await context.lab.openCluster({ tabs: TABS });
    const blank = await (await context.lab.browser()).newPage('about:blank');
    try {
      const rows = await measure(context, 'all hidden');
      await cluster.pages[0]?.bringToFront();
      return [...rows, ...(await measure(context, 'one in front'))];
    } finally {
      await blank.close();
      await cluster.close();
    }
  },
};

async function measure(context: BenchContext, what: string): Promise<Row[]> {
  const periodMs = context.isQuick ? PERIOD_IF_QUICK_MS : PERIOD_MS;
  const shares: { readonly renderers: number; readonly all: number }[] = [];
  await pause(SETTLE_MS);
  let before = await usedBy(context);
  while (shares.length < Math.min(context.runs, RUNS)) {
    context.checkInterrupt();
    await pause(periodMs);
    const after = await usedBy(context);
    const share = (ms: number): number => (100 * ms) / periodMs / TABS;
    shares.push({ renderers: share(after.renderers - before.renderers), all: share(after.all - before.all) });
    before = after;
  }
  return [
    rowOf('idle', {
      ...{ figure: `${what}: renderer`, unit: '% of a core' },
      values: shares.map(({ renderers }) => renderers),
      aim: { bound: 'at most', limit: 2, of: 'value' },
    }),
    rowOf('idle', {
      ...{ figure: `${what}: whole browser`, unit: '% of a core' },
      values: shares.map(({ all }) => all),
    }),
  ];
}

async function usedBy({ lab }: BenchContext): Promise<{ readonly renderers: number; readonly all: number }> {
  const processes = await processesUnder((await lab.browser()).pid);
  if (processes === null) throw new Error('Only Linux tells in /proc what processes use.');
  const sum = (list: typeof processes): number => list.reduce((total, { cpuMs }) => total + cpuMs, 0);
  return { renderers: sum(processes.filter(({ isRenderer }) => isRenderer)), all: sum(processes) };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
