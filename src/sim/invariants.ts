import type { MemberId } from '../core/ids.ts';
import { electorates, findMember, isQuorum } from '../core/raft/configuration.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import type { RaftMessage } from '../core/raft/message.ts';
import type { Progress } from '../core/raft/progress.ts';
import { configurationInForce, configurationUpTo, snapshotIndex } from '../core/raft/state.ts';
import type { SimNode } from './node.ts';

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

/** What was last seen of a running node. */
interface Seen {
  incarnation: number;
  term: number;
  commitIndex: number;
  checkedIndex: number;
  isLeader: boolean;
  /** Of a leader: the last index that was checked for configurations it appended itself. */
  configurationIndex: number;
  readonly match: Map<MemberId, { readonly progress: Progress; readonly matchIndex: number }>;
  /** The term of every entry that it had since it started, compacted or not. */
  readonly terms: Map<number, number>;
}

/**
 * What must hold after every step of every run (Figure 3, and what makes it hold). A check looks only
 * at what has changed, so that it can be made each time.
 */
export class Invariants {
  violation: Violation | null = null;
  /** The leader of each term, ever (§5.2). */
  readonly #leaders = new Map<number, MemberId>();
  /**
   * Each committed entry's term, as the first node to commit it had it (§5.4.3), and the term in which that was
   * known: who is elected in an earlier one need not have it.
   */
  readonly #committed: number[] = [];
  readonly #committedIn: number[] = [];
  /** The newest term of which an entry is committed. */
  #committedTerm = 0;
  /** For each (index, term): the term before it, and the entry (§5.3, Log Matching). */
  readonly #entries = new Map<string, { readonly prevTerm: number; readonly entry: Entry }>();
  /** Whom each voter chose in each term, ever (§5.2). */
  readonly #votes = new Map<string, MemberId>();
  /** What each applied command answered, wherever it was applied first. */
  readonly #answers = new Map<number, { readonly command: Uint8Array; readonly answer: Uint8Array }>();
  /** Commands that a client was told had failed, by their bytes. */
  readonly #failed = new Set<string>();
  /** Where committed configurations stand, in order, as far as anyone had them in force. */
  readonly #configurations: number[] = [];
  readonly #acknowledged: { readonly index: number; readonly term: number }[] = [];
  readonly #seen = new Map<MemberId, Seen>();

  constructor(private readonly nodeOf: (id: MemberId) => SimNode | undefined) {}

  get commitIndex(): number {
    return Math.max(0, this.#committed.length - 1);
  }

  violate(invariant: string, detail: string): void {
    this.violation ??= { invariant, detail };
  }

  onStart(node: SimNode): void {
    this.#seen.set(node.id, {
      incarnation: node.incarnation,
      term: node.raft.term,
      commitIndex: node.raft.commitIndex,
      checkedIndex: snapshotIndex(node.raft),
      isLeader: false,
      configurationIndex: 0,
      match: new Map(),
      terms: new Map(node.disk.image.entries.map(({ index, term }) => [index, term])),
    });
  }

  onTurn(node: SimNode): void {
    const seen = this.#seen.get(node.id);
    const { raft } = node;
    if (seen === undefined) return;
    if (raft.term < seen.term)
      this.violate('monotonic term', `${node.id} went from ${seen.term} to ${raft.term}`);
    seen.term = raft.term;
    const isLeader = raft.role === 'leader';
    if (isLeader && !seen.isLeader) this.#onElected(node, seen);
    seen.isLeader = isLeader;
    if (raft.commitIndex !== seen.commitIndex || seen.checkedIndex < raft.commitIndex)
      this.#onCommit(node, seen);
    if (isLeader) this.#checkLeader(node, seen);
    if (this.#acknowledged.length > 0) this.#checkAcknowledged();
  }

  /** Election Safety (§5.2) and Leader Completeness (§5.4). */
  #onElected(node: SimNode, seen: Seen): void {
    const { raft } = node;
    seen.match.clear();
    seen.configurationIndex = raft.log.lastIndex;
    const other = this.#leaders.get(raft.term);
    if (other !== undefined && other !== node.id)
      this.violate('election safety', `${node.id} and ${other} both lead term ${raft.term}`);
    this.#leaders.set(raft.term, node.id);
    const from = Math.max(snapshotIndex(raft) + 1, raft.log.firstIndex);
    for (let index = from; index < this.#committed.length; index += 1) {
      const term = raft.log.termAt(index);
      if (term === this.#committed[index] || (this.#committedIn[index] ?? 0) >= raft.term) continue;
      const detail = `${node.id}, elected in term ${raft.term}, lacks the committed entry ${index}`;
      this.violate('leader completeness', `${detail} of term ${this.#committed[index]} (it has ${term})`);
      return;
    }
  }

  /** State Machine Safety (§5.4.3); the commit index never falls; what is committed is durable. */
  #onCommit(node: SimNode, seen: Seen): void {
    const { raft } = node;
    if (raft.commitIndex < seen.commitIndex) {
      const detail = `${node.id} went from ${seen.commitIndex} to ${raft.commitIndex}`;
      this.violate('monotonic commit index', detail);
    }
    seen.commitIndex = raft.commitIndex;
    const isFirst = raft.commitIndex >= this.#committed.length;
    for (let index = seen.checkedIndex + 1; index <= raft.commitIndex; index += 1) {
      const term = raft.log.termAt(index) ?? seen.terms.get(index);
      if (term === undefined) continue; // it came in a snapshot
      this.#committed[index] ??= term;
      this.#committedIn[index] ??= raft.term;
      this.#committedTerm = Math.max(this.#committedTerm, term);
      if (this.#committed[index] === term) continue;
      const detail = `${node.id} has committed entry ${index} of term ${term}`;
      this.violate('state machine safety', `${detail}, another that of term ${this.#committed[index]}`);
    }
    seen.checkedIndex = Math.max(seen.checkedIndex, raft.commitIndex);
    this.#checkConfiguration(node);
    if (raft.role !== 'leader' || !seen.isLeader) return;
    if (isFirst) this.#checkDurable(node);
    const term = raft.log.termAt(raft.commitIndex);
    if (term !== null && term !== raft.term)
      this.violate(
        'commits its own term',
        `${node.id} leads ${raft.term} and commits an entry of ${term} (§5.4.2)`,
      );
  }

  #checkDurable({ id, raft }: SimNode): void {
    const { commitIndex } = raft;
    const term = raft.log.termAt(commitIndex);
    if (term === null) return;
    const { configuration } = configurationInForce(raft);
    const holds = (member: MemberId): boolean => this.nodeOf(member)?.disk.holds(commitIndex, term) === true;
    if (isQuorum(electorates(configuration), holds)) return;
    const detail = `${id} has committed entry ${commitIndex} of term ${term}`;
    this.violate('committed is durable on a majority', `${detail}, which no majority has on disk`);
  }

  #checkLeader(node: SimNode, seen: Seen): void {
    const { raft } = node;
    this.#checkOwnChanges(node, seen);
    const { index, configuration } = configurationInForce(raft);
    if (index <= raft.commitIndex && findMember(configuration, node.id) === null)
      this.violate('a removed leader steps down', `${node.id} leads on, though entry ${index} removed it`);
    for (const [id, progress] of raft.leadership?.progress ?? []) {
      const known = seen.match.get(id);
      // A member that left and came back is another beginning.
      const before = known?.progress === progress ? known.matchIndex : 0;
      if (progress.matchIndex === before) continue;
      seen.match.set(id, { progress, matchIndex: progress.matchIndex });
      if (progress.matchIndex < before)
        this.violate(
          'monotonic match index',
          `${id} at ${node.id} went from ${before} to ${progress.matchIndex}`,
        );
      const follower = this.nodeOf(id);
      const term = raft.log.termAt(progress.matchIndex);
      if (term === null || follower?.raft.term !== raft.term) continue;
      if (follower.disk.holds(progress.matchIndex, term)) continue;
      const detail = `${id} has acknowledged entry ${progress.matchIndex} to ${node.id}`;
      this.violate('acknowledged is durable', `${detail} and does not have it on disk`);
    }
  }

  /**
   * Dissertation §4.1 and its erratum: one change at a time, and none before an entry of the leader's own term is
   * committed.
   */
  #checkOwnChanges({ id, raft }: SimNode, seen: Seen): void {
    const { index } = configurationInForce(raft);
    if (index <= seen.configurationIndex) return;
    seen.configurationIndex = index;
    if (raft.log.termAt(index) === raft.term && this.#committedTerm < raft.term)
      this.violate('no change before an own commit', `${id} changed the configuration in entry ${index}`);
    const before = raft.configurations.at(-2)?.index ?? 0;
    if (raft.log.termAt(index) === raft.term && before > raft.commitIndex)
      this.violate(
        'one change at a time',
        `${id} changed it in entry ${index}, before entry ${before} was committed`,
      );
  }

  /** Whatever is committed up to some entry, everyone who has come so far has the same configuration there. */
  #checkConfiguration({ id, raft }: SimNode): void {
    const { index: own } = configurationUpTo(raft, raft.commitIndex);
    if (own > (this.#configurations.at(-1) ?? 0)) this.#configurations.push(own);
    const expected = this.#configurations.findLast((index) => index <= raft.commitIndex) ?? own;
    if (own >= expected) return;
    const detail = `${id} has that of entry ${own} at commit index ${raft.commitIndex}`;
    this.violate('one configuration', `${detail}, and the newest committed one is in entry ${expected}`);
  }

  /** ReadIndex (dissertation §6.4): a read sees whatever was committed anywhere when it was asked for. */
  onRead(node: SimNode, committedBefore: number): void {
    const { appliedIndex } = node.raft;
    if (appliedIndex >= committedBefore) return;
    const detail = `${node.id} answered at entry ${appliedIndex}`;
    this.violate(
      'reads are not stale',
      `${detail}, when ${committedBefore} was committed before it was asked`,
    );
  }

  /** Log Matching (§5.3): an index and a term name one entry, and all before it. */
  onAppend(node: SimNode, entry: Entry, prevTerm: number): void {
    this.#seen.get(node.id)?.terms.set(entry.index, entry.term);
    const key = `${entry.index}/${entry.term}`;
    const known = this.#entries.get(key);
    if (known === undefined) this.#entries.set(key, { prevTerm, entry });
    else this.#compare(node, known, prevTerm, entry);
  }

  onTruncated(node: SimNode, from: number): void {
    const terms = this.#seen.get(node.id)?.terms;
    for (const index of terms?.keys() ?? []) if (index >= from) terms?.delete(index);
  }

  /** Its log begins anew behind a snapshot. */
  onReset(node: SimNode, index: number): void {
    const seen = this.#seen.get(node.id);
    if (seen === undefined) return;
    seen.terms.clear();
    seen.checkedIndex = Math.max(seen.checkedIndex, index);
  }

  #compare(
    { id }: SimNode,
    known: { readonly prevTerm: number; readonly entry: Entry },
    prevTerm: number,
    entry: Entry,
  ): void {
    const isSame = known.prevTerm === prevTerm && (known.entry === entry || samePayload(known.entry, entry));
    if (!isSame) {
      const detail = `${id} has another entry ${entry.index} of term ${entry.term} than others`;
      this.violate('log matching', `${detail}, or another one before it`);
    }
  }

  /** A definite failure: it did not and will not happen. */
  onFailed(command: Uint8Array): void {
    this.#failed.add(command.join());
    for (const [index, applied] of this.#answers)
      if (sameBytes(applied.command, command)) this.#violateFailed(index);
  }

  #violateFailed(index: number): void {
    this.violate('what failed never happens', `the command at ${index} was reported as failed`);
  }

  onApply(node: SimNode, index: number, command: Uint8Array, answer: Uint8Array): void {
    if (this.#failed.size > 0 && this.#failed.has(command.join())) this.#violateFailed(index);
    const known = this.#answers.get(index);
    if (known === undefined) this.#answers.set(index, { command, answer });
    else if (!sameBytes(known.command, command))
      this.violate('state machine safety', `${node.id} applies another command at ${index} than others`);
    else if (!sameBytes(known.answer, answer))
      this.violate('deterministic state machine', `${node.id} answers otherwise at ${index} than others`);
  }

  /** One vote a term (§5.2), whatever is lost in between. Who asks for votes has given its own to itself. */
  onSend(message: RaftMessage): void {
    if (message.type === 'voteRequest') this.#onVote(message.from, message.from, message.term);
    if (message.type === 'voteResponse' && message.granted)
      this.#onVote(message.from, message.to, message.term);
  }

  #onVote(voter: MemberId, candidate: MemberId, term: number): void {
    const key = `${voter}/${term}`;
    const chosen = this.#votes.get(key);
    if (chosen === undefined) this.#votes.set(key, candidate);
    else if (chosen !== candidate)
      this.violate('one vote a term', `${voter} votes for ${chosen} and for ${candidate} in term ${term}`);
  }

  /** Leader Append-Only (§5.3). */
  onTruncate(node: SimNode, from: number): void {
    if (node.raft.role === 'leader')
      this.violate('leader append-only', `${node.id} removes its entries from ${from} on while it leads`);
  }

  /** A client was told that its write is entry (`index`, `term`): checked when this turn is over. */
  onAcknowledged(index: number, term: number): void {
    this.#acknowledged.push({ index, term });
  }

  #checkAcknowledged(): void {
    for (const { index, term } of this.#acknowledged.splice(0)) {
      if (this.#committed[index] === term) continue;
      this.violate(
        'acknowledged is committed',
        `entry ${index} of term ${term} is acknowledged, not committed`,
      );
    }
  }
}

function samePayload(a: Entry, b: Entry): boolean {
  if (a.payload.kind !== b.payload.kind) return false;
  if (a.payload.kind === 'command' && b.payload.kind === 'command')
    return sameBytes(a.payload.command, b.payload.command);
  return JSON.stringify(a.payload) === JSON.stringify(b.payload);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let position = 0; position < a.length; position += 1) if (a[position] !== b[position]) return false;
  return true;
}
