import { unreachable } from '../core/assert.ts';
import type { MemberId, RequestId } from '../core/ids.ts';
import type { Answer, Effect, Input, RaftEvent } from '../core/raft/interface.ts';
import type { Operation, OperationResult, RaftMessage } from '../core/raft/message.ts';
import { step } from '../core/raft/raft.ts';
import { uneventfulTicks } from '../core/raft/rest.ts';
import type { Raft } from '../core/raft/state.ts';
import { messageOf } from '../error-text.ts';
import type { Storage } from '../storage/storage.ts';
import type { Clock } from './clock.ts';
import { Disk } from './disk.ts';
import { Outbox } from './outbox.ts';
import { PendingRequests } from './pending-requests.ts';
import type { StateMachine } from './state-machine.ts';
import { Ticker } from './ticker.ts';

export interface DriverOptions {
  readonly tickMs: number;
  /** The first request's id. Random, so that no answer to a request of an earlier run fits. */
  readonly firstRequest: RequestId;
  /** Messages kept while the node is paused; more are dropped, as a full socket buffer would. */
  readonly maxPausedMessages: number;
}

export interface DriverPorts {
  readonly clock: Clock;
  readonly storage: Storage;
  readonly machine: StateMachine;
  /** Towards the peers, through the proxy. May lose anything. */
  send(message: RaftMessage): void;
  onEvent(event: DriverEvent): void;
  /** The core has taken a step, and nothing of what it asks for has been done yet. */
  onStep?(inputs: readonly Input[], effects: readonly Effect[]): void;
  /** After every turn: something may have changed. */
  onTurn(): void;
  /** The node has stopped for good. */
  onStop(reason: string): void;
}

export type DriverEvent =
  | RaftEvent
  /** The tab slept: nothing ran for `gapMs`. */
  | { readonly kind: 'gap'; readonly gapMs: number }
  | { readonly kind: 'paused' | 'resumed' }
  | { readonly kind: 'overflow'; readonly what: string };

type OnResult = (result: OperationResult) => void;

/**
 * The only place with effects: feeds the core, and carries out what it asks for under the conditions
 * that stand on `Effect`. Inputs that come together are one turn.
 */
export class Driver {
  /** Writes of others that go with Raft's are handed to it as well. */
  readonly disk: Disk;
  readonly #ticker: Ticker;
  #inputs: Input[] = [];
  #isScheduled = false;
  #isPaused = false;
  #stopped: string | null = null;
  readonly #outbox: Outbox<RaftMessage>;
  readonly #requests: PendingRequests<OperationResult>;

  constructor(
    readonly raft: Raft,
    private readonly options: DriverOptions,
    private readonly ports: DriverPorts,
  ) {
    this.#requests = new PendingRequests(options.firstRequest);
    this.disk = new Disk(ports.storage, (error) => this.stop(messageOf(error)));
    this.#outbox = new Outbox((message) => ports.send(message));
    this.#ticker = new Ticker(ports.clock, options.tickMs, {
      uneventful: () => (this.#requests.size > 0 ? 0 : uneventfulTicks(raft)),
      onTicks: (count) => this.#onTicks(count),
      onGap: (gapMs) => this.#onGap(gapMs),
    });
    this.#ticker.start();
    // What was committed before the restart is applied without waiting for a tick.
    this.#schedule();
  }

  receive(message: RaftMessage): void {
    if (this.#isPaused && this.#inputs.length >= this.options.maxPausedMessages) {
      this.ports.onEvent({ kind: 'overflow', what: 'messages to a paused node' });
      return;
    }
    this.#feed({ type: 'message', message });
  }

  setLinks(linked: readonly MemberId[]): void {
    this.#feed({ type: 'links', linked });
  }

  campaign(): void {
    this.#feed({ type: 'campaign' });
  }

  /** Takes a snapshot of the state machine now, if there is anything new in it. */
  compact(): void {
    this.#feed({ type: 'compact' });
  }

  /**
   * Runs one client operation. `onResult` is called exactly once, and for a read at the very moment
   * at which the state machine may be read.
   */
  request(operation: Operation, timeoutMs: number, onResult: OnResult): void {
    const refusal = this.#stopped ?? (this.#isPaused ? 'This node is paused.' : null);
    if (refusal !== null) {
      onResult({ outcome: 'failed', code: 'not-running', reason: refusal });
      return;
    }
    const request = this.#requests.add(this.ports.clock.now() + timeoutMs, onResult);
    this.#feed({ type: 'request', request, operation });
  }

  /** As if the process got no processor time: messages wait, timers stand still. */
  pause(): void {
    if (this.#isPaused || this.#stopped !== null) return;
    this.#isPaused = true;
    this.#ticker.stop();
    this.#outbox.setPaused(true);
    this.ports.onEvent({ kind: 'paused' });
    this.ports.onTurn();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    if (this.#stopped === null) this.#ticker.start();
    this.ports.onEvent({ kind: 'resumed' });
    this.#feed({ type: 'woke' });
    this.#outbox.setPaused(false);
    this.#schedule();
  }

  /** Ticks that have passed and that the core was not told of, as they change nothing but their number. */
  get untoldTicks(): number {
    return this.#ticker.untold;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get stoppedReason(): string | null {
    return this.#stopped;
  }

  /** Stops for good, at once. Operations under way end as `unknown`: they may have been handed over. */
  stop(reason: string): void {
    if (this.#stopped !== null) return;
    this.#stopped = reason;
    this.#ticker.stop();
    this.#inputs = [];
    this.#outbox.clear();
    void this.disk.close().catch((error: unknown) => {
      this.ports.onEvent({ kind: 'overflow', what: `closing the storage: ${messageOf(error)}` });
    });
    this.#requests.answerAll({
      outcome: 'unknown',
      code: 'not-running',
      reason: `This node stopped. ${reason}`,
    });
    this.ports.onStop(reason);
  }

  /** Resolves once the storage is released. */
  async close(reason: string): Promise<void> {
    this.stop(reason);
    await this.disk.close();
  }

  #onTicks(count: number): void {
    for (let told = 0; told < count; told += 1) this.#push({ type: 'tick' });
    for (const request of this.#requests.due(this.ports.clock.now())) this.#push({ type: 'expire', request });
  }

  #onGap(gapMs: number): void {
    this.ports.onEvent({ kind: 'gap', gapMs });
    this.#push({ type: 'woke' });
  }

  #feed(input: Input): void {
    this.#ticker.catchUp();
    this.#push(input);
  }

  #push(input: Input): void {
    if (this.#stopped !== null) return;
    this.#inputs.push(input);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.ports.clock.soon(() => this.#runTurns());
  }

  #runTurns(): void {
    this.#isScheduled = false;
    if (this.#isPaused || this.#stopped !== null) return;
    try {
      do {
        const inputs = this.#inputs;
        this.#inputs = [];
        const effects = step(this.raft, inputs);
        this.ports.onStep?.(inputs, effects);
        for (const effect of effects) {
          if (this.stoppedReason !== null) break; // on an earlier effect of this turn
          this.#carryOut(effect);
        }
      } while (this.#inputs.length > 0 && this.stoppedReason === null);
    } catch (error) {
      this.stop(messageOf(error));
    }
    this.#ticker.rest();
    this.ports.onTurn();
  }

  #carryOut(effect: Effect): void {
    switch (effect.type) {
      case 'persist':
        this.disk.write(effect, () => this.#onDurable(effect.sequence));
        return;
      case 'send':
        this.#outbox.send(effect.message, effect.awaits);
        return;
      case 'apply':
        this.#apply(effect);
        return;
      case 'snapshot':
        this.#feed({ type: 'snapshotTaken', index: effect.index, data: this.ports.machine.snapshot() });
        return;
      case 'restore':
        this.ports.machine.restore(effect.snapshot.data);
        return;
      case 'reply':
        this.#requests.answer(effect.request, effect.result);
        return;
      case 'trace':
        this.ports.onEvent(effect.event);
        return;
      default:
        unreachable(effect);
    }
  }

  #apply({ entries, wanted }: Extract<Effect, { type: 'apply' }>): void {
    const answers: Answer[] = [];
    let nextWanted = 0;
    for (const { index, term, payload } of entries) {
      if (payload.kind !== 'command') continue;
      const value = this.ports.machine.apply(payload.command, index, payload.timeMs);
      if (wanted[nextWanted] !== index) continue;
      answers.push({ index, term, value });
      nextWanted += 1;
    }
    const last = entries.at(-1);
    if (last !== undefined) this.#feed({ type: 'applied', index: last.index, answers });
  }

  #onDurable(sequence: number): void {
    if (this.#stopped !== null) return;
    this.#outbox.onDurable(sequence);
    this.#feed({ type: 'persisted', sequence });
  }
}
