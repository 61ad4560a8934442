import type { Consistency, Failure, Instruction, ReadResult, WriteResult } from '../api.ts';
import type { HistoryEvent } from '../check/history.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import { ClientSession } from '../core/session/client.ts';
import type { Cluster } from './cluster.ts';
import type { Algorithm, Endpoint } from './endpoint.ts';
import { Recorder, type Asked } from './recorder.ts';
import { sleep } from './time.ts';

/** How long a client waits, and how often it tries. */
export interface Patience {
  /** For one attempt at one member. */
  readonly attemptMs: number;
  /** For the operation; an attempt under way is waited for. */
  readonly totalMs: number;
  /** Between attempts: the first pause, and the longest, to which it doubles. */
  readonly backoffMs: readonly [number, number];
}

export const DEFAULT_PATIENCE: Patience = { attemptMs: 2000, totalMs: 30_000, backoffMs: [20, 500] };

export interface ClientParts {
  /** Of its process in the history. */
  readonly name: string;
  readonly algorithm: Algorithm;
  readonly cluster: Cluster;
  readonly random: Random;
  /** Members to turn to: each attempt is made at any of them, but soonest at those that helped when last asked. */
  members(): readonly string[];
  /** Where its operations are written down; null: nowhere. */
  readonly history: HistoryEvent[] | null;
  readonly signal: AbortSignal;
  readonly patience?: Partial<Patience>;
}

/** A member that could not help is left alone for so long, as long as there are others. */
const AVOIDED_MS = 1000;
/** Asking again would bring the same answer. */
const FINAL_CODES: readonly string[] = ['assertion', 'invalid', 'too-large', 'session-expired'];
const NOBODY: Failure = { outcome: 'failed', code: 'unreachable', reason: 'There is no member to turn to.' };

type Attempt<R> = (endpoint: Endpoint, timeoutMs: number) => Promise<R | Failure>;

/**
 * A client of either algorithm: does one thing after the other, and tries again elsewhere what got no answer, as far
 * as that is safe. Outcomes mean what they mean everywhere (docs/api.md).
 */
export class Client {
  /** Operations that have ended, and those of them that ended well. */
  ended = 0;
  completed = 0;
  readonly #patience: Patience;
  readonly #recorder: Recorder | null;
  #session: ClientSession | null = null;
  readonly #avoidedUntil = new Map<string, number>();

  constructor(private readonly parts: ClientParts) {
    this.#patience = { ...DEFAULT_PATIENCE, ...parts.patience };
    const { name, history } = parts;
    this.#recorder = history === null ? null : new Recorder(name, history, () => performance.now());
  }

  async get(key: string, consistency: Consistency = 'linearizable'): Promise<ReadResult> {
    const { algorithm } = this.parts;
    // What a local read finds is no claim about the register.
    const recorder = consistency === 'local' ? null : this.#recorder;
    const asked: Asked = { f: 'get', key, value: null };
    recorder?.record('invoke', asked);
    const result = await this.#try<ReadResult>(true, ({ raft, abd }, timeoutMs) =>
      algorithm === 'abd' ? abd.get(key, { timeoutMs }) : raft.get(key, { timeoutMs, consistency }),
    );
    // A read changes nothing, whatever became of it.
    if (result.outcome === 'ok') recorder?.record('ok', asked, { value: result.value });
    else recorder?.record('fail', asked);
    return this.#ended(result);
  }

  async put(key: string, value: string | null): Promise<WriteResult> {
    const asked: Asked = { f: 'put', key, value };
    this.#recorder?.record('invoke', asked);
    const result =
      this.parts.algorithm === 'abd'
        ? await this.#writeRegister(key, value)
        : await this.#transact([{ op: 'SET', key, val: value }]);
    this.#recorder?.record(EVENT_TYPES[result.outcome], asked);
    return this.#ended(result);
  }

  /** Of Raft. `failed` with the code `assertion`: there was another value. */
  async cas(key: string, expected: string | null, value: string | null): Promise<WriteResult> {
    const asked: Asked = { f: 'cas', key, value: [expected, value] };
    this.#recorder?.record('invoke', asked);
    const result = await this.#transact([
      { op: 'ASSERT', key, val: expected },
      { op: 'SET', key, val: value },
    ]);
    const isOther = result.outcome === 'failed' && result.code === 'assertion';
    if (isOther) this.#recorder?.record('ok', asked, { applied: false });
    else this.#recorder?.record(EVENT_TYPES[result.outcome], asked);
    return this.#ended(result);
  }

  /** Of Raft. Not written down: a history is about single keys. */
  async transact(instructions: readonly Instruction[]): Promise<WriteResult> {
    return this.#ended(await this.#transact(instructions));
  }

  /** In this client's session, so that it is applied once however often it is tried. */
  async #transact(instructions: readonly Instruction[]): Promise<WriteResult> {
    this.#session ??= await this.#openSession();
    const session = this.#session;
    if (session === null)
      return {
        outcome: 'failed',
        code: 'no-leader',
        reason: 'Nobody opened a session, so nothing was done.',
      };
    const place = session.begin();
    const result = await this.#try<WriteResult>(true, ({ raft }, timeoutMs) =>
      raft.transact([...instructions], { timeoutMs, session: place }),
    );
    session.end(place);
    // Nobody knows any more what of it was applied: what follows is a new client's.
    if (result.outcome === 'unknown' && result.code === 'session-expired') this.#session = null;
    return result;
  }

  async #openSession(): Promise<ClientSession | null> {
    const result = await this.#try(true, ({ raft }, timeoutMs) => raft.openSession({ timeoutMs }));
    return result.outcome === 'ok' ? new ClientSession(result.session) : null;
  }

  /**
   * A register knows no sessions: asked again, the write would get a second, later tag, and might overwrite what came
   * in between. So only what certainly did not happen is tried again.
   */
  async #writeRegister(key: string, value: string | null): Promise<WriteResult> {
    return this.#try<WriteResult>(false, ({ abd }, timeoutMs) => abd.put(key, value, { timeoutMs }));
  }

  /** `isRepeatable`: what may have happened may be asked again. */
  async #try<R extends { outcome: string }>(
    isRepeatable: boolean,
    ask: Attempt<R>,
  ): Promise<Exclude<R, Failure> | Failure> {
    const { cluster, random, signal } = this.parts;
    const { attemptMs, totalMs, backoffMs } = this.#patience;
    const [firstPauseMs, longestPauseMs] = backoffMs;
    const deadline = performance.now() + totalMs;
    let pauseMs = firstPauseMs;
    let isUncertain = false;
    for (;;) {
      const member = this.#choose();
      const result = member === null ? NOBODY : await ask(cluster.member(member), attemptMs);
      if (isOk<R>(result)) return result;
      const failure = result as Failure;
      isUncertain ||= failure.outcome === 'unknown';
      const isOver =
        FINAL_CODES.includes(failure.code) ||
        (isUncertain && !isRepeatable) ||
        signal.aborted ||
        performance.now() + pauseMs >= deadline;
      if (isOver) {
        // In one place of one session, an answer of the state machine is the answer to every attempt.
        const isDoubtful = isUncertain && failure.outcome === 'failed' && failure.code !== 'assertion';
        if (!isDoubtful) return failure;
        return {
          ...failure,
          outcome: 'unknown',
          reason: `${failure.reason} (So the last attempt; what became of an earlier one is not known.)`,
        };
      }
      if (member !== null) this.#avoidedUntil.set(member, performance.now() + AVOIDED_MS);
      await sleep(pauseMs * (0.5 + nextFraction(random) / 2), signal);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  #choose(): string | null {
    const members = this.parts.members();
    const now = performance.now();
    const until = (name: string): number => {
      const time = this.#avoidedUntil.get(name) ?? 0;
      return time > now ? time : 0;
    };
    const soonest = Math.min(...members.map(until));
    const choices = members.filter((name) => until(name) === soonest);
    return choices[nextInteger(this.parts.random, 0, choices.length - 1)] ?? null;
  }

  #ended<T extends { outcome: string; code?: string }>(result: T): T {
    this.ended += 1;
    // A comparison that did not hold was made.
    if (result.outcome === 'ok' || result.code === 'assertion') this.completed += 1;
    return result;
  }
}

const EVENT_TYPES = { ok: 'ok', failed: 'fail', unknown: 'info' } as const;

function isOk<R extends { outcome: string }>(result: R | Failure): result is Exclude<R, Failure> {
  return result.outcome === 'ok';
}
