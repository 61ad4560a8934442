import type { MemberStatus, Role } from '../../api.ts';
import type { LogSummary } from '../../worker/contract.ts';
import type { LiveNode } from '../view.ts';

/**
 * How far an entry has got on one member. `compacted`: its effect is in the snapshot, the entry itself is gone;
 * `stored`: on this member's disk, and not known to be committed; `volatile`: not even that yet.
 */
export type CellKind = 'none' | 'compacted' | 'applied' | 'committed' | 'stored' | 'volatile';

export interface Cell {
  readonly kind: CellKind;
  /** Null where there is no entry, or where its member does not tell terms that far back. */
  readonly term: number | null;
}

/** One member's log, and what the leader knows of it. */
export interface LogRow {
  readonly id: string;
  readonly name: string;
  /** As the member itself says; null: it has not told. */
  readonly role: Role | null;
  readonly term: number | null;
  /** Whether it leads the highest term: a deposed leader may not know yet that it is. */
  readonly isLeader: boolean;
  readonly log: LogSummary | null;
  readonly matchIndex: number | null;
  readonly nextIndex: number | null;
}

/** Columns are in the document some way beyond the edges, so that none is missing while it is scrolled. */
const MARGIN_COLUMNS = 6;
/** Browsers clip what is wider than some ten million pixels: of more entries, the oldest cannot be reached. */
const MAX_COLUMNS = 250_000;
/** So many columns go at once, since all that stand behind them move. */
const DROPPED_COLUMNS = 50_000;

const WORDS: Readonly<Record<CellKind, string>> = {
  none: 'no entry',
  compacted: 'in the snapshot',
  applied: 'applied',
  committed: 'committed, not applied yet',
  stored: 'not committed',
  volatile: 'not durable yet',
};

export function cellAt(log: LogSummary | null, index: number): Cell {
  if (log === null || index < 1 || index > log.last) return { kind: 'none', term: null };
  if (index < log.first) return { kind: 'compacted', term: null };
  return { kind: kindOf(log, index), term: termAt(log, index) };
}

function kindOf({ appliedIndex, commitIndex, durableIndex }: LogSummary, index: number): CellKind {
  if (index <= appliedIndex) return 'applied';
  if (index <= commitIndex) return 'committed';
  return index <= durableIndex ? 'stored' : 'volatile';
}

function termAt({ terms }: LogSummary, index: number): number | null {
  return terms.findLast(([from]) => from <= index)?.[1] ?? null;
}

export function cellText(name: string, index: number, { kind, term }: Cell): string {
  return `${name}, entry ${index}, ${term === null ? '' : `term ${term}, `}${WORDS[kind]}`;
}

export function logRows(members: readonly MemberStatus[], nodes: readonly LiveNode[]): LogRow[] {
  const leader = leaderAmong(nodes);
  return members.map(({ id, name }) => {
    const node = nodes.find(({ memberId }) => memberId === id);
    const progress = leader?.detail.progress.find((one) => one.name === name);
    return {
      ...{ id, name, role: node?.role ?? null, term: node?.term ?? null },
      isLeader: id === leader?.memberId,
      log: node?.detail.log ?? null,
      matchIndex: progress?.matchIndex ?? null,
      nextIndex: progress?.nextIndex ?? null,
    };
  });
}

function leaderAmong(nodes: readonly LiveNode[]): LiveNode | null {
  let leader: LiveNode | null = null;
  for (const node of nodes) if (node.role === 'leader' && node.term > (leader?.term ?? 0)) leader = node;
  return leader;
}

/** The newest entry of all, also one that only the leader's knowledge of another tells of. */
export function lastIndexOf(rows: readonly LogRow[]): number {
  return Math.max(0, ...rows.flatMap(({ log, nextIndex }) => [log?.last ?? 0, (nextIndex ?? 1) - 1]));
}

/** The first column shows the entry behind this one. It is 0, but for very long logs. */
export function baseOf(lastIndex: number): number {
  const tooMany = lastIndex - MAX_COLUMNS;
  return Math.max(0, Math.ceil(tooMany / DROPPED_COLUMNS) * DROPPED_COLUMNS);
}

/** Of `count` columns, numbered from 1 on: those that a window over them shows, and some. */
export function columnsInSight(
  scrollLeft: number,
  width: number,
  columnWidth: number,
  count: number,
): { first: number; last: number } {
  return {
    first: Math.max(1, Math.floor(scrollLeft / columnWidth) + 1 - MARGIN_COLUMNS),
    last: Math.min(count, Math.ceil((scrollLeft + width) / columnWidth) + MARGIN_COLUMNS),
  };
}
