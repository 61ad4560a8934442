import type { Operation, OperationName } from './history.ts';

/** What becomes of a register's value, null being none; `allowed` false: it could not have been so. */
export interface Transition {
  readonly allowed: boolean;
  readonly next: string | null;
}

export interface Model {
  readonly name: string;
  readonly functions: readonly OperationName[];
}

/** One register per key (P-compositionality, Horn & Kroening 2015): keys are judged one by one. */
export const MODELS = {
  kv: { name: 'kv', functions: ['get', 'put', 'cas', 'append'] },
  register: { name: 'register', functions: ['get', 'put'] },
  'cas-register': { name: 'cas-register', functions: ['get', 'put', 'cas'] },
} as const satisfies Record<string, Model>;
export type ModelName = keyof typeof MODELS;

/** What a missing key holds. */
export const INITIAL: string | null = null;

/** What a cas expected, and what it was to set. Of a put, what it wrote, twice. */
export function casParts({ input }: Operation): readonly [expected: string | null, next: string | null] {
  return typeof input === 'string' || input === null ? [input, input] : input;
}

/** The sequential specification. Of an operation of unknown outcome only its effect counts, not its answer. */
export function transition(value: string | null, operation: Operation): Transition {
  const { f, input, output, applied, outcome } = operation;
  const isKnown = outcome === 'ok';
  switch (f) {
    case 'get':
      return { allowed: !isKnown || output === value, next: value };
    case 'put':
      return { allowed: true, next: typeof input === 'string' ? input : null };
    case 'append':
      return { allowed: true, next: (value ?? '') + (typeof input === 'string' ? input : '') };
    case 'cas': {
      const [expected, next] = casParts(operation);
      const holds = value === expected;
      return { allowed: !isKnown || holds === applied, next: holds && (applied || !isKnown) ? next : value };
    }
  }
}

/** The first operation that `model` does not have; null: it has them all. */
export function foreignOperation(model: Model, operations: readonly Operation[]): Operation | null {
  return operations.find(({ f }) => !model.functions.includes(f)) ?? null;
}

export function isModelName(name: string): name is ModelName {
  return Object.hasOwn(MODELS, name);
}

/** For people. */
export function describeOperation(operation: Operation): string {
  const { f, input, output, applied, outcome } = operation;
  const shown = (value: unknown): string => (value === null ? 'nothing' : JSON.stringify(value));
  const unsure = outcome === 'info' ? ', outcome unknown' : outcome === 'fail' ? ', failed' : '';
  switch (f) {
    case 'get':
      return outcome === 'ok' ? `get, read ${shown(output)}` : `get${unsure}`;
    case 'put':
      return `put ${shown(input)}${unsure}`;
    case 'append':
      return `append ${shown(input)}${unsure}`;
    case 'cas': {
      const [expected, next] = casParts(operation);
      return `cas ${shown(expected)} to ${shown(next)}${outcome === 'ok' && !applied ? ', did not apply' : unsure}`;
    }
  }
}
