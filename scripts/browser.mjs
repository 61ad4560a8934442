// Finds a Chromium for the tests, and installs Playwright's own where there is none.
//
//   node scripts/browser.mjs     prints the path of the browser that the tests would use

import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright';

const SYSTEM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const SYSTEM_PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** Of the flag, only the last one counts. */
const DISABLED_FEATURES = [
  // WebRTC names its host candidates by address, not by an mDNS name that needs multicast.
  'WebRtcHideLocalIpsWithMdns',
  // Pages of the browser's own, behind an address bar that nobody sees: they cost each window as much as a page of ours.
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
];

/** What every test browser is started with: nothing it does on its own may reach a network. */
export const BROWSER_ARGS = [
  '--no-sandbox',
  `--disable-features=${DISABLED_FEATURES.join(',')}`,
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** The path of a Chromium: CHROMIUM_PATH, else Playwright's own, else the system's; undefined if there is none. */
export function findBrowser() {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== '') {
    // A named browser is used or missed loudly: falling back would test something else than was asked.
    if (!isExecutable(named)) throw new Error(`CHROMIUM_PATH is ${named}, which is not an executable file`);
    return named;
  }
  const own = chromium.executablePath();
  if (isExecutable(own)) return own;
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = SYSTEM_NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [...candidates, ...SYSTEM_PATHS].find(isExecutable);
}

/** Like `findBrowser`, but downloads Playwright's Chromium where there is none. Throws one line of advice. */
export function findOrInstallBrowser() {
  const found = findBrowser();
  if (found !== undefined) return found;
  console.error('No Chromium found: installing the one of Playwright …');
  const cli = join(import.meta.dirname, '..', 'node_modules', 'playwright', 'cli.js');
  spawnSync(process.execPath, [cli, 'install', 'chromium'], { stdio: 'inherit' });
  const installed = findBrowser();
  if (installed !== undefined) return installed;
  throw new Error(
    'No browser for the tests: install one (Debian: apt install chromium) or set CHROMIUM_PATH to a Chromium.',
  );
}

function isExecutable(path) {
  if (!existsSync(path) || !statSync(path).isFile()) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // no permission is the answer here, not a failure
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    console.log(findOrInstallBrowser());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
