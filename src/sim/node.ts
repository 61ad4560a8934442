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
import { messageOf } from '../error-text.ts';
import { Proxy } from '../proxy/proxy.ts';
import { Driver, type DriverEvent } from '../runtime/driver.ts';
import { RegisterRouter } from '../runtime/register-router.ts';
import type { StateMachine } from '../runtime/state-machine.ts';
import type { Storage } from '../storage/storage.ts';
import type { Stamp } from '../trace/tracer.ts';
import { timed } from '../worker/node-trace.ts';
import type { CrashOutcome, SimDisk } from './disk.ts';
import type { Mutant } from './mutants.ts';
import type { Parcel } from './network.ts';
import { Process, type Scheduler } from './scheduler.ts';
import type { RecordedRun, SimTraces } from './traces.ts';

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
  send(parcel: Parcel): void;
  /** Null: nothing is recorded. */
  readonly traces: SimTraces | null;
  /** A storage promise was settled: what hangs on it runs before the next event. */
  onSettled(): void;
  readonly observer: NodeObserver;
}

const PROPOSE_MS = 2000;

type Started = Pick<
  SimNode,
  'process' | 'raft' | 'driver' | 'proxy' | 'values' | 'machine' | 'registers' | 'recorded'
>;

/** A message on its way through the proxy. */
type Outgoing = Parcel & Pick<Message, 'from' | 'to' | 'type'>;

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
  proxy: Proxy<Outgoing>;
  recorded: RecordedRun | null;
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
    this.recorded = started.recorded;
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

  receive(message: Message, stamp: Stamp | null): void {
    this.process.run(() => {
      this.recorded?.tracer.received(message, stamp);
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
    this.#observeLog(raft);
    const machine = mutant?.machine?.(values) ?? new SessionMachine(values);
    const recorded = this.parts.traces?.start(process, raft) ?? null;
    // Last, so that what it does wrong is observed as well.
    mutant?.prepare?.(raft);
    const proxy = new Proxy<Outgoing>(
      { seed, maxDelayed: 1000, maxHeld: 1000 },
      {
        clock: process,
        nameOf: (id) => this.parts.nameOf(id),
        send: (parcel) => {
          this.parts.send(parcel);
          return true;
        },
        onFault: (what, { message, stamp }) => {
          if (stamp !== null) recorded?.trace.onFault(what, message, stamp);
        },
      },
    );
    const driver = new Driver(
      raft,
      { tickMs: options.tickMs, firstRequest: nextInteger(random, 1, 2 ** 40), maxPausedMessages: 1000 },
      {
        clock: process,
        storage: timed(this.#storage(process), recorded?.trace ?? null),
        machine: this.#machine(machine),
        send: (message) => proxy.send(outgoing(message, recorded)),
        onEvent: (event) => {
          recorded?.trace.onDriverEvent(event);
          observer.onEvent(this, event);
        },
        onStep: (inputs, effects) => {
          recorded?.trace.onStep(effects, recorded.now());
          recorded?.recording?.onRaftStep(inputs, effects, recorded.now(), recorded.tracer.seq);
        },
        onTurn: () => {
          registers?.onLog();
          observer.onTurn(this);
        },
        onStop: (reason) => {
          recorded?.trace.onStop(reason);
          registers?.stop(reason);
          observer.onStop(this, reason);
        },
      },
    );
    mutant?.disk?.(driver.disk);
    const registers = this.#startRegisters({ process, driver, proxy, machine, recorded });
    recorded?.begin(registers?.registers ?? null);
    return { process, raft, driver, proxy, values, machine, registers, recorded };
  }

  #startRegisters({
    process,
    driver,
    proxy,
    machine,
    recorded,
  }: Pick<Started, 'process' | 'driver' | 'proxy' | 'machine' | 'recorded'>): RegisterRouter | null {
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
        send: (message) => proxy.send(outgoing(message, recorded)),
        onStep: (inputs, effects) =>
          recorded?.recording?.onRegisterStep(inputs, effects, recorded.now(), recorded.tracer.seq),
        propose: (command, done) =>
          driver.request({ kind: 'command', command, repeatable: true }, PROPOSE_MS, done),
        epoch: () => machine.epochs.epoch,
        votersToFollow: () => {
          const voters = settledVoters(driver.raft);
          return voters === null ? null : this.parts.replicasFor(voters);
        },
        onOverflow: () => undefined,
        onError: (error) => driver.stop(messageOf(error)),
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

function outgoing(message: Message, recorded: RecordedRun | null): Outgoing {
  const { from, to, type } = message;
  return { from, to, type, message, stamp: recorded?.tracer.sent(message) ?? null };
}
