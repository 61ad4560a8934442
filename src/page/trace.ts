import type { Remote } from 'comlink';
import type { Tabraft, TracePage } from '../api.ts';
import type { NodeApi } from '../worker/contract.ts';
import type { CallOutcome, RemoteMember } from './remote-nodes.ts';

const PAGE_TIMEOUT_MS = 10_000;
const FORMATS = ['jsonl', 'shiviz', 'text'];
const SCOPES = ['node', 'cluster'];

export interface TracePorts {
  /** Throws where this tab runs none. */
  node(): Remote<NodeApi>;
  /** Of the other members. */
  others(): readonly RemoteMember[];
  call(
    member: RemoteMember,
    method: 'trace.page',
    args: readonly unknown[],
    timeoutMs: number,
  ): Promise<CallOutcome>;
  /** Something that the person should know, and that is no failure. */
  onWarning(text: string): void;
}

/** The part of `window.tabraft` that tells what the nodes did. */
export function createTrace(ports: TracePorts): Tabraft['trace'] {
  const page = async (after: number): Promise<TracePage> => {
    if (!Number.isSafeInteger(after) || after < 0)
      throw new TypeError('after: expected 0, or the `next` of a page');
    const found = await ports.node().tracePage(after);
    if (found === null)
      throw new Error(
        'This node keeps no trace: trace.enabled is false in config.json, or the address says trace=off.',
      );
    return found;
  };
  return {
    page,
    async export(format, scope = 'node') {
      if (!FORMATS.includes(format)) throw new TypeError(`format: expected one of ${FORMATS.join(', ')}`);
      if (!SCOPES.includes(scope)) throw new TypeError('scope: expected node or cluster');
      const texts = [await wholeTrace(page)];
      for (const member of scope === 'node' ? [] : ports.others()) {
        const text = await wholeTrace((after) => remotePage(ports, member, after)).catch((error: unknown) => {
          ports.onWarning(`The trace of ${member.name} is missing in what is exported: ${String(error)}`);
          return '';
        });
        texts.push(text);
      }
      // Only whoever wants it loads it.
      const { exportTrace } = await import('../trace/export.ts');
      return exportTrace(texts, format);
    },
    async recording() {
      const recording = await ports.node().recording();
      if (recording === null)
        throw new Error('This node does not record its inputs: trace.inputBytes in config.json is 0.');
      return recording;
    },
  };
}

/** To its end at the time of the last page, which is nothing: a node that goes on ever writes more. */
async function wholeTrace(pageOf: (after: number) => Promise<TracePage>): Promise<string> {
  const pages: string[] = [];
  for (let after: number | null = 0; after !== null;) {
    const { lines, next }: TracePage = await pageOf(after);
    pages.push(lines);
    after = next;
  }
  return pages.join('');
}

async function remotePage(ports: TracePorts, member: RemoteMember, after: number): Promise<TracePage> {
  const outcome = await ports.call(member, 'trace.page', [after], PAGE_TIMEOUT_MS);
  if (outcome.kind !== 'answered') throw new Error(outcome.reason);
  const { answer } = outcome;
  if (answer === null || !('lines' in answer)) throw new Error('its answer is no page of a trace');
  return answer;
}
