import type { Tabraft } from '../../api.ts';
import { animateBare } from './animation.ts';
import { commitGap, drawnTimeout } from './failover.ts';
import { frameTimes } from './frames.ts';
import { putLoad } from './load.ts';
import { storedBytes } from './stored.ts';

/** What the driver finds in a page of the cluster, beside its `window.tabraft`. */
export interface PageBench {
  readonly putLoad: typeof putLoad;
  readonly commitGap: typeof commitGap;
  readonly drawnTimeout: typeof drawnTimeout;
  readonly frameTimes: typeof frameTimes;
  readonly animateBare: typeof animateBare;
  readonly storedBytes: typeof storedBytes;
}

declare global {
  interface Window {
    tabraft: Tabraft;
    bench: PageBench;
  }
}

window.bench = { putLoad, commitGap, drawnTimeout, frameTimes, animateBare, storedBytes };
