import type { Page } from 'playwright';
import { rowOf, type BenchContext, type Benchmark, type Row } from './benchmark.ts';
import { statusOf, type ClusterTabs } from './cluster-tabs.ts';
import { load } from './loads.ts';
import { processesUnder } from './processes.ts';

const TABS = 3;
const WRITES = 1_000_000;
const WRITES_IF_QUICK = 20_000;
const IN_FLIGHT = 256;
const SAMPLES = 20;
/** What comes first fills what has a bound. */
const PART = SAMPLES / 4;

interface Sample {
  readonly p50: number;
  /** Entries behind the snapshot of the writing tab. */
  readonly logEntries: number;
  /** Of this origin, all databases together. */
  readonly databaseBytes: number;
  /** Resident, of all of the browser's processes; null where the system does not tell. */
  readonly browserBytes: number | null;
}

/**
 * Small writes without end: neither what the tabs and their databases occupy nor how long a write takes may grow with
 * the number of writes.
 */
export const soak: Benchmark = {
  name: 'soak',
  about: `${WRITES.toLocaleString('en')} writes: memory and databases stay bounded, and latency does not drift`,
  isLong: true,
  run: async (context) => {
    const cluster = await context.lab.openCluster({ tabs: TABS });
    try {
      return rowsOf(await writeAndSample(context, cluster));
    } finally {
      await cluster.close();
    }
  },
};

async function writeAndSample(context: BenchContext, cluster: ClusterTabs): Promise<Sample[]> {
  const samples: Sample[] = [];
  const page = await cluster.leader();
  const count = (context.isQuick ? WRITES_IF_QUICK : WRITES) / SAMPLES;
  while (samples.length < SAMPLES) {
    context.checkInterrupt();
    const { p50 } = await cluster.run(page, { ...load(context, 'put', IN_FLIGHT), durationMs: null, count });
    const sample = { p50, ...(await occupied(context, page)) };
    samples.push(sample);
    context.tell(
      `${(samples.length * count).toLocaleString('en')} writes: p50 ${p50.toFixed(1)} ms, ` +
        `log ${sample.logEntries} entries, databases ${megabytes(sample.databaseBytes)}, ` +
        `browser ${megabytes(sample.browserBytes)}`,
    );
  }
  return samples;
}

async function occupied({ lab }: BenchContext, page: Page): Promise<Omit<Sample, 'p50'>> {
  const { lastIndex, snapshotIndex } = await statusOf(page);
  const databaseBytes = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
  const processes = await processesUnder((await lab.browser()).pid);
  const browserBytes = processes?.reduce((sum, { residentBytes }) => sum + residentBytes, 0) ?? null;
  return { logEntries: lastIndex - snapshotIndex, databaseBytes, browserBytes };
}

/** The last quarter beside the second: the first one fills what has a bound. */
function rowsOf(samples: readonly Sample[]): Row[] {
  const second = samples.slice(PART, 2 * PART);
  const last = samples.slice(-PART);
  const row = (figure: string, unit: string, read: (sample: Sample) => number): Row =>
    rowOf('soak', {
      ...{ figure: `${figure}, last quarter`, unit, values: last.map(read) },
      floor: { what: 'second quarter', values: second.map(read) },
      aim: { bound: 'at most', limit: 1.2 },
    });
  const isKnown = samples.every(({ browserBytes }) => browserBytes !== null);
  return [
    row('p50', 'ms', ({ p50 }) => p50),
    row('databases', 'MB', ({ databaseBytes }) => databaseBytes / 1e6),
    ...(isKnown ? [row('memory of the browser', 'MB', ({ browserBytes }) => (browserBytes ?? 0) / 1e6)] : []),
  ];
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e6).toFixed(0)} MB`;
}
