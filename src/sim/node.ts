import type { MemberId } from '../core/ids.ts';
import { KeyValueMachine } from '../core/kv/machine.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import type { RaftOptions } from '../core/raft/interface.ts';
import type { RaftMessage } from '../core/raft/message.ts';
import { RULES } from '../core/raft/rules.ts';
import { createRaft, type Raft } from '../core/raft/state.ts';
import { nextInteger, type Random } from '../core/random.ts';
import { SessionMachine } from '../core/session/machine.ts';
import { Proxy } from '../proxy/proxy.ts';
import { Driver, type DriverEvent } from '../runtime/driver.ts';
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
  nameOf(id: MemberId): string | null;
  send(message: RaftMessage): void;
  /** A storage promise was settled: what hangs on it runs before the next event. */
  onSettled(): void;
  readonly observer: NodeObserver;
}

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
  /** How often this member was started. */
  incarnation = 0;

  constructor(private readonly parts: NodeParts) {
    const started = this.#start();
    this.process = started.process;
    this.raft = started.raft;
    this.proxy = started.proxy;
    this.driver = started.driver;
    this.values = started.values;
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

  receive(message: RaftMessage): void {
    this.process.run(() => this.driver.receive(message));
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

  #start(): Pick<SimNode, 'process' | 'raft' | 'driver' | 'proxy' | 'values'> {
    const { scheduler, random, options, disk, mutant, observer } = this.parts;
    const process = new Process(scheduler);
    const values = new KeyValueMachine();
    const rules = mutant?.rules?.(() => raft) ?? {};
    const seed = nextInteger(random, 0, 0xffffffff);
    const raft: Raft = createRaft({ ...options, seed }, disk.stored, { ...RULES, ...rules });
    mutant?.prepare?.(raft);
    this.#observeLog(raft);
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
        machine: this.#machine(mutant?.machine?.(values) ?? new SessionMachine(values)),
        send: (message) => proxy.send(message),
        onEvent: (event) => observer.onEvent(this, event),
        onTurn: () => observer.onTurn(this),
        onStop: (reason) => observer.onStop(this, reason),
      },
    );
    return { process, raft, driver, proxy, values };
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
