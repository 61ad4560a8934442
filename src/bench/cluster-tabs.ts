import type { Page } from 'playwright';
import { startServer, type RunningServer } from '../../signaling/http.ts';
import type { Status } from '../api.ts';
import type { Config } from '../config/schema.ts';
import type { RealBrowser } from '../drive/browser.ts';
import type { Load } from './load/load.ts';
import type { LoadResult } from './samples.ts';

declare global {
  interface Window {
    benchReady: Promise<BenchReady>;
  }
}

/** When a page was asked for, and when it was ready: milliseconds since the epoch. */
interface BenchReady {
  readonly begun: number;
  readonly ready: number;
  readonly appliedIndex: number;
}

const READY_TIMEOUT_MS = 60_000;
/** A page that comes to the front catches up with all that it has not drawn, and asks all nodes for it: that is over by then. */
export const SETTLE_MS = 1000;

export interface ClusterOptions {
  readonly tabs: number;
  /** What is to be different from config.json. */
  readonly amend?: (config: Config) => Config;
  /** Of the page's URL. */
  readonly query?: string;
}

/** What a cluster needs of the laboratory. */
export interface ClusterTools {
  readonly browser: RealBrowser;
  readonly productDir: string;
  readonly configFile: string;
  /** Gives a page its `window.bench`. */
  readonly loadScript: string;
}

/**
 * A new cluster, on a server of its own: that is an origin of its own, so that it shares no storage with another one.
 */
export class ClusterTabs {
  readonly pages: Page[] = [];

  private constructor(
    private readonly server: RunningServer,
    private readonly tools: ClusterTools,
    readonly url: string,
  ) {}

  /** Without tabs. */
  static async serve(
    tools: ClusterTools,
    { query = '' }: Pick<ClusterOptions, 'query'>,
  ): Promise<ClusterTabs> {
    const { productDir, configFile } = tools;
    const server = await startServer({ port: 0, host: null, distDir: productDir, configFile });
    return new ClusterTabs(server, tools, `http://localhost:${server.port}/${query}`);
  }

  async openTab(): Promise<Page> {
    const page = await this.tools.browser.openTab(this.url);
    this.pages.push(page);
    await untilReady(page);
    return page;
  }

  /** All at once: how long it takes from the first page that is asked for until all are ready, in milliseconds. */
  async timeOpening(tabs: number): Promise<number> {
    while (this.pages.length < tabs) {
      const page = await this.tools.browser.newPage('about:blank');
      this.pages.push(page);
      await watchReady(page);
    }
    await Promise.all(this.pages.map((page) => page.goto(this.url)));
    const times = await Promise.all(this.pages.map((page) => page.evaluate(() => window.benchReady)));
    return Math.max(...times.map(({ ready }) => ready)) - Math.min(...times.map(({ begun }) => begun));
  }

  async leader(): Promise<Page> {
    for (const page of this.pages) if ((await statusOf(page)).role === 'leader') return page;
    throw new Error('No tab leads.');
  }

  async follower(): Promise<Page> {
    for (const page of this.pages) if ((await statusOf(page)).role === 'follower') return page;
    throw new Error('No tab follows.');
  }

  /** In front, as the tab of a person at work is, and has been for a while. */
  async run(page: Page, load: Load): Promise<LoadResult> {
    await page.bringToFront();
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    return this.runHidden(page, load);
  }

  /** Wherever the tab is. */
  async runHidden(page: Page, load: Load): Promise<LoadResult> {
    await this.equip(page);
    return page.evaluate((what) => window.bench.putLoad(what), load);
  }

  /** Gives a page its `window.bench`: a page that was loaded anew has none. */
  async equip(page: Page): Promise<void> {
    await page.evaluate(this.tools.loadScript);
  }

  async close(): Promise<void> {
    // Those that went with their browser need no closing.
    await Promise.allSettled(this.pages.map((page) => page.close()));
    await this.server.close();
  }
}

export async function statusOf(page: Page): Promise<Status> {
  return page.evaluate(() => window.tabraft.status());
}

export async function untilReady(page: Page): Promise<Status> {
  return page.evaluate((ms) => window.tabraft.ready(ms), READY_TIMEOUT_MS);
}

/** From its next load on, a page has `window.benchReady`: whoever asks it from outside hears of it late. */
export async function watchReady(page: Page): Promise<void> {
  await page.addInitScript(noteReady, READY_TIMEOUT_MS);
}

function noteReady(timeoutMs: number): void {
  window.benchReady = new Promise((resolve, reject) => {
    Object.defineProperty(window, 'tabraft', {
      configurable: true,
      set(api: Window['tabraft']) {
        Object.defineProperty(window, 'tabraft', { value: api });
        api.ready(timeoutMs).then(({ appliedIndex }) => {
          const { timeOrigin: begun } = performance;
          resolve({ begun, ready: begun + performance.now(), appliedIndex });
        }, reject);
      },
    });
  });
}
