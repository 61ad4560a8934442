/** In percent of the stage. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

const RADIUS = 36;

/** The first stands on top, the others follow clockwise. */
export function placeOf(at: number, count: number): Place {
  if (count === 1) return { x: 50, y: 50 };
  const angle = (2 * Math.PI * at) / count - Math.PI / 2;
  // A little above the middle: words stand beneath the badges.
  return { x: 50 + RADIUS * Math.cos(angle), y: 46 + RADIUS * Math.sin(angle) };
}
