// What has to be there before anything else runs. It uses nothing that has to be installed.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK_FILE = join(ROOT, 'package-lock.json');
/** Holds the hash of the lock file that node_modules was installed from. */
const STAMP_FILE = join(ROOT, 'node_modules', '.tabraft-stamp');
/** npm writes it last: where it is missing, an installation was interrupted. */
const NPM_LOCK_FILE = join(ROOT, 'node_modules', '.package-lock.json');

/** Checks Node and installs node_modules where it is missing or older than the lock file. */
export function setUp() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    exit(`tabraft needs Node 20.19 or newer: this is ${process.versions.node}`);
  }
  const wanted = createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex');
  if (readIfPresent(STAMP_FILE) === wanted) return;
  if (!installedByHand()) {
    console.error('Installing what is missing (npm ci) …');
    if (npm(['ci', '--include=dev', '--no-audit', '--no-fund']) !== 0) exit('npm ci failed: see above');
  }
  writeFileSync(STAMP_FILE, wanted);
}

/** `dist/`, by Vite. In this process, so that no child is left behind when it is stopped. */
export async function build() {
  const vite = await import('vite');
  await vite.build({ root: ROOT, logLevel: 'warn' });
}

/** Whoever ran npm already, after the lock file last changed, need not wait for it again. */
function installedByHand() {
  const installed = statSync(NPM_LOCK_FILE, { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(LOCK_FILE).mtimeMs;
}

function readIfPresent(file) {
  return statSync(file, { throwIfNoEntry: false }) === undefined ? undefined : readFileSync(file, 'utf8');
}

function npm(args) {
  // Under `npm start` the very npm that runs this is known; it also spares a shell on Windows.
  const own = process.env.npm_execpath;
  const options = { cwd: ROOT, stdio: 'inherit' };
  return own === undefined
    ? spawnSync('npm', args, { ...options, shell: process.platform === 'win32' }).status
    : spawnSync(process.execPath, [own, ...args], options).status;
}

function exit(message) {
  console.error(message);
  process.exit(1);
}
