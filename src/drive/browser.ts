import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { chromium, errors, type Browser, type CDPSession, type Page } from 'playwright';
import { BROWSER_ARGS } from '../../scripts/browser.mjs';

const START_TIMEOUT_MS = 60_000;
const LOAD_TIMEOUT_MS = 60_000;
const POLL_MS = 50;

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

  static async launch(executablePath: string, profile: string): Promise<RealBrowser> {
    const portFile = join(profile, 'DevToolsActivePort');
    await rm(portFile, { force: true });
    const child = spawn(
      executablePath,
      [
        ...BROWSER_ARGS,
        '--headless=new',
        '--remote-debugging-port=0',
        `--user-data-dir=${profile}`,
        'about:blank',
      ],
      // Its own process group, so that all of it can be killed at once.
      { stdio: 'ignore', detached: true },
    );
    // It must not outlive whoever started it, however that ends: its tabs would take the processor for ever.
    const killAtExit = (): void => {
      killGroup(child);
    };
    process.once('exit', killAtExit);
    child.once('exit', () => process.off('exit', killAtExit));
    const port = await portOf(portFile, child);
    const browser = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true });
    return new RealBrowser(child, browser, await browser.newBrowserCDPSession());
  }

  /** Of the process from which all others of it descend. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the browser has not started');
    return this.process.pid;
  }

  /** A new tab of the one window, in front of the others, once the page has its `window.tabraft`. */
  async openTab(url: string): Promise<Page> {
    const page = await this.newPage(url);
    await untilLoaded(page);
    return page;
  }

  /** A new tab of whatever page, as soon as it is there. One at a time. */
  async newPage(url: string): Promise<Page> {
    const [context] = this.browser.contexts();
    if (context === undefined) throw new Error('the browser has no default context');
    const opened = context.waitForEvent('page');
    await this.session.send('Target.createTarget', { url });
    return opened;
  }

  /** Stops the tab dead, page and worker, as the browser does to tabs in the background. */
  async setFrozen(page: Page, frozen: boolean): Promise<void> {
    const session = await page.context().newCDPSession(page);
    await session.send('Page.setWebLifecycleState', { state: frozen ? 'frozen' : 'active' });
    await session.detach();
  }

  /** The tab's process dies, and the tab is closed. */
  async crash(page: Page): Promise<void> {
    const crashed = page.waitForEvent('crash');
    // The navigation never ends, or ends with an error: the crash is what was asked for.
    page.goto('chrome://crash').catch(() => undefined);
    await crashed;
    await page.close();
  }

  /** SIGKILL to every process of the browser. */
  async kill(): Promise<void> {
    const exited = new Promise((resolve) => this.process.once('exit', resolve));
    if (killGroup(this.process)) await exited;
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.kill();
  }
}

/** False: it has ended already. */
function killGroup({ pid, exitCode, signalCode }: ChildProcess): boolean {
  if (pid === undefined || exitCode !== null || signalCode !== null) return false;
  process.kill(-pid, 'SIGKILL');
  return true;
}

/** Until the page has its `window.tabraft`. A hidden tab has no frames at which to look, so timers do it. */
export async function untilLoaded(page: Page): Promise<void> {
  try {
    await page.waitForFunction(() => 'tabraft' in window, null, { polling: 100, timeout: LOAD_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof errors.TimeoutError)) throw error;
    throw new Error(
      `${page.url()} has not become a page of tabraft within ${LOAD_TIMEOUT_MS / 1000} s: is it what npm start serves?`,
      { cause: error },
    );
  }
}

/** Written by the browser once it listens. */
async function portOf(portFile: string, child: ChildProcess): Promise<string> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline && child.exitCode === null) {
    const text = await readFile(portFile, 'utf8').catch(() => ''); // not written yet
    const [port = ''] = text.split('\n');
    if (port !== '') return port;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  throw new Error(`The browser did not start (exit code ${child.exitCode}).`);
}
