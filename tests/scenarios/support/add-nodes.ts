import type { RaftOptions } from '../../../src/core/raft/interface.ts';
import type { Entry } from '../../../src/core/raft/log-entry.ts';
import { configuration } from '../../support/core-cluster.ts';
import { parseCount, type Arguments } from './arguments.ts';
import { ScenarioError } from './parser.ts';
import type { RecordedCluster } from './recorded-cluster.ts';
import { renderStatus } from './render.ts';

type Overrides = { -readonly [Key in keyof RaftOptions]?: RaftOptions[Key] };

const NUMBERS: readonly (readonly [string, Extract<keyof RaftOptions, string>])[] = [
  ['max-inflight', 'maxInflightAppends'],
  ['max-inflight-bytes', 'maxInflightBytes'],
  ['max-append-bytes', 'maxAppendBytes'],
  ['snapshot-entries', 'snapshotEntries'],
  ['retained', 'retainedEntries'],
  ['replace-voter-ticks', 'replaceVoterTicks'],
  ['target-voters', 'targetVoters'],
  ['max-pending', 'maxPendingRequests'],
  ['heartbeat-ticks', 'heartbeatTicks'],
  ['join-ticks', 'joinTicks'],
];

function readOptions(given: Arguments): Partial<RaftOptions> {
  // Promotion of a learner is its own scenario: elsewhere it would only surprise.
  const overrides: Overrides = { targetVoters: 0 };
  for (const [key, option] of NUMBERS) {
    const value = given.count(key);
    if (value !== null) Object.assign(overrides, { [option]: value });
  }
  const election = given.optional('election');
  if (election !== null) {
    const [min, max] = election.split('-').map(parseCount);
    if (min === undefined || max === undefined) throw new ScenarioError('election=min-max');
    overrides.electionTimeoutTicks = [min, max];
  }
  return overrides;
}

/** The configuration at index 1, in term 1, then a command for each term given. */
function firstLog(voters: string, learners: string, terms: readonly number[]): Entry[] {
  const payload = { kind: 'configuration' as const, configuration: configuration(voters, learners) };
  const commands = terms.map((term, offset) => ({
    index: offset + 2,
    term,
    payload: { kind: 'command' as const, command: new TextEncoder().encode(`e${offset + 2}`), timeMs: 0 },
  }));
  return [{ index: 1, term: 1, payload }, ...commands];
}

/**
 * `add-nodes [names] voters= [learners=] [log=terms] [term=] [commit=]` and options: nodes (by default
 * all voters and learners) that start from this disk; without voters, from an empty one.
 */
export function addNodes(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const [voters, learners] = [given.optional('voters') ?? '', given.optional('learners') ?? ''];
  const terms = (given.optional('log') ?? '')
    .split(',')
    .filter((text) => text !== '')
    .map(parseCount);
  const term = given.count('term') ?? terms.at(-1) ?? 1;
  const commitIndex = given.count('commit') ?? 1;
  const named = given.names();
  const names = named.length > 0 ? named : Array.from(voters + learners);
  const options = readOptions(given);
  given.finish();
  if (names.length === 0) throw new ScenarioError('no node is named');
  for (const name of names) {
    const stored =
      voters === ''
        ? {}
        : { hardState: { term, votedFor: null, commitIndex }, entries: firstLog(voters, learners, terms) };
    cluster.add(name, stored, options);
  }
  return names.map((name) => renderStatus(name, cluster.raft(name)));
}
