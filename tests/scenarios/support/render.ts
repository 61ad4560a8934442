import { unreachable } from '../../../src/core/assert.ts';
import type { Effect, Input, RaftEvent } from '../../../src/core/raft/interface.ts';
import type { Progress } from '../../../src/core/raft/progress.ts';
import { isPaused } from '../../../src/core/raft/progress.ts';
import { configurationInForce, snapshotIndex, type Raft } from '../../../src/core/raft/state.ts';
import { nameOf } from '../../support/core-cluster.ts';
import type { Occurrence } from './recorded-cluster.ts';
import {
  nameOrNone,
  renderConfiguration,
  renderEntries,
  renderMessage,
  renderOperation,
  renderResult,
} from './render-message.ts';

function renderEvent(event: RaftEvent): string {
  switch (event.kind) {
    case 'role':
      return `is ${event.role} in term ${event.term}`;
    case 'leader':
      return `leader ${nameOrNone(event.leader)}`;
    case 'vote':
      return `${event.preVote ? 'would vote' : 'votes'} for ${nameOf(event.candidate)} in term ${event.term}`;
    case 'configuration':
      return `configuration ${event.index}: ${renderConfiguration(event.configuration)}`;
    case 'truncate':
      return `truncates from ${event.from}`;
    case 'snapshot':
      return `snapshot ${event.index} ${event.origin}`;
    case 'quorum-lost':
      return `has lost its quorum in term ${event.term}`;
    case 'transfer':
      return `transfer to ${nameOf(event.to)} ${event.outcome}`;
    case 'removed':
      return 'is removed';
    case 'refused':
      return `refuses ${event.what} from ${nameOf(event.from)}: ${event.reason}`;
    default:
      return unreachable(event);
  }
}

function renderPersist(effect: Extract<Effect, { type: 'persist' }>): string {
  const { sequence, hardState, snapshot, compactTo, truncateFrom, entries } = effect;
  const contents = [
    hardState &&
      `term ${hardState.term} vote ${nameOrNone(hardState.votedFor)} commit ${hardState.commitIndex}`,
    snapshot && `snapshot ${snapshot.metadata.index}@t${snapshot.metadata.term}`,
    compactTo === null ? null : `compact to ${compactTo}`,
    truncateFrom === null ? null : `truncate from ${truncateFrom}`,
    entries.length === 0 ? null : renderEntries(entries),
  ];
  return `persist ${sequence}: ${contents.filter((content) => content !== null).join('; ')}`;
}

function renderEffect(effect: Effect): string {
  switch (effect.type) {
    case 'trace':
      return renderEvent(effect.event);
    case 'persist':
      return renderPersist(effect);
    case 'send':
      return `send ${renderMessage(effect.message)}${effect.awaits > 0 ? `, after ${effect.awaits}` : ''}`;
    case 'apply': {
      const wanted = effect.wanted.length > 0 ? `, wanted ${effect.wanted.join(' ')}` : '';
      return `apply ${renderEntries(effect.entries)}${wanted}`;
    }
    case 'snapshot':
      return `snapshot of ${effect.index} please`;
    case 'restore':
      return `restore snapshot ${effect.snapshot.metadata.index}@t${effect.snapshot.metadata.term}`;
    case 'reply':
      return `reply to ${effect.request}: ${renderResult(effect.result)}`;
    default:
      return unreachable(effect);
  }
}

function renderInput(node: string, input: Input): string {
  switch (input.type) {
    case 'message':
      return renderMessage(input.message);
    case 'persisted':
      return `${node} has persisted ${input.sequence}`;
    case 'applied':
      return `${node} has applied ${input.index}`;
    case 'snapshotTaken':
      return `${node} has taken the snapshot of ${input.index}`;
    case 'request':
      return `${node} request ${input.request}: ${renderOperation(input.operation)}`;
    case 'expire':
      return `${node} request ${input.request} expires`;
    case 'links':
      return `${node} links ${input.linked.map(nameOf).join('')}`;
    case 'tick':
    case 'woke':
    case 'compact':
    case 'campaign':
      return `${node} ${input.type}`;
    default:
      return unreachable(input);
  }
}

/** Of a clock and a state machine that cause nothing there is nothing to say. */
function isWorthALine(inputs: readonly Input[], effects: readonly Effect[]): boolean {
  return effects.length > 0 || !inputs.every(({ type }) => type === 'tick' || type === 'applied');
}

export function renderOccurrence(occurrence: Occurrence): string[] {
  if (occurrence.kind === 'lost') return [`lost: ${renderMessage(occurrence.message)}`];
  const { node, inputs, effects } = occurrence;
  if (!isWorthALine(inputs, effects)) return [];
  const heading = inputs.map((input) => renderInput(node, input)).join('; ');
  return [heading, ...effects.map((effect) => `  ${renderEffect(effect)}`)];
}

export function renderStatus(name: string, raft: Raft): string {
  const { log } = raft;
  const snapshot = snapshotIndex(raft);
  const parts = [
    `${name} ${raft.role}${raft.removed ? ' (removed)' : ''} term ${raft.term}`,
    `vote ${nameOrNone(raft.votedFor)}`,
    `leader ${nameOrNone(raft.leader)}`,
    `commit ${raft.commitIndex}`,
    `applied ${raft.appliedIndex}`,
    `log ${log.firstIndex}..${log.lastIndex}@t${log.lastTerm}`,
    `durable ${raft.durableIndex}`,
    snapshot > 0 ? `snapshot ${snapshot}` : null,
    renderConfiguration(configurationInForce(raft).configuration),
  ];
  return parts.filter((part) => part !== null).join(', ');
}

export function renderProgress(name: string, progress: Progress, raft: Raft): string {
  const { state, matchIndex, nextIndex, inflight, inflightBytes, transfer } = progress;
  const parts = [
    `${name} ${state} match ${matchIndex} next ${nextIndex}`,
    inflight.length > 0 ? `inflight ${inflight.length} (${inflightBytes} bytes)` : null,
    isPaused(progress, raft.options) ? 'paused' : null,
    transfer &&
      `snapshot ${transfer.snapshot.metadata.index}: sent ${transfer.sentBytes}, acknowledged ${transfer.acknowledgedBytes}`,
    progress.isCaughtUp ? 'caught up' : null,
  ];
  return parts.filter((part) => part !== null).join(', ');
}
