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
  readonly #stopTicking: () => void;
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
    this.#stopTicking = ports.clock.every(options.tickMs, () => this.#onTick());
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
    this.#outbox.setPaused(true);
  }

  resume(): void {
    this.#isPaused = false;
    this.#outbox.setPaused(false);
    this.#schedule();
  }

  /** Stops for good. What is under way is `unknown`: some of it may have been stored. */
  stop(reason: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = reason;
    this.#stopTicking();
    this.#inputs = [];
    this.#outbox.clear();
    this.#requests.answerAll({
      outcome: 'unknown',
      code: 'not-running',
      reason: `This node stopped. ${reason}`,
    });
  }

  #onTick(): void {
    if (this.#isPaused) return;
    this.#ticks += 1;
    if (!this.registers.isAtRest) this.#feed({ type: 'tick' });
    const now = this.ports.clock.now();
    for (const request of this.#requests.due(now)) this.#feed({ type: 'expire', request });
    if (this.#ticks % MANAGE_TICKS === 0) this.#followVoters();
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
