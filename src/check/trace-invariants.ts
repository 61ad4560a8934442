import type { MemberId } from '../core/ids.ts';
import { countOf, runOf, type TraceEvent } from '../trace/event.ts';
import { Column } from './column.ts';
import { Recent } from './recent.ts';

/** Which events are meant: of whom, and where in a trace. */
export interface EventReference {
  readonly node: MemberId;
  readonly name: string | null;
  readonly seq: number;
  readonly time: number;
}

export interface TraceViolation {
  readonly text: string;
  /** The one that broke it last. */
  readonly events: readonly EventReference[];
}

export const TRACE_INVARIANTS = {
  electionSafety: { name: 'election safety', section: '§5.2', about: 'at most one leader in a term' },
  oneVote: { name: 'one vote a term', section: '§5.2', about: 'nobody votes for two in one term' },
  logMatching: {
    name: 'log matching',
    section: '§5.3',
    about: 'entries of the same index and term hold the same, and so do those before them',
  },
  leaderCompleteness: {
    name: 'leader completeness',
    section: '§5.4',
    about: 'who leads a term has all that was committed in earlier ones',
  },
  stateMachineSafety: {
    name: 'state machine safety',
    section: '§5.4.3',
    about: 'no two nodes commit different entries at one index, and what is committed is never removed',
  },
  commitMonotonic: {
    name: 'commit index never falls',
    section: 'Figure 2',
    about: 'within one run of a node',
  },
} as const;
export type TraceInvariant = keyof typeof TRACE_INVARIANTS;

/**
 * `unknown`: the trace has nothing to judge by. `checked`: how often something was compared. What a trace lacks may
 * hide a violation, but never makes one.
 */
export interface TraceVerdict {
  readonly invariant: TraceInvariant;
  readonly verdict: 'holds' | 'violated' | 'unknown';
  readonly checked: number;
  readonly violations: readonly TraceViolation[];
}

const MAX_VIOLATIONS = 20;
/** Entries that are remembered at least; of more, those that came first are compared no longer. */
const KEPT_ENTRIES = 100_000;
/** Whoever watches live is told of what happens now, and has a page to draw. */
const KEPT_LIVE = 10_000;

/** What the trace says of one node, as far as it can be known. */
interface NodeState {
  run: number;
  count: number;
  /** The terms of its log's entries. */
  readonly terms: Column;
  /** Of its log; null: not known, as something is missing in the trace. */
  lastIndex: number | null;
  /** Within this run; null: not known. */
  commitIndex: number | null;
}

interface KnownEntry {
  readonly term: number;
  readonly digest: number;
  readonly prevTerm: number | null;
  readonly by: EventReference;
  /** Of the same index and another term. */
  other: KnownEntry | null;
}

interface Committed {
  readonly term: number;
  /** The term of the node that was the first to know. */
  readonly inTerm: number;
  readonly by: EventReference;
}

/**
 * What Raft promises (Figure 3), judged by a trace that is fed in an order in which causes come before effects. What
 * is known of a node's log begins anew wherever its events are not complete.
 */
export class TraceInvariants {
  readonly #checked: Record<TraceInvariant, number> = {
    ...{ electionSafety: 0, oneVote: 0, logMatching: 0 },
    ...{ leaderCompleteness: 0, stateMachineSafety: 0, commitMonotonic: 0 },
  };
  readonly #violations = new Map<TraceInvariant, TraceViolation[]>();
  readonly #nodes = new Map<MemberId, NodeState>();
  readonly #leaders = new Map<number, EventReference>();
  readonly #votes = new Map<string, { readonly candidate: MemberId; readonly by: EventReference }>();
  /** By index. */
  readonly #entries: Recent<KnownEntry>;
  readonly #committed: Recent<Committed>;

  /** `isSampled`: events of no weight may be left out between others, as for whoever watches live. */
  constructor(private readonly isSampled = false) {
    const kept = isSampled ? KEPT_LIVE : KEPT_ENTRIES;
    this.#entries = new Recent(kept);
    this.#committed = new Recent(kept);
  }

  feed(event: TraceEvent): void {
    const node = this.#follow(event);
    switch (event.kind) {
      case 'start':
        this.#onStart(node, event);
        return;
      case 'role':
        this.#onRole(node, event);
        return;
      case 'vote':
        if (!event.preVote) this.#onVote(event, event.candidate, event.term);
        return;
      case 'append':
        this.#onAppend(node, event);
        return;
      case 'truncate':
        this.#onTruncate(node, event);
        return;
      case 'snapshot':
        if (event.origin === 'installed') onInstalled(node, event.index, event.term);
        return;
      case 'commit':
        this.#onCommit(node, event);
        return;
      default:
    }
  }

  /** Some of its events are missing, and nobody said how many. */
  forget(id: MemberId): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    forgetLog(node);
    node.commitIndex = null;
  }

  verdicts(): TraceVerdict[] {
    return (Object.keys(TRACE_INVARIANTS) as TraceInvariant[]).map((invariant) => {
      const violations = this.#violations.get(invariant) ?? [];
      const checked = this.#checked[invariant];
      const verdict = violations.length > 0 ? 'violated' : checked > 0 ? 'holds' : 'unknown';
      return { invariant, verdict, checked, violations };
    });
  }

  /** The node's state, after what a new run or a gap takes from it. */
  #follow({ node: id, seq }: TraceEvent): NodeState {
    let node = this.#nodes.get(id);
    if (node === undefined) {
      const terms = new Column();
      node = { run: 0, count: 0, terms, lastIndex: null, commitIndex: null };
      this.#nodes.set(id, node);
    }
    const [run, count] = [runOf(seq), countOf(seq)];
    if (run !== node.run) {
      node.commitIndex = null;
    }
    const isWhole = run === node.run ? count === node.count + 1 : count === 1;
    if (!isWhole && !this.isSampled) forgetLog(node);
    node.run = run;
    node.count = count;
    return node;
  }

  /** Of its log only the end is told: what is known of the rest stays known if the ends agree (§5.3). */
  #onStart(node: NodeState, event: TraceEvent & { kind: 'start' }): void {
    const { lastIndex, lastTerm } = event;
    if (lastTerm === null || node.terms.get(lastIndex) !== lastTerm) node.terms.clear();
    else node.terms.clearFrom(lastIndex + 1);
    if (lastTerm !== null && lastIndex > 0) node.terms.set(lastIndex, lastTerm);
    node.lastIndex = lastIndex;
    node.commitIndex = event.commitIndex;
  }

  #onRole(node: NodeState, event: TraceEvent & { kind: 'role' }): void {
    // A candidate votes for itself (§5.2).
    if (event.role === 'candidate') this.#onVote(event, event.node, event.term);
    if (event.role !== 'leader') return;
    this.#checked.electionSafety += 1;
    const other = this.#leaders.get(event.term);
    if (other === undefined) this.#leaders.set(event.term, referenceTo(event));
    else if (other.node !== event.node)
      this.#violate('electionSafety', `${nameOf(event)} and ${nameOf(other)} both lead term ${event.term}`, [
        other,
        referenceTo(event),
      ]);
    this.#checkCompleteness(node, event);
  }

  /** Only what was known as committed in an earlier term must be there. */
  #checkCompleteness({ terms, lastIndex }: NodeState, event: TraceEvent & { kind: 'role' }): void {
    let checked = 0;
    for (const [index, { term, inTerm, by }] of this.#committed) {
      if (inTerm >= event.term) continue;
      const own = terms.get(index);
      const isMissing = lastIndex !== null && index > lastIndex;
      if (own === null && !isMissing) continue;
      checked += 1;
      if (own === term) continue;
      const has = own === null ? 'its log ends before that' : `it has one of term ${own}`;
      const text = `${nameOf(event)}, elected in term ${event.term}, lacks entry ${index} of term ${term}, which was committed in term ${inTerm}: ${has}`;
      this.#violate('leaderCompleteness', text, [by, referenceTo(event)]);
      break;
    }
    this.#checked.leaderCompleteness += checked;
  }

  #onVote(event: TraceEvent, candidate: MemberId, term: number): void {
    const key = `${event.node}/${term}`;
    const earlier = this.#votes.get(key);
    this.#checked.oneVote += 1;
    if (earlier === undefined) this.#votes.set(key, { candidate, by: referenceTo(event) });
    else if (earlier.candidate !== candidate)
      this.#violate('oneVote', `${nameOf(event)} votes for two candidates in term ${term}`, [
        earlier.by,
        referenceTo(event),
      ]);
  }

  #onAppend(node: NodeState, event: TraceEvent & { kind: 'append' }): void {
    const { first, terms, digests } = event;
    node.terms.clearFrom(first);
    const by = referenceTo(event);
    let prevTerm = event.prevTerm;
    for (const [offset, term] of terms.entries()) {
      const index = first + offset;
      this.#match(index, { term, digest: digests[offset] ?? 0, prevTerm, by, other: null });
      node.terms.set(index, term);
      prevTerm = term;
    }
    node.lastIndex = first + terms.length - 1;
  }

  #match(index: number, entry: KnownEntry): void {
    let known = this.#entries.get(index) ?? null;
    if (known === null) {
      this.#entries.set(index, entry);
      return;
    }
    while (known.term !== entry.term && known.other !== null) known = known.other;
    if (known.term !== entry.term) {
      known.other = entry;
      return;
    }
    this.#checked.logMatching += 1;
    const isSameBefore =
      known.prevTerm === null || entry.prevTerm === null || known.prevTerm === entry.prevTerm;
    if (known.digest === entry.digest && isSameBefore) return;
    const what = isSameBefore ? 'hold different commands' : 'follow on entries of different terms';
    const where = `at ${nameOf(entry.by)} and at ${nameOf(known.by)}`;
    this.#violate('logMatching', `entries ${index} of term ${entry.term} ${where} ${what}`, [
      known.by,
      entry.by,
    ]);
  }

  #onTruncate(node: NodeState, event: TraceEvent & { kind: 'truncate' }): void {
    const { from } = event;
    if (node.commitIndex !== null && from <= node.commitIndex) {
      const text = `${nameOf(event)} removes its entries from ${from} on, though it has committed up to ${node.commitIndex}`;
      this.#violate('stateMachineSafety', text, [referenceTo(event)]);
    }
    node.terms.clearFrom(from);
    node.lastIndex = from - 1;
  }

  #onCommit(node: NodeState, event: TraceEvent & { kind: 'commit' }): void {
    const known = node.commitIndex;
    this.#checked.commitMonotonic += 1;
    if (event.to < event.from || (known !== null && event.to < known)) {
      const text = `the commit index of ${nameOf(event)} falls from ${Math.max(event.from, known ?? 0)} to ${event.to}`;
      this.#violate('commitMonotonic', text, [referenceTo(event)]);
    }
    // What was read from a file or from another tab may say anything.
    for (const index of node.terms.within(event.from + 1, event.to)) this.#commitEntry(node, event, index);
    node.commitIndex = event.to;
  }

  #commitEntry({ terms }: NodeState, event: TraceEvent & { kind: 'commit' }, index: number): void {
    const term = terms.get(index);
    if (term === null) return;
    const other = this.#committed.get(index);
    if (other === undefined) {
      this.#committed.set(index, { term, inTerm: event.term, by: referenceTo(event) });
      return;
    }
    this.#checked.stateMachineSafety += 1;
    if (other.term === term) return;
    const text = `${nameOf(event)} has committed entry ${index} of term ${term}, and ${nameOf(other.by)} that of term ${other.term}`;
    this.#violate('stateMachineSafety', text, [other.by, referenceTo(event)]);
  }

  #violate(invariant: TraceInvariant, text: string, events: readonly EventReference[]): void {
    const violations = this.#violations.get(invariant) ?? [];
    this.#violations.set(invariant, violations);
    if (violations.length < MAX_VIOLATIONS) violations.push({ text, events });
  }
}

function forgetLog(node: NodeState): void {
  node.terms.clear();
  node.lastIndex = null;
}

/** What does not follow on the snapshot is gone (§7). */
function onInstalled(node: NodeState, index: number, term: number): void {
  if (node.terms.get(index) !== term) {
    node.terms.clear();
    node.lastIndex = index;
  }
  node.terms.set(index, term);
}

function referenceTo({ node, name, seq, time }: TraceEvent): EventReference {
  return { node, name, seq, time };
}

function nameOf({ name, node }: Pick<EventReference, 'name' | 'node'>): string {
  return name ?? node;
}
