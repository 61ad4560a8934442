import { expect, it } from 'vitest';
import { createRandom, nextFraction, nextInteger, type Random } from '../../src/core/random.ts';
import type { RequestId } from '../../src/core/ids.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { command, CoreCluster } from '../support/core-cluster.ts';

/**
 * Random schedules against the core: messages are lost, duplicated and overtake each other, disks are
 * slow, servers restart with what was durable. What must never happen is checked after every step;
 * after the faults end, the cluster must come to one log that holds every acknowledged write.
 */
class Ordeal {
  readonly cluster: CoreCluster;
  readonly #random: Random;
  readonly #names: string[];
  /** The leader of each term, ever. */
  readonly #leaders = new Map<number, string>();
  /** The term of each committed entry, as the first server to commit it had it. */
  readonly #committed = new Map<number, number>();
  readonly #writes = new Map<RequestId, string>();
  readonly acknowledged: { readonly index: number; readonly term: number }[] = [];
  /** Reads under way: where, and the highest index acknowledged before they began. */
  readonly #reads = new Map<RequestId, { readonly at: string; readonly floor: number }>();
  readsAnswered = 0;
  restarts = 0;

  constructor(seed: number, rules: Rules = RULES) {
    this.#random = createRandom(seed);
    this.#names = Array.from(nextFraction(this.#random) < 0.5 ? 'ABC' : 'ABCDE');
    this.cluster = CoreCluster.of(this.#names.join(''), [], rules);
    this.cluster.autoPersist = false;
  }

  run(steps: number): void {
    for (let count = 0; count < steps; count += 1) {
      this.#step();
      this.#check();
    }
    this.#recover();
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[nextInteger(this.#random, 0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  #step(): void {
    const name = this.#pick(this.#names);
    const chance = nextFraction(this.#random);
    if (chance < 0.5) this.#deliver();
    else if (chance < 0.7) this.cluster.persistOne(name);
    else if (chance < 0.9) this.cluster.input(name, { type: 'tick' });
    else if (chance < 0.95) this.#write(name);
    else if (chance < 0.985) this.#read(name);
    else if (chance < 0.988) this.cluster.input(name, { type: 'campaign' });
    else if (chance < 0.992) this.#partition(name);
    else this.#restart(name);
    this.#collect();
  }

  /** Any message, not only the oldest: lost, delivered, or delivered and kept. */
  #deliver(): void {
    const { network } = this.cluster;
    if (network.length === 0) return;
    const position = Math.min(nextInteger(this.#random, 0, 20), network.length - 1);
    const [message] = network.splice(position, 1);
    const fate = nextFraction(this.#random);
    if (message === undefined || fate < 0.1) return;
    if (fate < 0.15) network.push(message);
    network.unshift(message);
    this.cluster.deliverOne();
  }

  #write(name: string): void {
    this.#writes.set(this.cluster.request(name, command(this.#writes.size % 256)), name);
  }

  #read(name: string): void {
    const floor = Math.max(0, ...this.acknowledged.map(({ index }) => index));
    this.#reads.set(this.cluster.request(name, { kind: 'read' }), { at: name, floor });
  }

  /** Cuts one server off, or two, or ends the partition. */
  #partition(name: string): void {
    if (nextFraction(this.#random) < 0.3) this.cluster.heal();
    else this.cluster.isolate(name, ...(nextFraction(this.#random) < 0.3 ? [this.#pick(this.#names)] : []));
  }

  #restart(name: string): void {
    this.restarts += 1;
    this.cluster.restart(name);
    for (const [request, { at }] of this.#reads) if (at === name) this.#reads.delete(request);
  }

  #collect(): void {
    for (const [request, name] of this.#writes) {
      const result = this.cluster.node(name).replies.get(request);
      if (result === undefined) continue;
      this.#writes.delete(request);
      if (result.outcome === 'ok') this.acknowledged.push({ index: result.index, term: result.term });
    }
    for (const [request, { at, floor }] of this.#reads) {
      const result = this.cluster.node(at).replies.get(request);
      if (result === undefined) continue;
      this.#reads.delete(request);
      if (result.outcome !== 'ok') continue;
      this.readsAnswered += 1;
      expect(result.index, 'a linearizable read sees what was acknowledged before it').toBeGreaterThanOrEqual(
        floor,
      );
      expect(this.cluster.raft(at).appliedIndex).toBeGreaterThanOrEqual(result.index);
    }
  }

  #check(): void {
    for (const [name, { raft }] of this.cluster.nodes) {
      if (raft.role === 'leader') {
        expect(this.#leaders.get(raft.term) ?? name, `one leader in term ${raft.term}`).toBe(name);
        if (!this.#leaders.has(raft.term)) this.#checkCompleteness(name);
        this.#leaders.set(raft.term, name);
      }
      for (let index = raft.commitIndex; index > 0 && !this.#isKnown(name, index); index -= 1) {
        this.#committed.set(index, raft.log.at(index).term);
      }
    }
  }

  /** State Machine Safety: whoever commits an index commits the same entry there. */
  #isKnown(name: string, index: number): boolean {
    const term = this.#committed.get(index);
    if (term === undefined) return false;
    expect(this.cluster.raft(name).log.termAt(index), `entry ${index} at ${name}`).toBe(term);
    return true;
  }

  /** Leader Completeness (§5.4): a new leader has every entry that was ever committed. */
  #checkCompleteness(name: string): void {
    const { log } = this.cluster.raft(name);
    for (const [index, term] of this.#committed)
      expect(log.termAt(index), `entry ${index} at the leader ${name}`).toBe(term);
  }

  #recover(): void {
    this.cluster.autoPersist = true;
    this.cluster.heal();
    this.cluster.settle();
    this.cluster.tick(100);
    this.#collect();
    this.#check();
    const commits = [...this.cluster.nodes.values()].map(({ raft }) => raft.commitIndex);
    expect(new Set(commits).size, `all commit the same: ${commits.join(' ')}`).toBe(1);
    for (const { disk } of this.cluster.nodes.values()) {
      for (const { index, term } of this.acknowledged) expect(disk.entries[index - 1]?.term).toBe(term);
    }
  }
}

it('keeps every promise of Raft under random schedules', { timeout: 120_000 }, () => {
  const total = { acknowledged: 0, reads: 0, restarts: 0 };
  for (let seed = 1; seed <= 100; seed += 1) {
    const ordeal = new Ordeal(seed);
    try {
      ordeal.run(1500);
    } catch (error) {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
    total.acknowledged += ordeal.acknowledged.length;
    total.reads += ordeal.readsAnswered;
    total.restarts += ordeal.restarts;
  }
  // An ordeal in which nothing happened would prove nothing.
  expect(total.acknowledged).toBeGreaterThan(500);
  expect(total.reads).toBeGreaterThan(150);
  expect(total.restarts).toBeGreaterThan(300);
});

it.each([
  ['gives its vote away twice', { ...RULES, hasVoteToGive: () => true }],
  ['votes for a shorter log', { ...RULES, isUpToDate: () => true }],
  ['takes half of the voters for a majority', { ...RULES, isElected: () => true }],
])('catches a server that %s', { timeout: 120_000 }, (_, rules) => {
  const caught = (): void => {
    for (let seed = 1; seed <= 100; seed += 1) new Ordeal(seed, rules).run(1500);
  };
  expect(caught).toThrow();
});
