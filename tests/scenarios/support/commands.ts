import type { Input } from '../../../src/core/raft/interface.ts';
import type { ConfigurationChange, Operation, RaftMessage } from '../../../src/core/raft/message.ts';
import { id, nameOf } from '../../support/core-cluster.ts';
import { addNodes } from './add-nodes.ts';
import { parseCount, type Arguments } from './arguments.ts';
import { ScenarioError } from './parser.ts';
import type { RecordedCluster } from './recorded-cluster.ts';
import { renderEntry, renderMessage } from './render-message.ts';
import { renderOccurrence, renderProgress, renderStatus } from './render.ts';

/** Carries a command out; what it returns is shown after what the cores did. */
type Handler = (cluster: RecordedCluster, given: Arguments) => readonly string[];

const MAX_TICKS = 1000;

function someNodes(cluster: RecordedCluster, given: Arguments): string[] {
  const names = given.names();
  for (const name of names) cluster.node(name);
  return names.length > 0 ? names : [...cluster.nodes.keys()];
}

function inputTo(cluster: RecordedCluster, given: Arguments, input: Input): readonly string[] {
  const name = given.word('a node');
  given.finish();
  cluster.input(name, input);
  return [];
}

/** `times` requests in one and the same turn. */
function request(cluster: RecordedCluster, name: string, operation: Operation, times = 1): readonly string[] {
  const inputs = Array.from({ length: times }, () => ({
    type: 'request' as const,
    request: cluster.nextRequest(),
    operation,
  }));
  cluster.input(name, ...inputs);
  return [];
}

/** What happened is told by the number of turns alone. */
function quietly(cluster: RecordedCluster, isQuiet: boolean, action: () => void): readonly string[] {
  const before = cluster.occurrences;
  cluster.occurrences = [];
  action();
  const during = cluster.occurrences;
  cluster.occurrences = isQuiet ? before : [...before, ...during];
  return isQuiet ? [`(${during.length} steps)`] : [];
}

/** Its first heartbeat ends it: by then all know what is committed. */
function elect(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  given.finish();
  quietly(cluster, true, () => {
    const ticks = Array.from({ length: cluster.raft(name).options.heartbeatTicks }, () => 'tick' as const);
    for (const type of ['campaign', ...ticks] as const) {
      cluster.input(name, { type });
      cluster.stabilize([...cluster.nodes.keys()]);
    }
  });
  return [...cluster.nodes.keys()].map((node) => renderStatus(node, cluster.raft(node)));
}

function tick(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const names = someNodes(cluster, given);
  const times = given.number() ?? 1;
  given.finish();
  for (let count = 0; count < times; count += 1) {
    for (const name of names) cluster.input(name, { type: 'tick' });
  }
  return [];
}

/** Time passes for these nodes, and everything else that can happen to them does, after each tick. */
function run(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const names = someNodes(cluster, given);
  const times = given.number() ?? 1;
  const isQuiet = given.flag('quiet');
  given.finish();
  if (times > MAX_TICKS) throw new ScenarioError(`${times} ticks are too many`);
  return quietly(cluster, isQuiet, () => {
    for (let count = 0; count < times; count += 1) {
      for (const name of names) cluster.input(name, { type: 'tick' });
      cluster.stabilize(names);
    }
  });
}

function deliver(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const [from, to, type] = [given.optional('from'), given.optional('to'), given.optional('type')];
  const isDropped = given.flag('drop');
  const isOne = given.flag('one');
  const skipped = given.count('skip') ?? 0;
  given.finish();
  const matches = (message: RaftMessage): boolean =>
    (from === null || from.includes(nameOf(message.from))) &&
    (to === null || to.includes(nameOf(message.to))) &&
    (type === null || type === message.type);
  const messages = cluster.network.filter(matches).slice(skipped, isOne ? skipped + 1 : undefined);
  if (messages.length === 0) return ['(no such message)'];
  for (const message of messages) cluster.deliver(message, isDropped);
  return [];
}

function persist(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const isOne = given.flag('one');
  given.finish();
  if (cluster.node(name).writes.length === 0) return ['(nothing to write)'];
  if (isOne) cluster.persistOne(name);
  else cluster.persistAll(name);
  return [];
}

function stabilize(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const names = someNodes(cluster, given);
  const isQuiet = given.flag('quiet');
  given.finish();
  return quietly(cluster, isQuiet, () => cluster.stabilize(names));
}

function propose(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const value = given.word('a value');
  const size = given.count('size') ?? value.length;
  const times = given.count('times') ?? 1;
  const repeatable = given.flag('repeatable');
  given.finish();
  const command = new TextEncoder().encode(value.padEnd(size, '.'));
  return request(cluster, name, { kind: 'command', command, repeatable }, times);
}

function read(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const times = given.count('times') ?? 1;
  given.finish();
  return request(cluster, name, { kind: 'read' }, times);
}

const CHANGES: ReadonlyMap<string, ConfigurationChange['kind']> = new Map([
  ['add', 'add-learner'],
  ['promote', 'promote'],
  ['demote', 'demote'],
  ['remove', 'remove'],
]);

function change(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const changes = given.pairs().flatMap(([key, names]): ConfigurationChange[] => {
    const kind = CHANGES.get(key);
    if (kind === undefined) throw new ScenarioError(`unknown change: ${key}`);
    return Array.from(names, (member) => ({ kind, id: id(member) }));
  });
  given.finish();
  return request(cluster, name, { kind: 'change', changes });
}

function transfer(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const to = id(given.required('to'));
  given.finish();
  return request(cluster, name, { kind: 'transfer', to });
}

function links(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  const linked = Array.from(given.required('to'), id);
  given.finish();
  cluster.input(name, { type: 'links', linked });
  return [];
}

function expire(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const number = parseCount(given.required('request'));
  return inputTo(cluster, given, { type: 'expire', request: number });
}

function isolate(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const names = someNodes(cluster, given);
  given.finish();
  cluster.isolate(...names);
  return [`${names.join(' ')} cut off from the others`];
}

function heal(cluster: RecordedCluster, given: Arguments): readonly string[] {
  given.finish();
  cluster.heal();
  return ['all connected'];
}

function restart(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const name = given.word('a node');
  given.finish();
  cluster.restart(name);
  return [renderStatus(name, cluster.raft(name))];
}

function status(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const names = someNodes(cluster, given);
  given.finish();
  return names.map((name) => renderStatus(name, cluster.raft(name)));
}

function progress(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const raft = cluster.raft(given.word('a node'));
  given.finish();
  if (raft.leadership === null) return ['(does not lead)'];
  return [...raft.leadership.progress]
    .map(([member, known]) => renderProgress(nameOf(member), known, raft))
    .sort();
}

function log(cluster: RecordedCluster, given: Arguments): readonly string[] {
  const { log: entries } = cluster.raft(given.word('a node'));
  given.finish();
  return entries.range(entries.firstIndex, entries.lastIndex).map(renderEntry);
}

function network(cluster: RecordedCluster, given: Arguments): readonly string[] {
  given.finish();
  return cluster.network.map(renderMessage);
}

const HANDLERS: ReadonlyMap<string, Handler> = new Map([
  ['add-nodes', addNodes],
  ['campaign', (cluster, given) => inputTo(cluster, given, { type: 'campaign' })],
  ['woke', (cluster, given) => inputTo(cluster, given, { type: 'woke' })],
  ['compact', (cluster, given) => inputTo(cluster, given, { type: 'compact' })],
  ['elect', elect],
  ['tick', tick],
  ['run', run],
  ['deliver', deliver],
  ['persist', persist],
  ['stabilize', stabilize],
  ['propose', propose],
  ['read', read],
  ['change', change],
  ['transfer', transfer],
  ['links', links],
  ['expire', expire],
  ['isolate', isolate],
  ['heal', heal],
  ['restart', restart],
  ['status', status],
  ['progress', progress],
  ['log', log],
  ['network', network],
] satisfies [string, Handler][]);

export function carryOut(cluster: RecordedCluster, name: string, given: Arguments): string[] {
  const handler = HANDLERS.get(name);
  if (handler === undefined) throw new ScenarioError(`unknown command: ${name}`);
  cluster.occurrences = [];
  const shown = handler(cluster, given);
  const lines = [...cluster.occurrences.flatMap(renderOccurrence), ...shown];
  return lines.length > 0 ? lines : ['(nothing)'];
}
