import type { MemberId } from '../core/ids.ts';
import type { Message } from '../core/message.ts';
import { RunningClock, type ClockReading } from './clock.ts';
import { RUN_LENGTH, type ProxyAct, type TraceDetail } from './event.ts';
import { messageFacts } from './facts.ts';
import { TraceLog } from './log.ts';
import type { TraceStore } from './store.ts';

/** What a message carries of the event in which it was sent. */
export interface Stamp {
  readonly seq: number;
  readonly time: number;
  readonly clock: ClockReading;
}

/** Takes the answer to a client's operation. */
export type EndOperation = (result: { readonly outcome: string; readonly reason?: string }) => void;

export interface TracerPorts {
  /** Milliseconds since the epoch, with a fraction; never backwards. */
  now(): number;
  after(delayMs: number, callback: () => void): () => void;
  /** Events are not kept any more from here on; `reason` is for people. Called once. */
  onFailure(reason: string): void;
}

/** Numbers the events of one node and keeps its vector clock (Fidge 1988, Mattern 1989). */
export class Tracer {
  readonly log: TraceLog;
  /** The node's display name, once it has one. */
  name: string | null = null;
  readonly #clock: RunningClock;
  #operations = 0;

  constructor(
    readonly node: MemberId,
    store: TraceStore,
    private readonly ports: TracerPorts,
  ) {
    this.#clock = new RunningClock(node, store.run * RUN_LENGTH);
    this.log = new TraceLog(node, store, ports);
  }

  /** Of the newest event. */
  get seq(): number {
    return this.#clock.seq;
  }

  now(): number {
    return this.ports.now();
  }

  /** Milliseconds, to the microsecond, since what `now` said. */
  since(begun: number): number {
    return millis(this.ports.now() - begun);
  }

  record(detail: TraceDetail): void {
    this.#record(this.ports.now(), detail);
  }

  /** The stamp goes with the message. */
  sent(message: Message): Stamp {
    const time = this.ports.now();
    const { to, type } = message;
    const seq = this.#record(time, { kind: 'send', to, message: type, facts: messageFacts(message) });
    return { seq, time, clock: this.#clock.read() };
  }

  /** From here on whatever was known to the sender is known here. */
  received(message: Message, stamp: Stamp | null): void {
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

  /** A client of this node begins something; what is returned takes its answer. Local reads and the like have none. */
  operation(f: string, key: string | null): EndOperation {
    this.#operations += 1;
    const operation = this.#operations;
    const begun = this.ports.now();
    this.#record(begun, { kind: 'invoke', operation, f, key });
    return ({ outcome, reason = null }) => {
      if (outcome !== 'ok' && outcome !== 'failed' && outcome !== 'unknown') return;
      const time = this.ports.now();
      this.#record(time, { kind: 'result', operation, f, key, outcome, reason, ms: millis(time - begun) });
    };
  }

  #record(time: number, detail: TraceDetail): number {
    const seq = this.#clock.tick();
    this.log.push(seq, this.name, time, this.#clock.now, detail);
    return seq;
  }
}

/** To the microsecond. */
function millis(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
