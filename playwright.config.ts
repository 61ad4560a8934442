import { defineConfig } from '@playwright/test';
import { LAUNCH } from './tests/e2e/support/launch.ts';

export default defineConfig({
  testDir: 'tests/e2e',
  testMatch: '**/*.e2e.ts',
  // Most of the time a cluster waits for its own timers: two at a time leave a small machine enough.
  workers: 2,
  // A retry would hide a race; machines are slow and shared, so limits are generous.
  retries: 0,
  timeout: 180_000,
  expect: { timeout: 30_000 },
  // Without a limit of its own, a click on what never comes takes the whole test's time and says nothing.
  use: { launchOptions: LAUNCH, actionTimeout: 60_000 },
  outputDir: 'test-results',
  reporter: 'list',
});
