import type { MemberId } from '../core/ids.ts';

/** Others in a clock. Of more, those known longest are forgotten, which may cost order and nothing else. */
const MAX_OTHERS = 100;

/** A vector clock as its owner keeps it. */
export class RunningClock {
  /** The owner first. Never changed in place: readings go with it. */
  #nodes: readonly MemberId[];
  #counts: number[];
  #places: Map<MemberId, number>;

  constructor(owner: MemberId, seq: number) {
    this.#nodes = [owner];
    this.#counts = [seq];
    this.#places = new Map([[owner, 0]]);
  }

  /** The owner's next event. */
  tick(): number {
    const seq = (this.#counts[0] ?? 0) + 1;
    this.#counts[0] = seq;
    return seq;
  }

  get seq(): number {
    return this.#counts[0] ?? 0;
  }

  /** As it is now. */
  read(): ClockReading {
    return { nodes: this.#nodes, counts: this.#counts.slice() };
  }

  /** What others believe of the owner's events is never news. */
  learn(node: MemberId, seq: number): void {
    const place = this.#places.get(node);
    if (place === 0) return;
    if (place === undefined) this.#add(node, seq);
    else if (seq > (this.#counts[place] ?? 0)) this.#counts[place] = seq;
  }

  #add(node: MemberId, seq: number): void {
    const surplus = this.#nodes.length > MAX_OTHERS ? 1 : 0;
    this.#nodes = [...this.#nodes.slice(0, 1), ...this.#nodes.slice(1 + surplus), node];
    this.#counts = [...this.#counts.slice(0, 1), ...this.#counts.slice(1 + surplus), seq];
    this.#places = new Map(this.#nodes.map((known, place) => [known, place]));
  }
}

/** `counts[i]` is the number of the newest event of `nodes[i]`. */
export interface ClockReading {
  readonly nodes: readonly MemberId[];
  readonly counts: readonly number[];
}

/** As events tell it. */
export function countsOf({ nodes, counts }: ClockReading): Record<MemberId, number> {
  const told: Record<MemberId, number> = {};
  for (const [place, node] of nodes.entries()) told[node] = counts[place] ?? 0;
  return told;
}
