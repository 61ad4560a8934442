import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, expect, type Browser, type CDPSession } from '@playwright/test';
import { Tab } from './fixtures.ts';
import { LAUNCH } from './launch.ts';

/**
 * A Chromium as a person runs it: a profile on disk, tabs of one window that are hidden and throttled
 * when another is in front, and a process that can be killed. Playwright's own launch makes every
 * tab look visible.
 */
export class RealBrowser {
  private constructor(
    private readonly process: ChildProcess,
    private readonly browser: Browser,
    private readonly session: CDPSession,
  ) {}

  static async launch(profile: string): Promise<RealBrowser> {
    const portFile = join(profile, 'DevToolsActivePort');
    await rm(portFile, { force: true });
    const child = spawn(
      LAUNCH.executablePath,
      [
        ...LAUNCH.args,
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      // Its own process group, so that all of it can be killed at once.
      { stdio: 'ignore', detached: true },
    );
    let port = '';
    await expect
      .poll(async () => {
        const text = await readFile(portFile, 'utf8').catch(() => ''); // not written yet
        [port = ''] = text.split('\n');
        return port;
      })
      .not.toBe('');
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
    return new RealBrowser(child, browser, await browser.newBrowserCDPSession());
  }

  async openTabs(url: string, count: number): Promise<Tab[]> {
    const tabs: Tab[] = [];
    for (let opened = 0; opened < count; opened += 1) tabs.push(await this.#open(url));
    await Promise.all(tabs.map((tab) => tab.ready()));
    return tabs;
  }

  /** A new tab of the one window, in front of the others. */
  async #open(url: string): Promise<Tab> {
    const [context] = this.browser.contexts();
    if (context === undefined) throw new Error('the browser has no default context');
    const opened = context.waitForEvent('page');
    await this.session.send('Target.createTarget', { url });
    const tab = new Tab(await opened);
    await tab.page.waitForFunction(() => 'tabraft' in window);
    return tab;
  }

  /** Stops the tab dead, page and worker, as the browser does to tabs in the background. */
  async setFrozen(tab: Tab, frozen: boolean): Promise<void> {
    const session = await tab.page.context().newCDPSession(tab.page);
    await session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' });
    await session.detach();
  }

  /** SIGKILL to every process of the browser. */
  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.process.once('exit', resolve));
    if (this.process.pid !== undefined && this.process.exitCode === null)
      process.kill(-this.process.pid, 'SIGKILL');
    else return;
    await exited;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.kill();
  }
}
