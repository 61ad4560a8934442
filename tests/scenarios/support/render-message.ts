import { unreachable } from '../../../src/core/assert.ts';
import type { MemberId } from '../../../src/core/ids.ts';
import { electorates } from '../../../src/core/raft/configuration.ts';
import type { Configuration, Entry, Payload } from '../../../src/core/raft/log-entry.ts';
import type {
  AppendResult,
  Operation,
  OperationResult,
  RaftMessage,
} from '../../../src/core/raft/message.ts';
import { nameOf } from '../../support/core-cluster.ts';

const MAX_TEXT = 12;

export const nameOrNone = (id: MemberId | null): string => (id === null ? 'none' : nameOf(id));

function renderBytes(data: Uint8Array): string {
  const text = new TextDecoder('latin1').decode(data);
  return text.length <= MAX_TEXT ? `"${text}"` : `"${text.slice(0, MAX_TEXT)}…" (${text.length} bytes)`;
}

export function renderConfiguration(configuration: Configuration): string {
  const names = (ids: readonly MemberId[]): string => `(${ids.map(nameOf).join(' ')})`;
  const learners = configuration.members.filter(({ kind }) => kind === 'learner').map(({ id }) => id);
  const voters = `voters${electorates(configuration).map(names).join('&&')}`;
  return learners.length === 0 ? voters : `${voters} learners${names(learners)}`;
}

function renderPayload(payload: Payload): string {
  switch (payload.kind) {
    case 'noop':
      return 'noop';
    case 'command':
      return renderBytes(payload.command);
    case 'configuration':
      return renderConfiguration(payload.configuration);
    default:
      return unreachable(payload);
  }
}

export function renderEntry({ index, term, payload }: Entry): string {
  return `${index}@t${term} ${renderPayload(payload)}`;
}

export function renderEntries(entries: readonly Entry[]): string {
  return `[${entries.map(renderEntry).join(', ')}]`;
}

export function renderOperation(operation: Operation): string {
  switch (operation.kind) {
    case 'command':
      return `command ${renderBytes(operation.command)}`;
    case 'read':
      return 'read';
    case 'transfer':
      return `transfer to ${nameOf(operation.to)}`;
    case 'change':
      return `change ${operation.changes.map(({ kind, id }) => `${kind} ${nameOf(id)}`).join(', ')}`;
    default:
      return unreachable(operation);
  }
}

/** Without the reason: that is for people, and may be worded anew. */
export function renderResult(result: OperationResult): string {
  return result.outcome === 'ok' ? `ok ${result.index}@t${result.term}` : `${result.outcome} ${result.code}`;
}

function renderAppendResult(result: AppendResult): string {
  return result.kind === 'accepted'
    ? `accepted ${result.matchIndex}`
    : `rejected prev ${result.prevIndex}, hint ${result.hintIndex}@t${result.hintTerm}`;
}

function renderSnapshotPart({
  metadata,
  offset,
  part,
}: Extract<RaftMessage, { type: 'snapshotRequest' }>): string {
  const end = offset + part.length;
  return `snapshot ${metadata.index}@t${metadata.term} bytes ${offset}..${end} of ${metadata.bytes}`;
}

function renderBody(message: RaftMessage): string {
  switch (message.type) {
    case 'preVoteRequest':
      return `last ${message.lastIndex}@t${message.lastTerm}`;
    case 'voteRequest':
      return `last ${message.lastIndex}@t${message.lastTerm}${message.force ? ' forced' : ''}`;
    case 'preVoteResponse':
    case 'voteResponse':
      return message.granted ? 'granted' : 'refused';
    case 'appendRequest': {
      const { prevIndex, prevTerm, commitIndex, entries } = message;
      return `prev ${prevIndex}@t${prevTerm} commit ${commitIndex} ${renderEntries(entries)}`;
    }
    case 'appendResponse':
      return renderAppendResult(message.result);
    case 'heartbeat':
      return `commit ${message.commitIndex} round ${message.readRound}`;
    case 'heartbeatResponse':
      return `round ${message.readRound}`;
    case 'snapshotRequest':
      return renderSnapshotPart(message);
    case 'snapshotResponse':
      return `snapshot ${message.index} received ${message.receivedBytes}`;
    case 'forwardRequest':
      return `request ${message.request}.${message.attempt} ${renderOperation(message.operation)}`;
    case 'forwardResponse':
      return `request ${message.request}.${message.attempt} ${renderResult(message.result)}`;
    case 'readIndexRequest':
      return `batch ${message.batch}`;
    case 'readIndexResponse':
      return `batch ${message.batch} index ${message.readIndex ?? 'none'}`;
    case 'timeoutNow':
      return '';
    case 'joinRequest':
      return `for ${nameOf(message.joiner)}${message.memberAt === 0 ? '' : `, a member at ${message.memberAt}`}`;
    case 'removedNotice':
      return `by configuration ${message.configurationIndex}`;
    default:
      return unreachable(message);
  }
}

export function renderMessage(message: RaftMessage): string {
  const { from, to, type, term } = message;
  return `${nameOf(from)}->${nameOf(to)} ${type} t${term} ${renderBody(message)}`.trimEnd();
}
