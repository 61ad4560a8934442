import { unreachable } from '../core/assert.ts';
import { encodeEpochCommand, nextEpoch, type Epoch } from '../core/abd/epochs.ts';
import type {
  RegisterEffect,
  RegisterInput,
  RegisterOperation,
  RegisterResult,
} from '../core/abd/interface.ts';
import type { RegisterMessage } from '../core/abd/message.ts';
import type { Registers } from '../core/abd/registers.ts';
import type { MemberId, RequestId } from '../core/ids.ts';
import { encodeEnvelope } from '../core/session/envelope.ts';
import type { Clock } from './clock.ts';
import type { Disk } from './disk.ts';
import { Outbox } from './outbox.ts';
import { PendingRequests } from './pending-requests.ts';
import { Ticker } from './ticker.ts';

export interface RegisterRouterOptions {
  readonly tickMs: number;
  /** Random, so that no answer to a request of an earlier run fits, and no tag of one comes again. */
  readonly firstRequest: RequestId;
  readonly maxPausedMessages: number;
}

export interface RegisterRouterPorts {
  readonly clock: Clock;
  /** The one that Raft writes to: writes of both that come together are one. */
  readonly disk: Disk;
  /** Towards the peers, through the proxy. May lose anything. */
  send(message: RegisterMessage): void;
  /** Puts a command into the log, or fails to; `done` is called in any case. */
  propose(command: Uint8Array, done: () => void): void;
  /** What the log says, as far as it is applied here. */
  epoch(): Epoch;
  /** The voters of a committed configuration, where this node leads; else null. */
  votersToFollow(): readonly MemberId[] | null;
  /** The core has taken a step, and nothing of what it asks for has been done yet. */
  onStep?(inputs: readonly RegisterInput[], effects: readonly RegisterEffect[]): void;
  /** A message to the paused node was lost: too many wait. */
  onOverflow(): void;
  /** The core has failed: a bug. */
  onError(error: unknown): void;
}

type OnResult = (result: RegisterResult) => void;

/** How often a leader looks whether the replica set should follow the voters. */
const MANAGE_TICKS = 10;

/** Carries out what the registers' core asks for, beside the driver of Raft and on the same disk. */
export class RegisterRouter {
  readonly #outbox: Outbox<RegisterMessage>;
  readonly #ticker: Ticker;
  #inputs: RegisterInput[] = [];
  #isScheduled = false;
  #isPaused = false;
  #stopped: string | null = null;
  readonly #requests: PendingRequests<RegisterResult>;
  #ticks = 0;
  #epoch: Epoch | null = null;
  #isProposing = false;

  constructor(
    readonly registers: Registers,
    private readonly options: RegisterRouterOptions,
    private readonly ports: RegisterRouterPorts,
  ) {
    this.#requests = new PendingRequests(options.firstRequest);
    this.#outbox = new Outbox((message) => this.#deliver(message));
    this.#ticker = new Ticker(ports.clock, options.tickMs, {
      uneventful: () => this.#uneventfulTicks(),
      onTicks: (count) => this.#onTicks(count),
      onGap: () => undefined,
    });
    this.#ticker.start();
  }

  receive(message: RegisterMessage): void {
    if (this.#isPaused && this.#inputs.length >= this.options.maxPausedMessages) {
      this.ports.onOverflow();
      return;
    }
    this.#feed({ type: 'message', message });
  }

  /** `onResult` is called exactly once. */
  request(operation: RegisterOperation, timeoutMs: number, onResult: OnResult): void {
    const refusal = this.#stopped ?? (this.#isPaused ? 'This node is paused.' : null);
    if (refusal !== null) {
      onResult({ outcome: 'failed', code: 'not-running', reason: refusal });
      return;
    }
    const request = this.#requests.add(this.ports.clock.now() + timeoutMs, onResult);
    this.#feed({ type: 'request', request, operation });
  }

  /** The log may have been applied further. */
  onLog(): void {
    const epoch = this.ports.epoch();
    if (epoch === this.#epoch || epoch.number === 0) return;
    this.#epoch = epoch;
    this.#feed({ type: 'epoch', epoch });
  }

  pause(): void {
    this.#isPaused = true;
    this.#ticker.stop();
    this.#outbox.setPaused(true);
  }

  resume(): void {
    this.#isPaused = false;
    if (this.#stopped === null) this.#ticker.start();
    this.#outbox.setPaused(false);
    this.#schedule();
  }

  /** Stops for good. What is under way is `unknown`: some of it may have been stored. */
  stop(reason: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = reason;
    this.#ticker.stop();
    this.#inputs = [];
    this.#outbox.clear();
    this.#requests.answerAll({
      outcome: 'unknown',
      code: 'not-running',
      reason: `This node stopped. ${reason}`,
    });
  }

  #uneventfulTicks(): number {
    const isAtRest = this.registers.isAtRest && this.#requests.size === 0;
    return isAtRest ? MANAGE_TICKS - 1 - (this.#ticks % MANAGE_TICKS) : 0;
  }

  #onTicks(count: number): void {
    for (let told = 0; told < count; told += 1) {
      this.#ticks += 1;
      if (!this.registers.isAtRest) this.#push({ type: 'tick' });
      if (this.#ticks % MANAGE_TICKS === 0) this.#followVoters();
    }
    for (const request of this.#requests.due(this.ports.clock.now())) this.#push({ type: 'expire', request });
    // Where there is nothing for a turn to do.
    this.#ticker.rest();
  }

  #followVoters(): void {
    const voters = this.ports.votersToFollow();
    const command = voters === null ? null : nextEpoch(this.ports.epoch(), voters);
    if (command !== null) this.#propose(encodeEpochCommand(command));
  }

  #propose(command: Uint8Array): void {
    // Whatever is wanted is wanted again on a later tick, if it has not come about by then.
    if (this.#isProposing) return;
    this.#isProposing = true;
    this.ports.propose(encodeEnvelope({ kind: 'epochs', command }), () => {
      this.#isProposing = false;
    });
  }

  #feed(input: RegisterInput): void {
    this.#ticker.catchUp();
    this.#push(input);
  }

  #push(input: RegisterInput): void {
    if (this.#stopped !== null) return;
    this.#inputs.push(input);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#inputs.length === 0) return;
    this.#isScheduled = true;
    this.ports.clock.soon(() => this.#runTurn());
  }

  #runTurn(): void {
    this.#isScheduled = false;
    if (this.#isPaused || this.#stopped !== null) return;
    const inputs = this.#inputs;
    this.#inputs = [];
    try {
      const effects = this.registers.step(inputs);
      this.ports.onStep?.(inputs, effects);
      for (const effect of effects) this.#carryOut(effect);
    } catch (error) {
      this.ports.onError(error);
    }
    this.#ticker.rest();
  }

  #carryOut(effect: RegisterEffect): void {
    switch (effect.type) {
      case 'persist': {
        const { sequence, registers, state } = effect;
        this.ports.disk.write({ ...NOTHING, registers, replica: state }, () => this.#onDurable(sequence));
        return;
      }
      case 'send':
        this.#outbox.send(effect.message, effect.awaits);
        return;
      case 'reply':
        this.#requests.answer(effect.request, effect.result);
        return;
      case 'ready':
        this.#propose(
          encodeEpochCommand({ kind: 'ready', number: effect.epoch, member: this.registers.options.id }),
        );
        return;
      default:
        unreachable(effect);
    }
  }

  /** A member asks itself as it asks the others, without a link. */
  #deliver(message: RegisterMessage): void {
    if (message.to === this.registers.options.id) this.receive(message);
    else this.ports.send(message);
  }

  #onDurable(sequence: number): void {
    if (this.#stopped !== null) return;
    this.#outbox.onDurable(sequence);
    this.#feed({ type: 'persisted', sequence });
  }
}

/** Nothing of Raft's. */
const NOTHING = {
  hardState: null,
  snapshot: null,
  compactTo: null,
  truncateFrom: null,
  entries: [],
} as const;
