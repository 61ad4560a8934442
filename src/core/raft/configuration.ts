import { assert, unreachable } from '../assert.ts';
import type { MemberId } from '../ids.ts';
import { MAX_MEMBERS, type Configuration, type Member } from './log-entry.ts';
import type { ConfigurationChange } from './message.ts';

export const EMPTY_CONFIGURATION: Configuration = { members: [], outgoing: null, namesAssigned: 0 };

/** A member of the new configuration; while joint, else of the old one. */
export function findMember({ members, outgoing }: Configuration, id: MemberId): Member | null {
  for (const member of members) if (member.id === id) return member;
  for (const member of outgoing ?? []) if (member.id === id) return member;
  return null;
}

/** Everybody who gets the log: the members, and while joint those who are about to leave. */
export function allMembers({ members, outgoing }: Configuration): readonly Member[] {
  if (outgoing === null) return members;
  return [...members, ...outgoing.filter(({ id }) => !members.some((member) => member.id === id))];
}

function voterIds(members: readonly Member[]): MemberId[] {
  return members.filter(({ kind }) => kind === 'voter').map(({ id }) => id);
}

/** A configuration never changes, so what follows from it is found once. */
const electoratesOf = new WeakMap<Configuration, readonly (readonly MemberId[])[]>();

/** The sets of voters of which each must agree by a majority: one, or while joint two (§4.3). */
export function electorates(configuration: Configuration): readonly (readonly MemberId[])[] {
  let found = electoratesOf.get(configuration);
  if (found === undefined) {
    const { members, outgoing } = configuration;
    found = outgoing === null ? [voterIds(members)] : [voterIds(members), voterIds(outgoing)];
    electoratesOf.set(configuration, found);
  }
  return found;
}

/** The voters of the configuration that is, or is to come. */
export function voters(configuration: Configuration): readonly MemberId[] {
  return electorates(configuration)[0] ?? [];
}

/** A voter of the old configuration counts as one until the joint configuration is left (§4.3). */
export function isVoter(configuration: Configuration, id: MemberId): boolean {
  for (const ids of electorates(configuration)) if (ids.includes(id)) return true;
  return false;
}

/** More than half of each electorate. Nobody is a quorum of an empty one. */
export function isQuorum(
  electorate: readonly (readonly MemberId[])[],
  holds: (id: MemberId) => boolean,
): boolean {
  for (const ids of electorate) {
    let count = 0;
    for (const id of ids) if (holds(id)) count += 1;
    if (count <= ids.length / 2) return false;
  }
  return true;
}

/** The highest index that a majority of each electorate has reached; 0 where one is empty. */
export function quorumIndex(
  electorate: readonly (readonly MemberId[])[],
  matchIndexOf: (id: MemberId) => number,
): number {
  let reached = Number.POSITIVE_INFINITY;
  for (const ids of electorate) {
    const matched: number[] = [];
    for (const id of ids) matched.push(matchIndexOf(id));
    matched.sort(descending);
    reached = Math.min(reached, matched[matched.length >> 1] ?? 0);
  }
  return reached;
}

function descending(a: number, b: number): number {
  return b - a;
}

/**
 * The display name of the `ordinal`-th member ever added, from 0: the configured names first, then
 * D, E, … Z, and N27, N28, … for a cluster that has seen so many. Skips what is configured.
 */
export function memberName(ordinal: number, configuredNames: readonly string[]): string {
  const configured = configuredNames[ordinal];
  if (configured !== undefined) return configured;
  const letters = Array.from({ length: 26 }, (_, offset) => String.fromCharCode(65 + offset));
  const unused = letters.filter((letter) => !configuredNames.includes(letter));
  const position = ordinal - configuredNames.length;
  return unused[position] ?? `N${ordinal + 1}`;
}

/** The configuration with which a creating server bootstraps its cluster: itself alone (§4). */
export function firstConfiguration(id: MemberId, configuredNames: readonly string[]): Configuration {
  const member: Member = { id, name: memberName(0, configuredNames), kind: 'voter' };
  return { members: [member], outgoing: null, namesAssigned: 1 };
}

type Changed = { readonly ok: true; readonly configuration: Configuration } | { ok: false; reason: string };

/**
 * The configuration to append for `changes`, which together are one step: plain where at most one
 * voter comes or goes, since then any two majorities overlap (§4.1); joint otherwise (§4.3).
 */
export function applyChanges(
  current: Configuration,
  changes: readonly ConfigurationChange[],
  configuredNames: readonly string[],
): Changed {
  assert(current.outgoing === null, 'a joint configuration is left before the next change');
  let next = current;
  for (const change of changes) {
    const refusal = refuseChange(next, change);
    if (refusal !== null) return { ok: false, reason: refusal };
    next = applyChange(next, change, configuredNames);
  }
  const [before, after] = [voters(current), voters(next)];
  if (after.length === 0) return { ok: false, reason: 'no voter would be left' };
  if (changes.length === 0) return { ok: false, reason: 'nothing would change' };
  const moved =
    before.filter((id) => !after.includes(id)).length + after.filter((id) => !before.includes(id)).length;
  return { ok: true, configuration: moved > 1 ? { ...next, outgoing: current.members } : next };
}

/** C_new, which follows C_old,new once that is committed (§4.3). */
export function leaveJoint(configuration: Configuration): Configuration {
  return { ...configuration, outgoing: null };
}

function refuseChange(configuration: Configuration, change: ConfigurationChange): string | null {
  const member = configuration.members.find(({ id }) => id === change.id) ?? null;
  switch (change.kind) {
    case 'add-learner':
      if (member !== null) return `${member.name} is a member already`;
      return configuration.members.length < MAX_MEMBERS ? null : `there are ${MAX_MEMBERS} members already`;
    case 'promote':
      if (member === null) return 'there is no such member';
      return member.kind === 'learner' ? null : `${member.name} is a voter already`;
    case 'demote':
      if (member === null) return 'there is no such member';
      return member.kind === 'voter' ? null : `${member.name} is a learner already`;
    case 'remove':
      return member === null ? 'there is no such member' : null;
    default:
      return unreachable(change.kind);
  }
}

function applyChange(
  { members, namesAssigned, outgoing }: Configuration,
  change: ConfigurationChange,
  configuredNames: readonly string[],
): Configuration {
  const withKind = (kind: Member['kind']): Configuration => ({
    members: members.map((member) => (member.id === change.id ? { ...member, kind } : member)),
    outgoing,
    namesAssigned,
  });
  switch (change.kind) {
    case 'add-learner': {
      const name = memberName(namesAssigned, configuredNames);
      const learner: Member = { id: change.id, name, kind: 'learner' };
      return { members: [...members, learner], outgoing, namesAssigned: namesAssigned + 1 };
    }
    case 'promote':
      return withKind('voter');
    case 'demote':
      return withKind('learner');
    case 'remove':
      return { members: members.filter((member) => member.id !== change.id), outgoing, namesAssigned };
    default:
      return unreachable(change.kind);
  }
}
