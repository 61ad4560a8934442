import { describe, expect, it } from 'vitest';
import type { Entry } from '../../src/core/raft/log-entry.ts';
import type { RaftMessage } from '../../src/core/raft/message.ts';
import { RULES, type Rules } from '../../src/core/raft/rules.ts';
import { bytes, command, type CoreCluster, id } from '../support/core-cluster.ts';
import {
  accepted,
  answersTo,
  appendRequest,
  appendResponse,
  campaign,
  campaignUntilLeader,
  clusterOf,
  cutOff,
  entryOf,
  heartbeat,
  leaders,
  led,
  logIn,
  losing,
  ofType,
  onlyAmong,
  outcome,
  receive,
  record,
  taken,
  terms,
  withLogs,
} from './support/claims.ts';

/** The extended Raft paper, §5.3: the log, and how it gets to the followers. */

const commandAt = (index: number, term: number, value: number): Entry =>
  entryOf(index, term, { kind: 'command', command: bytes(value), timeMs: 0 });

function valuesOf(entries: readonly Entry[]): number[] {
  return entries.flatMap(({ payload }) => (payload.kind === 'command' ? [...payload.command] : []));
}

describe('§5.3 the way of a command', () => {
  it('§5.3: the leader appends a command as the next entry of its term, and sends it to all at once', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', command(7));
    expect(cluster.raft('A').log.at(3)).toEqual(commandAt(3, 2, 7));
    const sent = ofType(taken(cluster), 'appendRequest');
    expect(sent.map(({ to }) => to)).toEqual([id('B'), id('C')]);
    for (const { entries, prevIndex, prevTerm } of sent) {
      expect([prevIndex, prevTerm, entries]).toEqual([2, 2, [commandAt(3, 2, 7)]]);
    }
  });

  it('§5.3: once it is safely replicated it is applied, and the result given to the client', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = () => true;
    const request = cluster.request('A', command(7));
    cluster.settle();
    expect([cluster.node('A').applied.at(-1)?.index, outcome(cluster, 'A', request)]).toEqual([2, 'none']);
    receive(cluster, accepted('BA', 2, 3));
    expect(cluster.node('A').applied.at(-1)).toEqual(commandAt(3, 2, 7));
    expect(cluster.node('A').replies.get(request)).toEqual({
      outcome: 'ok',
      index: 3,
      term: 2,
      value: bytes(3),
    });
  });

  it.each([
    ['ABC', 'B', true],
    ['ABCD', 'B', false],
    ['ABCD', 'BC', true],
    ['ABCDE', 'B', false],
    ['ABCDE', 'BC', true],
  ])(
    '§5.3: an entry is committed once a majority stores it (%s, on A and %s)',
    (voters, storing, isCommitted) => {
      const cluster = led(clusterOf(voters));
      cluster.isLost = onlyAmong(`A${storing}`);
      const request = cluster.request('A', command(1));
      cluster.settle();
      expect(cluster.raft('A').commitIndex).toBe(isCommitted ? 3 : 2);
      expect(outcome(cluster, 'A', request)).toBe(isCommitted ? 'ok' : 'none');
    },
  );

  it('§5.3: one slow follower holds up nobody', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('C');
    const requests = Array.from({ length: 12 }, (_, value) => {
      const request = cluster.request('A', command(value));
      cluster.settle();
      return request;
    });
    expect(requests.map((request) => outcome(cluster, 'A', request))).toEqual(Array(12).fill('ok'));
  });

  it('§5.3: the leader keeps trying, even after it has answered the client, until every follower has it all', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = cutOff('C');
    const request = cluster.request('A', command(1));
    cluster.settle();
    expect(outcome(cluster, 'A', request)).toBe('ok');
    cluster.tick(100, 'A', 'B');
    cluster.heal();
    cluster.tick(5, 'A');
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
    expect(cluster.node('C').applied).toEqual(cluster.node('A').applied);
  });

  it('§5.3: committing an entry commits all before it, those of earlier leaders included', () => {
    const cluster = withLogs({ A: [2, 3, 3], B: [2], C: [] }, 3);
    cluster.isLost = cutOff('C');
    cluster.elect('A');
    expect(cluster.raft('A').commitIndex).toBe(5);
    expect(cluster.node('A').applied.map(({ index, term }) => [index, term])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 3],
      [5, 4],
    ]);
  });

  it('§5.3: the leader’s messages say how far the log is committed, and followers apply so far', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.isLost = ({ type, to }) => to === id('C') || type === 'heartbeat';
    cluster.request('A', command(1));
    const seen = record(cluster);
    cluster.settle();
    expect(cluster.raft('A').commitIndex).toBe(3);
    expect(cluster.node('B').applied.at(-1)?.index).toBe(2);
    cluster.tick(1, 'A');
    expect(ofType(seen, 'appendRequest').map(({ commitIndex }) => commitIndex)).toContain(3);
    expect(cluster.node('B').applied.at(-1)?.index).toBe(3);
    expect(cluster.node('C').applied).toEqual([]);
    cluster.heal();
    cluster.tick(5, 'A');
    expect(cluster.node('C').applied.at(-1)?.index).toBe(3);
  });

  it('§5.3: everybody applies the same entries in the order of the log, each once', () => {
    const cluster = led(clusterOf('ABC'));
    for (let value = 0; value < 8; value += 1) cluster.request('ABC'.charAt(value % 3), command(value));
    cluster.tick(5);
    const { applied } = cluster.node('A');
    expect(applied.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const name of 'BC') expect(cluster.node(name).applied).toEqual(applied);
  });
});

describe('§5.3 commit index of a follower', () => {
  it('§5.3, Figure 2: it follows the leader’s, as far as the append has matched', () => {
    const committed = (rules?: Rules): number => {
      // Entry 3 stands on the follower alone; the append says nothing about it.
      const cluster = withLogs({ A: [1, 1], B: [1, 1], C: [1, 1] }, 1, { rules });
      receive(cluster, appendRequest('BA', 2, [2, 1], [], 3));
      return cluster.raft('A').commitIndex;
    };
    expect(committed()).toBe(2);
    expect(committed({ ...RULES, commitIndexAfterAppend: (own, leaders) => Math.max(own, leaders) })).toBe(3);
  });

  it('§5.3, Figure 2: it never goes back', () => {
    const committed = (rules?: Rules): number => {
      const cluster = withLogs({ A: [1, 1], B: [1, 1], C: [1, 1] }, 1, { rules });
      receive(cluster, appendRequest('BA', 2, [3, 1], [], 3));
      receive(cluster, appendRequest('BA', 2, [2, 1], [], 2));
      receive(cluster, heartbeat('BA', 2, 1));
      return cluster.raft('A').commitIndex;
    };
    expect(committed()).toBe(3);
    expect(
      committed({ ...RULES, commitIndexAfterAppend: (_, leaders, matched) => Math.min(leaders, matched) }),
    ).toBe(1);
  });

  it('§5.3: a heartbeat commits nothing that the follower is not known to share', () => {
    const applied = (rules?: Rules): number[] => {
      // B's second entry is left over from term 2; A and C have another one from term 3.
      const cluster = withLogs({ A: [3], B: [2], C: [3] }, 3, { rules });
      cluster.isLost = losing('appendRequest', 'B');
      cluster.elect('A');
      cluster.tick(4, 'A');
      return cluster.node('B').applied.map(({ term }) => term);
    };
    expect(applied()).toEqual([]);
    expect(applied({ ...RULES, commitIndexForFollower: (commitIndex) => commitIndex })).toEqual([1, 2]);
  });
});

describe('§5.3 the Log Matching property', () => {
  it.each([
    ['a gap', [5, 1], { kind: 'rejected', prevIndex: 5 }],
    ['another term at the place', [2, 2], { kind: 'rejected', prevIndex: 2 }],
    ['agreement at the end', [3, 1], { kind: 'accepted' }],
    ['agreement further back', [1, 1], { kind: 'accepted' }],
    ['the beginning of the log', [0, 0], { kind: 'accepted' }],
  ] as const)(
    '§5.3: a follower takes entries only behind one that it shares with the leader (%s)',
    (_, place, result) => {
      const cluster = withLogs({ A: [1, 1], B: [], C: [] }, 1);
      expect(answersTo(cluster, appendRequest('BA', 3, place))).toMatchObject([
        { type: 'appendResponse', result },
      ]);
      expect(terms(cluster, 'A')).toEqual([1, 1]);
    },
  );

  it('§5.3: an entry that contradicts the leader’s is removed with all that follow it', () => {
    const cluster = withLogs({ A: [1, 2, 2, 2], B: [], C: [] }, 2);
    answersTo(cluster, appendRequest('BA', 3, [2, 1], [entryOf(3, 3)]));
    expect(terms(cluster, 'A')).toEqual([1, 3]);
    expect(cluster.node('A').disk.entries.map(({ term }) => term)).toEqual([1, 1, 3]);
  });

  it('§5.3: entries that are there already stay, with what stands behind them', () => {
    const cluster = withLogs({ A: [2, 2, 2], B: [], C: [] }, 2);
    const [, second] = logIn(cluster, 'A');
    if (second === undefined) throw new Error('A has more entries');
    answersTo(cluster, appendRequest('BA', 2, [1, 1], [second]));
    answersTo(cluster, appendRequest('BA', 2, [1, 1]));
    expect(terms(cluster, 'A')).toEqual([2, 2, 2]);
  });

  it('§5.3: appends that overtake each other leave the log whole', () => {
    const cluster = clusterOf('ABC');
    const entries = [2, 3, 4].map((index) => commandAt(index, 2, index));
    const [first, second, third] = entries.map((entry) =>
      appendRequest('BA', 2, [entry.index - 1, entry.index === 2 ? 1 : 2], [entry]),
    );
    if (first === undefined || second === undefined || third === undefined) throw new Error('three appends');
    for (const append of [third, first, third, second, first, third, second]) receive(cluster, append);
    expect(valuesOf(logIn(cluster, 'A')).slice(-3)).toEqual([2, 3, 4]);
  });

  it('§5.3: entries with the same index and term are the same, and so is all before them', () => {
    const cluster = clusterOf('ABCDE', { overrides: { maxAppendBytes: 60 } });
    const halves = ['ABC', 'BCD', 'CDE', 'ADE', 'ABE'];
    for (let round = 0; round < 25; round += 1) {
      const group = halves[round % halves.length] ?? '';
      cluster.isLost = onlyAmong(group);
      campaignUntilLeader(cluster, group.charAt(round % 3));
      // A few reach only the leader's own log.
      cluster.isLost = round % 2 === 0 ? () => true : onlyAmong(group);
      for (const name of leaders(cluster)) cluster.request(name, command(round));
      cluster.settle();
      expectLogMatching(cluster);
    }
    expect(cluster.raft('A').log.lastIndex).toBeGreaterThan(10);
  });

  function expectLogMatching(cluster: CoreCluster): void {
    const logs = [...cluster.nodes.keys()].map((name) => logIn(cluster, name));
    for (const [position, one] of logs.entries()) {
      for (const other of logs.slice(position + 1)) {
        const agreed = one.findLastIndex((entry, at) => other[at]?.term === entry.term);
        expect(other.slice(0, agreed + 1)).toEqual(one.slice(0, agreed + 1));
      }
    }
  }

  it('§5.3: Leader Append-Only: a leader removes and replaces nothing in its own log', () => {
    const cluster = withLogs({ A: [2, 2], B: [2, 2, 3], C: [2, 2], D: [], E: [2, 3, 3] }, 3);
    cluster.isLost = cutOff('BE');
    cluster.elect('A');
    const before = logIn(cluster, 'A');
    cluster.heal();
    cluster.request('A', command(1));
    cluster.tick(10);
    expect(leaders(cluster)).toEqual(['A']);
    expect(logIn(cluster, 'A').slice(0, before.length)).toEqual(before);
    for (const name of 'BCDE') expect(logIn(cluster, name)).toEqual(logIn(cluster, 'A'));
  });

  it('§5.3: a leader takes no entries from anybody, though they claim to lead its term', () => {
    const cluster = led(clusterOf('ABC'));
    const before = logIn(cluster, 'A');
    receive(cluster, appendRequest('BA', 2, [1, 1], [commandAt(2, 2, 9)], 2));
    expect(logIn(cluster, 'A')).toEqual(before);
    expect(leaders(cluster)).toEqual(['A']);
  });
});

describe('§5.3 finding where two logs agree', () => {
  it('§5.3: a new leader begins with each follower behind the last entry of its own log', () => {
    const cluster = withLogs({ A: [2, 3], B: [2, 3], C: [2] }, 3);
    const seen = record(cluster);
    cluster.elect('A');
    for (const name of 'BC') {
      const first = ofType(seen, 'appendRequest').find(({ to }) => to === id(name));
      expect(first).toMatchObject({ prevIndex: 3, prevTerm: 3 });
    }
  });

  it('§5.3: it goes back after each rejection until the follower accepts', () => {
    const cluster = withLogs({ A: [2, 3, 4, 5], B: [2, 3, 4, 5], C: [2, 2, 2, 2, 2] }, 5);
    const seen = record(cluster);
    cluster.elect('A');
    const asked = ofType(seen, 'appendRequest').filter(({ to }) => to === id('C'));
    const answers = ofType(seen, 'appendResponse').filter(({ from }) => from === id('C'));
    const firstAccepted = answers.findIndex(({ result }) => result.kind === 'accepted');
    const places = asked.slice(0, firstAccepted + 1).map(({ prevIndex }) => prevIndex);
    expect(places).toEqual([...places].sort((a, b) => b - a));
    expect(places.at(-1)).toBe(2);
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
  });

  it('§5.3: a rejection skips a whole term, not an entry at a time', () => {
    const logs = {
      A: [1, ...Array<number>(40).fill(5)],
      B: [1, ...Array<number>(40).fill(5)],
      C: [1, ...Array<number>(30).fill(2), ...Array<number>(10).fill(3)],
    };
    const cluster = withLogs(logs, 5);
    const seen = record(cluster);
    cluster.elect('A');
    const rejections = ofType(seen, 'appendResponse').filter(({ result }) => result.kind === 'rejected');
    expect(rejections.length).toBeLessThanOrEqual(2);
    expect(logIn(cluster, 'C')).toEqual(logIn(cluster, 'A'));
  });

  it('§5.3: what is known to match is never asked for again, whatever a rejection says', () => {
    const nextIndex = (rules?: Rules): (() => number | undefined) => {
      const cluster = led(clusterOf('ABC', { rules }));
      cluster.request('A', command(1));
      cluster.settle();
      cluster.isLost = () => true;
      cluster.request('A', command(2));
      return () => {
        receive(
          cluster,
          appendResponse('BA', 2, { kind: 'rejected', prevIndex: 4, hintIndex: 0, hintTerm: 0 }),
        );
        return ofType(taken(cluster), 'appendRequest').findLast(({ to }) => to === id('B'))?.prevIndex;
      };
    };
    expect(nextIndex()()).toBe(3);
    const careless = {
      ...RULES,
      nextIndexAfterRejection: (_: number, at: number, agreed: number) => Math.min(at, agreed + 1),
    };
    expect(nextIndex(careless)).toThrow();
  });

  it('§5.3: a rejection that comes late changes nothing', () => {
    const cluster = led(clusterOf('ABC'));
    cluster.request('A', command(1));
    cluster.settle();
    receive(cluster, appendResponse('BA', 2, { kind: 'rejected', prevIndex: 2, hintIndex: 0, hintTerm: 0 }));
    expect(cluster.raft('A').leadership?.progress.get(id('B'))).toMatchObject({
      matchIndex: 3,
      nextIndex: 4,
      state: 'replicate',
    });
  });

  it('§5.3: a leader needs nothing special to bring logs in line: its appends do it', () => {
    const cluster = withLogs({ A: [2, 4], B: [2, 3, 3, 3], C: [2, 4] }, 4);
    const seen = record(cluster);
    cluster.elect('A');
    cluster.tick(5, 'A');
    const kinds = new Set(seen.map(({ type }: RaftMessage) => type));
    expect([...kinds].sort()).toEqual([
      'appendRequest',
      'appendResponse',
      'heartbeat',
      'heartbeatResponse',
      'voteRequest',
      'voteResponse',
    ]);
    expect(terms(cluster, 'B')).toEqual([2, 4, 5]);
  });
});

describe('§5.3, Figure 7', () => {
  /** The figure's logs; the entry at index 1, which all share, is the configuration. */
  const LOGS = {
    L: [1, 1, 4, 4, 5, 5, 6, 6, 6],
    a: [1, 1, 4, 4, 5, 5, 6, 6],
    b: [1, 1, 4],
    c: [1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    d: [1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    e: [1, 1, 4, 4, 4, 4],
    f: [1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  };
  const figure7 = (): CoreCluster => withLogs(LOGS, 7);

  it('§5.3, Figure 7: the leader of term 8 is elected by those whose logs its own does not trail', () => {
    const cluster = figure7();
    campaign(cluster, 'L');
    expect(cluster.raft('L')).toMatchObject({ role: 'leader', term: 8 });
    const granted = [...cluster.nodes]
      .filter(([, { raft }]) => raft.votedFor === id('L'))
      .map(([name]) => name);
    expect(granted.sort()).toEqual(['L', 'a', 'b', 'e', 'f']);
  });

  it.each([
    ['a', 'misses one entry', 10, 2],
    ['b', 'misses many', 5, 2],
    ['c', 'has one too many', 11, 2],
    ['d', 'has two of a later term too many', 11, 2],
    ['e', 'misses some and has some that nobody needs', 6, 3],
    ['f', 'has entries of terms in which it led, and nobody else has', 4, 4],
  ])(
    '§5.3, Figure 7 (%s): a follower that %s comes to agree with the leader',
    (name, _, firstNew, mostAppends) => {
      const cluster = figure7();
      cluster.isLost = (message) => message.type === 'appendRequest' && message.to !== id(name);
      const before = logIn(cluster, name);
      const seen = record(cluster);
      cluster.elect('L');
      expect(logIn(cluster, name)).toEqual(logIn(cluster, 'L'));
      expect(terms(cluster, name)).toEqual([...LOGS.L, 8]);
      expect(cluster.node(name).disk.entries).toEqual(cluster.node('L').disk.entries);
      // What agreed before was left alone.
      expect(logIn(cluster, name).slice(0, firstNew - 1)).toEqual(before.slice(0, firstNew - 1));
      const appends = ofType(seen, 'appendRequest').filter(({ to }) => to === id(name));
      expect(appends.length).toBeLessThanOrEqual(mostAppends);
    },
  );

  it('§5.3, Figure 7: all six together, and the whole log is committed', () => {
    const cluster = figure7();
    cluster.elect('L');
    cluster.tick(5, 'L');
    for (const { raft, disk } of cluster.nodes.values()) {
      expect(raft.commitIndex).toBe(11);
      expect(disk.entries.map(({ term }) => term)).toEqual([1, ...LOGS.L, 8]);
    }
  });
});
