import { describe, expect, it } from 'vitest';
import { algorithmOfMutant, findMutant, MUTANTS } from '../../src/sim/mutants.ts';
import { run } from '../../src/sim/run.ts';
import { drawFaults } from '../../src/sim/schedule.ts';
import { algorithmOf, shrink, sweep } from '../../src/sim/sweep.ts';

const PATIENCE = { timeout: 600_000 };
const goOn = (): boolean => true;

describe('a run', () => {
  it('gives the same trace again, whoever listens', PATIENCE, async () => {
    for (const seed of [3, 4, 5]) {
      const options = { seed, nodes: null, algorithm: algorithmOf(seed, null), mutant: null };
      const lines: string[] = [];
      const first = await run(options);
      const again = await run({ ...options, narrate: (line) => lines.push(line) });
      expect(again.hash).toBe(first.hash);
      expect(again.steps).toBe(first.steps);
      expect(lines.length).toBeGreaterThan(1000);
    }
  });

  it('is another one for another seed', PATIENCE, async () => {
    const hashes = new Set<string>();
    for (const seed of [7, 8, 9])
      hashes.add((await run({ seed, nodes: null, algorithm: 'raft', mutant: null })).hash);
    expect(hashes.size).toBe(3);
  });

  it('breaks the promise that a known bug breaks, and its schedule shrinks', PATIENCE, async () => {
    const mutant = findMutant('read-without-quorum');
    const { failure } = await sweep({
      from: 1,
      seeds: 400,
      nodes: null,
      algorithm: 'raft',
      mutant,
      onSeed: goOn,
    });
    expect(failure?.violation?.invariant).toBe('reads are not stale');
    const options = { seed: failure?.seed ?? 0, nodes: null, algorithm: 'raft', mutant } as const;
    const faults = await shrink(options, 'reads are not stale', goOn);
    expect(faults.length).toBeLessThan(drawFaults(options.seed, 'raft').length);
    expect((await run({ ...options, faults })).violation?.invariant).toBe('reads are not stale');
  });
});

it('keeps every promise for more than an hour of virtual time', PATIENCE, async () => {
  const result = await sweep({
    from: 1001,
    seeds: 90,
    nodes: null,
    algorithm: null,
    mutant: null,
    onSeed: goOn,
  });
  expect(result.failure?.violation).toBeUndefined();
  expect(result.shortcomings).toEqual([]);
  expect(result.virtualMs).toBeGreaterThan(3_600_000);
});

describe('known bugs are caught', () => {
  it.each(MUTANTS)('$name: $bug', PATIENCE, async (mutant) => {
    const { failure } = await sweep({
      from: 1,
      seeds: 1500,
      nodes: null,
      algorithm: algorithmOfMutant(mutant),
      mutant,
      onSeed: goOn,
    });
    expect(failure?.violation).toBeDefined();
  });
});
