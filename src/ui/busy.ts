/** Who has been at it for so long is busy, … */
const BEGUN_MS = 1000;
/** … until so long after the last of it. */
const OVER_MS = 2000;

/** Whether more has been happening for a while than a page can be told. */
export class Busy {
  #untold = 0;
  #since = 0;
  #last = Number.NEGATIVE_INFINITY;

  /** `untold`: how many events nobody told the page so far. `now`: in milliseconds. */
  isSo(untold: number, now: number): boolean {
    if (untold > this.#untold) {
      if (now - this.#last > OVER_MS) this.#since = now;
      this.#last = now;
    }
    this.#untold = untold;
    return now - this.#last <= OVER_MS && this.#last - this.#since >= BEGUN_MS;
  }
}
