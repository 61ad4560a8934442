import { describe, expect, it } from 'vitest';
import { raftImage, raftOf, type RaftImage } from '../../src/core/raft/image.ts';
import type { RaftOptions } from '../../src/core/raft/interface.ts';
import { step } from '../../src/core/raft/raft.ts';
import { uneventfulTicks } from '../../src/core/raft/rest.ts';
import type { Raft } from '../../src/core/raft/state.ts';
import { drawFaults, drawMix, SAFETY_MS } from '../../src/sim/schedule.ts';
import { World } from '../../src/sim/world.ts';
import { command, configuration, CoreCluster, logOf } from '../support/core-cluster.ts';

const SLOW: Partial<RaftOptions> = { electionTimeoutTicks: [20, 40], targetVoters: 3 };

function clusterOf(voters: string, learners = '', overrides = SLOW): CoreCluster {
  const cluster = new CoreCluster();
  const entries = logOf(configuration(voters, learners));
  const hardState = { term: 1, votedFor: null, commitIndex: 0 };
  for (const name of voters + learners) cluster.add(name, { hardState, entries }, overrides);
  return cluster;
}

/** The ticks of A, from now on, at which it sent heartbeats. */
function heartbeatsOf(cluster: CoreCluster, ticks: number): number[] {
  const { effects } = cluster.node('A');
  return Array.from({ length: ticks }, (_, tick) => tick + 1).filter(() => {
    effects.length = 0;
    cluster.tick(1);
    return effects.some((effect) => effect.type === 'send' && effect.message.type === 'heartbeat');
  });
}

describe('a leader whose followers have all that there is', () => {
  it('says half as often that it is there', () => {
    const cluster = clusterOf('ABC');
    cluster.elect('A');
    cluster.tick(4);
    expect(heartbeatsOf(cluster, 12)).toEqual([4, 8, 12]);
  });

  it('still does so five times in the shortest election timeout', () => {
    const cluster = clusterOf('ABC', '', { ...SLOW, electionTimeoutTicks: [15, 30] });
    cluster.elect('A');
    cluster.tick(4);
    expect(heartbeatsOf(cluster, 12)).toEqual([2, 5, 8, 11]);
  });

  it('does so at the usual pace where that is as slow', () => {
    const cluster = clusterOf('ABC', '', { ...SLOW, electionTimeoutTicks: [10, 20] });
    cluster.elect('A');
    cluster.tick(4);
    expect(heartbeatsOf(cluster, 8)).toEqual([2, 4, 6, 8]);
  });

  it.each<[string, (cluster: CoreCluster) => void]>([
    ['a follower is silent for half the shortest timeout', (cluster) => cluster.isolate('C')],
    [
      'a follower lacks an entry',
      (cluster) => {
        cluster.isLost = ({ type }) => type === 'appendRequest';
        cluster.request('A', command(1));
      },
    ],
  ])('hurries where %s', (_, trouble) => {
    const cluster = clusterOf('ABC');
    cluster.elect('A');
    trouble(cluster);
    cluster.tick(12);
    expect(heartbeatsOf(cluster, 4)).toHaveLength(2);
  });

  it('hurries as long as a learner is to be promoted, and rests with one that is not', () => {
    const [short, full] = [clusterOf('AB', 'C'), clusterOf('ABC', 'D')];
    short.elect('A');
    full.elect('A');
    expect(uneventfulTicks(short.raft('A'))).toBe(0);
    full.tick(4);
    expect(uneventfulTicks(full.raft('A'))).toBeGreaterThan(0);
  });
});

describe('ticks that change nothing', () => {
  it('are those up to the next heartbeat, and to the next election', () => {
    const cluster = clusterOf('ABC');
    cluster.elect('A');
    cluster.tick(4);
    const [leader, follower] = [cluster.raft('A'), cluster.raft('B')];
    expect(uneventfulTicks(leader)).toBe(3);
    expect(uneventfulTicks(follower)).toBe(follower.electionTimeoutTicks - follower.electionElapsedTicks - 1);
    cluster.tick(2);
    expect(uneventfulTicks(leader)).toBe(1);
  });

  it('are none while somebody waits for an answer, or for a leader', () => {
    const cluster = clusterOf('ABC');
    expect(uneventfulTicks(cluster.raft('A'))).toBe(0);
    cluster.elect('A');
    cluster.tick(4);
    cluster.isolate('A', 'B', 'C');
    cluster.request('B', command(1));
    expect(uneventfulTicks(cluster.raft('B'))).toBe(0);
    expect(uneventfulTicks(cluster.raft('C'))).toBeGreaterThan(0);
  });

  /** All that `uneventfulTicks` says may be told late, but for how many there were; and the log by itself. */
  const rest = (raft: Raft): Omit<RaftImage, 'log'> & RaftImage['log'] => {
    const { log, ...image } = raftImage(raft);
    const counts = { ticks: 0, electionElapsedTicks: 0, heartbeatElapsedTicks: 0, logTimeMs: 0 };
    return { ...image, ...counts, ...log };
  };

  it('change nothing in whatever state a cluster comes into', { timeout: 600_000 }, async () => {
    const seen = { leader: 0, follower: 0 };
    for (const seed of [11, 12, 13, 14, 15, 16]) {
      const options = { seed, mutant: null, narrate: null, traces: null };
      const [mix, faults] = [drawMix(seed, null, 'raft'), drawFaults(seed, 'raft')];
      const world = new World({ ...options, mix, faults });
      for (let until = 0; until < SAFETY_MS; until += 35) {
        await world.runUntil(until);
        for (const { raft } of world.members()) {
          const count = uneventfulTicks(raft);
          if (count === 0) continue;
          const copy = raftOf(raftImage(raft), raft.rules);
          const effects = step(
            copy,
            Array.from({ length: count }, () => ({ type: 'tick' as const })),
          );
          expect(effects).toEqual([]);
          const [{ entries: after, ...stateAfter }, { entries, ...state }] = [rest(copy), rest(raft)];
          expect(stateAfter).toEqual(state);
          // Entries never change, and a copy of a log has the same ones.
          expect(after.length).toBe(entries.length);
          expect(after.every((entry, at) => entry === entries[at])).toBe(true);
          expect(copy.ticks).toBe(raft.ticks + count);
          seen[raft.leadership === null ? 'follower' : 'leader'] += 1;
        }
      }
    }
    expect(seen.leader).toBeGreaterThan(500);
    expect(seen.follower).toBeGreaterThan(5000);
  });
});
