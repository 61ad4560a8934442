import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { RunningClock, type ClockReading } from './clock.ts';
import { RUN_LENGTH, type ProxyAct, type TraceDetail } from './event.ts';
import { messageFacts } from './facts.ts';
import { TraceLog } from './log.ts';
import { OperationTrace } from './operations.ts';
import type { TraceStore } from './store.ts';

/** What a message carries of the event in which it was sent. */
export interface Stamp {
  readonly seq: number;
  readonly time: number;
  readonly clock: ClockReading;
}

export interface TracerPorts {
  /** Milliseconds since the epoch, with a fraction; never backwards. */
  now(): number;
  after(delayMs: number, callback: () => void): () => void;
  /** Events are not kept any more from here on; `reason` is for people. Called once. */
  onFailure(reason: string): void;
}

/** Numbers the events of one node and keeps its vector clock (Fidge 1988, Mattern 1989). */
export class Tracer {
  readonly operations: OperationTrace;
  readonly #log: TraceLog;
  /** The node's display name, once it has one. */
  name: string | null = null;
  readonly #clock: RunningClock;

  constructor(
    readonly node: MemberId,
    store: TraceStore,
    private readonly ports: TracerPorts,
  ) {
    this.#clock = new RunningClock(node, store.run * RUN_LENGTH);
    this.#log = new TraceLog(node, store, ports);
    this.operations = new OperationTrace(
      () => ports.now(),
      (time, detail) => this.#tell(time, detail),
    );
  }

  /** With all that has happened. */
  get log(): TraceLog {
    this.operations.settle();
    return this.#log;
  }

  /** Of the newest event. */
  get seq(): number {
    this.operations.settle();
    return this.#clock.seq;
  }

  now(): number {
    return this.ports.now();
  }

  /** `time`: when that was, if it is known already. */
  record(detail: TraceDetail, time = this.ports.now()): void {
    this.operations.settle();
    this.#tell(time, detail);
  }

  /** The stamp goes with the message. */
  sent(message: Message): Stamp {
    const time = this.ports.now();
    const { to, type } = message;
    this.operations.settle();
    const clock = this.#tell(time, { kind: 'send', to, message: type, facts: messageFacts(message) });
    return { seq: this.#clock.seq, time, clock };
  }

  /** From here on whatever was known to the sender is known here. */
  received(message: Message, stamp: Stamp | null): void {
    this.operations.settle();
    if (stamp !== null) {
      const { nodes, counts } = stamp.clock;
      for (let place = 0; place < nodes.length; place += 1) {
        const node = nodes[place];
        if (node !== undefined) this.#clock.learn(node, counts[place] ?? 0);
      }
    }
    this.record({
      kind: 'receive',
      from: message.from,
      message: message.type,
      facts: messageFacts(message),
      sent: stamp?.seq ?? null,
      sentAt: stamp?.time ?? null,
    });
  }

  proxied(act: ProxyAct, { to, type }: Message, stamp: Stamp): void {
    this.record({ kind: 'proxy', act, to, message: type, sent: stamp.seq });
  }

  /** Returns the event's clock. */
  #tell(time: number, detail: TraceDetail): ClockReading {
    const seq = this.#clock.tick();
    const clock = this.#clock.read();
    this.#log.push({ seq, name: this.name, time, clock, detail });
    return clock;
  }
}
