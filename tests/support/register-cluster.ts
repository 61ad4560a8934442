import type { Epoch } from '../../src/core/abd/epochs.ts';
import type {
  RegisterEffect,
  RegisterInput,
  RegisterOperation,
  RegisterResult,
} from '../../src/core/abd/interface.ts';
import type { RegisterMessage } from '../../src/core/abd/message.ts';
import { NO_REGISTERS, type StoredRegisters } from '../../src/core/abd/register.ts';
import { Registers } from '../../src/core/abd/registers.ts';
import { REGISTER_RULES, type RegisterRules } from '../../src/core/abd/rules.ts';
import { id, nameOf } from './core-cluster.ts';

interface Member {
  registers: Registers;
  /** What is durable, and what waits for the disk. */
  stored: StoredRegisters;
  writes: Extract<RegisterEffect, { type: 'persist' }>[];
  held: Extract<RegisterEffect, { type: 'send' }>[];
  durable: number;
}

/** Members of the registers without time, disk or network of their own: the test moves everything. */
export class RegisterCluster {
  readonly members = new Map<string, Member>();
  network: RegisterMessage[] = [];
  isLost: (message: RegisterMessage) => boolean = () => false;
  readonly results = new Map<number, RegisterResult>();
  /** Who said that it is ready, for which epoch. */
  readonly ready: string[] = [];
  #nextRequest = 1;

  constructor(
    names: string,
    private readonly rules: Partial<RegisterRules> = {},
    private readonly maxOperations = 10,
  ) {
    for (const name of names) this.start(name, NO_REGISTERS);
  }

  /** Starts it, again if need be, from what is stored. */
  start(name: string, stored = this.member(name).stored): void {
    const options = {
      id: id(name),
      maxOperations: this.maxOperations,
      resendTicks: 2,
      maxTransferBytes: 200,
    };
    const registers = new Registers(options, stored, { ...REGISTER_RULES, ...this.rules });
    this.members.set(name, { registers, stored, writes: [], held: [], durable: 0 });
  }

  member(name: string): Member {
    const member = this.members.get(name);
    if (member === undefined) throw new Error(`there is no ${name}`);
    return member;
  }

  input(name: string, ...inputs: RegisterInput[]): void {
    const member = this.member(name);
    for (const effect of member.registers.step(inputs)) {
      if (effect.type === 'persist') member.writes.push(effect);
      if (effect.type === 'ready') this.ready.push(`${name}${effect.epoch}`);
      if (effect.type === 'reply') this.results.set(effect.request, effect.result);
      if (effect.type === 'send') {
        if (effect.awaits > member.durable) member.held.push(effect);
        else this.network.push(effect.message);
      }
    }
  }

  epoch(
    number: number,
    replicas: string,
    previous: string | null = null,
    told = [...this.members.keys()],
  ): void {
    const ids = (names: string): Epoch['replicas'] => Array.from(names, (name) => id(name));
    const epoch = {
      number,
      replicas: ids(replicas),
      ready: [],
      previous: previous === null ? null : ids(previous),
    };
    for (const name of told) this.input(name, { type: 'epoch', epoch });
  }

  request(name: string, operation: RegisterOperation): number {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.input(name, { type: 'request', request, operation });
    return request;
  }

  write(name: string, value: string | null, key = 'x'): number {
    return this.request(name, { kind: 'write', key, value });
  }

  read(name: string, key = 'x'): number {
    return this.request(name, { kind: 'read', key });
  }

  /** `ok VALUE`, another outcome, or nothing yet. */
  outcome(request: number): string {
    const result = this.results.get(request);
    if (result === undefined) return 'under way';
    return result.outcome === 'ok' ? `ok ${result.value}` : `${result.outcome} ${result.code}`;
  }

  persist(name: string): void {
    const member = this.member(name);
    for (const { sequence, registers, state } of member.writes.splice(0)) {
      const kept = member.stored.registers.filter(({ key }) => registers.every((other) => other.key !== key));
      member.stored = { state: state ?? member.stored.state, registers: [...kept, ...registers] };
      member.durable = sequence;
      this.input(name, { type: 'persisted', sequence });
    }
    const held = member.held;
    member.held = held.filter(({ awaits }) => awaits > member.durable);
    for (const { message, awaits } of held) if (awaits <= member.durable) this.network.push(message);
  }

  /** Hands over the messages that are on their way, as of now. */
  deliver(): void {
    for (const message of this.network.splice(0)) {
      if (!this.isLost(message) && this.members.has(nameOf(message.to)))
        this.input(nameOf(message.to), { type: 'message', message });
    }
  }

  tick(...names: string[]): void {
    for (const name of names.length === 0 ? this.members.keys() : names) this.input(name, { type: 'tick' });
  }

  /** Everything happens that can. */
  settle(): void {
    for (let round = 0; round < 50; round += 1) {
      for (const name of this.members.keys()) this.persist(name);
      if (this.network.length === 0 && [...this.members.values()].every(({ writes }) => writes.length === 0))
        return;
      this.deliver();
    }
    throw new Error('it never settles');
  }

  /** What a member durably holds: `value@counter`. */
  holds(name: string, key = 'x'): string {
    const register = this.member(name).stored.registers.find((candidate) => candidate.key === key);
    return register === undefined ? 'nothing' : `${register.value}@${register.tag.counter}`;
  }

  /** Nobody hears from any of these, nor they from anybody but themselves. */
  cut(names: string): void {
    this.isLost = ({ from, to }) =>
      from !== to && (names.includes(nameOf(from)) || names.includes(nameOf(to)));
  }
}
