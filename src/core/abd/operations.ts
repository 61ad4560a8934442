import type { MemberId, RequestId } from '../ids.ts';
import { IntegerMap } from '../integer-map.ts';
import type { Epoch } from './epochs.ts';
import type { RegisterOperation, RegisterOptions, RegisterResult } from './interface.ts';
import type {
  RegisterQuery,
  RegisterQueryResponse,
  RegisterStore,
  RegisterStoreResponse,
} from './message.ts';
import { compareTags, type Found } from './register.ts';
import type { RegisterRules } from './rules.ts';

/** An operation under way: first it asks a majority what it holds, then it has a majority hold something. */
export interface UnderWay {
  readonly request: RequestId;
  readonly operation: RegisterOperation;
  /** The epoch in which it asks now; 0: it waits for the first one. */
  epoch: number;
  /** What the replicas answered; in the second phase only that they did. */
  answers: Map<string, Found | null>;
  /** What is to be stored. Null: still the first phase. */
  stored: Found | null;
}

export interface OperationsImage {
  readonly epoch: Epoch | null;
  readonly underWay: readonly UnderWay[];
}

type Outgoing = Omit<RegisterQuery, 'from' | 'to'> | Omit<RegisterStore, 'from' | 'to'>;

interface Ports {
  send(to: MemberId, message: Outgoing): void;
  reply(request: RequestId, result: RegisterResult): void;
}

/** The reads and writes that this member runs. Bounded in number; each ends by its answer or its time. */
export class Operations {
  readonly #underWay = new IntegerMap<UnderWay>();
  #epoch: Epoch | null = null;

  constructor(
    private readonly options: RegisterOptions,
    private readonly rules: RegisterRules,
    private readonly ports: Ports,
  ) {}

  get count(): number {
    return this.#underWay.size;
  }

  image(): OperationsImage {
    const underWay = [...this.#underWay].map(([, one]) => ({ ...one, answers: new Map(one.answers) }));
    return { epoch: this.#epoch, underWay };
  }

  restore({ epoch, underWay }: OperationsImage): void {
    this.#epoch = epoch;
    for (const one of underWay) this.#underWay.set(one.request, { ...one, answers: new Map(one.answers) });
  }

  begin(request: RequestId, operation: RegisterOperation): void {
    if (this.#underWay.size >= this.options.maxOperations) {
      const reason = `This node has ${this.options.maxOperations} operations under way already. Try again later.`;
      this.ports.reply(request, { outcome: 'failed', code: 'overloaded', reason });
      return;
    }
    const started: UnderWay = {
      request,
      operation,
      epoch: this.#epoch?.number ?? 0,
      answers: new Map(),
      stored: null,
    };
    this.#underWay.set(request, started);
    this.#ask(started);
  }

  /**
   * All go on in the new epoch. What had a tag keeps it: stored again under another one, a single write would be
   * seen twice.
   */
  moveTo(epoch: Epoch): void {
    this.#epoch = epoch;
    for (const [, underWay] of this.#underWay) {
      underWay.epoch = epoch.number;
      underWay.answers = new Map();
      underWay.stored = this.rules.carriedOver(underWay.stored);
      this.#ask(underWay);
    }
  }

  resend(): void {
    for (const [, underWay] of this.#underWay) this.#ask(underWay);
  }

  expire(request: RequestId): void {
    const underWay = this.#underWay.get(request);
    if (underWay === undefined) return;
    const isWrite = underWay.operation.kind === 'write';
    const isUnknown = isWrite && this.rules.isUncertain(underWay.stored !== null);
    const why =
      this.#epoch === null
        ? 'No replica set is known here yet.'
        : 'No majority of the replicas answered in time.';
    const reason = isUnknown
      ? `${why} The write may have happened, or may yet.`
      : `${why} ${isWrite ? 'Nothing was written.' : 'Nothing was read.'}`;
    this.#finish(underWay, { outcome: isUnknown ? 'unknown' : 'failed', code: 'timed-out', reason });
  }

  onResponse(message: RegisterQueryResponse | RegisterStoreResponse): void {
    const underWay = this.#underWay.get(message.operation);
    if (underWay?.epoch !== message.epoch) return;
    const isQuery = message.type === 'registerQueryResponse';
    if (isQuery !== (underWay.stored === null) || !this.#replicas.includes(message.from)) return;
    const { answers } = underWay;
    answers.set(this.rules.nameOfAnswer(message.from, answers.size), isQuery ? message.held : null);
    if (answers.size < this.#quorum) return;
    if (isQuery) this.#onFound(underWay);
    else this.#succeed(underWay, underWay.stored);
  }

  get #replicas(): readonly MemberId[] {
    return this.#epoch?.replicas ?? [];
  }

  get #quorum(): number {
    return this.rules.quorum(this.#replicas);
  }

  /** Asks whoever has not answered. */
  #ask({ request, operation, epoch, answers, stored }: UnderWay): void {
    const { key } = operation;
    for (const replica of this.#replicas) {
      if (answers.has(replica)) continue;
      const asked = { epoch, operation: request };
      if (stored === null) this.ports.send(replica, { type: 'registerQuery', ...asked, key });
      else this.ports.send(replica, { type: 'registerStore', ...asked, register: { key, ...stored } });
    }
  }

  #onFound(underWay: UnderWay): void {
    const { operation, request, answers } = underWay;
    const found = [...answers.values()].filter((held) => held !== null);
    const latest = found.reduce<Found | null>(
      (best, held) => (best === null || compareTags(held.tag, best.tag) > 0 ? held : best),
      null,
    );
    if (operation.kind === 'write') {
      const tag = this.rules.nextTag(latest?.tag ?? null, this.options.id, request);
      this.#store(underWay, { tag, value: operation.value });
      return;
    }
    const holders = found.filter(({ tag }) => latest !== null && compareTags(tag, latest.tag) === 0).length;
    if (latest !== null && this.rules.writesBack(holders, this.#quorum)) this.#store(underWay, latest);
    else this.#succeed(underWay, latest);
  }

  #store(underWay: UnderWay, stored: Found): void {
    underWay.stored = stored;
    underWay.answers = new Map();
    this.#ask(underWay);
  }

  #succeed(underWay: UnderWay, held: Found | null): void {
    const { epoch } = underWay;
    this.#finish(underWay, { outcome: 'ok', value: held?.value ?? null, tag: held?.tag ?? null, epoch });
  }

  #finish({ request }: UnderWay, result: RegisterResult): void {
    this.#underWay.delete(request);
    this.ports.reply(request, result);
  }
}
