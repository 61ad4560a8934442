import type { MemberId } from '../core/ids.ts';
import type { MessageFacts, TraceEvent } from './event.ts';

/** What a node is called; its id where it has no name. */
export type NameOf = (id: MemberId) => string;

/** The names that events themselves tell, the newest of each node. */
export class Names {
  readonly #names = new Map<MemberId, string>();

  add({ node, name }: Pick<TraceEvent, 'node' | 'name'>): void {
    if (name !== null) this.#names.set(node, name);
  }

  readonly of: NameOf = (id) => this.#names.get(id) ?? id;
}

const ROLE_SENTENCES = {
  follower: 'follows',
  preCandidate: 'asks whether it would be elected (pre-vote)',
  candidate: 'campaigns',
  leader: 'leads',
} as const;

/** What happened at a node, in a few words, to be read behind its name. */
export function describeTraceEvent(event: TraceEvent, nameOf: NameOf): string {
  switch (event.kind) {
    case 'start':
      return `starts: term ${event.term}, log up to ${event.lastIndex}, committed ${event.commitIndex}${event.snapshotIndex === 0 ? '' : `, snapshot up to ${event.snapshotIndex}`}`;
    case 'stop':
      return `stops: ${event.reason}`;
    case 'role':
      return `${ROLE_SENTENCES[event.role]} in term ${event.term}`;
    case 'leader':
      return event.leader === null
        ? `knows of no leader in term ${event.term}`
        : `takes ${nameOf(event.leader)} for the leader of term ${event.term}`;
    case 'vote':
      return `${event.preVote ? 'would vote' : 'votes'} for ${nameOf(event.candidate)} in term ${event.term}${event.preVote ? ' (pre-vote)' : ''}`;
    case 'send':
      return `sends ${event.message} to ${nameOf(event.to)}${factsText(event.facts, nameOf)}`;
    case 'receive':
      return `receives ${event.message} from ${nameOf(event.from)}${factsText(event.facts, nameOf)}`;
    case 'proxy':
      return `${event.message} to ${nameOf(event.to)} is ${event.act}`;
    case 'append':
      return `appends ${entriesText(event.first, event.first + event.terms.length - 1)}, term ${[...new Set(event.terms)].join(', ')}`;
    case 'truncate':
      return `removes its entries from ${event.from} on`;
    case 'commit':
      return `commits up to ${event.to}`;
    case 'apply':
      return `applies ${entriesText(event.from, event.to)}`;
    case 'snapshot':
      return `${event.origin === 'taken' ? 'takes a snapshot' : 'is brought up to date by a snapshot'} up to ${event.index}`;
    case 'configuration':
      return configurationText(event);
    case 'write':
      return `has written ${writtenText(event)} in ${event.ms.toFixed(1)} ms`;
    case 'invoke':
      return `is asked by a client: ${operationsText(event)}`;
    case 'result':
      return `answers a client after ${timesText(event)}: ${operationsText(event)}: ${event.outcome}${event.reason === null ? '' : `, ${event.reason}`}`;
    case 'faults':
      return event.rules.length === 0
        ? 'has no fault rules'
        : `goes by the fault rules ${event.rules.join(', ')}`;
    case 'paused':
      return 'is paused';
    case 'resumed':
      return 'goes on';
    case 'campaign':
      return 'is told to campaign';
    case 'gap':
      return `slept for ${(event.ms / 1000).toFixed(1)} s`;
    case 'quorum-lost':
      return `hears from no majority and stops leading term ${event.term}`;
    case 'transfer':
      return `hands leadership to ${nameOf(event.to)}: ${event.outcome}`;
    case 'removed':
      return 'was removed from the cluster';
    case 'link':
      return `link to ${nameOf(event.peer)} is ${event.state}`;
    case 'refused':
      return `refuses ${event.what}${event.from === null ? '' : ` of ${nameOf(event.from as MemberId)}`}: ${event.reason}`;
    case 'error':
      return `error: ${event.message}`;
  }
}

function factsText(facts: MessageFacts, nameOf: NameOf): string {
  const said = Object.entries(facts).map(
    ([what, value]) => `${what} ${what === 'joiner' ? nameOf(value as MemberId) : String(value)}`,
  );
  return said.length === 0 ? '' : ` (${said.join(', ')})`;
}

/** What is neither is the node's state: a term, a vote, a snapshot. */
function writtenText({ entries, registers }: TraceEvent & { kind: 'write' }): string {
  const told = (count: number, one: string, more: string): string[] =>
    count === 0 ? [] : [`${count} ${count === 1 ? one : more}`];
  const counts = [...told(entries, 'entry', 'entries'), ...told(registers, 'register', 'registers')];
  return counts.length === 0 ? 'its state' : counts.join(' and ');
}

function entriesText(first: number, last: number): string {
  return first === last ? `entry ${first}` : `entries ${first} to ${last}`;
}

type Operations = TraceEvent & { kind: 'invoke' | 'result' };

function operationsText({ f, first, operations, keys }: Operations): string {
  const named = keys.map((key) => ` ${JSON.stringify(key)}`).join(',');
  const text = `${f}${named}${operations > keys.length && keys.length > 0 ? ', …' : ''}`;
  return operations === 1
    ? `${text} (operation ${first})`
    : `${text} (${operations} operations from ${first} on)`;
}

function timesText({ leastMs, mostMs }: TraceEvent & { kind: 'result' }): string {
  const [least, most] = [leastMs.toFixed(1), mostMs.toFixed(1)];
  return least === most ? `${most} ms` : `${least} to ${most} ms`;
}

function configurationText({
  index,
  voters,
  learners,
  outgoing,
}: TraceEvent & { kind: 'configuration' }): string {
  const learning = learners.length === 0 ? '' : `, learners ${learners.join(', ')}`;
  const joint = outgoing === null ? '' : `, jointly with ${outgoing.join(', ')}`;
  return `goes by configuration ${index}: voters ${voters.join(', ')}${learning}${joint}`;
}
