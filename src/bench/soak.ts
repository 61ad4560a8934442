import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type BrowserContext, type Page } from 'playwright';
import type { Status, Tabraft } from '../api.ts';
import { BROWSER_ARGS, findBrowser } from '../../scripts/browser.mjs';
import { startServer } from '../../signaling/http.ts';

declare global {
  interface Window {
    tabraft: Tabraft;
  }
}

/**
 * Small writes without end, through three real tabs: what the tabs and their databases occupy must not
 * grow with the number of writes.
 */
export interface SoakOptions {
  readonly writes: number;
  readonly inFlight: number;
  readonly keys: number;
  /** Told a few times in the course of it; false ends it. */
  onSample(sample: SoakSample): boolean;
}

export interface SoakSample {
  readonly writes: number;
  /** Since the sample before. */
  readonly writesPerSecond: number;
  /** Of the writing tab. */
  readonly snapshotIndex: number;
  readonly lastIndex: number;
  /** Of this origin, all three databases together. */
  readonly databaseBytes: number;
  /** Resident memory of all of the browser's processes; null where the system does not tell. */
  readonly browserBytes: number | null;
}

const SAMPLES = 20;
const TABS = 3;
const ROOT = join(import.meta.dirname, '../..');

export async function soak(options: SoakOptions): Promise<SoakSample[]> {
  const profile = await mkdtemp(join(tmpdir(), 'tabraft-soak-'));
  const server = await startServer({
    port: 0,
    host: null,
    distDir: join(ROOT, 'dist'),
    configFile: join(ROOT, 'config.json'),
  });
  const executablePath = findBrowser();
  const context = await chromium.launchPersistentContext(profile, {
    args: BROWSER_ARGS,
    ...(executablePath === undefined ? {} : { executablePath }),
  });
  try {
    return await writeAndSample(context, `http://localhost:${server.port}/`, profile, options);
  } finally {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function writeAndSample(
  context: BrowserContext,
  url: string,
  profile: string,
  options: SoakOptions,
): Promise<SoakSample[]> {
  const [page, ...others] = await openTabs(context, url);
  if (page === undefined) throw new Error('a cluster has tabs');
  const samples: SoakSample[] = [];
  const portion = Math.ceil(options.writes / SAMPLES);
  for (let done = 0; done < options.writes; done += portion) {
    const count = Math.min(portion, options.writes - done);
    const began = performance.now();
    await write(page, done, count, options);
    const writesPerSecond = count / ((performance.now() - began) / 1000);
    const { snapshotIndex, lastIndex } = await statusOf(page);
    const databaseBytes = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
    const browserBytes = await residentBytes(profile);
    const sample = {
      writes: done + count,
      writesPerSecond,
      snapshotIndex,
      lastIndex,
      databaseBytes,
      browserBytes,
    };
    samples.push(sample);
    if (!options.onSample(sample)) break;
  }
  for (const other of others) await statusOf(other);
  return samples;
}

async function openTabs(context: BrowserContext, url: string): Promise<Page[]> {
  const pages: Page[] = [];
  while (pages.length < TABS) {
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => 'tabraft' in window);
    await page.evaluate(() => window.tabraft.ready(60_000));
    pages.push(page);
  }
  return pages;
}

async function statusOf(page: Page): Promise<Status> {
  return page.evaluate(() => window.tabraft.status());
}

async function write(
  page: Page,
  from: number,
  count: number,
  { inFlight, keys }: SoakOptions,
): Promise<void> {
  const failures = await page.evaluate(
    // No closure here has a name: what names them is not there in the page.
    async ([first, total, width, keyCount]) => {
      let next = 0;
      const failed: string[] = [];
      await Promise.all(
        Array.from({ length: width }, async () => {
          while (next < total && failed.length === 0) {
            const number = first + next;
            next += 1;
            const result = await window.tabraft.raft.put(`key-${number % keyCount}`, `value ${number}`);
            if (result.outcome !== 'ok') failed.push(`${result.outcome}: ${result.reason}`);
          }
        }),
      );
      return failed;
    },
    [from, count, inFlight, keys] as const,
  );
  const [failure] = failures;
  if (failure !== undefined) throw new Error(`a write ended as ${failure}`);
}

/** All processes whose command line names the profile, and their children (Linux). */
async function residentBytes(profile: string): Promise<number | null> {
  let pids: string[];
  try {
    pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  } catch {
    return null; // not Linux
  }
  const processes = await Promise.all(pids.map(describeProcess));
  const own = new Set(processes.filter(({ command }) => command.includes(profile)).map(({ pid }) => pid));
  for (let size = -1; size !== own.size;) {
    size = own.size;
    for (const { pid, parent } of processes) if (own.has(parent)) own.add(pid);
  }
  return processes.reduce((sum, { pid, bytes }) => sum + (own.has(pid) ? bytes : 0), 0);
}

async function describeProcess(
  pid: string,
): Promise<{ pid: string; parent: string; command: string; bytes: number }> {
  try {
    const [command, status] = await Promise.all([
      readFile(`/proc/${pid}/cmdline`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    const field = (name: string): string => new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? '0';
    return { pid, parent: field('PPid'), command, bytes: 1024 * Number(field('VmRSS')) };
  } catch {
    return { pid, parent: '0', command: '', bytes: 0 }; // it has ended meanwhile
  }
}
