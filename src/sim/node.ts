import type { MemberId } from '../core/ids.ts';
import { KeyValueMachine } from '../core/kv/machine.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import type { RaftOptions } from '../core/raft/interface.ts';
import { Registers } from '../core/abd/registers.ts';
import { REGISTER_RULES } from '../core/abd/rules.ts';
import { isRaftMessage, isRegisterMessage, type Message } from '../core/message.ts';
import { settledVoters } from '../core/raft/membership.ts';
import { RULES } from '../core/raft/rules.ts';
import type { RegisterOptions } from '../core/abd/interface.ts';
import { createRaft, type Raft } from '../core/raft/state.ts';
import { nextInteger, type Random } from '../core/random.ts';
import { SessionMachine } from '../core/session/machine.ts';
import { Proxy } from '../proxy/proxy.ts';
import { Driver, type DriverEvent } from '../runtime/driver.ts';
import { RegisterRouter } from '../runtime/register-router.ts';
import type { StateMachine } from '../runtime/state-machine.ts';
import type { Storage } from '../storage/storage.ts';
import type { CrashOutcome, SimDisk } from './disk.ts';
import type { Mutant } from './mutants.ts';
import { Process, type Scheduler } from './scheduler.ts';

export interface NodeParts {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly options: RaftOptions;
  readonly disk: SimDisk;
  readonly mutant: Mutant | null;
  /** Null: this cluster has no registers. */
  readonly registers: RegisterOptions | null;
  /** Which members are to hold the registers, where these vote. */
  replicasFor(voters: readonly MemberId[]): readonly MemberId[];
  nameOf(id: MemberId): string | null;
  send(message: Message): void;
  /** A storage promise was settled: what hangs on it runs before the next event. */
  onSettled(): void;
  readonly observer: NodeObserver;
}

const PROPOSE_MS = 2000;

type Started = Pick<SimNode, 'process' | 'raft' | 'driver' | 'proxy' | 'values' | 'machine' | 'registers'>;

/** Sees everything that a node does, and changes nothing. */
export interface NodeObserver {
  onStart(node: SimNode): void;
  onTurn(node: SimNode): void;
  onEvent(node: SimNode, event: DriverEvent): void;
  onApply(node: SimNode, index: number, command: Uint8Array, answer: Uint8Array): void;
  onAppend(node: SimNode, entry: Entry, prevTerm: number): void;
  onTruncated(node: SimNode, from: number): void;
  onReset(node: SimNode, index: number): void;
  onStop(node: SimNode, reason: string): void;
}

/** A member: the production driver, core, proxy, sessions and state machine over what is simulated. */
export class SimNode {
  process: Process;
  raft: Raft;
  driver: Driver;
  proxy: Proxy;
  values: KeyValueMachine;
  machine: SessionMachine;
  registers: RegisterRouter | null;
  /** How often this member was started. */
  incarnation = 0;

  constructor(private readonly parts: NodeParts) {
    const started = this.#start();
    this.process = started.process;
    this.raft = started.raft;
    this.proxy = started.proxy;
    this.driver = started.driver;
    this.values = started.values;
    this.machine = started.machine;
    this.registers = started.registers;
    parts.observer.onStart(this);
  }

  get id(): MemberId {
    return this.parts.options.id;
  }

  get disk(): SimDisk {
    return this.parts.disk;
  }

  /** It runs, be it frozen. */
  get isUp(): boolean {
    return this.process.isAlive && this.driver.stoppedReason === null;
  }

  receive(message: Message): void {
    this.process.run(() => {
      if (isRegisterMessage(message)) this.registers?.receive(message);
      else if (isRaftMessage(message)) this.driver.receive(message);
    });
  }

  /** The tab or the machine dies, in the middle of whatever it does. */
  crash(): CrashOutcome {
    if (!this.process.isAlive) return 'no-write';
    this.process.kill();
    return this.parts.disk.crash();
  }

  restart(): void {
    if (this.process.isAlive) this.crash();
    this.incarnation += 1;
    Object.assign(this, this.#start());
    this.parts.observer.onStart(this);
  }

  #start(): Started {
    const { scheduler, random, options, disk, mutant, observer } = this.parts;
    const process = new Process(scheduler);
    const values = new KeyValueMachine();
    const rules = mutant?.rules?.(() => raft) ?? {};
    const seed = nextInteger(random, 0, 0xffffffff);
    const raft: Raft = createRaft({ ...options, seed }, disk.stored, { ...RULES, ...rules });
    mutant?.prepare?.(raft);
    this.#observeLog(raft);
    const machine = mutant?.machine?.(values) ?? new SessionMachine(values);
    const proxy = new Proxy(
      { seed, maxDelayed: 1000, maxHeld: 1000 },
      {
        clock: process,
        nameOf: (id) => this.parts.nameOf(id),
        send: (message) => {
          if (message.type !== 'ping' && message.type !== 'pong') this.parts.send(message);
          return true;
        },
        onFault: () => undefined,
      },
    );
    const driver = new Driver(
      raft,
      { tickMs: options.tickMs, firstRequest: nextInteger(random, 1, 2 ** 40), maxPausedMessages: 1000 },
      {
        clock: process,
        storage: this.#storage(process),
        machine: this.#machine(machine),
        send: (message) => proxy.send(message),
        onEvent: (event) => observer.onEvent(this, event),
        onTurn: () => {
          registers?.onLog();
          observer.onTurn(this);
        },
        onStop: (reason) => {
          registers?.stop(reason);
          observer.onStop(this, reason);
        },
      },
    );
    const registers = this.#startRegisters(process, driver, proxy, machine);
    return { process, raft, driver, proxy, values, machine, registers };
  }

  #startRegisters(
    process: Process,
    driver: Driver,
    proxy: Proxy,
    machine: SessionMachine,
  ): RegisterRouter | null {
    const { registers, disk, mutant, options, random } = this.parts;
    if (registers === null) return null;
    const rules = { ...REGISTER_RULES, ...mutant?.registerRules };
    const stored = mutant?.storedRegisters?.(disk.storedRegisters) ?? disk.storedRegisters;
    return new RegisterRouter(
      new Registers(registers, stored, rules),
      { tickMs: options.tickMs, firstRequest: nextInteger(random, 1, 2 ** 40), maxPausedMessages: 1000 },
      {
        clock: process,
        disk: driver.disk,
        send: (message) => proxy.send(message),
        propose: (command, done) =>
          driver.request({ kind: 'command', command, repeatable: true }, PROPOSE_MS, done),
        epoch: () => machine.epochs.epoch,
        votersToFollow: () => {
          const voters = settledVoters(driver.raft);
          return voters === null ? null : this.parts.replicasFor(voters);
        },
        onOverflow: () => undefined,
        onError: (error) => driver.stop(error instanceof Error ? error.message : String(error)),
      },
    );
  }

  #observeLog({ log }: Raft): void {
    const append = log.append.bind(log);
    log.append = (entry) => {
      this.parts.observer.onAppend(this, entry, log.lastTerm);
      append(entry);
    };
    const truncateFrom = log.truncateFrom.bind(log);
    log.truncateFrom = (index) => {
      truncateFrom(index);
      this.parts.observer.onTruncated(this, index);
    };
    const reset = log.reset.bind(log);
    log.reset = (base) => {
      reset(base);
      this.parts.observer.onReset(this, base.index);
    };
  }

  #storage(process: Process): Storage {
    const { disk, mutant } = this.parts;
    const storage = disk.open(process, () => this.parts.onSettled());
    return mutant?.storage?.(storage) ?? storage;
  }

  #machine(machine: SessionMachine): StateMachine {
    return {
      apply: (command, index, timeMs) => {
        const answer = machine.apply(command, index, timeMs);
        this.parts.observer.onApply(this, index, command, answer);
        return answer;
      },
      snapshot: () => machine.snapshot(),
      restore: (data) => machine.restore(data),
    };
  }
}
