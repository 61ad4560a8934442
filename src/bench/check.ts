import { operationsOf, type HistoryEvent, type OperationName } from '../check/history.ts';
import { checkOperations } from '../check/linearizability.ts';
import { createRandom, nextInteger } from '../core/random.ts';
import { rowOf, type Benchmark } from './benchmark.ts';

const OPERATIONS = 4000;
const CLIENTS = 10;
const KEYS = 5;
const TIME_LIMIT_MS = 60_000;

export const check: Benchmark = {
  name: 'check',
  about: `the checker on a linearizable history of ${OPERATIONS.toLocaleString('en')} operations, ${CLIENTS} clients, ${KEYS} keys`,
  run: async ({ runs, checkInterrupt }) => {
    const values: number[] = [];
    for (let seed = 1; seed <= runs; seed += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      checkInterrupt();
      const history = operationsOf(drawHistory(seed));
      if (!history.ok) throw new Error(`The history drawn is none: ${history.reason}`);
      const begun = performance.now();
      const now = (): number => performance.now();
      const { verdict } = checkOperations(history.operations, { timeLimitMs: TIME_LIMIT_MS, now });
      values.push(performance.now() - begun);
      if (verdict !== 'linearizable') throw new Error(`The history drawn with seed ${seed} is ${verdict}.`);
    }
    return [rowOf('check', { figure: `${OPERATIONS.toLocaleString('en')} operations`, unit: 'ms', values })];
  },
};

interface Pending {
  readonly f: OperationName;
  readonly key: string;
  readonly value: string | null;
  /** It has taken effect; and what a read saw. */
  hasHappened: boolean;
  seen: string | null;
}

/** Clients take steps in an order drawn: they call, what they asked for happens at once, they are answered. */
function drawHistory(seed: number): HistoryEvent[] {
  const random = createRandom(seed);
  const state = new Map<string, string>();
  const pending = new Map<number, Pending>();
  const events: HistoryEvent[] = [];
  const note = (client: number, type: 'invoke' | 'ok', { f, key }: Pending, value: string | null): void => {
    const index = events.length;
    events.push({ index, time: index * 1000, process: `c${client}`, type, f, key, value });
  };
  for (let called = 0; called < OPERATIONS || pending.size > 0;) {
    const client = nextInteger(random, 0, CLIENTS - 1);
    const operation = pending.get(client);
    if (operation === undefined) {
      if (called === OPERATIONS) continue;
      called += 1;
      const isRead = nextInteger(random, 0, 1) === 0;
      const key = `k${nextInteger(random, 1, KEYS)}`;
      const value = isRead ? null : `v${called}`;
      const next: Pending = { f: isRead ? 'get' : 'put', key, value, hasHappened: false, seen: null };
      pending.set(client, next);
      note(client, 'invoke', next, value);
    } else if (!operation.hasHappened) {
      operation.hasHappened = true;
      operation.seen = operation.value ?? state.get(operation.key) ?? null;
      if (operation.value !== null) state.set(operation.key, operation.value);
    } else {
      pending.delete(client);
      note(client, 'ok', operation, operation.seen);
    }
  }
  return events;
}
