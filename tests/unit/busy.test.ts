import { describe, expect, it } from 'vitest';
import { Busy } from '../../src/ui/busy.ts';

/** What it says at each of these moments, with so many events untold. */
function said(...moments: readonly (readonly [now: number, untold: number])[]): boolean[] {
  const busy = new Busy();
  return moments.map(([now, untold]) => busy.isSo(untold, now));
}

describe('busy', () => {
  it('is a cluster of which more has been left out for a second', () => {
    expect(said([0, 5], [500, 9], [999, 12], [1000, 15])).toEqual([false, false, false, true]);
  });

  it('is none of which something was left out once, as when the page is opened', () => {
    expect(said([0, 500], [150, 500], [1500, 500], [9000, 500])).toEqual([false, false, false, false]);
  });

  it('it stays for two seconds after the last of it', () => {
    expect(said([0, 1], [1000, 2], [3000, 2], [3001, 2])).toEqual([false, true, true, false]);
  });

  it('begins anew after that', () => {
    expect(said([0, 1], [1000, 2], [3001, 3], [3900, 4], [4001, 5])).toEqual([
      false,
      true,
      false,
      false,
      true,
    ]);
  });
});
