import { unreachable } from '../assert.ts';
import type { MemberId, RequestId } from '../ids.ts';
import type { Epoch } from './epochs.ts';
import type { RegisterEffect, RegisterInput, RegisterOptions, RegisterResult } from './interface.ts';
import type {
  RegisterMessage,
  RegisterQuery,
  RegisterQueryResponse,
  RegisterStore,
  RegisterStoreResponse,
} from './message.ts';
import { Operations, type OperationsImage } from './operations.ts';
import type { Register, ReplicaState, StoredRegisters } from './register.ts';
import { REGISTER_RULES, type RegisterRules } from './rules.ts';
import { Transfer, type Progress } from './transfer.ts';

/** `sequence`: of the write that makes it durable. */
interface Held extends Register {
  readonly sequence: number;
}

/** All that a `Registers` is between two steps, as plain data. */
export interface RegistersImage {
  readonly epoch: Epoch;
  readonly state: ReplicaState;
  readonly held: readonly Held[];
  readonly operations: OperationsImage;
  /** Null: none is under way. */
  readonly transfer: ReadonlyMap<MemberId, Progress> | null;
  readonly sequence: number;
  readonly durableSequence: number;
  readonly stateSequence: number;
  readonly ticks: number;
}

/**
 * One member's part in the multi-writer registers of Attiya, Bar-Noy and Dolev (1995), with the tags of Lynch and
 * Shvartsman (1997): a replica of every key, and the operations that this member runs against the others. Pure: the
 * same inputs in the same turns give the same effects.
 */
export class Registers {
  #epoch: Epoch = { number: 0, replicas: [], ready: [], previous: null };
  #state: ReplicaState;
  readonly #held = new Map<string, Held>();
  #keysInOrder: string[] | null = null;
  readonly #operations: Operations;
  #transfer: Transfer | null = null;
  /** Of the last `persist`; what this turn changes becomes durable with the next one. */
  #sequence = 0;
  #durableSequence = 0;
  /** Of the write that made `#state` durable. */
  #stateSequence = 0;
  #ticks = 0;
  #effects: RegisterEffect[] = [];
  #changed = new Map<string, Register>();
  #hasNewState = false;

  constructor(
    readonly options: RegisterOptions,
    stored: StoredRegisters,
    private readonly rules: RegisterRules = REGISTER_RULES,
  ) {
    this.#state = stored.state;
    for (const register of stored.registers) this.#held.set(register.key, { ...register, sequence: 0 });
    this.#operations = new Operations(options, rules, {
      send: (to, message) => this.#send({ ...message, from: options.id, to }, 0),
      reply: (request, result) => this.#reply(request, result),
    });
  }

  image(): RegistersImage {
    return {
      epoch: this.#epoch,
      state: this.#state,
      held: [...this.#held.values()],
      operations: this.#operations.image(),
      transfer: this.#transfer?.image() ?? null,
      sequence: this.#sequence,
      durableSequence: this.#durableSequence,
      stateSequence: this.#stateSequence,
      ticks: this.#ticks,
    };
  }

  /** Goes on where the image was made. */
  static restore(
    options: RegisterOptions,
    image: RegistersImage,
    rules: RegisterRules = REGISTER_RULES,
  ): Registers {
    const registers = new Registers(options, { state: image.state, registers: [] }, rules);
    registers.#epoch = image.epoch;
    for (const held of image.held) registers.#held.set(held.key, held);
    registers.#operations.restore(image.operations);
    registers.#sequence = image.sequence;
    registers.#durableSequence = image.durableSequence;
    registers.#stateSequence = image.stateSequence;
    registers.#ticks = image.ticks;
    if (image.transfer !== null) registers.#transfer = registers.#createTransfer(image.transfer);
    return registers;
  }

  get operationCount(): number {
    return this.#operations.count;
  }

  step(inputs: readonly RegisterInput[]): RegisterEffect[] {
    for (const input of inputs) this.#take(input);
    this.#persist();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #take(input: RegisterInput): void {
    switch (input.type) {
      case 'tick':
        this.#onTick();
        return;
      case 'message':
        this.#onMessage(input.message);
        return;
      case 'persisted':
        this.#durableSequence = input.sequence;
        this.#announce();
        return;
      case 'epoch':
        this.#onEpoch(input.epoch);
        return;
      case 'request':
        this.#operations.begin(input.request, input.operation);
        return;
      case 'expire':
        this.#operations.expire(input.request);
        return;
      default:
        unreachable(input);
    }
  }

  #onMessage(message: RegisterMessage): void {
    switch (message.type) {
      case 'registerQuery':
        this.#onQuery(message);
        return;
      case 'registerStore':
        this.#onStore(message);
        return;
      case 'registerQueryResponse':
      case 'registerStoreResponse':
        this.#operations.onResponse(message);
        return;
      case 'registerTransferRequest':
        this.#onTransferRequest(message.from, message.epoch, message.after);
        return;
      case 'registerTransferResponse':
        for (const register of this.#transfer?.receive(message) ?? []) this.#hold(register);
        this.#finishTransfer();
        return;
      default:
        unreachable(message);
    }
  }

  // ── The replica ───────────────────────────────────────────────────────────────────────────────

  #onQuery({ from, epoch, operation, key }: RegisterQuery): void {
    if (!this.rules.serves(epoch, this.#state)) return;
    const found = this.#held.get(key);
    const held = found === undefined ? null : { tag: found.tag, value: found.value };
    const answer = { type: 'registerQueryResponse', epoch, operation, held } as const;
    this.#answer(from, answer, found?.sequence ?? 0);
  }

  #onStore({ from, epoch, operation, register }: RegisterStore): void {
    if (!this.rules.serves(epoch, this.#state)) return;
    this.#hold(register);
    const sequence = this.#held.get(register.key)?.sequence ?? 0;
    this.#answer(from, { type: 'registerStoreResponse', epoch, operation }, sequence);
  }

  /** Keeps the later one of `register` and what is held of its key. */
  #hold(register: Register): void {
    const { key, tag, value } = register;
    const held = this.#held.get(key);
    if (held !== undefined && !this.rules.supersedes(tag, held.tag)) return;
    if (held === undefined) this.#keysInOrder = null;
    this.#held.set(key, { key, tag, value, sequence: this.#sequence + 1 });
    this.#changed.set(key, { key, tag, value });
  }

  #answer(
    to: MemberId,
    message: Omit<RegisterQueryResponse, 'from' | 'to'> | Omit<RegisterStoreResponse, 'from' | 'to'>,
    sequence: number,
  ): void {
    const answer = { ...message, from: this.options.id, to } as RegisterMessage;
    this.#send(answer, this.rules.awaits(Math.max(sequence, this.#stateSequence)));
  }

  // ── Epochs ────────────────────────────────────────────────────────────────────────────────────

  #onEpoch(epoch: Epoch): void {
    if (epoch.number < this.#epoch.number) return;
    const isNew = epoch.number > this.#epoch.number;
    this.#epoch = epoch;
    if (!isNew) return;
    this.#transfer = null;
    this.#operations.moveTo(epoch);
    if (!epoch.replicas.includes(this.options.id) || this.#state.ready >= epoch.number) return;
    if (epoch.previous === null) {
      this.#setState({ ...this.#state, ready: epoch.number });
      return;
    }
    this.#transfer = this.#createTransfer(null);
    this.#transfer.ask();
  }

  /** Into the current epoch. `sources`: how far it has got; null: nowhere yet. */
  #createTransfer(sources: RegistersImage['transfer']): Transfer {
    const { id } = this.options;
    const { number: epoch, previous } = this.#epoch;
    const ask = (to: MemberId, after: string | null): void =>
      this.#send({ type: 'registerTransferRequest', from: id, to, epoch, after }, 0);
    return new Transfer(epoch, previous ?? [], this.rules, ask, sources);
  }

  /**
   * Hands over what this replica of the epoch before holds. From here on it stores nothing in that epoch: whatever a
   * majority took before is handed over, and nothing else can reach a majority there any more.
   */
  #onTransferRequest(from: MemberId, epoch: number, after: string | null): void {
    const ended = epoch - 1;
    if (ended < 1 || this.#state.ready < ended) return;
    const sealed = this.rules.sealedOnTransfer(this.#state.sealed, ended);
    if (sealed !== this.#state.sealed) this.#setState({ ...this.#state, sealed });
    const registers: Register[] = [];
    let [bytes, sequence, isLast] = [0, this.#stateSequence, true];
    for (const key of this.#keysAfter(after)) {
      const held = this.#held.get(key);
      if (held === undefined) continue;
      if (bytes > this.options.maxTransferBytes) {
        isLast = false;
        break;
      }
      bytes += 64 + 2 * (key.length + (held.value?.length ?? 0));
      sequence = Math.max(sequence, held.sequence);
      registers.push({ key, tag: held.tag, value: held.value });
    }
    const page = { type: 'registerTransferResponse', epoch, after, registers, isLast } as const;
    this.#send({ ...page, from: this.options.id, to: from }, sequence);
  }

  #keysAfter(after: string | null): readonly string[] {
    this.#keysInOrder ??= [...this.#held.keys()].sort();
    if (after === null) return this.#keysInOrder;
    let [low, high] = [0, this.#keysInOrder.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keysInOrder[middle] ?? '') <= after) low = middle + 1;
      else high = middle;
    }
    return this.#keysInOrder.slice(low);
  }

  #finishTransfer(): void {
    if (this.#transfer?.isDone !== true) return;
    this.#transfer = null;
    this.#setState({ ...this.#state, ready: this.#epoch.number });
  }

  #setState(state: ReplicaState): void {
    this.#state = state;
    this.#stateSequence = this.#sequence + 1;
    this.#hasNewState = true;
  }

  #announce(): void {
    const { number } = this.#epoch;
    if (this.#state.ready !== number || this.#stateSequence > this.#durableSequence) return;
    if (this.#isAwaited) this.#effects.push({ type: 'ready', epoch: number });
  }

  /** The cluster does not know yet that this replica is ready. */
  get #isAwaited(): boolean {
    const { number, replicas, ready } = this.#epoch;
    const { id } = this.options;
    return number > 0 && replicas.includes(id) && !ready.includes(id);
  }

  /** Nothing is under way that a tick could further. */
  get isAtRest(): boolean {
    return this.#operations.count === 0 && this.#transfer === null && !this.#isAwaited;
  }

  // ── Turns ─────────────────────────────────────────────────────────────────────────────────────

  #onTick(): void {
    this.#ticks += 1;
    if (this.#ticks % this.options.resendTicks !== 0) return;
    this.#operations.resend();
    this.#transfer?.ask();
    this.#announce();
  }

  #send(message: RegisterMessage, awaits: number): void {
    this.#effects.push({ type: 'send', message, awaits });
  }

  #reply(request: RequestId, result: RegisterResult): void {
    this.#effects.push({ type: 'reply', request, result });
  }

  #persist(): void {
    if (this.#changed.size === 0 && !this.#hasNewState) return;
    this.#sequence += 1;
    this.#effects.unshift({
      type: 'persist',
      sequence: this.#sequence,
      registers: [...this.#changed.values()],
      state: this.#hasNewState ? this.#state : null,
    });
    this.#changed = new Map();
    this.#hasNewState = false;
  }
}
