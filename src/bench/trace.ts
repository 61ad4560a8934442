import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { findOrInstallBrowser } from '../../scripts/browser.mjs';
import { ROOT } from '../../scripts/setup.mjs';
import { startServer } from '../../signaling/http.ts';
import { RealBrowser } from '../drive/browser.ts';

const TABS = 3;
const READY_TIMEOUT_MS = 60_000;
const WARM_UP_MS = 1000;

/** Writes of 100 bytes through the leader's tab, so many at a time. */
export interface TraceBenchOptions {
  readonly runs: number;
  readonly inFlight: number;
  readonly durationMs: number;
  /** Told of every measurement; false ends it. */
  onRun(traced: boolean, writesPerSecond: number): boolean;
}

export interface TraceBenchResult {
  /** One for each run. */
  readonly traced: number[];
  readonly untraced: number[];
}

/**
 * What recording costs: the same load on a new cluster of three tabs with and without a trace, in turn, so that a
 * machine that gets slower in between slows both.
 */
export async function benchTrace(options: TraceBenchOptions): Promise<TraceBenchResult> {
  const executablePath = findOrInstallBrowser();
  const server = await startServer({
    port: 0,
    host: null,
    distDir: join(ROOT, 'dist'),
    configFile: join(ROOT, 'config.json'),
  });
  const result: TraceBenchResult = { traced: [], untraced: [] };
  try {
    for (let run = 0; run < 2 * options.runs; run += 1) {
      // On, off, off, on, …: neither always comes first.
      const isTraced = run % 4 === 0 || run % 4 === 3;
      const url = `http://localhost:${server.port}/?trace=${isTraced ? 'on' : 'off'}`;
      const writesPerSecond = await measure(executablePath, url, options);
      (isTraced ? result.traced : result.untraced).push(writesPerSecond);
      if (!options.onRun(isTraced, writesPerSecond)) break;
    }
  } finally {
    await server.close();
  }
  return result;
}

async function measure(
  executablePath: string,
  url: string,
  { inFlight, durationMs }: TraceBenchOptions,
): Promise<number> {
  const profile = await mkdtemp(join(tmpdir(), 'tabraft-bench-'));
  const browser = await RealBrowser.launch(executablePath, profile);
  try {
    const pages: Page[] = [];
    for (let tab = 0; tab < TABS; tab += 1) {
      const page = await browser.openTab(url);
      await page.evaluate((ms) => window.tabraft.ready(ms), READY_TIMEOUT_MS);
      pages.push(page);
    }
    const leader = await leaderAmong(pages);
    await leader.evaluate(write, [inFlight, WARM_UP_MS] as const);
    return await leader.evaluate(write, [inFlight, durationMs] as const);
  } finally {
    await browser.kill();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function leaderAmong(pages: readonly Page[]): Promise<Page> {
  for (const page of pages)
    if ((await page.evaluate(() => window.tabraft.status())).role === 'leader') return page;
  throw new Error('No tab leads.');
}

/** Runs in the page: acknowledged writes a second. */
async function write([inFlight, durationMs]: readonly [number, number]): Promise<number> {
  const begun = performance.now();
  let written = 0;
  const writers = Array.from({ length: inFlight }, async (_, writer) => {
    while (performance.now() - begun < durationMs) {
      const { outcome } = await window.tabraft.raft.put(`key-${writer}`, 'x'.repeat(100));
      if (outcome !== 'ok') throw new Error(`A write ended as ${outcome}.`);
      written += 1;
    }
  });
  await Promise.all(writers);
  return written / ((performance.now() - begun) / 1000);
}
