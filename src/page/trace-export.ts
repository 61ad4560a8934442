import type { Remote } from 'comlink';
import type { Tabraft, TracePage } from '../api.ts';
import { EVER, exportTrace } from '../trace/export.ts';
import type { NodeApi } from '../worker/contract.ts';
import type { CallOutcome, RemoteMember } from './remote-nodes.ts';

const PAGE_TIMEOUT_MS = 10_000;
const FORMATS = ['jsonl', 'shiviz', 'text'];
const SCOPES = ['node', 'cluster'];
/** Of a part of a trace so much more is read at both ends: by what crosses them, clocks are compared. */
const MARGIN_MS = 5000;

export interface TracePorts {
  /** Throws where this tab runs none. */
  node(): Remote<NodeApi>;
  /** The id of the member that this tab runs. */
  self(): string;
  /** Of the other members. */
  others(): readonly RemoteMember[];
  /** The number of the newest event from before `time` that this page has seen of a node; 0: of none. */
  lastBefore(memberId: string, time: number): number;
  call(
    member: RemoteMember,
    method: 'trace.page',
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<CallOutcome>;
  /** Something that the person should know, and that is no failure. */
  onWarning(text: string): void;
}

type PageOf = (after: number) => Promise<TracePage>;

/** As `tabraft.trace.export`; `ownPage` reads this tab's node. Only whoever wants it loads this module. */
export async function exportTraces(
  ports: TracePorts,
  ownPage: PageOf,
  ...[format, scope = 'node', span = EVER]: Parameters<Tabraft['trace']['export']>
): Promise<string> {
  if (!FORMATS.includes(format)) throw new TypeError(`format: expected one of ${FORMATS.join(', ')}`);
  if (!SCOPES.includes(scope)) throw new TypeError('scope: expected node or cluster');
  if (!(span.from <= span.to)) throw new TypeError('span: expected { from, to }, two times in their order');
  const read = async (memberId: string, pageOf: PageOf): Promise<string> =>
    pagesFrom(ports.lastBefore(memberId, span.from - MARGIN_MS), span.to + MARGIN_MS, pageOf);
  const texts = [await read(ports.self(), ownPage)];
  for (const member of scope === 'node' ? [] : ports.others()) {
    const text = await read(member.id, async (after) => remotePage(ports, member, after)).catch(
      (error: unknown) => {
        ports.onWarning(`The trace of ${member.name} is missing in what is exported: ${String(error)}`);
        return '';
      },
    );
    texts.push(text);
  }
  return exportTrace(texts, format, span);
}

/**
 * What happened behind event `first`, up to the time `until`; or to the end at the time of the last page, which is
 * nothing: a node that goes on ever writes more.
 */
async function pagesFrom(first: number, until: number, pageOf: PageOf): Promise<string> {
  const pages: string[] = [];
  for (let after: number | null = first; after !== null;) {
    const { lines, next }: TracePage = await pageOf(after);
    pages.push(lines);
    after = lastTimeIn(lines) > until ? null : next;
  }
  return pages.join('');
}

function lastTimeIn(lines: string): number {
  const line = lines.slice(lines.lastIndexOf('\n', lines.length - 2) + 1);
  return Number(/"time":([\d.]+)/.exec(line)?.[1] ?? 0);
}

async function remotePage(ports: TracePorts, member: RemoteMember, after: number): Promise<TracePage> {
  const outcome = await ports.call(member, 'trace.page', [after], PAGE_TIMEOUT_MS);
  if (outcome.kind !== 'answered') throw new Error(outcome.reason);
  const { answer } = outcome;
  if (answer === null || !('lines' in answer)) throw new Error('its answer is no page of a trace');
  return answer;
}
