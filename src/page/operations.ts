import type { Remote } from 'comlink';
import type {
  Failure,
  FaultRule,
  Instruction,
  LinkCounters,
  LogEntryView,
  PingResult,
  SessionResult,
  SessionUse,
  Tabraft,
  WriteResult,
} from '../api.ts';
import { MAX_RULES, parseFaultRule, type PageConfig } from '../config/schema.ts';
import { encodeTransaction } from '../core/kv/transaction.ts';
import { createRandom, nextInteger } from '../core/random.ts';
import { strangerAmong } from '../proxy/rules.ts';
import type { CallOf, NodeApi, NodeSnapshot, OperationName, ResultOf } from '../worker/contract.ts';
import { NodeGone } from './node-calls.ts';
import { ENDED, SILENT, WORKER_GRACE_MS, type OperationCalls } from './operation-calls.ts';

const MAX_TIMEOUT_MS = 3_600_000;

/** What the operations need of the page; null where no node runs now. */
export interface OperationPorts {
  readonly config: PageConfig;
  node(): Remote<NodeApi> | null;
  operations(): OperationCalls | null;
  snapshot(): NodeSnapshot | null;
  rules(): FaultRule[];
  setRules(rules: readonly FaultRule[]): Promise<void>;
  clearRules(ids?: readonly string[]): Promise<string[]>;
  links(): Promise<LinkCounters[]>;
}

type Timeout = { timeoutMs?: number } | undefined;
type WriteOptions = { timeoutMs?: number; session?: SessionUse } | undefined;

const NOT_RUNNING: Failure = {
  outcome: 'failed',
  code: 'not-running',
  reason: 'This tab runs no node at the moment.',
};

/** The data half of `window.tabraft`: validates what scripts pass, and always answers. */
export function createOperations(ports: OperationPorts): Pick<Tabraft, 'raft' | 'abd' | 'faults' | 'ping'> {
  const { timing } = ports.config;

  function timeoutOf(options: Timeout): number {
    const timeoutMs = options?.timeoutMs ?? timing.requestTimeoutMs;
    if (typeof timeoutMs !== 'number' || !(timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS)) {
      throw new TypeError(`timeoutMs: expected a number above 0, at most ${MAX_TIMEOUT_MS}`);
    }
    return timeoutMs;
  }

  async function withNode<T>(
    timeoutMs: number,
    call: (node: Remote<NodeApi>) => Promise<T | Failure>,
  ): Promise<T | Failure> {
    const node = ports.node();
    if (node === null) return NOT_RUNNING;
    return Promise.race([call(node).catch(endedIfGone), silence(timeoutMs + WORKER_GRACE_MS)]);
  }

  const operate: Operate = (call, timeoutMs) =>
    ports.operations()?.call(call, timeoutMs) ?? Promise.resolve(NOT_RUNNING);

  return {
    raft: createRaft(ports, timeoutOf, withNode, operate),
    abd: createAbd(ports.config, timeoutOf, operate),
    faults: createFaults(ports),
    async ping(name) {
      const result = await withNode<PingResult>(timing.requestTimeoutMs, (node) =>
        node.ping(name, timing.requestTimeoutMs),
      );
      return 'ok' in result ? result : { ok: false, reason: result.reason };
    },
  };
}

type WithNode = <T>(
  timeoutMs: number,
  call: (node: Remote<NodeApi>) => Promise<T | Failure>,
) => Promise<T | Failure>;

type Operate = <M extends OperationName>(
  call: CallOf<M>,
  timeoutMs: number,
) => Promise<ResultOf<M> | Failure>;

function createRaft(
  ports: OperationPorts,
  timeoutOf: (options: Timeout) => number,
  withNode: WithNode,
  operate: Operate,
): Tabraft['raft'] {
  const { limits, timing } = ports.config;

  async function transact(instructions: Instruction[], options: WriteOptions): Promise<WriteResult> {
    const timeoutMs = timeoutOf(options);
    const session = checkSession(options?.session);
    const problem = checkInstructions(instructions, limits);
    if (problem !== null) return { outcome: 'failed', code: 'invalid', reason: problem };
    return operate({ method: 'transact', command: encodeTransaction(instructions), session }, timeoutMs);
  }

  async function change(kind: 'promote' | 'remove' | 'transfer', name: string): Promise<WriteResult> {
    return withNode<WriteResult>(timing.requestTimeoutMs, (node) =>
      node.change(kind, name, timing.requestTimeoutMs),
    );
  }

  return {
    async get(key, options) {
      const timeoutMs = timeoutOf(options);
      const problem = checkKey(key, limits.keyBytes);
      if (problem !== null) return { outcome: 'failed', code: 'invalid', reason: problem };
      const consistency = checkConsistency(options?.consistency);
      const result = await operate({ method: 'read', keys: [key], consistency }, timeoutMs);
      return result.outcome === 'ok' ? { outcome: 'ok', value: result.states[key] ?? null } : result;
    },
    put: (key, value, options) => transact([{ op: 'SET', key, val: value }], options),
    cas: (key, expected, value, options) =>
      transact(
        [
          { op: 'ASSERT', key, val: expected },
          { op: 'SET', key, val: value },
        ],
        options,
      ),
    transact,
    async openSession(options) {
      const timeoutMs = timeoutOf(options);
      return withNode<SessionResult>(timeoutMs, (node) => node.openSession(timeoutMs));
    },
    async states(keys, options) {
      const timeoutMs = timing.requestTimeoutMs;
      const consistency = checkConsistency(options?.consistency);
      const problem = keys === undefined ? null : checkKeys(keys, limits.keyBytes);
      if (problem !== null) throw new TypeError(problem);
      const result = await operate({ method: 'read', keys: keys ?? null, consistency }, timeoutMs);
      if (result.outcome !== 'ok') throw new Error(result.reason);
      const { states, commitIndex, lastIndex } = result;
      return { states, commitIndex, lastIndex };
    },
    log: (range) => readLog(ports, range ?? {}),
    removeMember: (name) => change('remove', name),
    promote: (name) => change('promote', name),
    transferLeadership: (name) => change('transfer', name),
    async snapshot() {
      const timeoutMs = timing.requestTimeoutMs;
      const failure = await withNode<null>(timeoutMs, (node) => node.takeSnapshot(timeoutMs));
      if (failure !== null) throw new Error(failure.reason);
    },
  };
}

function createAbd(
  { limits }: PageConfig,
  timeoutOf: (options: Timeout) => number,
  operate: Operate,
): Tabraft['abd'] {
  return {
    async get(key, options) {
      const timeoutMs = timeoutOf(options);
      const problem = checkKey(key, limits.keyBytes);
      if (problem !== null) return { outcome: 'failed', code: 'invalid', reason: problem };
      return operate({ method: 'readRegister', key }, timeoutMs);
    },
    async put(key, value, options) {
      const timeoutMs = timeoutOf(options);
      const problem = checkKey(key, limits.keyBytes) ?? checkValue(value, limits.valueBytes);
      if (problem !== null) return { outcome: 'failed', code: 'invalid', reason: problem };
      return operate({ method: 'writeRegister', key, value }, timeoutMs);
    },
  };
}

async function readLog(
  ports: OperationPorts,
  { from = 1, to = Number.MAX_SAFE_INTEGER }: { from?: number; to?: number },
): Promise<LogEntryView[]> {
  const node = ports.node();
  if (node === null) throw new Error(NOT_RUNNING.reason);
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 1) {
    throw new TypeError('log: expected `from` and `to` to be indexes, from 1 on');
  }
  return node.log(from, Math.min(to, from + ports.config.limits.logPageEntries - 1));
}

function createFaults(ports: OperationPorts): Tabraft['faults'] {
  const setAll = async (rules: readonly FaultRule[]): Promise<void> => {
    const kept = ports.rules().filter((rule) => !rules.some(({ id }) => id === rule.id));
    if (kept.length + rules.length > MAX_RULES)
      throw new RangeError(`There are ${MAX_RULES} fault rules already.`);
    await ports.setRules(rules);
  };
  const members = (): string[] => ports.snapshot()?.members.map((member) => member.name) ?? [];
  return {
    async set(rule) {
      const checked = parseFaultRule(rule);
      if (!checked.ok) throw new TypeError(checked.problems.join('; '));
      const { from = [], to = [] } = checked.rule;
      const stranger = strangerAmong([from, to].flat(), members());
      if (stranger !== null) throw new TypeError(stranger);
      await setAll([checked.rule]);
    },
    async clear(ids: unknown) {
      if (ids !== undefined && !(Array.isArray(ids) && ids.every((one) => typeof one === 'string')))
        throw new TypeError('clear: expected a list of ids, or nothing');
      return ports.clearRules(ids);
    },
    list: () => Promise.resolve(ports.rules()),
    links: () => ports.links(),
    async preset(name, ...names) {
      const { presetRules } = await import('../proxy/presets.ts');
      const rules = presetRules(name, { names, members: members() });
      if (typeof rules === 'string') throw new TypeError(rules);
      if (name === 'swizzle') await swizzle(ports, rules);
      else await setAll(rules);
      return rules.map(({ id }) => id);
    },
  };
}

const SWIZZLE_STEP_MS = 500;

/**
 * Clogs one member after the other, by its two rules, and frees them in another order. Whoever clears a rule
 * meanwhile frees that member; whoever clears all of them ends it.
 */
async function swizzle(ports: OperationPorts, rules: readonly FaultRule[]): Promise<void> {
  const random = createRandom(ports.config.proxy.seed);
  const clogs = Array.from({ length: rules.length / 2 }, (_, at) => rules.slice(2 * at, 2 * at + 2));
  const isSet = ({ id }: FaultRule): boolean => ports.rules().some((rule) => rule.id === id);
  const pause = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, SWIZZLE_STEP_MS));
  for (const [done, clog] of clogs.entries()) {
    if (done > 0 && !clogs.slice(0, done).flat().some(isSet)) return;
    await ports.setRules(clog);
    await pause();
  }
  while (clogs.length > 0) {
    const [clog = []] = clogs.splice(nextInteger(random, 0, clogs.length - 1), 1);
    await ports.clearRules(clog.filter(isSet).map(({ id }) => id));
    await pause();
  }
}

function endedIfGone(error: unknown): Failure {
  if (error instanceof NodeGone) return ENDED;
  throw error;
}

async function silence(afterMs: number): Promise<Failure> {
  return new Promise((resolve) => setTimeout(() => resolve(SILENT), afterMs));
}

function checkConsistency(value: unknown): 'linearizable' | 'local' {
  if (value === undefined || value === 'linearizable') return 'linearizable';
  if (value === 'local') return 'local';
  throw new TypeError('consistency: expected "linearizable" or "local"');
}

function checkSession(value: unknown): SessionUse | null {
  if (value === undefined) return null;
  const { id, sequence, lowestPending } = (value ?? {}) as Partial<Record<keyof SessionUse, unknown>>;
  const isPlace = (number: unknown): number is number => Number.isSafeInteger(number) && Number(number) >= 1;
  if (isPlace(id) && isPlace(sequence) && isPlace(lowestPending) && lowestPending <= sequence)
    return { id, sequence, lowestPending };
  throw new TypeError('session: expected { id, sequence, lowestPending }, integers from 1 on');
}

/** Half of a surrogate pair has no UTF-8 form: it would be read back as something else. */
function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Of a text that may have more than `maxBytes` of them; null: it cannot. A UTF-16 unit has three at most. */
function utf8Bytes(text: string, maxBytes: number): number | null {
  return 3 * text.length <= maxBytes ? null : new TextEncoder().encode(text).length;
}

function checkKey(key: unknown, maxBytes: number): string | null {
  if (typeof key !== 'string' || key === '') return 'key: expected a text that is not empty';
  if (!isWellFormed(key)) return 'key: expected Unicode text, received half of a surrogate pair';
  const size = utf8Bytes(key, maxBytes);
  return size === null || size <= maxBytes
    ? null
    : `key: expected at most ${maxBytes} bytes, received ${size}`;
}

function checkKeys(keys: unknown, maxBytes: number): string | null {
  if (!Array.isArray(keys)) return 'keys: expected a list of keys';
  return keys.map((key) => checkKey(key, maxBytes)).find((problem) => problem !== null) ?? null;
}

function checkValue(value: unknown, maxBytes: number): string | null {
  if (value === null) return null;
  if (typeof value !== 'string') return 'value: expected a text, or null for none';
  if (!isWellFormed(value)) return 'value: expected Unicode text, received half of a surrogate pair';
  const size = utf8Bytes(value, maxBytes);
  return size === null || size <= maxBytes
    ? null
    : `value: expected at most ${maxBytes} bytes, received ${size}`;
}

function checkInstructions(instructions: unknown, limits: PageConfig['limits']): string | null {
  const { transactionInstructions: most, keyBytes, valueBytes } = limits;
  if (!Array.isArray(instructions) || instructions.length === 0) {
    return 'transaction: expected a list of instructions that is not empty';
  }
  if (instructions.length > most) {
    return `transaction: expected at most ${most} instructions, received ${instructions.length}`;
  }
  for (const [position, instruction] of instructions.entries()) {
    const { op, key, val } = (instruction ?? {}) as Partial<Instruction>;
    const problem =
      op !== 'ASSERT' && op !== 'SET'
        ? 'op: expected ASSERT or SET'
        : (checkKey(key, keyBytes) ?? checkValue(val, valueBytes));
    if (problem !== null)
      return instructions.length === 1 ? problem : `instruction ${position + 1}: ${problem}`;
  }
  return null;
}
