import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium, type BrowserContext, type Page } from 'playwright';
import { BROWSER_ARGS, findOrInstallBrowser } from '../../scripts/browser.mjs';
import { build, ROOT } from '../../scripts/setup.mjs';
import { startServer } from '../../signaling/http.ts';
import { untilLoaded } from '../drive/browser.ts';
import { exitStatusOf } from './usage.ts';

const HELP = `Usage: npm run screenshots [-- --output DIR]

Builds the page, forms a cluster of three tabs, writes a little, and takes pictures of the page at 1280, 768 and
390 pixels, light and dark.

  --output DIR  where to (docs/screenshots)
  --help        this

WebRTC needs a network interface besides loopback (README). Exit status: 0; 1 failed; 2 bad usage.`;

const WIDTHS = [1280, 768, 390] as const;
const SCHEMES = ['light', 'dark'] as const;
const HEIGHT = 1000;
const TABS = 3;
const READY_TIMEOUT_MS = 60_000;

process.exitCode = await exitStatusOf('screenshots', main);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      output: { type: 'string', default: join(ROOT, 'docs/screenshots') },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  await build();
  const profile = await mkdtemp(join(tmpdir(), 'tabraft-screenshots-'));
  const server = await startServer({
    ...{ port: 0, host: null },
    ...{ distDir: join(ROOT, 'dist'), configFile: join(ROOT, 'config.json') },
  });
  const context = await chromium.launchPersistentContext(profile, {
    ...{ executablePath: findOrInstallBrowser(), args: BROWSER_ARGS },
  });
  try {
    await mkdir(values.output, { recursive: true });
    await takeAll(await somethingToSee(context, `http://localhost:${server.port}/`), values.output);
    return 0;
  } finally {
    await context.close();
    await server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** The page of the last tab, which has come to the front. */
async function somethingToSee(context: BrowserContext, url: string): Promise<Page> {
  let page: Page | null = null;
  for (let tab = 0; tab < TABS; tab += 1) {
    page = await context.newPage();
    await page.goto(url);
    await untilLoaded(page);
    await page.evaluate((ms) => window.tabraft.ready(ms), READY_TIMEOUT_MS);
  }
  if (page === null) throw new Error('there are no tabs');
  await page.evaluate(async () => {
    for (const [at, colour] of ['teal', 'amber', 'indigo', 'coral'].entries())
      await window.tabraft.raft.put(`colour ${at + 1}`, colour);
  });
  // All members have told this page how they are.
  await page.getByRole('grid', { name: 'Logs of all members' }).waitFor();
  await page.getByText('has told nothing').first().waitFor({ state: 'hidden' });
  // What is out of sight is renewed seldom.
  await page.locator('tabraft-states-table').scrollIntoViewIfNeeded();
  await page.getByRole('rowheader', { name: 'colour 1', exact: true }).waitFor();
  // Curves are drawn for whoever sees them.
  await page.locator('tabraft-curves').scrollIntoViewIfNeeded();
  await page.getByText('nothing measured yet').first().waitFor({ state: 'hidden' });
  await page.evaluate(() => scrollTo(0, 0));
  return page;
}

async function takeAll(page: Page, directory: string): Promise<void> {
  for (const colorScheme of SCHEMES) {
    await page.emulateMedia({ colorScheme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: HEIGHT });
      // So that something is under way.
      await page.evaluate((value) => window.tabraft.raft.put('width', value), String(width));
      const path = join(directory, `${width}-${colorScheme}.png`);
      await page.screenshot({ path, fullPage: true });
      console.log(path);
    }
  }
}
