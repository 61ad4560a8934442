import type { FaultRule, Failure, Instruction, NodeAction, ReadResult, WriteResult } from '../api.ts';
import type { ClusterPort } from '../client/cluster.ts';
import { sleep } from '../client/time.ts';
import { messageOf } from '../error-text.ts';
import type { PageView } from '../ui/view.ts';
import { LESSON_RULE_PREFIX } from './rule-prefix.ts';
import { describeScene, disorderIn, sceneOf, type Scene } from './scene.ts';

/** What a lesson is about did not happen, or was not seen to. */
export class NotSeen extends Error {}

/** Who plays: the voters, as they stand when a lesson begins. */
export interface Cast {
  /** This tab's own. */
  readonly self: string;
  readonly leader: string;
  readonly term: number;
  /** The two that follow. */
  readonly followers: readonly [string, string];
}

export interface StagePorts {
  readonly port: ClusterPort;
  view(): PageView;
  /** Calls back after every change of the view; returns the unsubscriber. */
  subscribe(listener: () => void): () => void;
  transferLeadership(name: string): Promise<WriteResult>;
  /** Of `config.json`. */
  readonly limits: {
    readonly appendBytes: number;
    readonly valueBytes: number;
    readonly transactionInstructions: number;
  };
  /** After so long a learner takes the place of a voter that is away; null: none ever does. */
  readonly replaceVoterMs: number | null;
}

interface StageHooks {
  /** Aborted with the reason for which the lesson ends early. */
  readonly signal: AbortSignal;
  /** What is waited for now. */
  onAwait(what: string): void;
  onEnd(reason: Error): void;
}

type Route = Pick<FaultRule, 'from' | 'to' | 'messages'>;
type Timed<R> = R & { readonly ms: number };

const SEE_MS = 20_000;
const CALL_MS = 10_000;
const IN_ORDER = 'the cluster to be in order';
/** Nobody comes back after this: what is broken is not left so. */
const PATIENCE_MS = 600_000;

/** What a lesson does to the cluster, and sees of it. Whatever it breaks is made good at its end, be it early. */
export class Stage {
  #cast: Cast | null = null;
  #rules: readonly string[] = [];
  /** Of these, those that have been in force. */
  readonly #rulesSeen = new Set<string>();
  readonly #undo = new Map<string, () => Promise<void>>();
  readonly #keys = { raft: new Set<string>(), abd: new Set<string>() };
  #patience: ReturnType<typeof setTimeout> | null = null;
  #unwatch: (() => void) | null = null;

  constructor(
    private readonly ports: StagePorts,
    private readonly hooks: StageHooks,
  ) {}

  get limits(): StagePorts['limits'] {
    return this.ports.limits;
  }

  get scene(): Scene {
    return sceneOf(this.ports.view(), Date.now());
  }

  get cast(): Cast {
    if (this.#cast === null) throw new Error('The voters have not been gathered.');
    return this.#cast;
  }

  // ── Seeing ────────────────────────────────────────────────────────────────────────────────────

  /** Waits until `look` finds something. Rejects after the limit, with what there was instead. */
  async until<T>(what: string, look: (scene: Scene) => T | null, limitMs = SEE_MS): Promise<T> {
    this.hooks.onAwait(what);
    return this.#until(what, look, limitMs, this.hooks.signal);
  }

  async #until<T>(
    what: string,
    look: (scene: Scene) => T | null,
    limitMs: number,
    signal: AbortSignal | null,
  ): Promise<T> {
    signal?.throwIfAborted();
    return new Promise<T>((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer);
        unsubscribe();
        signal?.removeEventListener('abort', onAbort);
        settle();
      };
      const check = (): void => {
        const found = look(this.scene);
        if (found !== null) end(() => resolve(found));
      };
      const onAbort = (): void => end(() => reject(signal?.reason as Error));
      const timer = setTimeout(() => {
        const seen = describeScene(this.scene);
        const limit = `${Math.round(limitMs / 1000)} s`;
        end(() => reject(new NotSeen(`Not seen within ${limit}: ${what}. Seen instead: ${seen}`)));
      }, limitMs);
      const unsubscribe = this.ports.subscribe(check);
      signal?.addEventListener('abort', onAbort, { once: true });
      check();
    });
  }

  /** Until all is in order, and the roles are given. */
  async gather(): Promise<void> {
    try {
      await this.until(IN_ORDER, isInOrder);
    } catch (error) {
      const missing = disorderIn(this.scene);
      if (!(error instanceof NotSeen) || missing === null) throw error;
      throw new NotSeen(`The cluster is not in order: ${missing}. Nothing was done.`);
    }
    this.#assign();
  }

  #assign(): void {
    const { status, actors } = this.scene;
    const leader = actors.find(({ name }) => name === status.leader);
    const [one, other] = actors.filter(({ name }) => name !== status.leader).map(({ name }) => name);
    if (leader === undefined || one === undefined || other === undefined || status.name === null)
      throw new NotSeen('The voters have changed while the lesson began.');
    const { name, term } = leader;
    this.#cast = { self: status.name, leader: name, term, followers: [one, other] };
  }

  /** Has another member lead, before the lesson proper begins. */
  async handOver(name: string): Promise<void> {
    if (this.cast.leader === name) return;
    this.hooks.onAwait(`${name} to take over the lead`);
    const result = await this.ports.transferLeadership(name);
    if (result.outcome !== 'ok') throw new NotSeen(`${name} could not take over the lead: ${result.reason}`);
    await this.until(`${name} to lead`, (scene) => (scene.status.leader === name ? isInOrder(scene) : null));
    this.#assign();
  }

  async rest(ms: number): Promise<void> {
    await sleep(ms, this.hooks.signal);
    this.hooks.signal.throwIfAborted();
  }

  // ── Breaking, and making good ─────────────────────────────────────────────────────────────────

  /** Nothing passes from or to this member. */
  async isolate(name: string): Promise<void> {
    await this.#setRules([
      { id: `${name}:out`, kind: 'drop', from: name },
      { id: `${name}:in`, kind: 'drop', to: name },
    ]);
  }

  async rejoin(name: string): Promise<void> {
    await this.clear(`${name}:out`, `${name}:in`);
  }

  async disturb(id: string, kind: 'drop' | 'hold', route: Route): Promise<void> {
    await this.#setRules([{ id, kind, ...route }]);
  }

  async #setRules(rules: readonly FaultRule[]): Promise<void> {
    this.#begin();
    const own = rules.map((rule) => ({ ...rule, id: `${LESSON_RULE_PREFIX}${rule.id}` }));
    // Before they are in force: what is set half is cleared as well.
    this.#rules = [...this.#rules, ...own.map(({ id }) => id)];
    await this.ports.port.setRules(own);
  }

  /** Without ids: all that the lesson has set. */
  async clear(...ids: string[]): Promise<void> {
    this.hooks.signal.throwIfAborted();
    await this.#clearRules(ids.length === 0 ? this.#rules : ids.map((id) => `${LESSON_RULE_PREFIX}${id}`));
  }

  async #clearRules(ids: readonly string[]): Promise<void> {
    this.#rules = this.#rules.filter((id) => !ids.includes(id));
    for (const id of ids) this.#rulesSeen.delete(id);
    await this.ports.port.clearRules(ids);
  }

  async crash(name: string): Promise<void> {
    await this.#break(name, 'crash', 'restart');
  }

  async pause(name: string): Promise<void> {
    await this.#break(name, 'pause', 'resume');
  }

  /** Of what was crashed or paused. */
  async bringBack(name: string): Promise<void> {
    this.hooks.signal.throwIfAborted();
    const undo = this.#undo.get(name);
    this.#undo.delete(name);
    await undo?.();
  }

  async campaign(name: string): Promise<void> {
    this.hooks.signal.throwIfAborted();
    await this.ports.port.act('campaign', name);
  }

  async #break(name: string, action: NodeAction, back: NodeAction): Promise<void> {
    this.#begin();
    this.#undo.set(name, () => this.ports.port.act(back, name));
    await this.ports.port.act(action, name);
  }

  /** From here on something is broken, and may not stay so for ever. */
  #begin(): void {
    this.hooks.signal.throwIfAborted();
    if (this.#patience !== null) return;
    const { replaceVoterMs } = this.ports;
    const isReplaced = this.scene.learners > 0 && replaceVoterMs !== null;
    const limitMs = isReplaced ? Math.min(PATIENCE_MS, 0.8 * replaceVoterMs) : PATIENCE_MS;
    const why = isReplaced ? ', since a learner would soon take the place of a voter that is away' : '';
    const reason = `The lesson was ended after ${Math.round(limitMs / 1000)} s${why}. Begin it again.`;
    this.#patience = setTimeout(() => this.hooks.onEnd(new NotSeen(reason)), limitMs);
    this.#unwatch = this.#watchRules();
  }

  /** Without its rules a lesson shows nothing: it ends when somebody else clears one of them. */
  #watchRules(): () => void {
    return this.ports.subscribe(() => {
      const inForce = new Set(this.ports.view().rules.map(({ id }) => id));
      if (this.#rules.some((id) => this.#rulesSeen.has(id) && !inForce.has(id)))
        this.hooks.onEnd(new NotSeen('Somebody cleared the fault rules of the lesson. Begin it again.'));
      for (const id of this.#rules) if (inForce.has(id)) this.#rulesSeen.add(id);
    });
  }

  /**
   * Makes good whatever is broken, all at once: a page that is left has no time. Resolves with what could not be.
   */
  async heal(): Promise<string[]> {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#unwatch?.();
    const undone = [...this.#undo.values()];
    this.#undo.clear();
    const all = await Promise.allSettled([this.#clearRules(this.#rules), ...undone.map((undo) => undo())]);
    return all.flatMap((one) => (one.status === 'rejected' ? [messageOf(one.reason)] : []));
  }

  /** After `heal`: until the cluster is whole, without the keys of the lesson. Resolves with what is still amiss. */
  async restore(): Promise<string[]> {
    if (this.#cast === null) return [];
    const missing = await this.#until(IN_ORDER, isInOrder, SEE_MS, null).then(
      () => null,
      (error: unknown) => disorderIn(this.scene) ?? messageOf(error),
    );
    // A majority is enough for that.
    const left = await this.#forgetKeys();
    return [
      ...(missing === null ? [] : [`The cluster is not in order yet: ${missing}.`]),
      ...(left.length === 0 ? [] : [`These keys could not be deleted: ${left.join(', ')}.`]),
    ];
  }

  /** Resolves with those that are still there. */
  async #forgetKeys(): Promise<string[]> {
    const { raft, abd } = this.#keys;
    const options = { timeoutMs: CALL_MS };
    const instructions = [...raft].map((key): Instruction => ({ op: 'SET', key, val: null }));
    const isGone = async (
      method: 'raft.transact' | 'abd.put',
      args: readonly unknown[],
    ): Promise<boolean> => {
      const result = await this.ports.port.call(this.cast.self, method, args).catch(() => null); // it is told that it stays
      return (result as WriteResult | null)?.outcome === 'ok';
    };
    const left = new Set<string>();
    if (raft.size > 0 && !(await isGone('raft.transact', [instructions, options])))
      for (const key of raft) left.add(key);
    for (const key of abd) if (!(await isGone('abd.put', [key, null, options]))) left.add(key);
    return [...left];
  }

  // ── Reading and writing, at any member ────────────────────────────────────────────────────────

  async put(at: string, key: string, value: string, timeoutMs = CALL_MS): Promise<Timed<WriteResult>> {
    return this.transact(at, { [key]: value }, timeoutMs);
  }

  async transact(
    at: string,
    values: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<Timed<WriteResult>> {
    const instructions = Object.entries(values).map(([key, val]): Instruction => ({ op: 'SET', key, val }));
    for (const key of Object.keys(values)) this.#keys.raft.add(key);
    return this.#call<WriteResult>(at, 'raft.transact', [instructions, { timeoutMs }]);
  }

  /**
   * A write at a leader that comes into its own log and no further. What carries entries among the three, `appends`, is
   * lost from then on; all else of this leader only once it has written. So it does not give up its lead before that,
   * however slow the machine is.
   */
  async writeAlone(
    leader: string,
    values: Readonly<Record<string, string>>,
    timeoutMs: number,
  ): Promise<WriteResult> {
    const voters = [this.cast.leader, ...this.cast.followers];
    const messages: Route['messages'] = ['appendRequest', 'snapshotRequest'];
    await this.disturb('appends', 'drop', { from: voters, to: voters, messages });
    const result = await this.transact(leader, values, timeoutMs);
    await this.isolate(leader);
    return result;
  }

  async get(
    at: string,
    key: string,
    consistency: 'linearizable' | 'local' = 'linearizable',
  ): Promise<Timed<ReadResult>> {
    return this.#call<ReadResult>(at, 'raft.get', [key, { consistency, timeoutMs: SEE_MS }]);
  }

  async putRegister(
    at: string,
    key: string,
    value: string,
    timeoutMs = CALL_MS,
  ): Promise<Timed<WriteResult>> {
    this.#keys.abd.add(key);
    return this.#call<WriteResult>(at, 'abd.put', [key, value, { timeoutMs }]);
  }

  async #call<R extends WriteResult | ReadResult>(
    at: string,
    method: 'raft.transact' | 'raft.get' | 'abd.put',
    args: readonly unknown[],
  ): Promise<Timed<R>> {
    this.hooks.signal.throwIfAborted();
    const begun = performance.now();
    const result = (await this.ports.port.call(at, method, args)) as R;
    // Nobody was asked: what came back says nothing of an algorithm.
    if (result.outcome === 'failed' && result.code === 'unreachable')
      throw new NotSeen(`${at} is not there: ${result.reason}`);
    return { ...result, ms: performance.now() - begun };
  }
}

function isInOrder(scene: Scene): true | null {
  return disorderIn(scene) === null ? true : null;
}

/** What a lesson rests on; without it there is nothing to show. */
export function expectOk<R extends { readonly outcome: string }>(
  result: R | Failure,
  what: string,
): Exclude<R, Failure> {
  if (result.outcome === 'ok') return result as Exclude<R, Failure>;
  const { outcome, reason } = result as Failure;
  throw new NotSeen(`${what} ended as ${outcome}: ${reason}`);
}
