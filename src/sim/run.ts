import { electorates, isQuorum } from '../core/raft/configuration.ts';
import type { MemberId } from '../core/ids.ts';
import { createRandom, nextFraction, nextInteger } from '../core/random.ts';
import type { Violation } from './invariants.ts';
import { judgeHistory } from './judge.ts';
import type { Mutant } from './mutants.ts';
import type { SimNode } from './node.ts';
import { drawFaults, drawMix, SAFETY_MS, type Algorithm, type Fault } from './schedule.ts';
import type { SimTraces } from './traces.ts';
import { nameOf, World } from './world.ts';

export interface RunOptions {
  readonly seed: number;
  /** Voters at the beginning; null: the seed says. */
  readonly nodes: number | null;
  readonly algorithm: Algorithm;
  readonly mutant: Mutant | null;
  /** In place of what the seed draws: while shrinking. */
  readonly faults?: readonly Fault[];
  readonly narrate?: (line: string) => void;
  readonly traces?: SimTraces;
}

export interface RunResult {
  readonly seed: number;
  readonly violation: Violation | null;
  readonly hash: string;
  readonly steps: number;
  readonly virtualMs: number;
  readonly operations: number;
  readonly acknowledged: number;
  readonly elections: number;
  readonly committed: number;
  /** The cluster lost its quorum for good, so that no liveness could be asked of it. */
  readonly isLost: boolean;
  readonly faults: ReadonlyMap<string, number>;
  readonly coverage: ReadonlyMap<string, number>;
}

/** How long a majority without faults may take to elect, commit and converge. */
const RECOVERY_MS = 30_000;
const SETTLE_MS = 3000;
const POLL_MS = 250;
/** And how long it is watched thereafter, during which it must keep its leader. */
const CALM_MS = 8000;

/** One seed: a safety phase under its faults, then a liveness phase in which a majority has none. */
export async function run(options: RunOptions): Promise<RunResult> {
  const { seed, nodes, mutant } = options;
  const world = new World({
    seed,
    mix: drawMix(seed, nodes, options.algorithm),
    faults: options.faults ?? drawFaults(seed, options.algorithm),
    mutant,
    narrate: options.narrate ?? null,
    traces: options.traces ?? null,
  });
  await world.runUntil(SAFETY_MS);
  let isLost = false;
  if (world.invariants.violation === null) {
    isLost = !hasQuorum(world, world.members());
    if (!isLost) await checkLiveness(world, seed);
  }
  const violation = world.invariants.violation ?? judgeHistory(world.history);
  return {
    seed,
    violation,
    hash: world.hash.digest(),
    steps: world.scheduler.steps,
    virtualMs: world.scheduler.now,
    operations: sum(world.clients.map(({ operations }) => operations)),
    acknowledged: sum(world.clients.map(({ acknowledged }) => acknowledged)),
    elections: world.coverage.get('becomes leader') ?? 0,
    committed: world.invariants.commitIndex,
    isLost,
    faults: world.faults,
    coverage: world.coverage,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function hasQuorum(world: World, there: readonly SimNode[]): boolean {
  const ids = new Set<MemberId>(there.map(({ id }) => id));
  const configurations = [
    world.configuration(),
    ...there.flatMap(({ raft }) => raft.configurations.map(({ configuration }) => configuration)),
  ];
  return configurations.every((configuration) => isQuorum(electorates(configuration), (id) => ids.has(id)));
}

/**
 * The faults end for a majority: it must elect a leader, commit a write, answer a read and agree, and
 * then keep its leader, whatever the rest is still going through.
 */
async function checkLiveness(world: World, seed: number): Promise<void> {
  const { scheduler, nemesis, invariants } = world;
  for (const client of world.clients) client.stop();
  nemesis.healAll();
  world.settleRegisters();
  // Of two replicas none can be spared: the registers move to the voters first.
  if (world.hasRegisters) await world.runUntil(scheduler.now + SETTLE_MS);
  const faulty = keepSomeInTrouble(world, seed);
  const healthy = (): SimNode[] => world.members().filter((node) => node !== faulty && world.isMember(node));
  const deadline = scheduler.now + RECOVERY_MS;
  const progress = { isWritten: false };
  const write = (): void => {
    const [node] = healthy();
    const operation = { kind: 'command' as const, command: new Uint8Array([0, 0]), repeatable: false };
    node?.driver.request(operation, 1000, ({ outcome }) => {
      progress.isWritten ||= outcome === 'ok';
    });
  };
  for (;;) {
    if (!progress.isWritten) write();
    await world.runUntil(scheduler.now + POLL_MS);
    if (invariants.violation !== null) return;
    if (progress.isWritten && hasConverged(healthy())) break;
    if (scheduler.now < deadline) continue;
    invariants.violate('liveness', describeTrouble(healthy(), progress.isWritten));
    return;
  }
  await checkReads(world, healthy());
  if (world.hasRegisters) await checkRegisters(world, healthy());
  await checkStability(world, healthy());
}

/** One voter at most stays crashed, or cut off in one direction or both: the others are a majority. */
function keepSomeInTrouble(world: World, seed: number): SimNode | null {
  const random = createRandom(seed ^ 0x11fe);
  const members = world.members();
  const node = members[nextInteger(random, 0, members.length - 1)];
  if (node === undefined || nextFraction(random) < 0.3) return null;
  if (!world.canLoseReplicas(new Set([node.id]))) return null;
  if (
    !hasQuorum(
      world,
      members.filter((other) => other !== node),
    )
  )
    return null;
  const kind = nextInteger(random, 0, 3);
  world.narrate(
    `${nameOf(node.id)} stays in trouble (${['crashed', 'deaf', 'mute', 'cut off'][kind] ?? ''})`,
  );
  if (kind === 0) node.crash();
  if (kind === 1) world.nemesis.cut((_, to) => to === node.id);
  if (kind === 2) world.nemesis.cut((from) => from === node.id);
  if (kind === 3) world.nemesis.cut((from, to) => (from === node.id) !== (to === node.id));
  return node;
}

function hasConverged(nodes: readonly SimNode[]): boolean {
  const leaders = nodes.filter(({ raft }) => raft.role === 'leader');
  const [leader] = leaders;
  if (leader === undefined || leaders.length > 1) return false;
  return nodes.every(
    ({ raft }) => raft.appliedIndex === leader.raft.commitIndex && raft.leader === leader.id,
  );
}

function describeTrouble(nodes: readonly SimNode[], written: boolean): string {
  const states = nodes.map(({ id, raft, isUp }) => {
    const where = `term ${raft.term}, applied ${raft.appliedIndex} of ${raft.log.lastIndex}`;
    return `${nameOf(id)} is ${isUp ? raft.role : 'down'} (${where}, follows ${raft.leader === null ? 'nobody' : nameOf(raft.leader)})`;
  });
  const what = written ? 'they do not agree' : 'nothing is committed';
  return `${RECOVERY_MS / 1000} s after the faults ended ${what}: ${states.join('; ')}`;
}

async function checkReads(world: World, nodes: readonly SimNode[]): Promise<void> {
  const { scheduler, invariants } = world;
  const answered = new Set<SimNode>();
  const ask = (node: SimNode): void =>
    node.driver.request({ kind: 'read' }, 5000, (result) => {
      if (result.outcome === 'ok') answered.add(node);
      // What it still has under way ends soon.
      else if (result.code === 'overloaded') scheduler.at(scheduler.now + POLL_MS, () => ask(node));
    });
  for (const node of nodes) ask(node);
  await world.runUntil(scheduler.now + 6000);
  const silent = nodes.find((node) => !answered.has(node) && world.isMember(node));
  if (silent !== undefined)
    invariants.violate('liveness', `${nameOf(silent.id)} answers no linearizable read`);
}

/** The registers have moved to whoever votes now, and answer at every node. */
async function checkRegisters(world: World, nodes: readonly SimNode[]): Promise<void> {
  const { scheduler, invariants } = world;
  const answered = new Set<SimNode>();
  const ask = (node: SimNode): void =>
    node.registers?.request({ kind: 'read', key: 'k1' }, 2000, ({ outcome }) => {
      if (outcome === 'ok') answered.add(node);
      else if (scheduler.now < deadline) ask(node);
    });
  const deadline = scheduler.now + RECOVERY_MS;
  for (const node of nodes) ask(node);
  const silent = (): SimNode | undefined => nodes.find((node) => !answered.has(node) && world.isMember(node));
  while (silent() !== undefined && scheduler.now < deadline) await world.runUntil(scheduler.now + POLL_MS);
  const node = silent();
  if (node === undefined) return;
  invariants.violate('liveness', `${nameOf(node.id)} reads no register (${world.describeEpochs()})`);
}

/** Nobody, however cut off, disturbs a majority that works (§9.6), nor raises terms without end. */
async function checkStability(world: World, nodes: readonly SimNode[]): Promise<void> {
  const { scheduler, invariants } = world;
  const everyone = world.members();
  const termsBefore = everyone.map(({ raft }) => raft.term);
  const leaderBefore = nodes.find(({ raft }) => raft.role === 'leader')?.id;
  await world.runUntil(scheduler.now + CALM_MS);
  if (invariants.violation !== null) return;
  const leaderAfter = nodes.find(({ raft }) => raft.role === 'leader')?.id;
  if (leaderAfter !== leaderBefore)
    invariants.violate('stable leader', 'a leader of a majority without faults was deposed');
  for (const [position, node] of everyone.entries()) {
    const rise = node.raft.term - (termsBefore[position] ?? 0);
    if (rise > 1)
      invariants.violate('stable terms', `${nameOf(node.id)} raised its term by ${rise} in ${CALM_MS} ms`);
  }
}
