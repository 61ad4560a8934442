/** A broken invariant: a bug in this program, never an expected outcome. The node stops on it. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) broken(claim);
}

/** Where a claim takes work to put into words, and is checked by the thousand. */
export function broken(claim: string): never {
  throw new InvariantViolation(`This should be impossible: ${claim}`);
}

/** For the end of an exhaustive switch. */
export function unreachable(value: never): never {
  broken(JSON.stringify(value));
}
