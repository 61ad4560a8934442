import * as Comlink from 'comlink';
import { runTest } from '../client/runner.ts';
import type { TestWorkerApi } from './test-contract.ts';

// In a worker: a hidden page's timers beat once a second, and a checker that searches would freeze the page.

let cancelling = new AbortController();

const api: TestWorkerApi = {
  async run(test, options, actions, port, listener) {
    cancelling = new AbortController();
    return runTest(test, options, {
      port,
      actions,
      signal: cancelling.signal,
      onStep: (text) => listener.onStep(text),
      onProgress: (progress) => listener.onProgress(progress),
    });
  },
  cancel: () => cancelling.abort(),
};

Comlink.expose(api);
