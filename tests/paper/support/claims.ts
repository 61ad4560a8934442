import type { MemberId } from '../../../src/core/ids.ts';
import type { RaftOptions } from '../../../src/core/raft/interface.ts';
import type { Configuration, Entry, Payload } from '../../../src/core/raft/log-entry.ts';
import type {
  AppendRequest,
  AppendResponse,
  AppendResult,
  ConfigurationChange,
  Heartbeat,
  Operation,
  PreVoteRequest,
  RaftMessage,
  VoteRequest,
  VoteResponse,
} from '../../../src/core/raft/message.ts';
import type { Rules } from '../../../src/core/raft/rules.ts';
import { configurationInForce } from '../../../src/core/raft/state.ts';
import { configuration, CoreCluster, id, logOf, nameOf } from '../../support/core-cluster.ts';

/** What the tests of the paper's claims have in common. Names are single letters throughout. */

// ── Clusters ────────────────────────────────────────────────────────────────────────────────────

export interface Setup {
  readonly rules?: Rules | undefined;
  readonly learners?: string;
  readonly overrides?: Partial<RaftOptions>;
}

/** Members whose logs differ: for each, the terms of its entries behind the common first one. */
export function withLogs(logs: Record<string, number[]>, term: number, setup: Setup = {}): CoreCluster {
  const { rules, learners = '', overrides } = setup;
  const voters = Object.keys(logs)
    .filter((name) => !learners.includes(name))
    .join('');
  const cluster = new CoreCluster(rules);
  for (const [name, terms] of Object.entries(logs)) {
    const entries = logOf(configuration(voters, learners), ...terms);
    cluster.add(name, { hardState: { term, votedFor: null, commitIndex: 0 }, entries }, overrides);
  }
  return cluster;
}

export function clusterOf(voters: string, setup: Setup = {}): CoreCluster {
  const names = voters + (setup.learners ?? '');
  return withLogs(Object.fromEntries(Array.from(names, (name) => [name, []])), 1, setup);
}

/** A cluster in the middle of a change from `before` to `after`: C_old,new is its second entry. */
export function jointCluster(before: string, after: string, setup: Setup = {}): CoreCluster {
  const members = configuration(after).members;
  const outgoing = configuration(before).members;
  const joint: Configuration = { members, outgoing, namesAssigned: 6 };
  const cluster = new CoreCluster(setup.rules);
  const entries = [
    ...logOf(configuration(before)),
    entryOf(2, 1, { kind: 'configuration', configuration: joint }),
  ];
  for (const name of new Set(before + after)) {
    const hardState = { term: 1, votedFor: null, commitIndex: 0 };
    cluster.add(name, { hardState, entries }, setup.overrides);
  }
  return cluster;
}

/** A leads, and has committed its first entry. */
export function led(cluster: CoreCluster): CoreCluster {
  cluster.elect('A');
  return cluster;
}

/** Campaigns until it leads: servers that were cut off may have to catch up on terms first. */
export function campaignUntilLeader(cluster: CoreCluster, name: string): void {
  for (let tries = 0; tries < 4 && cluster.raft(name).role !== 'leader'; tries += 1) campaign(cluster, name);
}

export function campaign(cluster: CoreCluster, name: string): void {
  cluster.input(name, { type: 'campaign' });
  cluster.settle();
}

// ── The network ─────────────────────────────────────────────────────────────────────────────────

type Lost = (message: RaftMessage) => boolean;

/** Only these can talk, and only among each other. */
export const onlyAmong =
  (names: string): Lost =>
  ({ from, to }) =>
    !names.includes(nameOf(from)) || !names.includes(nameOf(to));

/** Nobody hears from any of these, nor they from anybody. */
export const cutOff =
  (names: string): Lost =>
  ({ from, to }) =>
    names.includes(nameOf(from)) || names.includes(nameOf(to));

export const losing =
  (type: RaftMessage['type'], to?: string): Lost =>
  (message) =>
    message.type === type && (to === undefined || to.includes(nameOf(message.to)));

/** Loses nothing, and keeps what is delivered from now on. */
export function record(cluster: CoreCluster): RaftMessage[] {
  const seen: RaftMessage[] = [];
  const { isLost } = cluster;
  cluster.isLost = (message) => {
    seen.push(message);
    return isLost(message);
  };
  return seen;
}

export function ofType<Type extends RaftMessage['type']>(
  messages: readonly RaftMessage[],
  type: Type,
): Extract<RaftMessage, { type: Type }>[] {
  return messages.filter((message): message is Extract<RaftMessage, { type: Type }> => message.type === type);
}

/** What is on its way, and taken from it. */
export function taken(cluster: CoreCluster): RaftMessage[] {
  const messages = cluster.network;
  cluster.network = [];
  return messages;
}

export function receive(cluster: CoreCluster, message: RaftMessage): void {
  cluster.input(nameOf(message.to), { type: 'message', message });
}

/** Hands the message over and returns what the receiver says to it, once its writes are durable. */
export function answersTo(cluster: CoreCluster, message: RaftMessage): RaftMessage[] {
  cluster.network = [];
  receive(cluster, message);
  const name = nameOf(message.to);
  while (cluster.node(name).writes.length > 0) cluster.persistOne(name);
  return taken(cluster);
}

// ── Messages ────────────────────────────────────────────────────────────────────────────────────

interface Way {
  readonly from: MemberId;
  readonly to: MemberId;
}
/** `way('AB')`: from A to B. */
const way = (letters: string): Way => ({ from: id(letters.charAt(0)), to: id(letters.charAt(1)) });

/** Where a log ends, or where two agree: an index and a term. */
export type Place = readonly [index: number, term: number];

export function voteRequest(letters: string, term: number, end: Place, force = false): VoteRequest {
  const [lastIndex, lastTerm] = end;
  return { type: 'voteRequest', ...way(letters), term, lastIndex, lastTerm, force };
}

export function voteResponse(letters: string, term: number, granted = true): VoteResponse {
  return { type: 'voteResponse', ...way(letters), term, granted };
}

export function preVoteRequest(letters: string, term: number, end: Place): PreVoteRequest {
  const [lastIndex, lastTerm] = end;
  return { type: 'preVoteRequest', ...way(letters), term, lastIndex, lastTerm };
}

export function appendRequest(
  letters: string,
  term: number,
  previous: Place,
  entries: readonly Entry[] = [],
  commitIndex = 0,
): AppendRequest {
  const [prevIndex, prevTerm] = previous;
  return { type: 'appendRequest', ...way(letters), term, prevIndex, prevTerm, entries, commitIndex };
}

export function appendResponse(letters: string, term: number, result: AppendResult): AppendResponse {
  return { type: 'appendResponse', ...way(letters), term, result };
}

export function accepted(letters: string, term: number, matchIndex: number): AppendResponse {
  return appendResponse(letters, term, { kind: 'accepted', matchIndex });
}

export function heartbeat(letters: string, term: number, commitIndex = 0, readRound = 0): Heartbeat {
  return { type: 'heartbeat', ...way(letters), term, commitIndex, readRound };
}

export const entryOf = (index: number, term: number, payload: Payload = { kind: 'noop' }): Entry => ({
  index,
  term,
  payload,
});

export function change(...changes: [ConfigurationChange['kind'], string][]): Operation {
  return { kind: 'change', changes: changes.map(([kind, name]) => ({ kind, id: id(name) })) };
}

// ── What is to be seen ──────────────────────────────────────────────────────────────────────────

export const leaders = (cluster: CoreCluster): string[] =>
  [...cluster.nodes].filter(([, { raft }]) => raft.role === 'leader').map(([name]) => name);

/** The terms of the entries behind the common first one. */
export function terms(cluster: CoreCluster, name: string): number[] {
  const { log } = cluster.raft(name);
  return log.range(2, log.lastIndex).map(({ term }) => term);
}

export function logIn(cluster: CoreCluster, name: string): Entry[] {
  const { log } = cluster.raft(name);
  return log.range(log.firstIndex, log.lastIndex);
}

export const outcome = (cluster: CoreCluster, name: string, request: number): string =>
  cluster.node(name).replies.get(request)?.outcome ?? 'none';

/** The voters in force at `name`; while joint, `new|old`. */
export function votersAt(cluster: CoreCluster, name: string): string {
  const { members, outgoing } = configurationInForce(cluster.raft(name)).configuration;
  const voters = (list: Configuration['members']): string =>
    list
      .filter(({ kind }) => kind === 'voter')
      .map((member) => nameOf(member.id))
      .sort()
      .join('');
  return outgoing === null ? voters(members) : `${voters(members)}|${voters(outgoing)}`;
}

/** Every term in which somebody led, with all who did: Election Safety allows one each. */
export function leadersByTerm(cluster: CoreCluster): Map<number, Set<string>> {
  const byTerm = new Map<number, Set<string>>();
  for (const [name, { effects }] of cluster.nodes) {
    for (const effect of effects) {
      if (effect.type !== 'trace' || effect.event.kind !== 'role' || effect.event.role !== 'leader') continue;
      const { term } = effect.event;
      byTerm.set(term, (byTerm.get(term) ?? new Set()).add(name));
    }
  }
  return byTerm;
}

/** The terms that any server has applied at `index`: State Machine Safety allows one. */
export function appliedAt(cluster: CoreCluster, index: number): number[] {
  const found = new Set<number>();
  for (const { applied } of cluster.nodes.values()) {
    for (const entry of applied) if (entry.index === index) found.add(entry.term);
  }
  return [...found];
}
