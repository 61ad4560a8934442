import type { Page } from 'playwright';
import { interleave, rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { statusOf, watchReady, type ClusterOptions, type ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import { load, WRITE_BYTES } from './loads.ts';

const TABS = 3;
const ENTRIES = 100_000;
const ENTRIES_IF_QUICK = 5000;
const IN_FLIGHT = 1024;
const UNLIMITED = { snapshotEntries: 10_000_000, snapshotBytes: 1_073_741_824 };

/** With snapshots as the page takes them, and with none, so that all entries are in the log. */
const VARIANTS: readonly { readonly what: string; readonly amend?: NonNullable<ClusterOptions['amend']> }[] =
  [
    { what: 'with snapshots' },
    {
      what: 'all in the log',
      amend: (config) => ({ ...config, limits: { ...config.limits, ...UNLIMITED } }),
    },
  ];

export const reload: Benchmark = {
  name: 'reload',
  about: `a follower's tab is reloaded, with ${ENTRIES.toLocaleString('en')} entries of different keys, until it has caught up`,
  run: async (context) => {
    const rows: Row[] = [];
    for (const { what, amend } of VARIANTS) {
      const options = { tabs: TABS, ...(amend === undefined ? {} : { amend }) };
      rows.push(
        ...(await context.lab.withBoth(options, (cluster, floor) => measure(context, cluster, floor, what))),
      );
    }
    return rows;
  },
};

async function measure(
  context: BenchContext,
  cluster: ClusterTabs,
  floor: FloorTabs,
  what: string,
): Promise<Row[]> {
  const entries = context.isQuick ? ENTRIES_IF_QUICK : ENTRIES;
  const page = await cluster.follower();
  await page.bringToFront();
  await watchReady(page);
  const empty: number[] = [];
  while (empty.length < context.runs) empty.push(await reloadUntilCaughtUp(page));
  context.tell(`${what}: ${entries.toLocaleString('en')} entries`);
  await cluster.run(await cluster.leader(), {
    ...load(context, 'put', IN_FLIGHT),
    ...{ durationMs: null, count: entries, keys: entries },
  });
  const bytes = entries * (WRITE_BYTES + `bench-${entries}`.length);
  const { floors, values } = await interleave(
    context,
    () => floor.run({ kind: 'read', bytes }),
    async () => {
      await page.bringToFront();
      return reloadUntilCaughtUp(page);
    },
  );
  const below = { what: 'reading the same bytes', values: floors.map(({ p50 }) => p50) };
  return [
    rowOf('reload', {
      ...{ figure: `${what}: until caught up`, unit: 'ms', values },
      floor: below,
      aim: { bound: 'at most', limit: 2 },
    }),
    rowOf('reload', {
      ...{ figure: `${what}: the same, beyond an empty cluster’s`, unit: 'ms' },
      values: values.map((ms) => ms - rowOf('reload', { figure: '', unit: 'ms', values: empty }).value),
      floor: below,
    }),
    rowOf('reload', { figure: `${what}: an empty cluster`, unit: 'ms', values: empty }),
  ];
}

/** From the begin of the navigation, by the page's own clock, to where all that was committed before is applied. */
async function reloadUntilCaughtUp(page: Page): Promise<number> {
  const { commitIndex } = await statusOf(page);
  await page.reload({ waitUntil: 'commit' });
  return page.evaluate(async (target) => {
    const { begun, ready, appliedIndex } = await window.benchReady;
    if (appliedIndex >= target) return ready - begun;
    while ((await window.tabraft.status()).appliedIndex < target);
    return performance.now();
  }, commitIndex);
}
