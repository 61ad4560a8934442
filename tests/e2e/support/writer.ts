import type { Tab } from './fixtures.ts';

/**
 * Writes one key after the other, in turn through the tabs it is given, until it is stopped; it
 * remembers which writes were acknowledged. A tab that goes away in the middle makes a write unknown.
 */
export class Writer {
  readonly acknowledged = new Map<string, string>();
  attempts = 0;
  #isStopped = false;
  readonly #done: Promise<void>;

  constructor(
    private readonly prefix: string,
    private readonly tabs: () => readonly Tab[],
  ) {
    this.#done = this.#run();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#isStopped && this.attempts < 100_000) {
      const tabs = this.tabs();
      const tab = tabs[this.attempts % tabs.length];
      if (tab === undefined) throw new Error('there is no tab to write through');
      const key = `${this.prefix}-${this.attempts}`;
      const value = `value ${this.attempts}`;
      this.attempts += 1;
      try {
        const result = await tab.put(key, value, 2000);
        if (result.outcome === 'ok') this.acknowledged.set(key, value);
      } catch {
        // The page went away under the call: whether it was written is unknown.
      }
    }
  }
}

/** The acknowledged writes that a linearizable read through `tab` does not find. */
export async function missingWrites(tab: Tab, acknowledged: ReadonlyMap<string, string>): Promise<string[]> {
  const { states } = await tab.page.evaluate(() => window.tabraft.raft.states());
  return [...acknowledged].filter(([key, value]) => states[key] !== value).map(([key]) => key);
}
