import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright';
import { findOrInstallBrowser } from '../../scripts/browser.mjs';
import { ROOT } from '../../scripts/setup.mjs';
import type { Config } from '../config/schema.ts';
import { RealBrowser } from '../drive/browser.ts';
import { buildFloor, buildLoad, buildProduct } from './build.ts';
import { ClusterTabs, type ClusterOptions } from './cluster-tabs.ts';
import { FloorTabs, serveFloor, type FloorServer } from './floor-tabs.ts';

/**
 * One browser as a person runs it, for all that is measured in tabs: floor and figure must not differ in that. What is
 * needed is made when it is needed first.
 */
export class Lab {
  readonly #directory: Promise<string> = mkdtemp(join(tmpdir(), 'tabraft-bench-'));
  #browser: Promise<RealBrowser> | null = null;
  #emptyPage: Promise<Page> | null = null;
  #bareAnimation: Promise<Page> | null = null;
  #floorServer: Promise<FloorServer> | null = null;
  #productDir: Promise<string> | null = null;
  #loadScript: Promise<string> | null = null;
  #closing: Promise<void> | null = null;
  #configs = 0;

  constructor(private readonly tell: (text: string) => void) {}

  /** With so many settled members. */
  async openCluster(options: ClusterOptions): Promise<ClusterTabs> {
    const cluster = await this.serveCluster(options);
    try {
      for (let tab = 0; tab < options.tabs; tab += 1) await cluster.openTab();
    } catch (error) {
      await cluster.close();
      throw error;
    }
    return cluster;
  }

  /** Its server alone, for tabs to come. */
  async serveCluster(options: Omit<ClusterOptions, 'tabs'>): Promise<ClusterTabs> {
    this.#checkOpen();
    const productDir = await (this.#productDir ??= this.#buildProduct());
    const loadScript = await this.loadScript();
    const browser = await this.browser();
    const configFile = await this.#writeConfig(options.amend ?? ((config) => config));
    return ClusterTabs.serve({ browser, productDir, loadScript, configFile }, options);
  }

  async openFloor(tabs: number): Promise<FloorTabs> {
    const server = await this.floorServer();
    return FloorTabs.open(await this.browser(), server, tabs);
  }

  /** How long it takes to open it, in milliseconds. */
  async timeFloor(tabs: number): Promise<number> {
    const server = await this.floorServer();
    return FloorTabs.timeOpening(await this.browser(), server, tabs);
  }

  /** A cluster and its floor, of as many tabs. */
  async withBoth<T>(
    options: ClusterOptions,
    use: (cluster: ClusterTabs, floor: FloorTabs) => Promise<T>,
  ): Promise<T> {
    const floor = await this.openFloor(options.tabs);
    const cluster = await this.openCluster(options);
    try {
      return await use(cluster, floor);
    } finally {
      await cluster.close();
      await floor.close();
    }
  }

  async browser(): Promise<RealBrowser> {
    this.#checkOpen();
    return (this.#browser ??= this.#launch());
  }

  /** In front of all tabs: these are hidden then. */
  async showEmptyPage(): Promise<Page> {
    const page = await (this.#emptyPage ??= this.browser().then((browser) => browser.newPage('about:blank')));
    await page.bringToFront();
    return page;
  }

  /** Likewise, but one that moves a picture. */
  async showBareAnimation(): Promise<Page> {
    const page = await (this.#bareAnimation ??= this.#openBareAnimation());
    await page.bringToFront();
    return page;
  }

  async #openBareAnimation(): Promise<Page> {
    const page = await (await this.browser()).newPage('about:blank');
    await page.evaluate(await this.loadScript());
    await page.evaluate(() => window.bench.animateBare());
    return page;
  }

  private async loadScript(): Promise<string> {
    return (this.#loadScript ??= buildLoad());
  }

  private async floorServer(): Promise<FloorServer> {
    this.#checkOpen();
    return (this.#floorServer ??= this.#serveFloor());
  }

  /** Ends whatever is under way, and nothing can be begun any more. */
  async close(): Promise<void> {
    await (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    const [browser, floorServer] = await Promise.allSettled([this.#browser, this.#floorServer]);
    if (browser.status === 'fulfilled') await browser.value?.kill();
    if (floorServer.status === 'fulfilled') await floorServer.value?.close();
    // What is being built goes into the directory.
    await Promise.allSettled([this.#productDir, this.#loadScript]);
    await rm(await this.#directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw new Error('The laboratory is closed.');
  }

  async #launch(): Promise<RealBrowser> {
    return RealBrowser.launch(findOrInstallBrowser(), join(await this.#directory, 'profile'));
  }

  async #buildProduct(): Promise<string> {
    this.tell('building the page');
    const outDir = join(await this.#directory, 'product');
    await buildProduct(outDir);
    return outDir;
  }

  async #serveFloor(): Promise<FloorServer> {
    const outDir = join(await this.#directory, 'floor');
    await buildFloor(outDir);
    return serveFloor(outDir);
  }

  async #writeConfig(amend: (config: Config) => Config): Promise<string> {
    const config = JSON.parse(await readFile(join(ROOT, 'config.json'), 'utf8')) as Config;
    this.#configs += 1;
    const file = join(await this.#directory, `config-${this.#configs}.json`);
    await writeFile(file, JSON.stringify(amend(config)));
    return file;
  }
}
