import type { HistoryEvent } from '../check/history.ts';
import type { RegisterOperation, RegisterResult } from '../core/abd/interface.ts';
import type { Tag } from '../core/abd/register.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import type { SimNode } from './node.ts';
import { askWithPatience } from './patience.ts';
import { Recorder, type Asked } from '../client/recorder.ts';
import type { Scheduler } from './scheduler.ts';

export interface RegisterClientParts {
  readonly name: string;
  readonly keys: number;
  readonly thinkMs: number;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly history: HistoryEvent[];
  nodes(): readonly SimNode[];
  onAcknowledged(key: string, tag: Tag, node: SimNode): void;
}

const TIMEOUT_MS = 1500;

/** A client of the registers: reads and writes at whatever node it likes, and never asks twice. */
export class RegisterClient {
  operations = 0;
  acknowledged = 0;
  readonly #recorder: Recorder;
  #isStopped = false;
  #nextValue = 0;

  constructor(private readonly parts: RegisterClientParts) {
    this.#recorder = new Recorder(parts.name, parts.history, () => parts.scheduler.now);
    this.#think();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #think(): void {
    const { scheduler, random, thinkMs } = this.parts;
    scheduler.at(scheduler.now + nextInteger(random, 1, 2 * thinkMs), () => {
      if (!this.#isStopped) this.#operate();
    });
  }

  #operate(): void {
    const { random, keys, name } = this.parts;
    const key = `k${nextInteger(random, 1, keys)}`;
    const nodes = this.parts.nodes();
    const node = nodes[nextInteger(random, 0, nodes.length - 1)];
    if (node === undefined) {
      this.#think();
      return;
    }
    this.operations += 1;
    const isRead = nextFraction(random) < 0.5;
    this.#nextValue += 1;
    const value = nextFraction(random) < 0.05 ? null : `${name}-${this.#nextValue}`;
    const asked: Asked = isRead ? { f: 'get', key, value: null } : { f: 'put', key, value };
    this.#recorder.record('invoke', asked);
    this.#ask(node, isRead ? { kind: 'read', key } : { kind: 'write', key, value }, (result) => {
      this.#finish(asked, result, node);
      this.#think();
    });
  }

  #finish(asked: Asked, result: RegisterResult, node: SimNode): void {
    if (result.outcome === 'ok') {
      this.acknowledged += 1;
      this.#recorder.record('ok', asked, asked.f === 'get' ? { value: result.value } : {});
      if (asked.f === 'put' && result.tag !== null) this.parts.onAcknowledged(asked.key, result.tag, node);
    } else {
      // A read changes nothing, whatever became of it.
      const isUndone = asked.f === 'get' || result.outcome === 'failed';
      this.#recorder.record(isUndone ? 'fail' : 'info', asked);
    }
  }

  /** The node may die: the client gives up by itself a little later. */
  #ask(node: SimNode, operation: RegisterOperation, done: (result: RegisterResult) => void): void {
    const { scheduler } = this.parts;
    askWithPatience<RegisterResult>(
      scheduler,
      2 * TIMEOUT_MS,
      (finish) => node.process.run(() => node.registers?.request(operation, TIMEOUT_MS, finish)),
      done,
    );
  }
}
