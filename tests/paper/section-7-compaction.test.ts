import { describe, expect, it } from 'vitest';
import { crc32 } from '../../src/core/raft/checksum.ts';
import type { RaftOptions } from '../../src/core/raft/interface.ts';
import type { Snapshot } from '../../src/core/raft/log-entry.ts';
import type { SnapshotRequest } from '../../src/core/raft/message.ts';
import { configurationInForce } from '../../src/core/raft/state.ts';
import { bytes, command, configuration, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  answersTo,
  appendRequest,
  campaignUntilLeader,
  change,
  clusterOf,
  cutOff,
  entryOf,
  leaders,
  led,
  logIn,
  losing,
  ofType,
  outcome,
  receive,
  record,
  taken,
  terms,
  voteRequest,
  votersAt,
  withLogs,
} from './support/claims.ts';

/** The extended Raft paper, §7: snapshots, and how they get to followers. */

/** Snapshots after five entries; parts of three bytes. */
const SMALL: Partial<RaftOptions> = { snapshotEntries: 5, maxAppendBytes: 3, maxPendingRequests: 99 };

const wanting = (overrides: Partial<RaftOptions> = SMALL): CoreCluster =>
  led(clusterOf('ABC', { overrides }));

function write(cluster: CoreCluster, count: number, name = 'A'): void {
  for (let value = 0; value < count; value += 1) {
    cluster.request(name, command(value));
    cluster.settle();
  }
  // The others hear with it that all of them are committed.
  cluster.tick(1, name);
}

/** C was cut off, and what it lacks is compacted everywhere else. */
function behind(overrides: Partial<RaftOptions> = SMALL): CoreCluster {
  const cluster = wanting(overrides);
  cluster.isLost = cutOff('C');
  write(cluster, 12);
  return cluster;
}

function snapshotOf(cluster: CoreCluster, name: string): Snapshot {
  const { snapshot } = cluster.raft(name);
  if (snapshot === null) throw new Error(`${name} has no snapshot`);
  return snapshot;
}

const madeUp = (index: number, term: number, data: Uint8Array, voters = 'ABC'): Snapshot => ({
  metadata: {
    index,
    term,
    timeMs: 0,
    configuration: configuration(voters),
    configurationIndex: 1,
    bytes: data.length,
    checksum: crc32(data),
  },
  data,
});

function partOf({ metadata, data }: Snapshot, offset = 0, end = data.length, term = 2): SnapshotRequest {
  const part = data.subarray(offset, end);
  return { type: 'snapshotRequest', from: id('A'), to: id('C'), term, metadata, offset, part };
}

describe('§7 taking snapshots', () => {
  it('§7: every server takes its own, and needs no leader’s leave', () => {
    const cluster = wanting();
    const seen = record(cluster);
    write(cluster, 4);
    for (const name of 'ABC') expect(snapshotOf(cluster, name).metadata.index).toBeGreaterThanOrEqual(5);
    expect(ofType(seen, 'snapshotRequest')).toEqual([]);
  });

  it('§7: a snapshot covers only what is committed and applied', () => {
    const cluster = wanting();
    cluster.isLost = () => true;
    for (let value = 0; value < 20; value += 1) cluster.request('A', command(value));
    cluster.settle();
    expect(cluster.raft('A').log.lastIndex).toBe(22);
    expect(cluster.raft('A').snapshot).toBeNull();
    cluster.input('A', { type: 'compact' });
    expect(snapshotOf(cluster, 'A').metadata.index).toBe(2);
    expect(cluster.raft('A').log.lastIndex).toBe(22);
  });

  it('§7: it is the state as of its last entry', () => {
    const cluster = wanting();
    write(cluster, 9);
    const { metadata, data } = snapshotOf(cluster, 'A');
    const applied = cluster.node('A').applied.filter(({ index }) => index <= metadata.index);
    expect(data).toEqual(bytes(...applied.map(({ index }) => index)));
    expect([metadata.bytes, metadata.checksum]).toEqual([data.length, crc32(data)]);
  });

  it('§7: it says which entry was its last, so that the next append can be checked against it', () => {
    const cluster = wanting();
    write(cluster, 3);
    const { metadata } = snapshotOf(cluster, 'C');
    expect([metadata.index, metadata.term]).toEqual([5, 2]);
    expect([cluster.raft('C').log.firstIndex, cluster.raft('C').log.termAt(5)]).toEqual([6, 2]);
    expect(answersTo(cluster, appendRequest('AC', 2, [5, 2], [entryOf(6, 2)]))).toMatchObject([
      { result: { kind: 'accepted', matchIndex: 6 } },
    ]);
    expect(answersTo(cluster, appendRequest('AC', 2, [7, 2], []))).toMatchObject([
      { result: { kind: 'rejected' } },
    ]);
  });

  it('§7: it holds the newest configuration as of that entry', () => {
    const cluster = led(clusterOf('ABC', { learners: 'D', overrides: { ...SMALL, targetVoters: 4 } }));
    cluster.request('A', change(['promote', 'D']));
    cluster.settle();
    cluster.tick(3, 'A');
    write(cluster, 6);
    const promoted = configurationInForce(cluster.raft('A')).index;
    expect(snapshotOf(cluster, 'D').metadata).toMatchObject({ configurationIndex: promoted });
    cluster.restart('D');
    expect(cluster.raft('D').log.firstIndex).toBeGreaterThan(promoted);
    expect(votersAt(cluster, 'D')).toBe('ABCD');
  });

  it('§7: an uncommitted configuration is not in it, and is not lost by it', () => {
    const cluster = led(clusterOf('ABC', { learners: 'D', overrides: { snapshotEntries: 1000 } }));
    write(cluster, 3);
    cluster.isLost = () => true;
    cluster.request('A', change(['remove', 'C']));
    cluster.input('A', { type: 'compact' });
    cluster.settle();
    expect(snapshotOf(cluster, 'A').metadata).toMatchObject({ index: 5, configurationIndex: 1 });
    expect(votersAt(cluster, 'A')).toBe('AB');
    cluster.restart('A');
    expect(votersAt(cluster, 'A')).toBe('AB');
  });

  it('§7: once it is written, the log it covers and the snapshot before it are gone', () => {
    const cluster = wanting();
    write(cluster, 3);
    const first = snapshotOf(cluster, 'B');
    write(cluster, 7);
    const { disk, raft } = cluster.node('B');
    expect(disk.snapshot?.metadata.index).toBeGreaterThan(first.metadata.index);
    expect(disk.entries.every(({ index }) => index > (disk.snapshot?.metadata.index ?? 0))).toBe(true);
    expect(disk.entries).toEqual(raft.log.range(1, 99));
  });

  it('§7: the log goes in the same write as the snapshot comes, so that no crash loses both', () => {
    const cluster = wanting();
    const writes = cluster.node('A').effects.length;
    write(cluster, 4);
    const persisted = cluster
      .node('A')
      .effects.slice(writes)
      .filter((effect) => effect.type === 'persist');
    const compacting = persisted.filter(({ compactTo }) => compactTo !== null);
    expect(compacting).not.toEqual([]);
    for (const { compactTo, snapshot } of compacting) expect(snapshot?.metadata.index).toBe(compactTo);
  });

  it('§7: one is taken when the log has grown by a fixed size', () => {
    const taken = (snapshotBytes: number): boolean => {
      const cluster = wanting({ snapshotEntries: 1000, snapshotBytes });
      cluster.request('A', { kind: 'command', command: new Uint8Array(500), repeatable: false });
      cluster.settle();
      write(cluster, 1);
      return cluster.raft('A').snapshot !== null;
    };
    expect([taken(400), taken(4000)]).toEqual([true, false]);
  });

  it.each([
    ['entries', { snapshotEntries: 5 }],
    ['bytes', { snapshotBytes: 150 }],
  ])(
    'dissertation §5.1.2: a large state is not written again for a few %s, but once the log is as large',
    (_, limits) => {
      const cluster = wanting({ snapshotEntries: 1000, maxPendingRequests: 99, ...limits });
      const raft = cluster.raft('A');
      write(cluster, 10);
      const large = snapshotOf(cluster, 'A');
      raft.snapshot = { ...large, data: new Uint8Array(1000) };
      const before = raft.deliveredBytes;
      write(cluster, 20);
      expect(raft.deliveredBytes - before).toBeGreaterThan(400);
      expect(raft.deliveredBytes).toBeLessThan(1000);
      expect(raft.snapshot.metadata.index).toBe(large.metadata.index);
      write(cluster, 30);
      expect(raft.snapshot.metadata.index).toBeGreaterThan(large.metadata.index + 20);
    },
  );

  it('§7: not at each entry, which would waste the disk', () => {
    const cluster = wanting();
    write(cluster, 25);
    const count = cluster.node('A').effects.filter(({ type }) => type === 'snapshot').length;
    expect(count).toBeLessThanOrEqual(27 / 5);
    expect(count).toBeGreaterThan(3);
  });

  it('§7: servers at the same index have the same snapshot', () => {
    const cluster = wanting();
    write(cluster, 9);
    for (const name of 'BC') expect(snapshotOf(cluster, name)).toEqual(snapshotOf(cluster, 'A'));
  });

  it('§7: a server whose log is compacted is elected, and elects, as before', () => {
    const cluster = wanting({ snapshotEntries: 1 });
    write(cluster, 5);
    expect(cluster.raft('B').log.range(1, 99)).toEqual([]);
    const stale = ofType(answersTo(cluster, voteRequest('CB', 9, [6, 2], true)), 'voteResponse');
    expect(stale).toMatchObject([{ granted: false }]);
    cluster.isLost = cutOff('A');
    campaignUntilLeader(cluster, 'C');
    expect(cluster.raft('C').role).toBe('leader');
    expect(cluster.raft('C').log.lastIndex).toBe(8);
  });
});

describe('§7 sending snapshots', () => {
  it('§7: a leader sends its snapshot where it has discarded what comes next', () => {
    const cluster = behind();
    const before = snapshotOf(cluster, 'A');
    cluster.heal();
    cluster.tick(6, 'A');
    expect(cluster.node('C').restored).toEqual(before);
    expect(cluster.raft('C').commitIndex).toBe(cluster.raft('A').commitIndex);
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
  });

  it('§7: and only there: who lags behind by what is still in the log gets the log', () => {
    const cluster = wanting({ snapshotEntries: 5, retainedEntries: 50 });
    cluster.isLost = cutOff('C');
    write(cluster, 12);
    expect(cluster.raft('A').snapshot).not.toBeNull();
    cluster.heal();
    const seen = record(cluster);
    cluster.tick(6, 'A');
    expect(ofType(seen, 'snapshotRequest')).toEqual([]);
    expect(cluster.raft('C').commitIndex).toBe(14);
  });

  it('§7: it goes in parts, in order, each a bounded number of bytes', () => {
    const cluster = behind();
    const { data } = snapshotOf(cluster, 'A');
    cluster.heal();
    const seen = record(cluster);
    cluster.tick(6, 'A');
    const parts = ofType(seen, 'snapshotRequest');
    expect(parts.length).toBe(Math.ceil(data.length / 3));
    for (const { part } of parts) expect(part.length).toBeLessThanOrEqual(3);
    expect(parts.map(({ offset }) => offset)).toEqual(parts.map((_, at) => at * 3));
    expect(parts.flatMap(({ part }) => [...part])).toEqual([...data]);
  });

  it('§7: each part is a sign of life, so that the receiver does not campaign', () => {
    const cluster = behind();
    cluster.isLost = ({ type }) => type === 'heartbeat';
    const snapshot = madeUp(99, 2, new Uint8Array(90));
    for (let offset = 0; offset < 89; offset += 1) {
      receive(cluster, partOf(snapshot, offset, offset + 1));
      cluster.tick(5, 'C');
    }
    expect(cluster.raft('C')).toMatchObject({ role: 'follower', leader: id('A'), term: 2 });
  });

  it('§7: a part that is lost is sent again', () => {
    const cluster = behind();
    cluster.heal();
    let parts = 0;
    cluster.isLost = ({ type }) => {
      if (type !== 'snapshotRequest') return false;
      parts += 1;
      return parts % 3 === 1;
    };
    cluster.tick(20, 'A');
    expect(parts).toBeGreaterThan(4);
    expect(cluster.node('C').restored).not.toBeNull();
    expect(cluster.raft('C').commitIndex).toBe(cluster.raft('A').commitIndex);
  });

  it('§7: where the last acknowledgement is lost, it is asked for again', () => {
    const cluster = behind();
    cluster.isLost = (message) => message.type === 'appendResponse' && message.result.kind === 'accepted';
    cluster.tick(6, 'A', 'B');
    expect(cluster.node('C').restored).not.toBeNull();
    expect(cluster.raft('A').leadership?.progress.get(id('C'))?.state).toBe('snapshot');
    cluster.heal();
    cluster.tick(6, 'A', 'B');
    expect(cluster.raft('A').leadership?.progress.get(id('C'))?.state).toBe('replicate');
  });

  it('§7: the others are served meanwhile', () => {
    const cluster = behind();
    cluster.isLost = losing('snapshotResponse');
    cluster.tick(4, 'A');
    const request = cluster.request('A', command(99));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
  });

  it('§7: the next leader sends the rest of what the last one began', () => {
    const cluster = behind();
    cluster.isLost = (message) => message.type === 'snapshotRequest' && message.offset >= 6;
    cluster.tick(3, 'A');
    expect(cluster.raft('C').incoming?.receivedBytes).toBe(6);
    // Of the next leader's parts, those that C has already are not needed.
    cluster.isLost = (message) =>
      cutOff('A')(message) ||
      (message.type === 'snapshotRequest' && message.offset > 0 && message.offset < 6);
    campaignUntilLeader(cluster, 'B');
    cluster.tick(10, 'B');
    expect(cluster.node('C').restored).not.toBeNull();
    expect(cluster.raft('C').commitIndex).toBe(cluster.raft('B').commitIndex);
  });
});

describe('§7, Figure 13: receiving snapshots', () => {
  const DATA = bytes(1, 2, 3, 4, 5, 6);

  it('§7, Figure 13: one of an older term is refused', () => {
    const cluster = wanting({});
    const answers = answersTo(cluster, partOf(madeUp(9, 1, DATA), 0, 6, 1));
    expect(answers).toMatchObject([{ term: 2 }]);
    expect(ofType(answers, 'snapshotResponse')).toEqual([]);
    expect(cluster.raft('C')).toMatchObject({ incoming: null, snapshot: null });
  });

  it('§7, Figure 13: the first part begins it, further ones follow at their offsets', () => {
    const cluster = wanting({});
    const snapshot = madeUp(9, 2, DATA);
    const received = [0, 2].map((offset) => answersTo(cluster, partOf(snapshot, offset, offset + 2)));
    expect(received.flat()).toMatchObject([{ receivedBytes: 2 }, { receivedBytes: 4 }]);
    expect(cluster.node('C').restored).toBeNull();
    expect(answersTo(cluster, partOf(snapshot, 4, 6))).toMatchObject([
      { type: 'appendResponse', result: { kind: 'accepted', matchIndex: 9 } },
    ]);
    expect(cluster.node('C').restored).toEqual(snapshot);
  });

  it('§7, Figure 13: a part that comes twice, or before its time, adds nothing', () => {
    const cluster = wanting({});
    const snapshot = madeUp(9, 2, DATA);
    const offsets = [0, 0, 4, 2, 0];
    const answers = offsets.flatMap((offset) => answersTo(cluster, partOf(snapshot, offset, offset + 2)));
    expect(ofType(answers, 'snapshotResponse').map(({ receivedBytes }) => receivedBytes)).toEqual([
      2, 2, 2, 4, 4,
    ]);
    receive(cluster, partOf(snapshot, 4, 6));
    expect(cluster.node('C').restored?.data).toEqual(DATA);
  });

  it('§7, Figure 13: another snapshot takes the place of one that is half here', () => {
    const cluster = wanting({});
    receive(cluster, partOf(madeUp(9, 2, DATA), 0, 4));
    const newer = madeUp(12, 2, bytes(7, 8));
    receive(cluster, partOf(newer));
    expect(cluster.node('C').restored).toEqual(newer);
    expect(cluster.raft('C').incoming).toBeNull();
  });

  it('§7, Figure 13: a log that the snapshot goes beyond is discarded whole', () => {
    const cluster = withLogs({ A: [], B: [], C: [1, 2, 2] }, 2);
    receive(cluster, partOf(madeUp(9, 2, DATA)));
    cluster.persistOne('C');
    expect(cluster.raft('C').log).toMatchObject({ firstIndex: 10, lastIndex: 9, lastTerm: 2 });
    expect(cluster.node('C').disk).toMatchObject({ entries: [], snapshot: { metadata: { index: 9 } } });
  });

  it('§7, Figure 13: so is one that contradicts it', () => {
    const cluster = withLogs({ A: [], B: [], C: [1, 2, 2, 2, 2] }, 3);
    receive(cluster, partOf(madeUp(4, 3, DATA), 0, 6, 4));
    expect(cluster.raft('C').log).toMatchObject({ firstIndex: 5, lastIndex: 4, lastTerm: 3 });
  });

  it('§7, Figure 13: where it describes a prefix of the log, what stands behind it is kept', () => {
    const cluster = withLogs({ A: [], B: [], C: [1, 2, 2, 2, 2] }, 2);
    const answers = answersTo(cluster, partOf(madeUp(4, 2, DATA)));
    expect(answers).toMatchObject([{ type: 'appendResponse', result: { kind: 'accepted', matchIndex: 4 } }]);
    expect(terms(cluster, 'C')).toEqual([1, 2, 2, 2, 2]);
    expect([cluster.raft('C').commitIndex, cluster.node('C').restored]).toEqual([4, null]);
  });

  it('§7, Figure 13: the state machine is reset, and the snapshot’s configuration is in force', () => {
    const cluster = wanting({});
    receive(cluster, partOf(madeUp(9, 2, DATA, 'ABCDE')));
    expect(cluster.node('C').restored?.data).toEqual(DATA);
    expect(votersAt(cluster, 'C')).toBe('ABCDE');
    expect(cluster.raft('C')).toMatchObject({ commitIndex: 9, deliveredIndex: 9, appliedIndex: 9 });
  });

  it('§7: it is acknowledged once it is durable', () => {
    const cluster = wanting({});
    cluster.autoPersist = false;
    receive(cluster, partOf(madeUp(9, 2, DATA)));
    expect(taken(cluster)).toEqual([]);
    cluster.persistOne('C');
    expect(taken(cluster)).toMatchObject([{ type: 'appendResponse', result: { matchIndex: 9 } }]);
    expect(cluster.node('C').disk.snapshot?.metadata.index).toBe(9);
  });

  it('§7: one that is damaged is not installed, and is asked for again from its begin', () => {
    const cluster = wanting({});
    const good = madeUp(9, 2, DATA);
    const damaged = { ...good, data: bytes(1, 2, 3, 4, 5, 7) };
    expect(answersTo(cluster, partOf(damaged))).toMatchObject([
      { type: 'snapshotResponse', receivedBytes: 0 },
    ]);
    expect(cluster.node('C').restored).toBeNull();
    receive(cluster, partOf(good));
    expect(cluster.node('C').restored).toEqual(good);
  });

  it('§7: an old snapshot never takes back what is committed', () => {
    const cluster = wanting({});
    write(cluster, 5);
    cluster.tick(2, 'A');
    const before = logIn(cluster, 'C');
    const answers = answersTo(cluster, partOf(madeUp(3, 2, DATA)));
    expect(answers).toMatchObject([{ result: { kind: 'accepted', matchIndex: 7 } }]);
    expect(logIn(cluster, 'C')).toEqual(before);
    expect(cluster.node('C').restored).toBeNull();
  });

  it('§7: a server restarts from its snapshot and the log behind it', () => {
    const cluster = behind();
    cluster.heal();
    cluster.tick(6, 'A');
    write(cluster, 2);
    const snapshot = snapshotOf(cluster, 'C');
    cluster.restart('C');
    cluster.tick(5, 'A');
    expect(cluster.node('C').restored).toEqual(snapshot);
    expect(cluster.node('C').applied.map(({ index }) => index)).toEqual(
      Array.from({ length: 16 - snapshot.metadata.index }, (_, at) => snapshot.metadata.index + 1 + at),
    );
    expect(leaders(cluster)).toEqual(['A']);
  });
});
