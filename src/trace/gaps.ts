import type { MemberId } from '../core/ids.ts';
import { countOf, RUN_LENGTH, runOf, type TraceEvent } from './event.ts';

/** Events `from` to `to` of a node's run are nowhere; counted from 1. */
export interface Gap {
  readonly node: MemberId;
  readonly run: number;
  readonly from: number;
  readonly to: number;
}

/** What is known of one run of a node. */
interface Run {
  /** Of the events there are. */
  last: number;
  /** The newest that anybody mentions. */
  mentioned: number;
}

/**
 * Finds what a trace lacks: numbers that are left out, and events that others depend on. What a node's bounded buffer
 * gave up before the first event that is left of it is no gap.
 */
export class Gaps {
  readonly #gaps: Gap[] = [];
  readonly #runs = new Map<MemberId, Map<number, Run>>();
  readonly #firstRun = new Map<MemberId, number>();

  /** In any order of nodes, and of each node by rising number. */
  add(event: TraceEvent): void {
    const { node, seq, clock } = event;
    const isFirst = !this.#firstRun.has(node);
    if (isFirst) this.#firstRun.set(node, runOf(seq));
    const run = this.#run(node, runOf(seq));
    const count = countOf(seq);
    if (count > run.last + 1 && !isFirst)
      this.#gaps.push({ node, run: runOf(seq), from: run.last + 1, to: count - 1 });
    run.last = Math.max(run.last, count);
    for (const other in clock) this.#mention(other as MemberId, clock[other as MemberId] ?? 0);
    if (event.kind === 'receive' && event.sent !== null) this.#mention(event.from, event.sent);
  }

  /** Also of nodes of which there is nothing at all. */
  list(): Gap[] {
    const tails: Gap[] = [];
    for (const [node, runs] of this.#runs)
      for (const [run, { last, mentioned }] of runs)
        // What was before the buffer's begin is mentioned too.
        if (mentioned > last && run >= (this.#firstRun.get(node) ?? 0))
          tails.push({ node, run, from: last + 1, to: mentioned });
    return [...this.#gaps, ...tails];
  }

  #mention(node: MemberId, seq: number): void {
    if (seq < RUN_LENGTH) return;
    const run = this.#run(node, runOf(seq));
    if (countOf(seq) > run.mentioned) run.mentioned = countOf(seq);
  }

  #run(node: MemberId, number: number): Run {
    let runs = this.#runs.get(node);
    if (runs === undefined) this.#runs.set(node, (runs = new Map<number, Run>()));
    let run = runs.get(number);
    if (run === undefined) runs.set(number, (run = { last: 0, mentioned: 0 }));
    return run;
  }
}
