import { assert, unreachable } from '../assert.ts';
import type { MemberId } from '../ids.ts';
import { MAX_MEMBERS, type Configuration, type Member } from './log-entry.ts';
import type { ConfigurationChange } from './message.ts';

export const EMPTY_CONFIGURATION: Configuration = { members: [], namesAssigned: 0 };

export function findMember(configuration: Configuration, id: MemberId): Member | null {
  return configuration.members.find((member) => member.id === id) ?? null;
}

export function voters(configuration: Configuration): Member[] {
  return configuration.members.filter((member) => member.kind === 'voter');
}

/** More than half of the voters. Nobody is a quorum of an empty configuration. */
export function isQuorum(configuration: Configuration, holds: (id: MemberId) => boolean): boolean {
  const all = voters(configuration);
  return all.filter((member) => holds(member.id)).length > all.length / 2;
}

/** The highest index that a quorum of voters has reached; 0 without voters. */
export function quorumIndex(configuration: Configuration, matchIndexOf: (id: MemberId) => number): number {
  const matched = voters(configuration).map((member) => matchIndexOf(member.id));
  matched.sort((a, b) => b - a);
  return matched[Math.floor(matched.length / 2)] ?? 0;
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
  return { members: [{ id, name: memberName(0, configuredNames), kind: 'voter' }], namesAssigned: 1 };
}

/** Why `change` makes no sense in `configuration`; null where it does. */
export function refuseChange(configuration: Configuration, change: ConfigurationChange): string | null {
  const member = findMember(configuration, change.id);
  switch (change.kind) {
    case 'add-learner':
      if (member !== null) return `${member.name} is a member already`;
      return configuration.members.length < MAX_MEMBERS ? null : `there are ${MAX_MEMBERS} members already`;
    case 'promote':
      if (member === null) return 'there is no such member';
      return member.kind === 'learner' ? null : `${member.name} is a voter already`;
    case 'remove':
      if (member === null) return 'there is no such member';
      if (member.kind === 'voter' && voters(configuration).length === 1)
        return `${member.name} is the only voter`;
      return null;
    default:
      return unreachable(change);
  }
}

export function applyChange(
  configuration: Configuration,
  change: ConfigurationChange,
  configuredNames: readonly string[],
): Configuration {
  assert(refuseChange(configuration, change) === null, 'the change was checked');
  const { members, namesAssigned } = configuration;
  switch (change.kind) {
    case 'add-learner': {
      const name = memberName(namesAssigned, configuredNames);
      return {
        members: [...members, { id: change.id, name, kind: 'learner' }],
        namesAssigned: namesAssigned + 1,
      };
    }
    case 'promote':
      return {
        members: members.map((member) => (member.id === change.id ? { ...member, kind: 'voter' } : member)),
        namesAssigned,
      };
    case 'remove':
      return { members: members.filter((member) => member.id !== change.id), namesAssigned };
    default:
      return unreachable(change);
  }
}
