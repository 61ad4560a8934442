import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConsoleMessage, Page } from 'playwright';
import type { FaultRule, LinkCounters, NodeAction, Status, Tabraft } from '../api.ts';
import type { ClusterPort, MemberAction } from '../client/cluster.ts';
import { timeoutOf, unanswered, unreached, type Method } from '../client/endpoint.ts';
import { messageOf } from '../error-text.ts';
import { RealBrowser, untilLoaded } from './browser.ts';

declare global {
  interface Window {
    tabraft: Tabraft;
  }
}

export const DRIVEN_ACTIONS: readonly MemberAction[] = [
  ...(['pause', 'resume', 'crash', 'restart', 'campaign', 'wipe'] as const),
  ...(['reload', 'freeze', 'thaw', 'kill-tab', 'open-tab', 'kill-browser'] as const),
];

export interface DrivenOptions {
  readonly executablePath: string;
  readonly url: string;
  readonly tabs: number;
  /** A line of some tab's console, with its member's name. Null: its tab never became one. */
  onLine(name: string | null, line: string): void;
  /** More of what a member's node recorded: whole JSON lines. */
  onTrace(name: string, lines: string): void;
}

const READY_TIMEOUT_MS = 90_000;
const GRACE_MS = 3000;
const OTHERWISE_MS = 10_000;
/** A tab that does not answer so simple a question for so long is not asked any more. */
const ANSWER_TIMEOUT_MS = 5000;
/** A tab that is killed takes with it what was not asked for until then; most of it comes back with the tab. */
const TRACE_PERIOD_MS = 500;

interface Tab {
  /** Null: killed, and not opened again. */
  page: Page | null;
  name: string | null;
  isFrozen: boolean;
  /** What it had to say before its name was known. */
  unnamed: string[];
}

const newTab = (): Tab => ({ page: null, name: null, isFrozen: false, unnamed: [] });

/** A cluster of tabs in a browser of its own, from outside: whatever can happen to a tab can be done to it. */
export class DrivenCluster implements ClusterPort {
  readonly #tabs: Tab[] = [];
  /** Of each member: the number of the last event that was asked for. */
  readonly #traced = new Map<string, number>();
  #collecting: Promise<void> = Promise.resolve();
  #collector: ReturnType<typeof setInterval> | null = null;

  private constructor(
    private readonly options: DrivenOptions,
    private readonly profile: string,
    private browser: RealBrowser,
  ) {}

  /** Resolves once every tab is a settled member. */
  static async open(options: DrivenOptions): Promise<DrivenCluster> {
    const profile = await mkdtemp(join(tmpdir(), 'tabraft-driven-'));
    const browser = await RealBrowser.launch(options.executablePath, profile);
    const cluster = new DrivenCluster(options, profile, browser);
    try {
      await cluster.#openAll(options.tabs);
    } catch (error) {
      await cluster.close();
      throw error;
    }
    cluster.#collector = setInterval(() => {
      void cluster.collectTraces();
    }, TRACE_PERIOD_MS);
    return cluster;
  }

  async close(): Promise<void> {
    if (this.#collector !== null) clearInterval(this.#collector);
    await this.collectTraces();
    await this.browser.kill();
    for (const { unnamed } of this.#tabs)
      for (const line of unnamed.splice(0)) this.options.onLine(null, line);
    await rm(this.profile, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Hands out what the nodes have recorded since the last time. */
  async collectTraces(): Promise<void> {
    this.#collecting = this.#collecting.then(async () => {
      await Promise.all(this.#tabs.map((tab) => this.#collectTrace(tab)));
    });
    await this.#collecting;
  }

  /** Of each member whose tab answers: what its cores were fed. */
  async recordings(): Promise<{ readonly name: string; readonly text: string }[]> {
    const asked = this.#tabs.map(async ({ name, page, isFrozen }) => {
      if (name === null || page === null || isFrozen) return [];
      const recording = page.evaluate(() => window.tabraft.trace.recording()).catch(() => null); // crashed
      const text = await withTimeout(recording, READY_TIMEOUT_MS);
      return text === null ? [] : [{ name, text }];
    });
    return (await Promise.all(asked)).flat();
  }

  async status(): Promise<Status> {
    return this.#anywhere((page) => page.evaluate(() => window.tabraft.status()));
  }

  async call(member: string, method: Method, args: readonly unknown[]): Promise<unknown> {
    const page = this.#tabs.find(({ name }) => name === member)?.page ?? null;
    if (page === null) return unreached(`No tab runs ${member} at the moment.`);
    const answer = page.evaluate(callInPage, [method, args] as const).catch(() => null); // the tab is gone
    const result = await withTimeout(answer, timeoutOf(args, OTHERWISE_MS) + GRACE_MS);
    if (result === null) return unanswered(`The tab of ${member} went away, or did not answer.`);
    if ('absent' in result) return unreached(`The tab of ${member} is still loading.`);
    if ('threw' in result) throw new Error(result.threw);
    return result.value;
  }

  async setRules(rules: readonly FaultRule[]): Promise<void> {
    await this.#anywhere((page) =>
      page.evaluate((all) => Promise.all(all.map((rule) => window.tabraft.faults.set(rule))), [...rules]),
    );
  }

  async clearRules(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#anywhere((page) => page.evaluate((all) => window.tabraft.faults.clear(all), [...ids]));
  }

  async links(): Promise<LinkCounters[]> {
    // Of all: what a tab knows of the others comes a second late, and is gone with its page.
    const pages = this.#tabs.flatMap(({ page, isFrozen }) => (page === null || isFrozen ? [] : [page]));
    const asked = pages.map(async (page) => {
      const links = page.evaluate(() => window.tabraft.faults.links()).catch(() => null); // still loading
      return (await withTimeout(links, ANSWER_TIMEOUT_MS)) ?? [];
    });
    return (await Promise.all(asked)).flat();
  }

  async act(action: MemberAction, member: string): Promise<void> {
    if (action === 'kill-browser') return this.#killBrowser();
    const tab = this.#tabs.find(({ name }) => name === member);
    if (tab === undefined) throw new Error(`No tab runs ${member}.`);
    if (action === 'open-tab') return this.#reopen(tab);
    const { page } = tab;
    if (page === null) throw new Error(`The tab of ${member} is closed.`);
    switch (action) {
      case 'reload':
        await page.reload();
        return this.#settle(tab, page);
      case 'freeze':
      case 'thaw':
        tab.isFrozen = action === 'freeze';
        return this.browser.setFrozen(page, tab.isFrozen);
      case 'kill-tab':
        tab.page = null;
        return this.browser.crash(page);
      default:
        await page.evaluate((what: NodeAction) => window.tabraft.node[what](), action);
        if (action === 'wipe') await this.#settle(tab, page);
    }
  }

  async #openAll(count: number): Promise<void> {
    while (this.#tabs.length < count) {
      const tab: Tab = newTab();
      this.#tabs.push(tab);
      await this.#reopen(tab);
    }
  }

  /** Whichever member it gets: a closed tab's is free, and so it is its own unless others are closed as well. */
  async #reopen(tab: Tab): Promise<void> {
    await this.#settle(tab, await this.#openPage(tab));
  }

  async #openPage(tab: Tab): Promise<Page> {
    const page = await this.browser.openTab(this.options.url);
    page.on('console', (message) => this.#onLine(tab, message));
    tab.isFrozen = false;
    tab.page = page;
    return page;
  }

  async #settle(tab: Tab, page: Page): Promise<void> {
    await untilLoaded(page);
    const { name } = await page.evaluate((ms) => window.tabraft.ready(ms), READY_TIMEOUT_MS);
    tab.name = name;
    for (const line of tab.unnamed.splice(0)) this.options.onLine(name, line);
  }

  async #killBrowser(): Promise<void> {
    const count = this.#tabs.length;
    this.#tabs.splice(0);
    await this.browser.kill();
    this.browser = await RealBrowser.launch(this.options.executablePath, this.profile);
    const opened: { readonly tab: Tab; readonly page: Page }[] = [];
    for (let number = 0; number < count; number += 1) {
      const tab: Tab = newTab();
      opened.push({ tab, page: await this.#openPage(tab) });
      this.#tabs.push(tab);
    }
    // Only now: one alone has no quorum.
    await Promise.all(opened.map(({ tab, page }) => this.#settle(tab, page)));
  }

  async #collectTrace({ name, page, isFrozen }: Tab): Promise<void> {
    if (name === null || page === null || isFrozen) return;
    for (;;) {
      const after = this.#traced.get(name) ?? 0;
      // A node that is stopped, or a page that is loading, has none; the next time it may.
      const asked = page.evaluate((seq) => window.tabraft.trace.page(seq), after).catch(() => null);
      const answer = await withTimeout(asked, ANSWER_TIMEOUT_MS);
      const next = answer?.next ?? null;
      if (answer === null || next === null) return;
      this.#traced.set(name, next);
      this.options.onTrace(name, answer.lines);
    }
  }

  #onLine(tab: Tab, message: ConsoleMessage): void {
    const line = `${new Date().toISOString()} ${message.type()} ${message.text()}`;
    if (tab.name === null) tab.unnamed.push(line);
    else this.options.onLine(tab.name, line);
  }

  /** By the first tab that answers. */
  async #anywhere<T>(ask: (page: Page) => Promise<T>): Promise<T> {
    let problem = 'No tab is open.';
    for (const { page, isFrozen } of this.#tabs) {
      if (page === null || isFrozen) continue;
      const asked = ask(page).then(
        (value) => ({ value }),
        (error: unknown) => {
          problem = messageOf(error);
          return null;
        },
      );
      const answer = await withTimeout(asked, ANSWER_TIMEOUT_MS);
      if (answer !== null) return answer.value;
    }
    throw new Error(problem);
  }
}

type CallResult = { readonly absent: true } | { readonly threw: string } | { readonly value: unknown };

/** Runs in the page. */
async function callInPage([method, args]: readonly [string, readonly unknown[]]): Promise<CallResult> {
  if (!('tabraft' in window)) return { absent: true };
  let target: unknown = window.tabraft;
  try {
    for (const name of method.split('.')) target = (target as Record<string, unknown>)[name];
    return { value: await (target as (...all: unknown[]) => Promise<unknown>)(...args) };
  } catch (error) {
    return { threw: String(error) };
  }
}

async function withTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T | null> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), timeoutMs);
  });
  const result = await Promise.race([work, silence]);
  clearTimeout(timer);
  return result;
}
