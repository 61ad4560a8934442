const reduced = matchMedia('(prefers-reduced-motion: reduce)');

/** The person wants less motion. */
export function isCalm(): boolean {
  return reduced.matches;
}
