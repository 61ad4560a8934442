import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from 'playwright';
import sirv from 'sirv';
import type { RealBrowser } from '../drive/browser.ts';
import type { FloorLoad } from './floor/contract.ts';
import type { LoadResult } from './samples.ts';

export interface FloorServer {
  readonly url: string;
  close(): Promise<void>;
}

export async function serveFloor(directory: string): Promise<FloorServer> {
  const files = sirv(directory);
  const server = createServer((request, response) => {
    // Isolated pages have clocks of 5 µs; others, of 100.
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    files(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}/`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Tabs beside those of the cluster, in the same browser, with the same kind of channels and disks, and no Raft. */
export class FloorTabs {
  static #rooms = 0;

  private constructor(
    private readonly leader: Page,
    private readonly pages: readonly Page[],
  ) {}

  static async open(browser: RealBrowser, server: FloorServer, tabs: number): Promise<FloorTabs> {
    const floor = await FloorTabs.#blank(browser, tabs);
    await floor.#load(server);
    return floor;
  }

  /** How long it takes from the first page that is asked for until all channels are open, in milliseconds. */
  static async timeOpening(browser: RealBrowser, server: FloorServer, tabs: number): Promise<number> {
    const floor = await FloorTabs.#blank(browser, tabs);
    const ready = await floor.#load(server);
    const begun = await Promise.all(floor.pages.map((page) => page.evaluate(() => performance.timeOrigin)));
    await floor.close();
    return Math.max(...ready) - Math.min(...begun);
  }

  static async #blank(browser: RealBrowser, tabs: number): Promise<FloorTabs> {
    const pages: Page[] = [];
    while (pages.length < tabs) pages.push(await browser.newPage('about:blank'));
    const [leader] = pages;
    if (leader === undefined) throw new Error('A floor has tabs.');
    return new FloorTabs(leader, pages);
  }

  /** All at once. Resolves with when each had its channels open. */
  async #load(server: FloorServer): Promise<number[]> {
    FloorTabs.#rooms += 1;
    const room = `?room=${FloorTabs.#rooms}&tabs=${this.pages.length}`;
    return Promise.all(
      this.pages.map(async (page, index) => {
        await page.goto(`${server.url}${room}&index=${index}`);
        return page.evaluate(() => window.floor.ready());
      }),
    );
  }

  /** In front, as the tab is that has the same load on the cluster. */
  async run(load: FloorLoad): Promise<LoadResult> {
    await this.leader.bringToFront();
    return this.runHidden(load);
  }

  /** Wherever the tab is. */
  async runHidden(load: FloorLoad): Promise<LoadResult> {
    return this.leader.evaluate((what) => window.floor.run(what), load);
  }

  async close(): Promise<void> {
    const ends = this.pages.map(async (page) => {
      await page.evaluate(() => window.floor.end());
      await page.close();
    });
    // Those that went with their browser need no closing.
    await Promise.allSettled(ends);
  }
}
