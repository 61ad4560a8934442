import type { Operation } from './history.ts';
import { casParts } from './models.ts';

/** A read, or a cas that applied: it was seen what the value was. */
interface Observation {
  readonly operation: number;
  readonly value: string | null;
  /** Puts and cas that may come before it, and whose value may have become this one by appends alone; once needed. */
  sources: readonly number[] | null;
}

const NONE = -1;

/**
 * Whether the value, as it is, may still become what the next observation saw. Until then it is replaced, by one of
 * the observation's sources, or it only grows: where no source is left, it has to be a prefix of what was seen.
 */
export class Foresight {
  readonly #observations: readonly Observation[];
  readonly #rank: Int32Array;
  /** The first observation that is not placed, in the order of their returns. */
  #next = 0;

  /** `except` is left out: an operation that is known to have no place. */
  constructor(
    private readonly operations: readonly Operation[],
    private readonly isPlaced: (operation: number) => boolean,
    except: Operation | null,
  ) {
    this.#observations = operations
      .map((operation, position) => ({ operation, position }))
      .filter(({ operation }) => operation !== except && isObservation(operation))
      .sort((a, b) => a.operation.return - b.operation.return)
      .map(({ operation, position }) => ({ operation: position, value: observed(operation), sources: null }));
    this.#rank = new Int32Array(operations.length).fill(NONE);
    for (const [rank, { operation }] of this.#observations.entries()) this.#rank[operation] = rank;
  }

  /** Whether `operation` may be placed now, if it leaves `value`. */
  allows(operation: number, value: string | null): boolean {
    const rank = this.#at(this.#next) === operation ? this.#afterRank(this.#next) : this.#next;
    const next = this.#observations[rank];
    if (next === undefined || value === next.value) return true;
    if (next.value?.startsWith(value ?? '') === true) return true;
    next.sources ??= this.#sourcesOf(next);
    return next.sources.some((source) => source !== operation && !this.isPlaced(source));
  }

  wasPlaced(operation: number): void {
    if (this.#rank[operation] === this.#next) this.#next = this.#afterRank(this.#next);
  }

  wasTakenBack(operation: number): void {
    const rank = this.#rank[operation] ?? NONE;
    if (rank !== NONE) this.#next = Math.min(this.#next, rank);
  }

  #sourcesOf({ operation, value }: Observation): number[] {
    const end = this.operations[operation]?.return ?? 0;
    return this.operations.flatMap((source, position) =>
      position !== operation && source.call < end && mayLeadTo(source, value) ? [position] : [],
    );
  }

  /** The next one that is not placed. */
  #afterRank(rank: number): number {
    let next = rank + 1;
    while (next < this.#observations.length && this.isPlaced(this.#at(next))) next += 1;
    return next;
  }

  #at(rank: number): number {
    return this.#observations[rank]?.operation ?? NONE;
  }
}

function isObservation({ outcome, f, applied }: Operation): boolean {
  return outcome === 'ok' && (f === 'get' || (f === 'cas' && applied));
}

function observed(operation: Operation): string | null {
  return operation.f === 'get' ? operation.output : casParts(operation)[0];
}

function mayLeadTo(operation: Operation, value: string | null): boolean {
  const { f, outcome, applied } = operation;
  if (f !== 'put' && (f !== 'cas' || (outcome === 'ok' && !applied))) return false;
  const left = casParts(operation)[1];
  return left === value || (value?.startsWith(left ?? '') ?? false);
}
