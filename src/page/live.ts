import type { ControlMessage } from '../mesh/messages.ts';
import { TraceInvariants } from '../check/trace-invariants.ts';
import type { MemberId } from '../core/ids.ts';
import { formatEvent, parseTrace } from '../trace/lines.ts';
import type { TraceEvent } from '../trace/event.ts';
import type { LiveNode, LiveView } from '../ui/view.ts';
import type { NodeSnapshot, Watched } from '../worker/contract.ts';

/** How often a node tells, while somebody watches. */
const PERIOD_MS = 150;
/** Who goes on watching says so again within this time. */
const WATCH_MS = 5000;
const RENEW_MS = 2000;
/** Of one node at a time; what it did beyond that is sampled. */
const MAX_EVENTS = 80;
/** Of all nodes, kept for whoever looks back. */
const MAX_KEPT = 20_000;
/** In one message to another page (characters). */
const MAX_LINES_LENGTH = 60_000;

type Live = ControlMessage & { type: 'live' };

export interface LivePorts {
  /** Null: this tab runs no node now. */
  snapshot(): NodeSnapshot | null;
  /** Of this tab's node; null where it does not answer. */
  watch(after: number, limit: number): Promise<Watched | null>;
  connectedPages(): readonly string[];
  send(page: string, message: ControlMessage): boolean;
  onChange(): void;
  onRefused(reason: string): void;
}

/**
 * What all nodes do, for as long as this page looks: it asks the other pages to tell, and tells those that ask. Nobody
 * looks: nothing is sent, and no node is asked.
 */
export class LiveFeed {
  #nodes = new Map<string, LiveNode>();
  #events: readonly TraceEvent[] = [];
  #skipped = 0;
  readonly #invariants = new TraceInvariants(true);
  /** Of each node: the number up to which its events have been taken. */
  readonly #taken = new Map<string, number>();
  /** Of this tab's node: the number up to which it has told. */
  #last = 0;
  #isWatching = false;
  #renewedAt = Number.NEGATIVE_INFINITY;
  /** Pages that look at this tab's node, and until when. */
  readonly #watchers = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #isAsking = false;

  constructor(private readonly ports: LivePorts) {}

  get view(): LiveView {
    return {
      nodes: [...this.#nodes.values()],
      events: this.#events,
      skipped: this.#skipped,
      verdicts: this.#invariants.verdicts(),
    };
  }

  /** Whether this page looks. */
  setWatching(isWatching: boolean): void {
    if (isWatching === this.#isWatching) return;
    this.#isWatching = isWatching;
    this.#renewedAt = Number.NEGATIVE_INFINITY;
    this.#run();
  }

  /** Another page looks. */
  onWatch(page: string): void {
    this.#watchers.set(page, performance.now() + WATCH_MS);
    this.#run();
  }

  onLive(memberId: string, { role, term, leader, detail, lines, skipped, after, last }: Live): void {
    if (!this.#isWatching) return;
    const { events, problem } = parseTrace(lines);
    if (problem !== null) this.ports.onRefused(problem);
    const node = { memberId, role, term, leader, detail, at: Date.now() };
    this.#take(node, { events, skipped, after, last });
  }

  /** Of the others, only these can be heard: how the rest stood is no news any more. */
  keep(others: readonly string[]): void {
    const own = this.ports.snapshot()?.memberId;
    for (const id of this.#nodes.keys()) if (id !== own && !others.includes(id)) this.#nodes.delete(id);
  }

  close(): void {
    this.#watchers.clear();
    this.#isWatching = false;
    this.#run();
  }

  #run(): void {
    const isNeeded = this.#isWatching || this.#watchers.size > 0;
    if (isNeeded) this.#timer ??= setInterval(() => void this.#turn(), PERIOD_MS);
    else if (this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  async #turn(): Promise<void> {
    const now = performance.now();
    for (const [page, until] of this.#watchers) if (now > until) this.#watchers.delete(page);
    this.#run();
    if (this.#isWatching && now - this.#renewedAt > RENEW_MS) {
      this.#renewedAt = now;
      for (const page of this.ports.connectedPages()) this.ports.send(page, { type: 'watch' });
    }
    // A node that is slow to answer is not asked the faster for it.
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      await this.#tell();
    } finally {
      this.#isAsking = false;
    }
  }

  async #tell(): Promise<void> {
    const watched = await this.ports.watch(this.#last, MAX_EVENTS);
    const snapshot = this.ports.snapshot();
    if (watched === null || snapshot === null) return;
    this.#last = watched.last;
    const { memberId, role, term, leader, detail } = snapshot;
    if (this.#watchers.size > 0) {
      const { lines, untold } = linesOf(watched.events);
      const { skipped, after, last } = watched;
      const state = { type: 'live', role, term, leader, detail: mutable(detail) } as const;
      for (const page of this.#watchers.keys())
        this.ports.send(page, { ...state, lines, skipped: skipped + untold, after, last });
    }
    if (this.#isWatching) this.#take({ memberId, role, term, leader, detail, at: Date.now() }, watched);
  }

  #take(node: LiveNode, { events, skipped, after, last }: Watched): void {
    const id = node.memberId as MemberId;
    this.#nodes.set(id, node);
    this.#skipped += skipped;
    // What was missed may have changed its log.
    if (this.#taken.get(id) !== after) this.#invariants.forget(id);
    this.#taken.set(id, last);
    for (const event of events) this.#invariants.feed(event);
    if (events.length > 0) this.#events = inOrder([...this.#events, ...events]).slice(-MAX_KEPT);
    this.ports.onChange();
  }
}

/** As many as one message carries. */
function linesOf(events: readonly TraceEvent[]): { lines: string; untold: number } {
  let lines = '';
  for (const [at, event] of events.entries()) {
    const line = `${formatEvent(event)}\n`;
    if (lines.length + line.length > MAX_LINES_LENGTH) return { lines, untold: events.length - at };
    lines += line;
  }
  return { lines, untold: 0 };
}

/** By time, as they nearly are already: only the last few of each node come late. */
function inOrder(events: TraceEvent[]): TraceEvent[] {
  for (let at = 1; at < events.length; at += 1) {
    const event = events[at];
    if (event === undefined) continue;
    let before = at - 1;
    for (; before >= 0; before -= 1) {
      const other = events[before];
      if (other === undefined || other.time <= event.time) break;
      events[before + 1] = other;
    }
    events[before + 1] = event;
  }
  return events;
}

/** As the schema of control messages has it. */
function mutable(detail: LiveNode['detail']): Live['detail'] {
  const { votedFor, timer, log, progress } = detail;
  return {
    votedFor,
    timer: timer && { ...timer },
    log: { ...log, terms: log.terms.map(([index, term]) => [index, term]) },
    progress: progress.map((one) => ({ ...one })),
  };
}
