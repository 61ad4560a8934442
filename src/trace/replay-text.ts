import type { RegisterEffect, RegisterInput } from '../core/abd/interface.ts';
import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { configurationInForce } from '../core/raft/state.ts';
import { allMembers } from '../core/raft/configuration.ts';
import type { Effect, Input } from '../core/raft/interface.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import { messageFacts } from './facts.ts';
import type { ParsedRecording, ReplayedStep } from './replay.ts';

type NameOf = (id: MemberId) => string;

/** Of a log, in text. */
const SHOWN_ENTRIES = 12;

/** What came in and what was asked for, a line each. */
export function describeStep({ recorded, effects }: ReplayedStep, nameOf: NameOf): string {
  const inputs = recorded.inputs as readonly (Input | RegisterInput)[];
  return [
    ...inputs.map((input) => `  ← ${describeInput(input, nameOf)}`),
    ...effects.map((effect) => `  → ${describeEffect(effect, nameOf)}`),
  ].join('\n');
}

function describeInput(input: Input | RegisterInput, nameOf: NameOf): string {
  switch (input.type) {
    case 'message':
      return `${input.message.type} from ${nameOf(input.message.from)} ${factsOf(input.message)}`;
    case 'persisted':
      return `write ${input.sequence} is durable`;
    case 'applied':
      return `applied up to entry ${input.index}`;
    case 'snapshotTaken':
      return `the snapshot of entry ${input.index}, ${input.data.length} bytes`;
    case 'request':
      return `request ${input.request}: ${input.operation.kind}`;
    case 'expire':
      return `request ${input.request} has no more time`;
    case 'links':
      return `links to ${input.linked.map(nameOf).join(', ') || 'nobody'}`;
    case 'epoch':
      return `epoch ${input.epoch.number} of the registers`;
    case 'tick':
    case 'woke':
    case 'compact':
    case 'campaign':
      return input.type;
  }
}

function describeEffect(effect: Effect | RegisterEffect, nameOf: NameOf): string {
  switch (effect.type) {
    case 'persist':
      return `write ${effect.sequence}: ${'entries' in effect ? entriesText(effect.entries) : `${effect.registers.length} registers`}`;
    case 'send': {
      const { message, awaits } = effect;
      const when = awaits === 0 ? '' : `, once write ${awaits} is durable`;
      return `${message.type} to ${nameOf(message.to)} ${factsOf(message)}${when}`;
    }
    case 'apply':
      return `apply ${entriesText(effect.entries)}`;
    case 'snapshot':
      return `take a snapshot of entry ${effect.index}`;
    case 'restore':
      return `restore the snapshot of entry ${effect.snapshot.metadata.index}`;
    case 'reply':
      return `answer request ${effect.request}: ${effect.result.outcome}`;
    case 'ready':
      return `say that this replica is ready for epoch ${effect.epoch}`;
    case 'trace':
      return `tell: ${JSON.stringify(effect.event)}`;
  }
}

function factsOf(message: Message): string {
  const facts = Object.entries(messageFacts(message)).map(([what, value]) => `${what} ${String(value)}`);
  return `(${facts.join(', ')})`;
}

function entriesText(entries: readonly Entry[]): string {
  const [first] = entries;
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return 'no entries';
  return first === last ? `entry ${first.index}` : `entries ${first.index} to ${last.index}`;
}

/** The state of a node, for people. */
export function describeState(
  { raft, registers }: Pick<ParsedRecording, 'raft' | 'registers'>,
  nameOf: NameOf,
): string {
  const { entries, base } = raft.log;
  const shown = entries.slice(-SHOWN_ENTRIES).map(({ index, term, payload }) => {
    const marks = [index <= raft.commitIndex && 'committed', index <= raft.durableIndex && 'durable'];
    return `    ${index}  term ${term}  ${payload.kind}  ${marks.filter((mark) => mark !== false).join(', ')}`;
  });
  const progress = [...(raft.leadership?.progress ?? [])].map(
    ([id, { state, matchIndex, nextIndex }]) =>
      `    ${nameOf(id)}  ${state}  match ${matchIndex}  next ${nextIndex}`,
  );
  return [
    `  ${nameOf(raft.id)} is ${raft.role} in term ${raft.term}; leader ${raft.leader === null ? 'unknown' : nameOf(raft.leader)}, voted for ${raft.votedFor === null ? 'nobody' : nameOf(raft.votedFor)}`,
    `  committed ${raft.commitIndex}, applied ${raft.appliedIndex}, durable ${raft.durableIndex}, compacted up to ${base.index}`,
    `  members ${allMembers(configurationInForce(raft).configuration)
      .map(({ name, kind }) => (kind === 'voter' ? name : `${name} (learner)`))
      .join(', ')}`,
    `  election timer ${raft.electionElapsedTicks} of ${raft.electionTimeoutTicks} ticks; ${raft.requests.size} requests under way`,
    `  log, the last ${shown.length} of ${entries.length} entries:`,
    ...shown,
    ...(progress.length > 0 ? ['  progress:', ...progress] : []),
    ...(registers === null ? [] : [registersText(registers)]),
  ].join('\n');
}

function registersText({
  epoch,
  state,
  held,
  operations,
}: NonNullable<ParsedRecording['registers']>): string {
  return `  registers: epoch ${epoch.number}, ready for ${state.ready}, sealed up to ${state.sealed}; ${held.length} keys, ${operations.underWay.length} operations under way`;
}
