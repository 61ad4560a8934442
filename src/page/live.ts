import type { ControlMessage } from '../mesh/messages.ts';
import type { TraceInvariants } from '../check/trace-invariants.ts';
import type { MemberId } from '../core/ids.ts';
import { formatEvent, type TraceEvent } from '../trace/event.ts';
import type { parseTrace } from '../trace/lines.ts';
import { isFrequent } from '../trace/sample.ts';
import type { LiveNode, LiveView } from '../ui/view.ts';
import type { NodeSnapshot, Watched, WatchedEvents } from '../worker/contract.ts';

/** How often the nodes are asked. */
const PERIOD_MS = 150;
/** Who has not answered by then is asked again. */
const ANSWER_MS = 1000;
/** Of all nodes at a time, and of one; what they did beyond that is sampled. */
const MAX_EVENTS = 240;
const MAX_EVENTS_OF_ONE = 80;
/** Of all nodes, kept for whoever looks back. */
const MAX_KEPT = 20_000;
/** In one message to another page (characters). */
const MAX_LINES_LENGTH = 60_000;

type Live = ControlMessage & { type: 'live' };
/** An event; or a node of which some were missed, that may have changed its log. */
type News = TraceEvent | MemberId;

export interface LivePorts {
  /** Null: this tab runs no node now. */
  snapshot(): NodeSnapshot | null;
  /** Of this tab's node; null where it does not answer. */
  watch(after: number, limit: number): Promise<Watched | null>;
  /** Those that can be asked, and whose node is theirs. */
  others(): readonly { readonly page: string; readonly memberId: string }[];
  send(page: string, message: ControlMessage): boolean;
  onChange(): void;
  onRefused(reason: string): void;
}

/**
 * What all nodes do, for as long as this page looks: it asks them in turn. The asking is left to whoever looks, as the
 * others are hidden, and the timers of a hidden page hardly run. Nobody looks: nothing is sent, and no node is asked.
 */
export class LiveFeed {
  #nodes = new Map<string, LiveNode>();
  #events: readonly TraceEvent[] = [];
  /** They come more often than anybody looks, and to put one among thousands costs as much as to put many. */
  #newEvents: TraceEvent[] = [];
  #skipped = 0;
  /** Null: it is not loaded yet, for a page that nobody looks at needs none of it. */
  #parse: typeof parseTrace | null = null;
  /** Null: likewise. What came before is judged then. */
  #invariants: TraceInvariants | null = null;
  /** Until then. */
  #unjudged: News[] = [];
  #isLoading = false;
  /** Of each node: the number up to which its events have been taken. */
  readonly #taken = new Map<string, number>();
  /** When those were asked that have not answered yet: a node that is slow is not asked the faster for it. */
  readonly #asked = new Map<string, number>();
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(private readonly ports: LivePorts) {}

  get view(): LiveView {
    return {
      nodes: [...this.#nodes.values()],
      events: this.#allEvents(),
      skipped: this.#skipped,
      verdicts: this.#invariants?.verdicts() ?? [],
    };
  }

  #allEvents(): readonly TraceEvent[] {
    const added = this.#newEvents;
    if (added.length > 0) {
      this.#newEvents = [];
      const before = this.#events.slice(-Math.max(1, MAX_KEPT - added.length));
      this.#events = inOrder([...before, ...added], before.length).slice(-MAX_KEPT);
    }
    return this.#events;
  }

  /** The number of the newest event from before `time` that is known of a node; 0: of none. */
  lastBefore(memberId: string, time: number): number {
    return this.#allEvents().findLast((event) => event.node === memberId && event.time < time)?.seq ?? 0;
  }

  /** Whether this page looks. */
  setWatching(isWatching: boolean): void {
    if (isWatching === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = isWatching ? setInterval(() => this.#ask(), PERIOD_MS) : null;
    if (!isWatching) return;
    this.#ask();
    void this.#load();
  }

  /** Another page looks, and has what this tab's node did up to event `after`. */
  async onWatch(page: string, after: number): Promise<void> {
    const watched = await this.ports.watch(after, this.#limit);
    if (watched === null || this.ports.snapshot() === null) return;
    const { lines, untold } = linesOf(watched.events);
    const { role, term, leader, detail } = watched.state;
    this.ports.send(page, {
      ...{ type: 'live', role, term, leader, detail: mutable(detail), lines },
      ...{ skipped: watched.skipped + untold, after: watched.after, last: watched.last },
    });
  }

  onLive(memberId: string, { role, term, leader, detail, lines, skipped, after, last }: Live): void {
    this.#asked.delete(memberId);
    // Nobody has read it: it is asked for again.
    if (this.#timer === null || this.#parse === null) return;
    const { events, problem } = this.#parse(lines);
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
    this.setWatching(false);
  }

  async #load(): Promise<void> {
    if (this.#isLoading || this.#invariants !== null) return;
    this.#isLoading = true;
    try {
      ({ parseTrace: this.#parse } = await import('../trace/lines.ts'));
      const loaded = await import('../check/trace-invariants.ts');
      const invariants = new loaded.TraceInvariants(true);
      for (const one of this.#unjudged) judge(invariants, one);
      this.#unjudged = [];
      this.#invariants = invariants;
      this.ports.onChange();
    } catch (error) {
      this.ports.onRefused(`a part of this page could not be loaded (${String(error)}); reload the page`);
    } finally {
      this.#isLoading = false;
    }
  }

  #ask(): void {
    const own = this.ports.snapshot();
    if (own !== null && this.#mayAsk(own.memberId)) void this.#askOwn(own.memberId);
    for (const { page, memberId } of this.ports.others())
      if (this.#mayAsk(memberId)) this.ports.send(page, { type: 'watch', after: this.#takenOf(memberId) });
  }

  async #askOwn(memberId: string): Promise<void> {
    const watched = await this.ports.watch(this.#takenOf(memberId), this.#limit);
    this.#asked.delete(memberId);
    if (watched === null || this.ports.snapshot() === null || this.#timer === null) return;
    this.#take({ memberId, ...watched.state, at: Date.now() }, watched);
  }

  #mayAsk(memberId: string): boolean {
    const now = performance.now();
    if (now - (this.#asked.get(memberId) ?? Number.NEGATIVE_INFINITY) < ANSWER_MS) return false;
    this.#asked.set(memberId, now);
    return true;
  }

  /** However many there are: nobody could follow more. */
  get #limit(): number {
    const members = this.ports.snapshot()?.members.length ?? 1;
    return Math.min(MAX_EVENTS_OF_ONE, Math.ceil(MAX_EVENTS / members));
  }

  #takenOf(memberId: string): number {
    return this.#taken.get(memberId) ?? 0;
  }

  #take(node: LiveNode, { events, skipped, after, last }: WatchedEvents): void {
    const id = node.memberId as MemberId;
    const taken = this.#takenOf(id);
    // An answer that came late, to what was asked again meanwhile.
    if (after < taken) return;
    this.#nodes.set(id, node);
    this.#skipped += skipped;
    this.#taken.set(id, last);
    const news = taken === after ? events : [id, ...events];
    if (this.#invariants === null) this.#unjudged = [...this.#unjudged, ...news].slice(-MAX_KEPT);
    else for (const one of news) judge(this.#invariants, one);
    for (const event of events) this.#newEvents.push(event);
    this.ports.onChange();
  }
}

function judge(invariants: TraceInvariants, one: News): void {
  if (typeof one === 'string') invariants.forget(one);
  else invariants.feed(one);
}

/** As many as one message carries; what a log, a term or a role depends on goes before all else. */
function linesOf(events: readonly TraceEvent[]): { lines: string; untold: number } {
  const all = events.map((event) => ({ line: `${formatEvent(event)}\n`, mayMiss: isFrequent(event) }));
  const lengthOf = (some: typeof all): number => some.reduce((sum, { line }) => sum + line.length, 0);
  let room = MAX_LINES_LENGTH - lengthOf(all.filter(({ mayMiss }) => !mayMiss));
  const told = all.filter(({ line, mayMiss }) => {
    if (!mayMiss) return true;
    room -= line.length;
    return room >= 0;
  });
  while (lengthOf(told) > MAX_LINES_LENGTH) told.pop();
  return { lines: told.map(({ line }) => line).join(''), untold: all.length - told.length };
}

/** By time, as those before `from` are already, and the others nearly: only the last few of each node come late. */
function inOrder(events: TraceEvent[], from: number): TraceEvent[] {
  for (let at = Math.max(1, from); at < events.length; at += 1) {
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
