import { decodeResult, encodeTransaction, type Instruction } from '../core/kv/transaction.ts';
import type { OperationResult } from '../core/raft/message.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import { ClientSession, encodeInSession } from '../core/session/client.ts';
import { decodeReply, encodeEnvelope } from '../core/session/envelope.ts';
import type { HistoryEvent } from '../check/history.ts';
import type { SimNode } from './node.ts';
import { askWithPatience } from './patience.ts';
import { Recorder } from '../client/recorder.ts';
import type { Scheduler } from './scheduler.ts';

export interface ClientParts {
  readonly name: string;
  readonly keys: number;
  readonly thinkMs: number;
  /** How long its sessions live without use, in log time. */
  readonly sessionMs: number;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly history: HistoryEvent[];
  /** The nodes that a client may turn to. */
  nodes(): readonly SimNode[];
  onAcknowledged(index: number, term: number): void;
  onRetry(): void;
  onExpired(): void;
  /** Told so at the first attempt: the command did not and will not happen. */
  onFailed(command: Uint8Array): void;
  /** What is committed anywhere, as of now. */
  committed(): number;
  onRead(node: SimNode, committedBefore: number): void;
}

type Step = { readonly f: 'get' } | { readonly f: 'put'; readonly value: string | null } | Cas;
interface Cas {
  readonly f: 'cas';
  readonly value: readonly [string | null, string];
}

const ATTEMPT_MS = 1500;
const MAX_ATTEMPTS = 4;

/**
 * A client that does one thing after the other at whatever node it likes, tries again elsewhere what got
 * no answer, in a session, so that it happens once, and writes down what it asked and was told.
 */
export class SimClient {
  operations = 0;
  acknowledged = 0;
  readonly #recorder: Recorder;
  #session: ClientSession | null = null;
  #isStopped = false;
  #nextValue = 0;
  #lastSeen: string | null = null;

  constructor(private readonly parts: ClientParts) {
    this.#recorder = new Recorder(parts.name, parts.history, () => parts.scheduler.now);
    this.#think();
  }

  stop(): void {
    this.#isStopped = true;
  }

  #think(): void {
    const { scheduler, random, thinkMs } = this.parts;
    scheduler.at(scheduler.now + nextInteger(random, 1, 2 * thinkMs), () => {
      if (this.#isStopped) return;
      if (this.#session === null) this.#openSession();
      else this.#operate(this.#session);
    });
  }

  #openSession(): void {
    const command = encodeEnvelope({ kind: 'open', ttlMs: this.parts.sessionMs });
    this.#ask({ kind: 'command', command, repeatable: true }, (result) => {
      const reply = result.outcome === 'ok' ? decodeReply(result.value) : null;
      if (reply?.kind === 'opened') this.#session = new ClientSession(reply.session);
      this.#think();
    });
  }

  #operate(session: ClientSession): void {
    const { random, keys } = this.parts;
    const key = `k${nextInteger(random, 1, keys)}`;
    const step = this.#draw();
    this.operations += 1;
    this.#record('invoke', step, key, {});
    if (step.f === 'get') this.#read(step, key);
    else this.#write(session, step, key);
  }

  #draw(): Step {
    const chance = nextFraction(this.parts.random);
    if (chance < 0.45) return { f: 'get' };
    this.#nextValue += 1;
    const value = `${this.parts.name}-${this.#nextValue}`;
    if (chance < 0.75) return { f: 'put', value: nextFraction(this.parts.random) < 0.05 ? null : value };
    return { f: 'cas', value: [this.#lastSeen, value] };
  }

  #read(step: Step, key: string): void {
    const committed = this.parts.committed();
    this.#ask({ kind: 'read' }, (result, node) => {
      if (result.outcome === 'ok' && node !== null) {
        this.parts.onRead(node, committed);
        this.#lastSeen = node.values.get(key);
        this.#record('ok', step, key, { value: this.#lastSeen });
        this.acknowledged += 1;
      } else {
        // A read changes nothing, whatever became of it.
        this.#record('fail', step, key, {});
      }
      this.#think();
    });
  }

  #write(session: ClientSession, step: Exclude<Step, { f: 'get' }>, key: string): void {
    const command = encodeTransaction(instructions(step, key));
    const place = session.begin();
    const bytes = encodeInSession(place, command);
    this.#attempt(bytes, 1, false, (result) => {
      session.end(place);
      this.#finish(step, key, result);
      this.#think();
    });
  }

  /** `isUncertain`: an earlier attempt may have happened, or may yet. */
  #attempt(
    bytes: Uint8Array,
    count: number,
    isUncertain: boolean,
    done: (result: OperationResult) => void,
  ): void {
    this.#ask({ kind: 'command', command: bytes, repeatable: true }, (result) => {
      if (result.outcome !== 'unknown' || count >= MAX_ATTEMPTS || this.#isStopped) {
        if (result.outcome === 'failed' && !isUncertain) this.parts.onFailed(bytes);
        const isDoubtful = isUncertain && result.outcome === 'failed';
        done(isDoubtful ? { ...result, outcome: 'unknown' } : result);
        return;
      }
      this.parts.onRetry();
      this.#attempt(bytes, count + 1, true, done);
    });
  }

  #finish(step: Exclude<Step, { f: 'get' }>, key: string, result: OperationResult): void {
    if (result.outcome !== 'ok') {
      this.#record(result.outcome === 'failed' ? 'fail' : 'info', step, key, {});
      return;
    }
    const reply = decodeReply(result.value);
    if (reply.kind !== 'done') {
      this.parts.onExpired();
      this.#session = null;
      this.#record('info', step, key, {});
      return;
    }
    this.parts.onAcknowledged(result.index, result.term);
    this.acknowledged += 1;
    const { applied } = decodeResult(reply.value);
    this.#record('ok', step, key, applied ? {} : { applied: false });
  }

  /** One try at one node. The node may die: the client gives up by itself a little later. */
  #ask(
    operation: Parameters<SimNode['driver']['request']>[0],
    done: (result: OperationResult, node: SimNode | null) => void,
  ): void {
    const { scheduler, random } = this.parts;
    const nodes = this.parts.nodes();
    const node = nodes[nextInteger(random, 0, nodes.length - 1)];
    if (node === undefined) {
      const result = {
        outcome: 'failed',
        code: 'no-leader',
        reason: 'No node is there to be asked.',
      } as const;
      scheduler.at(scheduler.now + ATTEMPT_MS, () => done(result, null));
      return;
    }
    askWithPatience<OperationResult>(
      scheduler,
      2 * ATTEMPT_MS,
      (finish) => node.process.run(() => node.driver.request(operation, ATTEMPT_MS, finish)),
      (result) => done(result, node),
    );
  }

  #record(
    type: HistoryEvent['type'],
    step: Step,
    key: string,
    more: { value?: string | null; applied?: false },
  ): void {
    this.#recorder.record(type, { f: step.f, key, value: step.f === 'get' ? null : step.value }, more);
  }
}

function instructions(step: Exclude<Step, { f: 'get' }>, key: string): Instruction[] {
  if (step.f === 'put') return [{ op: 'SET', key, val: step.value }];
  const [expected, next] = step.value;
  return [
    { op: 'ASSERT', key, val: expected },
    { op: 'SET', key, val: next },
  ];
}
