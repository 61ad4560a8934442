/**
 * A seeded generator (mulberry32): the only source of chance in the core and the proxy, so that a
 * run repeats from its seed. The state is one plain number and travels with whatever owns it.
 */
export interface Random {
  state: number;
}

export function createRandom(seed: number): Random {
  return { state: seed >>> 0 };
}

/** A fraction in [0, 1). */
export function nextFraction(random: Random): number {
  random.state = (random.state + 0x6d2b79f5) >>> 0;
  let mixed = random.state;
  mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
}

/** An integer from `min` to `max`, both included. */
export function nextInteger(random: Random, min: number, max: number): number {
  return min + Math.floor(nextFraction(random) * (max - min + 1));
}
