import { createRandom, nextFraction, nextInteger, type Random } from '../../src/core/random.ts';
import type { HistoryEvent, Operation, OperationName, OperationValue } from '../../src/check/history.ts';

/**
 * An obviously correct checker for a few operations: every order that keeps real time, with every choice
 * of those whose outcome is unknown. It shares no code with src/check.
 */
export function isLinearizableByBruteForce(operations: readonly Operation[]): boolean {
  const keys = [...new Set(operations.map(({ key }) => key))];
  return keys.every((key) =>
    canBeOrdered(
      operations.filter((operation) => operation.key === key && operation.outcome !== 'fail'),
      null,
    ),
  );
}

function canBeOrdered(remaining: readonly Operation[], value: string | null): boolean {
  if (remaining.every(({ outcome }) => outcome === 'info')) return true;
  return remaining.some((next) => {
    if (remaining.some((other) => other.return < next.call)) return false;
    const after = replay(value, next);
    return (
      after !== 'impossible' &&
      canBeOrdered(
        remaining.filter((other) => other !== next),
        after.value,
      )
    );
  });
}

/** The register after an operation, or why it cannot have been that one's turn. */
export function replay(
  value: string | null,
  { f, input, output, applied, outcome }: Operation,
): { readonly value: string | null } | 'impossible' {
  const isKnown = outcome === 'ok';
  if (f === 'get') return isKnown && output !== value ? 'impossible' : { value };
  if (f === 'put') return { value: input as string | null };
  if (f === 'append') return { value: `${value ?? ''}${String(input)}` };
  const [expected, next] = input as readonly [string | null, string | null];
  if (value === expected) return isKnown && !applied ? 'impossible' : { value: next };
  return isKnown && applied ? 'impossible' : { value };
}

/** Says what is wrong with an order that is claimed to explain the operations of a key; null: nothing. */
export function faultOf(order: readonly Operation[], operations: readonly Operation[]): string | null {
  if (new Set(order.map(({ id }) => id)).size !== order.length) return 'an operation stands there twice';
  for (const { id, outcome } of operations) {
    const isThere = order.some((operation) => operation.id === id);
    if (outcome === 'ok' && !isThere) return `operation ${id} is missing`;
    if (outcome === 'fail' && isThere) return `operation ${id} never happened`;
  }
  let value: string | null = null;
  for (const [position, operation] of order.entries()) {
    const late = order.slice(position + 1).find((other) => other.return < operation.call);
    if (late !== undefined) return `operation ${late.id} had returned before ${operation.id} was called`;
    const after = replay(value, operation);
    if (after === 'impossible') return `operation ${operation.id} cannot stand at ${position}`;
    value = after.value;
  }
  return null;
}

// ── Random histories ────────────────────────────────────────────────────────────────────────────

export interface HistoryShape {
  readonly seed: number;
  readonly operations: number;
  readonly clients: number;
  readonly keys?: number;
  /** Distinct values that are written. */
  readonly values?: number;
  readonly functions?: readonly OperationName[];
  readonly infoRate?: number;
  readonly failRate?: number;
}

interface Pending {
  readonly process: string;
  readonly f: OperationName;
  readonly key: string;
  readonly value: OperationValue;
  readonly ending: 'ok' | 'fail' | 'info';
  effect: { readonly read: string | null; readonly applied: boolean } | null;
}

/** What clients of one atomic store see: every operation takes effect at some moment of its own. */
export function linearizableHistory(shape: HistoryShape): HistoryEvent[] {
  return new AtomicStore(shape).run();
}

class AtomicStore {
  readonly #random: Random;
  readonly #store = new Map<string, string>();
  readonly #events: HistoryEvent[] = [];
  readonly #clients: (Pending | null)[];
  readonly #names: number[];
  /** Told `info`, and yet to take effect; some never do. */
  readonly #adrift: Pending[] = [];
  #time = 0;
  #called = 0;

  constructor(private readonly shape: HistoryShape) {
    this.#random = createRandom(shape.seed);
    this.#clients = Array.from({ length: shape.clients }, () => null);
    this.#names = this.#clients.map((_, position) => position);
  }

  run(): HistoryEvent[] {
    while (this.#called < this.shape.operations || this.#clients.some((pending) => pending !== null)) {
      const client = nextInteger(this.#random, 0, this.#clients.length - 1);
      const pending = this.#clients[client] ?? null;
      if (pending === null) this.#call(client);
      else if (pending.effect === null && pending.ending === 'ok') this.#takeEffect(pending);
      else this.#return(client, pending);
      const adrift = this.#chance(0.1) ? this.#adrift.shift() : undefined;
      if (adrift !== undefined && this.#chance(0.6)) this.#takeEffect(adrift);
    }
    return this.#events;
  }

  #call(client: number): void {
    if (this.#called >= this.shape.operations) return;
    this.#called += 1;
    const { functions = ['get', 'put', 'cas', 'append'], infoRate = 0, failRate = 0 } = this.shape;
    const f = functions[nextInteger(this.#random, 0, functions.length - 1)] ?? 'get';
    const chance = nextFraction(this.#random);
    const ending = chance < infoRate ? 'info' : chance < infoRate + failRate ? 'fail' : 'ok';
    const key = `k${nextInteger(this.#random, 0, (this.shape.keys ?? 1) - 1)}`;
    const process = `c${this.#names[client] ?? 0}`;
    const pending = { process, f, key, value: this.#valueOf(f, key), ending, effect: null } as const;
    this.#clients[client] = pending;
    this.#emit('invoke', pending);
  }

  #valueOf(f: OperationName, key: string): OperationValue {
    const value = (): string => String(nextInteger(this.#random, 0, (this.shape.values ?? 3) - 1));
    if (f === 'get') return null;
    if (f === 'append') return value();
    const written = this.#chance(0.05) ? null : value();
    if (f === 'put') return written;
    return [this.#chance(0.3) ? (this.#store.get(key) ?? null) : value(), written];
  }

  #takeEffect(pending: Pending): void {
    const read = this.#store.get(pending.key) ?? null;
    let written = read;
    let applied = true;
    if (pending.f === 'put') written = pending.value as string | null;
    if (pending.f === 'append') written = `${read ?? ''}${String(pending.value)}`;
    if (pending.f === 'cas') {
      const [expected, next] = pending.value as readonly [string | null, string | null];
      applied = read === expected;
      if (applied) written = next;
    }
    if (written === null) this.#store.delete(pending.key);
    else this.#store.set(pending.key, written);
    pending.effect = { read, applied };
  }

  #return(client: number, pending: Pending): void {
    this.#clients[client] = null;
    if (pending.ending === 'info') {
      this.#adrift.push(pending);
      // A client that does not know goes on under another name, as Jepsen's do.
      this.#names[client] = (this.#names[client] ?? 0) + this.#clients.length;
      // Some never return at all.
      if (this.#chance(0.3)) return;
    }
    this.#emit(pending.ending, pending);
  }

  #emit(type: HistoryEvent['type'], { process, f, key, value, effect }: Pending): void {
    this.#time += nextInteger(this.#random, 0, 2000);
    const event = { index: this.#events.length, time: this.#time, process, type, f, key };
    if (type !== 'ok' || effect === null) this.#events.push({ ...event, value });
    else if (f === 'get') this.#events.push({ ...event, value: effect.read });
    else if (f === 'cas' && !effect.applied) this.#events.push({ ...event, value, applied: false });
    else this.#events.push({ ...event, value });
  }

  #chance(probability: number): boolean {
    return nextFraction(this.#random) < probability;
  }
}

/** Changes what some clients were told; it may or may not be possible still. */
export function mutated(events: readonly HistoryEvent[], seed: number, changes: number): HistoryEvent[] {
  const random = createRandom(seed);
  const result = [...events];
  const told = result.flatMap(({ type, f }, position) =>
    type === 'ok' && (f === 'get' || f === 'cas') ? [position] : [],
  );
  const written = events.flatMap(({ f, value }) =>
    f === 'put' ? [value] : f === 'cas' ? [value?.[1] ?? null] : [],
  );
  for (let change = 0; change < changes && told.length > 0; change += 1) {
    const position = told[nextInteger(random, 0, told.length - 1)] ?? 0;
    const event = result[position];
    if (event === undefined) continue;
    const { applied = true, ...rest } = event;
    if (event.f === 'cas') result[position] = applied ? { ...rest, applied: false } : rest;
    else result[position] = { ...event, value: written[nextInteger(random, 0, written.length)] ?? null };
  }
  return result;
}
