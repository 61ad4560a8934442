import type { Effect, Input } from '../../../src/core/raft/interface.ts';
import type { RaftMessage } from '../../../src/core/raft/message.ts';
import { CoreCluster, nameOf } from '../../support/core-cluster.ts';

/** What happened, in the order in which it did. */
export type Occurrence =
  | {
      readonly kind: 'turn';
      readonly node: string;
      readonly inputs: readonly Input[];
      effects: readonly Effect[];
    }
  | { readonly kind: 'lost'; readonly message: RaftMessage };

const MAX_ROUNDS = 1000;

/** Cores wired by hand of which every turn is written down. */
export class RecordedCluster extends CoreCluster {
  occurrences: Occurrence[] = [];
  #lastRequest = 0;

  constructor() {
    super();
    this.autoPersist = false;
  }

  override input(name: string, ...inputs: Input[]): Effect[] {
    // A turn can cause further ones before `super` returns; they come after it in the record.
    const turn: Occurrence = { kind: 'turn', node: name, inputs, effects: [] };
    this.occurrences.push(turn);
    const effects = super.input(name, ...inputs);
    turn.effects = effects;
    return effects;
  }

  nextRequest(): number {
    this.#lastRequest += 1;
    return this.#lastRequest;
  }

  deliver(message: RaftMessage, isDropped = false): void {
    this.network = this.network.filter((other) => other !== message);
    const to = nameOf(message.to);
    if (isDropped || this.isLost(message) || !this.nodes.has(to)) {
      this.occurrences.push({ kind: 'lost', message });
    } else {
      this.input(to, { type: 'message', message });
    }
  }

  persistAll(name: string): void {
    while (this.node(name).writes.length > 0) this.persistOne(name);
  }

  /** Writes and messages of these nodes, until there are no more. Messages to others stay under way. */
  stabilize(names: readonly string[]): void {
    const isAmong = ({ from, to }: RaftMessage): boolean =>
      names.includes(nameOf(from)) && (names.includes(nameOf(to)) || !this.nodes.has(nameOf(to)));
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      for (const name of names) this.persistAll(name);
      const messages = this.network.filter(isAmong);
      const isIdle = messages.length === 0 && names.every((name) => this.node(name).writes.length === 0);
      if (isIdle) return;
      for (const message of messages) this.deliver(message);
    }
    throw new Error('the cluster does not come to rest');
  }
}
