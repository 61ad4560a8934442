import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, chromium, expect, type BrowserContext, type Page } from '@playwright/test';
import { LAUNCH } from './launch.ts';
import { startServer, type RunningServer } from '../../../signaling/http.ts';
import type { Status, Tabraft } from '../../../src/api.ts';
import { RealBrowser, untilLoaded } from '../../../src/drive/browser.ts';

declare global {
  interface Window {
    tabraft: Tabraft;
  }
}

export const ROOT = join(import.meta.dirname, '../../..');

/** The server that `npm start` runs, over the built page; it can go away and come back on its port. */
export class TestServer {
  #running: RunningServer | null = null;
  #port = 0;

  constructor(
    private readonly configFile = join(ROOT, 'config.json'),
    private readonly distDir = join(ROOT, 'dist'),
  ) {}

  get url(): string {
    return `http://localhost:${this.#port}/`;
  }

  async start(): Promise<void> {
    this.#running = await startServer({
      port: this.#port,
      host: null,
      distDir: this.distDir,
      configFile: this.configFile,
    });
    this.#port = this.#running.port;
  }

  async stop(): Promise<void> {
    await this.#running?.close();
    this.#running = null;
  }
}

/** One tab and its node. */
export class Tab {
  constructor(readonly page: Page) {}

  /** `prepare`: what is to be done to the page before it is loaded. */
  static async open(
    context: BrowserContext,
    url: string,
    prepare?: (page: Page) => Promise<unknown>,
  ): Promise<Tab> {
    const page = await context.newPage();
    await prepare?.(page);
    await page.goto(url);
    await untilLoaded(page);
    return new Tab(page);
  }

  async ready(timeoutMs = 60_000): Promise<Status> {
    return this.page.evaluate((ms) => window.tabraft.ready(ms), timeoutMs);
  }

  async status(): Promise<Status> {
    return this.page.evaluate(() => window.tabraft.status());
  }

  async reload(): Promise<void> {
    await this.page.reload();
    await untilLoaded(this.page);
  }

  async put(key: string, value: string | null, timeoutMs?: number): ReturnType<Tabraft['raft']['put']> {
    return this.page.evaluate(
      ([k, v, ms]) => window.tabraft.raft.put(k, v, ms === undefined ? {} : { timeoutMs: ms }),
      [key, value, timeoutMs] as const,
    );
  }

  async get(
    key: string,
    consistency: 'linearizable' | 'local' = 'linearizable',
  ): ReturnType<Tabraft['raft']['get']> {
    return this.page.evaluate(([k, c]) => window.tabraft.raft.get(k, { consistency: c }), [
      key,
      consistency,
    ] as const);
  }

  async log(): ReturnType<Tabraft['raft']['log']> {
    return this.page.evaluate(() => window.tabraft.raft.log());
  }
}

/** Waits until the tab has a connection to each of so many others: a member is ready with fewer. */
export async function connectedTo(tab: Tab, others: number): Promise<void> {
  await expect
    .poll(async () => (await tab.status()).peers.map(({ state }) => state))
    .toEqual(Array(others).fill('connected'));
}

/** Opens tabs one after the other and waits until each is a settled member. */
export async function openCluster(context: BrowserContext, url: string, count: number): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (let opened = 0; opened < count; opened += 1) {
    const tab = await Tab.open(context, url);
    await tab.ready();
    tabs.push(tab);
  }
  return tabs;
}

/** The same in a browser as a person runs it, all at once. */
export async function openTabs(browser: RealBrowser, url: string, count: number): Promise<Tab[]> {
  const tabs: Tab[] = [];
  for (let opened = 0; opened < count; opened += 1) tabs.push(new Tab(await browser.openTab(url)));
  await Promise.all(tabs.map((tab) => tab.ready()));
  return tabs;
}

export async function leaderOf(tabs: readonly Tab[]): Promise<Tab> {
  for (const tab of tabs) if ((await tab.status()).role === 'leader') return tab;
  throw new Error('none of the tabs leads');
}

/** Waits until exactly one of the tabs leads and all know it; returns it. */
export async function agreedLeader(tabs: readonly Tab[]): Promise<Tab> {
  await expect
    .poll(async () => {
      const all = await Promise.all(tabs.map((tab) => tab.status()));
      const known = new Set(all.map((status) => status.leader));
      return (
        all.filter((status) => status.role === 'leader').length === 1 && known.size === 1 && !known.has(null)
      );
    })
    .toBe(true);
  return leaderOf(tabs);
}

/** Every tab counts as visible and would be drawn without end, in software: only what stands still is. */
const STILL = { reducedMotion: 'reduce' } as const;

interface Fixtures {
  server: TestServer;
  context: BrowserContext;
  /** Other browsers, each with nothing of its own yet. They are gone with the test, for their tabs would run on. */
  otherBrowser: () => Promise<BrowserContext>;
  /** A directory for a browser profile on disk. */
  profile: string;
  /** As a person runs it: one tab shows, and the others are hidden. */
  realBrowser: RealBrowser;
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const server = new TestServer();
    await server.start();
    await use(server);
    await server.stop();
  },
  profile: async ({}, use) => {
    const directory = await mkdtemp(join(tmpdir(), 'tabraft-profile-'));
    await use(directory);
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  },
  realBrowser: async ({ profile }, use) => {
    const browser = await RealBrowser.launch(LAUNCH.executablePath, profile);
    await use(browser);
    await browser.close();
  },
  context: async ({ profile }, use) => {
    const context = await chromium.launchPersistentContext(profile, { ...LAUNCH, ...STILL });
    await use(context);
    await context.close();
  },
  otherBrowser: async ({ browser }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async () => {
      const context = await browser.newContext(STILL);
      contexts.push(context);
      return context;
    });
    for (const context of contexts) await context.close();
  },
});

export { expect };
