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
    FloorTabs.#rooms += 1;
    const pages: Page[] = [];
    for (let index = 0; index < tabs; index += 1)
      pages.push(await browser.newPage(`${server.url}?room=${FloorTabs.#rooms}&index=${index}&tabs=${tabs}`));
    for (const page of pages) {
      await page.waitForFunction(() => 'floor' in window, null, { polling: 50 });
      await page.evaluate(() => window.floor.ready());
    }
    const [leader] = pages;
    if (leader === undefined) throw new Error('A floor has tabs.');
    return new FloorTabs(leader, pages);
  }

  /** In front, as the tab is that has the same load on the cluster. */
  async run(load: FloorLoad): Promise<LoadResult> {
    await this.leader.bringToFront();
    return this.leader.evaluate((what) => window.floor.run(what), load);
  }

  async close(): Promise<void> {
    for (const page of this.pages) {
      await page.evaluate(() => window.floor.end());
      await page.close();
    }
  }
}
