import type { Page } from 'playwright';
import type { Config } from '../config/schema.ts';
import { rowOf, type BenchContext, type Benchmark, type Measured, type Row } from './benchmark.ts';
import { statusOf, type ClusterTabs } from './cluster-tabs.ts';
import type { FloorTabs } from './floor-tabs.ts';
import type { Stored } from './load/stored.ts';
import { load, replication, WRITE_BYTES } from './loads.ts';
import { processesUnder } from './processes.ts';

const TABS = 3;
const WRITES = 1_000_000;
const WRITES_IF_QUICK = 20_000;
const IN_FLIGHT = 256;
const SAMPLES = 20;
/** What comes first fills what has a bound. */
const PART = SAMPLES / 4;
/** Of each tab: so little that it is full before the second quarter. */
const TRACE_BYTES = 2 * 1024 * 1024;
/** Between two snapshots, and before one. */
const LOG = { snapshotEntries: 10_000, retainedEntries: 1000 };
const LOG_BYTES = (LOG.snapshotEntries + LOG.retainedEntries) * WRITE_BYTES;

interface Occupied extends Stored {
  /** Entries behind the snapshot of the writing tab. */
  readonly logEntries: number;
  /** Resident, of all of the browser's processes; null where the system does not tell. */
  readonly browserBytes: number | null;
}

interface Sample extends Occupied {
  readonly p50: number;
  /** Of bare replication at the same depth, right before: a machine may become slower while it goes on. */
  readonly floorP50: number;
}

/**
 * Small writes without end: neither what the tabs and their databases occupy nor how long a write takes may grow with
 * the number of writes.
 */
export const soak: Benchmark = {
  name: 'soak',
  about: `${WRITES.toLocaleString('en')} writes: memory, databases and traces stay bounded, and latency does not drift`,
  isLong: true,
  run: async (context) =>
    context.lab.withBoth({ tabs: TABS, amend: withBounds }, async (cluster, floor) =>
      rowsOf(await writeAndSample(context, cluster, floor)),
    ),
};

async function writeAndSample(
  context: BenchContext,
  cluster: ClusterTabs,
  floor: FloorTabs,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const page = await cluster.leader();
  const count = (context.isQuick ? WRITES_IF_QUICK : WRITES) / SAMPLES;
  while (samples.length < SAMPLES) {
    context.checkInterrupt();
    const { p50: floorP50 } = await floor.run(replication(context, IN_FLIGHT));
    const { p50 } = await cluster.run(page, { ...load(context, 'put', IN_FLIGHT), durationMs: null, count });
    const sample = { p50, floorP50, ...(await occupied(context, page)) };
    samples.push(sample);
    context.tell(
      `${(samples.length * count).toLocaleString('en')} writes: p50 ${p50.toFixed(1)} ms (bare replication ${floorP50.toFixed(1)}), ` +
        `log ${sample.logEntries} entries, databases ${megabytes(sample.databaseBytes)}, ` +
        `traces ${megabytes(sample.traceBytes)}, browser ${megabytes(sample.browserBytes)}`,
    );
  }
  return samples;
}

async function occupied({ lab }: BenchContext, page: Page): Promise<Occupied> {
  const { lastIndex, snapshotIndex } = await statusOf(page);
  const stored = await page.evaluate(() => window.bench.storedBytes());
  const processes = await processesUnder((await lab.browser()).pid);
  const browserBytes = processes?.reduce((sum, { residentBytes }) => sum + residentBytes, 0) ?? null;
  return { logEntries: lastIndex - snapshotIndex, ...stored, browserBytes };
}

function withBounds(config: Config): Config {
  const { limits, trace } = config;
  return { ...config, limits: { ...limits, ...LOG }, trace: { ...trace, bytes: TRACE_BYTES } };
}

/**
 * The last quarter beside the second, as the first one fills what has a bound; databases and traces beside that bound. A
 * database has up to a whole log, or what is left of it after a snapshot, and as much again until the browser compacts it.
 */
function rowsOf(samples: readonly Sample[]): Row[] {
  const before = samples.slice(PART, 2 * PART);
  const last = samples.slice(-PART);
  const atMost = (limit: number, { figure, ...measured }: Measured): Row =>
    rowOf('soak', { figure: `${figure}, last quarter`, ...measured, aim: { bound: 'at most', limit } });
  const quarters = (of: (sample: Sample) => number): Pick<Measured, 'values' | 'floor'> => ({
    values: last.map(of),
    floor: { what: 'second quarter', values: before.map(of) },
  });
  const bounded = (
    what: string,
    bytes: number,
    of: (sample: Sample) => number,
  ): Omit<Measured, 'figure'> => ({
    ...{ unit: 'MB', values: last.map((sample) => of(sample) / 1e6) },
    floor: { what, values: [(TABS * bytes) / 1e6] },
  });
  const isKnown = samples.every(({ browserBytes }) => browserBytes !== null);
  const megabytesOfBrowser = quarters(({ browserBytes }) => (browserBytes ?? 0) / 1e6);
  return [
    rowOf('soak', {
      ...{ figure: 'p50, last quarter', unit: 'ms', values: last.map(({ p50 }) => p50) },
      floor: { what: 'bare replication', values: last.map(({ floorP50 }) => floorP50) },
    }),
    atMost(1.2, {
      ...{ figure: 'p50 beside bare replication', unit: '×' },
      ...quarters(({ p50, floorP50 }) => p50 / floorP50),
    }),
    atMost(3, {
      figure: 'databases',
      ...bounded('what is written to the longest logs', LOG_BYTES, ({ databaseBytes }) => databaseBytes),
    }),
    atMost(1, { figure: 'traces', ...bounded('their bound', TRACE_BYTES, ({ traceBytes }) => traceBytes) }),
    ...(isKnown ? [atMost(1.2, { figure: 'memory of the browser', unit: 'MB', ...megabytesOfBrowser })] : []),
  ];
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '?' : `${(bytes / 1e6).toFixed(0)} MB`;
}
