import type { LinkCounters, Status } from '../api.ts';
import { unsettled } from '../client/cluster.ts';
import { isAway, stateOf, type LiveNode, type NodeState, type PageView } from '../ui/view.ts';
import type { LogSummary, ProgressView } from '../worker/contract.ts';
import { LESSON_VOTERS } from './catalog.ts';

/** A voter, as its own node last told. */
export interface Actor {
  readonly name: string;
  readonly state: NodeState;
  readonly role: LiveNode['role'];
  readonly term: number;
  readonly votedFor: string | null;
  readonly leader: string | null;
  readonly log: LogSummary;
  /** Of a leader: what it knows of the others. */
  readonly progress: readonly ProgressView[];
  /** When that came, milliseconds since the epoch. */
  readonly at: number;
}

/** What a lesson sees: nothing but what the page shows. */
export interface Scene {
  readonly now: number;
  /** As this tab's node has it. */
  readonly status: Status;
  readonly learners: number;
  readonly actors: readonly Actor[];
  /** Since their tabs were opened, as these last reported it. */
  readonly links: readonly LinkCounters[];
}

export function sceneOf({ status, nodes, live, links }: PageView, now: number): Scene {
  const voters = status.members.filter(({ kind }) => kind === 'voter');
  const actors = voters.flatMap(({ id, name }): Actor[] => {
    const node = live.nodes.find(({ memberId }) => memberId === id);
    if (node === undefined) return [];
    const { role, term, leader, at, detail } = node;
    const state = stateOf(nodes, name);
    const { votedFor, log, progress } = detail;
    return [{ name, state, role, term, votedFor, leader, log, progress, at }];
  });
  return { now, status, learners: status.members.length - voters.length, actors, links };
}

export function actorIn({ actors }: Scene, name: string): Actor | null {
  return actors.find((actor) => actor.name === name) ?? null;
}

/** How many messages the rules have held so far. */
export function heldBetween({ links }: Scene, from: string, to: string): number {
  return links.find((link) => link.from === from && link.to === to)?.held ?? 0;
}

/** Who leads: of those that run, the one of the highest term. */
export function leaderIn({ actors }: Scene): Actor | null {
  const leaders = actors.filter(({ state, role }) => state === 'running' && role === 'leader');
  return leaders.sort((a, b) => b.term - a.term)[0] ?? null;
}

/** Null: there is no such entry, or its term is not told any more. */
export function termAt({ last, terms }: LogSummary, index: number): number | null {
  if (index > last) return null;
  return terms.findLast(([first]) => first <= index)?.[1] ?? null;
}

/** Where the first entry stands that this node does not know to be committed; null: there is none. */
export function uncommitted({ log }: Actor): number | null {
  return log.last > log.commitIndex ? log.commitIndex + 1 : null;
}

/** Of the voters, those that have entry `index` of term `term` on disk. */
export function holders({ actors }: Scene, index: number, term: number): string[] {
  return actors
    .filter(({ log }) => termAt(log, index) === term && log.durableIndex >= index)
    .map(({ name }) => name);
}

/** What a node told longer ago than this says nothing of the present. */
const FRESH_MS = 2000;

/**
 * Null once a lesson can begin: all voters tell, follow one leader, and have the same log, all of it committed. Else
 * what is missing.
 */
export function disorderIn({ now, status, actors }: Scene): string | null {
  const missing = unsettled(status, LESSON_VOTERS);
  if (missing !== null) return missing;
  const silent = status.members
    .filter(({ kind, name }) => kind === 'voter' && !isHeard(actors, name, now))
    .map(({ name }) => name);
  if (silent.length > 0) return `${silent.join(', ')} tells nothing`;
  const [first] = actors;
  const isOne = actors.every(({ term, leader }) => term === first?.term && leader === status.leader);
  const leader = actors.find(({ role }) => role === 'leader');
  if (!isOne || leader?.name !== status.leader) return 'not all follow the same leader yet';
  const { last } = leader.log;
  const isEqual = actors.every(({ log }) => log.last === last && log.commitIndex === last);
  return isEqual ? null : 'the logs are not the same everywhere yet';
}

function isHeard(actors: readonly Actor[], name: string, now: number): boolean {
  const actor = actors.find((other) => other.name === name);
  return actor?.state === 'running' && now - actor.at < FRESH_MS;
}

/** How the voters stand, in words. */
export function describeScene({ actors }: Scene): string {
  if (actors.length === 0) return 'No member tells how it stands.';
  const told = actors.map(({ name, state, role, term, log }) => {
    const what = isAway(state) ? state : `${role}${state === 'paused' ? ', paused' : ''}`;
    return `${name}: ${what}, term ${term}, log up to ${log.last}, committed up to ${log.commitIndex}`;
  });
  return `${told.join('; ')}.`;
}

/** `A and B`, `A, B and C`. */
export function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
}
