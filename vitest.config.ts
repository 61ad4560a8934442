import { availableParallelism } from 'node:os';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { BROWSER_ARGS, findBrowser } from './scripts/browser.mjs';

const executablePath = findBrowser();

export default defineConfig({
  test: {
    // On two processors it would be one, which leaves the other to wait with the tests in the browser.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      {
        test: {
          name: 'node',
          environment: 'node',
          // Machines are slow and shared.
          testTimeout: 60_000,
          include: [
            'tests/{unit,paper,scenarios,sim,replays}/**/*.test.ts',
            'tests/contracts/**/*.node.test.ts',
          ],
        },
      },
      {
        // Found while a test runs, a dependency makes Vite reload the page under it: name them all.
        optimizeDeps: {
          include: [
            '@awesome.me/webawesome/dist/components/button/button.js',
            '@awesome.me/webawesome/dist/components/callout/callout.js',
            '@awesome.me/webawesome/dist/components/input/input.js',
            '@awesome.me/webawesome/dist/components/progress-bar/progress-bar.js',
            '@tanstack/lit-virtual',
            'axe-core',
            'comlink',
            'fast-check',
            'idb',
            'jsqr',
            'lean-qr',
            'lean-qr/extras/svg',
            'lit',
            'lit/decorators.js',
            'lit/directives/guard.js',
            'lit/directives/repeat.js',
            'lit/directives/unsafe-html.js',
            'simple-peer/simplepeer.min.js',
            'uplot',
            'valibot',
          ],
        },
        test: {
          name: 'browser',
          // Machines are slow and shared, and what is out of sight is renewed seldom.
          testTimeout: 60_000,
          expect: { poll: { timeout: 15_000 } },
          include: ['tests/contracts/**/*.browser.test.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: BROWSER_ARGS,
                ...(executablePath === undefined ? {} : { executablePath }),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
