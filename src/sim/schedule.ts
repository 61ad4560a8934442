import { createRandom, nextFraction, nextInteger, type Random } from '../core/random.ts';

/** Every way in which a run is disturbed on purpose. */
export const FAULT_KINDS = [
  'isolate',
  'busy-leader',
  'split',
  'bridge',
  'ring',
  'one-way',
  'loss',
  'delay',
  'duplicate',
  'reorder',
  'hold',
  'proxy',
  'crash',
  'flicker',
  'pause',
  'doze',
  'late-question',
  'disk-slow',
  'disk-error',
  'wipe',
  'remove',
  'replace',
  'transfer',
  'campaign',
  'snapshot',
] as const;
/** Only where there are registers: other replicas than the voters are to hold them from now on. */
export const REGISTER_FAULT_KINDS = ['move-registers'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number] | (typeof REGISTER_FAULT_KINDS)[number];

/** One fault: from when, for how long, and whom it strikes, as a number that the world maps to members. */
export interface Fault {
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  readonly pick: number;
  readonly strength: number;
}

/** What the clients use. Raft runs in any case: the registers' replica set stands in its log. */
export type Algorithm = 'raft' | 'abd';

/** What one seed draws for its run, besides its faults. */
export interface Mix {
  readonly algorithm: Algorithm;
  readonly nodes: number;
  readonly spares: number;
  readonly clients: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly networkMs: readonly [number, number];
  readonly diskMs: readonly [number, number];
  readonly snapshotEntries: number;
  readonly retainedEntries: number;
  readonly appendBytes: number;
  readonly replaceVoterMs: number;
  readonly sessionMs: number;
  readonly pendingRequests: number;
  /** Messages cross the network as bytes, through the production codec. */
  readonly codec: boolean;
}

export const SAFETY_MS = 60_000;
const CALM_MS = 3000;

/** What makes elections contested: rivals, voters that die as they vote, and messages of yesterday. */
const ELECTION_STORM: readonly FaultKind[] = [
  'campaign',
  'campaign',
  'campaign',
  'flicker',
  'flicker',
  'reorder',
  'duplicate',
  'hold',
  'loss',
];

/**
 * Which kinds a seed uses at all, and how often: not every run is a hurricane (swarm testing). One in
 * three is a storm of elections, which are rare and dull otherwise, since pre-vote sees to it.
 */
export function drawFaults(seed: number, algorithm: Algorithm): Fault[] {
  const random = createRandom(seed ^ 0x5eed);
  const faults = drawCommonFaults(seed, random);
  if (algorithm === 'abd') {
    for (let left = nextInteger(random, 0, 30); left > 0; left -= 1)
      faults.push(drawFault(random, 'move-registers'));
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function drawCommonFaults(seed: number, random: Random): Fault[] {
  if (isStorm(seed)) {
    return Array.from({ length: 100 }, () => {
      const kind = ELECTION_STORM[nextInteger(random, 0, ELECTION_STORM.length - 1)] ?? 'campaign';
      return drawFault(random, kind);
    });
  }
  const density = nextInteger(random, 1, 3);
  const kinds = FAULT_KINDS.filter(() => nextFraction(random) < 0.2 * density);
  const faults: Fault[] = [];
  const count = kinds.length === 0 ? 0 : nextInteger(random, 8, 14 * density);
  for (let left = count; left > 0; left -= 1) {
    const kind = kinds[nextInteger(random, 0, kinds.length - 1)];
    if (kind !== undefined) faults.push(drawFault(random, kind));
  }
  return faults;
}

function isStorm(seed: number): boolean {
  return seed % 3 === 0;
}

function drawFault(random: Random, kind: FaultKind): Fault {
  const isShort = nextFraction(random) < 0.6;
  return {
    kind,
    atMs: nextInteger(random, CALM_MS, SAFETY_MS),
    forMs: isShort ? nextInteger(random, 100, 2500) : nextInteger(random, 2500, 12_000),
    pick: nextInteger(random, 0, 0xffff),
    strength: nextFraction(random),
  };
}

export function drawMix(seed: number, nodes: number | null, algorithm: Algorithm): Mix {
  const random = createRandom(seed ^ 0x3137);
  const isSlow = nextFraction(random) < 0.2;
  return {
    algorithm,
    nodes: nodes ?? (nextFraction(random) < 0.7 ? 3 : 5),
    spares: nextInteger(random, 0, 2),
    clients: nextInteger(random, 2, 4),
    keys: nextInteger(random, 1, 3),
    thinkMs: algorithm === 'abd' ? nextInteger(random, 60, 300) : nextInteger(random, 150, 900),
    networkMs: isSlow ? [5, 60] : [1, 6],
    diskMs: nextFraction(random) < 0.2 ? [5, 80] : [1, 8],
    snapshotEntries: nextInteger(random, 5, 60),
    retainedEntries: nextInteger(random, 0, 10),
    appendBytes: nextFraction(random) < (isStorm(seed) ? 0.7 : 0.3) ? nextInteger(random, 60, 400) : 65_536,
    replaceVoterMs: nextInteger(random, 4000, 12_000),
    codec: nextFraction(random) < 0.1,
    // Short enough to end under a client that was cut off or unlucky, in some runs.
    sessionMs: nextFraction(random) < 0.4 ? nextInteger(random, 1000, 6000) : 120_000,
    // So few that some are refused.
    pendingRequests: nextFraction(random) < 0.3 ? 1 : 256,
  };
}
