// npm run size: how much JavaScript the page loads before anybody does anything.

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const KB = 1024;
/** Each part has a budget of its own, so that one does not grow for what the other has saved. */
const LIMITS_KB = { page: 100.4, worker: 49.9, both: 150 };
const ROOT = join(import.meta.dirname, '..');

const HELP = `Usage: npm run size [-- --json]

Builds the page into a temporary folder and adds up what it loads at first, compressed with gzip: its
scripts, with what they import at once, and its node's worker. Fails above ${LIMITS_KB.page} KB for the page's scripts,
${LIMITS_KB.worker} KB for the worker's, or ${LIMITS_KB.both} KB for both (of ${KB} bytes).

  --json   the same as JSON: parts with their limits, and files with their sizes, in bytes`;

/** What a built script imports, other than on demand. */
const IMPORTS = /(?:^|[;}\n])\s*(?:import|export)\b[^'"()]*["'](\.[^'"]+\.js)["']/g;
/** The script of the node, as the page names it. */
const WORKER = /assets\/main-[\w-]+\.js/g;

let options;
try {
  options = parseArgs({
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  }).values;
} catch (error) {
  console.error(`${error.message}: see npm run size -- --help`);
  process.exit(2);
}
if (options.help) console.log(HELP);
else await main();

async function main() {
  const outDir = mkdtempSync(join(tmpdir(), 'tabraft-size-'));
  try {
    await build({
      root: ROOT,
      logLevel: 'error',
      build: { outDir, emptyOutDir: true, manifest: true, sourcemap: false },
    });
    report(measure(outDir));
  } finally {
    rmSync(outDir, { recursive: true, force: true });
  }
}

function measure(outDir) {
  const read = (file) => readFileSync(join(outDir, file));
  const initial = new Set([...scriptsOf(read('index.html').toString()), ...entryOf(read)]);
  for (const file of initial) {
    const code = read(file).toString();
    for (const [, path] of code.matchAll(IMPORTS)) initial.add(posix.join(posix.dirname(file), path));
    for (const [worker] of code.matchAll(WORKER)) initial.add(worker);
  }
  const workers = readdirSync(join(outDir, 'assets')).filter((name) => isWorker(`assets/${name}`));
  if (!workers.some((name) => initial.has(`assets/${name}`))) throw new Error('the page names no worker');
  return [...initial].map((file) => {
    const code = read(file);
    return { file, bytes: code.length, gzip: gzipSync(code, { level: 9 }).length };
  });
}

/** Vite's own list: the page's entry, and what that imports at once. */
function entryOf(read) {
  const manifest = JSON.parse(read('.vite/manifest.json').toString());
  const files = new Set();
  const visit = (key) => {
    const { file, imports = [] } = manifest[key];
    if (files.has(file)) return;
    files.add(file);
    imports.forEach(visit);
  };
  visit('index.html');
  return files;
}

/** What stands in the page beside it: the theme is chosen before anything is drawn. */
function scriptsOf(html) {
  return [...html.matchAll(/<script\b[^>]*\bsrc="\/([^"]+)"/g)].map(([, path]) => path);
}

function report(files) {
  const sum = (list) => list.reduce((total, { gzip }) => total + gzip, 0);
  const [worker, both] = [sum(files.filter(({ file }) => isWorker(file))), sum(files)];
  const totals = { page: both - worker, worker, both };
  const parts = Object.entries(LIMITS_KB).map(([part, kb]) => ({
    ...{ part, gzip: totals[part], limit: kb * KB },
  }));
  if (options.json) {
    console.log(JSON.stringify({ parts, files }, null, 2));
  } else {
    for (const { file, gzip } of files) console.log(`${inKb(gzip)}  ${file}`);
    for (const { part, gzip, limit } of parts) console.log(`${inKb(gzip)}  ${part}, of ${limit / KB} KB`);
  }
  for (const { part, gzip, limit } of parts) {
    if (gzip <= limit) continue;
    console.error(`Too much is loaded at first (${part}): by ${gzip - limit} bytes.`);
    process.exitCode = 1;
  }
}

function isWorker(file) {
  return file.match(WORKER) !== null;
}

function inKb(bytes) {
  return `${(bytes / KB).toFixed(1).padStart(6)} KB`;
}
