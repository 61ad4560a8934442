/** An answer is expected of each of some pages. It is over with the last one, or with the time: a frozen tab never answers. */
export class RollCall {
  /** In the end, those that have not answered. */
  readonly missing: Promise<readonly string[]>;
  readonly #left: Set<string>;
  #end: () => void = () => undefined;

  constructor(pages: readonly string[], timeoutMs: number) {
    this.#left = new Set(pages);
    this.missing = new Promise((resolve) => {
      const timer = setTimeout(() => this.#end(), timeoutMs);
      this.#end = (): void => {
        clearTimeout(timer);
        resolve([...this.#left]);
      };
    });
    if (pages.length === 0) this.#end();
  }

  answered(page: string): void {
    this.#left.delete(page);
    if (this.#left.size === 0) this.#end();
  }
}
