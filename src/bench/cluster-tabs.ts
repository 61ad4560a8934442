import type { Page } from 'playwright';
import { startServer, type RunningServer } from '../../signaling/http.ts';
import type { Status } from '../api.ts';
import type { Config } from '../config/schema.ts';
import type { RealBrowser } from '../drive/browser.ts';
import type { Load } from './load/load.ts';
import type { LoadResult } from './samples.ts';

const READY_TIMEOUT_MS = 60_000;

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
  /** Puts `benchLoad` into a page. */
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

  async leader(): Promise<Page> {
    for (const page of this.pages) if ((await statusOf(page)).role === 'leader') return page;
    throw new Error('No tab leads.');
  }

  async follower(): Promise<Page> {
    for (const page of this.pages) if ((await statusOf(page)).role === 'follower') return page;
    throw new Error('No tab follows.');
  }

  /** In front, as the tab of a person at work is. */
  async run(page: Page, load: Load): Promise<LoadResult> {
    await page.bringToFront();
    await page.evaluate(this.tools.loadScript);
    return page.evaluate((what) => window.benchLoad(what), load);
  }

  async close(): Promise<void> {
    for (const page of this.pages) await page.close();
    await this.server.close();
  }
}

export async function statusOf(page: Page): Promise<Status> {
  return page.evaluate(() => window.tabraft.status());
}

export async function untilReady(page: Page): Promise<Status> {
  return page.evaluate((ms) => window.tabraft.ready(ms), READY_TIMEOUT_MS);
}
