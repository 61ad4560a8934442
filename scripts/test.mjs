// npm test: everything, ending with one counting line.

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { build, ROOT, setUp } from './setup.mjs';

const HELP = `Usage: npm test [-- --unit | --e2e | --nemesis [ARGUMENT...]]

Installs what is missing, a browser included, builds the page and runs all tests.

  --unit    only those that need no built page: vitest, in Node and in a browser
  --e2e     only those in a browser against the built page: playwright
  --nemesis only the nemesis, for 90 seconds with each algorithm instead of 20

Arguments after either are handed to its runner. The last line is "N passed, N failed", with
", N skipped" where some were; the exit code is 0 only if there were tests and none failed.
CHROMIUM_PATH names the browser to use.`;

const SUITES = {
  unit: {
    cli: 'node_modules/vitest/vitest.mjs',
    args: ['run', '--reporter=default', '--reporter=json', '--outputFile.json=logs/vitest.json'],
    env: {},
    report: 'logs/vitest.json',
    count: countVitest,
  },
  e2e: {
    cli: 'node_modules/@playwright/test/cli.js',
    args: ['test', '--reporter=list,json'],
    env: { PLAYWRIGHT_JSON_OUTPUT_FILE: join(ROOT, 'logs/playwright.json') },
    report: 'logs/playwright.json',
    count: countPlaywright,
  },
};

const [option, ...rest] = process.argv.slice(2);
if (option === '--help' || option === '-h') console.log(HELP);
else if (option === undefined) await main(['unit', 'e2e'], []);
else if (option === '--unit') await main(['unit'], rest);
else if (option === '--e2e') await main(['e2e'], rest);
else if (option === '--nemesis') {
  process.env.NEMESIS_SECONDS ??= '90';
  await main(['e2e'], ['nemesis', ...rest]);
} else {
  console.error(`Unknown argument ${option}: see npm test -- --help`);
  process.exitCode = 2;
}

async function main(names, args) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  try {
    setUp();
    mkdirSync(join(ROOT, 'logs'), { recursive: true });
    const { findOrInstallBrowser } = await import('./browser.mjs');
    findOrInstallBrowser();
    if (names.includes('e2e')) await build();
    for (const name of names) {
      const counts = await runSuite(SUITES[name], args);
      for (const key of Object.keys(total)) total[key] += counts[key];
    }
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    total.failed += 1;
  }
  if (total.passed + total.failed === 0) console.error('No tests were run.');
  if (total.passed === 0 || total.failed > 0) process.exitCode = 1;
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
}

/** What a runner reports; a runner that fails without naming a test, or leaves no report, is one failure. */
async function runSuite({ cli, args, env, report, count }, extraArgs) {
  const reportFile = join(ROOT, report);
  rmSync(reportFile, { force: true });
  const { code, signal } = await runNode([join(ROOT, cli), ...args, ...extraArgs], env);
  if (statSync(reportFile, { throwIfNoEntry: false }) === undefined) {
    console.error(`${cli} left no report (exit code ${code}, signal ${signal})`);
    return { passed: 0, failed: 1, skipped: 0 };
  }
  const counts = count(JSON.parse(readFileSync(reportFile, 'utf8')));
  if (code === 0 || counts.failed > 0) return counts;
  console.error(`${cli} failed beside its tests (exit code ${code}, signal ${signal})`);
  return { ...counts, failed: 1 };
}

function runNode(args, env) {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM']) process.off(name, forward);
      resolve({ code, signal });
    });
  });
}

function countVitest({ numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults }) {
  // A file that does not load has no tests to count, and must not be missed for that.
  const broken = testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  ).length;
  return {
    passed: numPassedTests,
    failed: numFailedTests + broken,
    skipped: numPendingTests + numTodoTests,
  };
}

function countPlaywright({ stats, errors }) {
  // A test that passes at the second attempt has failed.
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped,
  };
}
