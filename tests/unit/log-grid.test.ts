import { describe, expect, it } from 'vitest';
import type { MemberStatus } from '../../src/api.ts';
import { cellAt, cellText, columnsInSight, lastIndexOf, logRows } from '../../src/ui/logs/grid.ts';
import type { LiveNode } from '../../src/ui/view.ts';

const member = (name: string): MemberStatus => ({ id: `id-${name}`, name, kind: 'voter', reachable: true });

const LOG: LiveNode['detail']['log'] = {
  ...{ first: 4, last: 12, snapshotIndex: 3, commitIndex: 8, appliedIndex: 7, durableIndex: 10 },
  terms: [
    [4, 1],
    [6, 2],
    [11, 5],
  ],
};

const node = (
  name: string,
  role: LiveNode['role'],
  term: number,
  matched: [string, number, number][] = [],
): LiveNode => ({
  ...{ memberId: `id-${name}`, role, term, leader: null, at: 0 },
  detail: {
    votedFor: null,
    timer: null,
    log: LOG,
    progress: matched.map(([other, matchIndex, nextIndex]) => ({
      name: other,
      state: 'replicate',
      matchIndex,
      nextIndex,
    })),
  },
});

describe('the grid of logs', () => {
  it('says of each entry how far it has got, and its term', () => {
    const cells = [0, 3, 4, 7, 8, 9, 10, 11, 12, 13].map((index) => cellAt(LOG, index));
    expect(cells.map(({ kind, term }) => `${kind} ${term}`)).toEqual([
      'none null',
      'compacted null',
      'applied 1',
      'applied 2',
      'committed 2',
      'stored 2',
      'stored 2',
      'volatile 5',
      'volatile 5',
      'none null',
    ]);
    expect(cellText('B', 9, cellAt(LOG, 9))).toBe('B, entry 9, term 2, not committed');
    expect(cellAt(null, 3)).toEqual({ kind: 'none', term: null });
  });

  it('takes match and next from the leader of the highest term', () => {
    const members = ['A', 'B', 'C'].map(member);
    const nodes = [
      node('A', 'leader', 2, [['B', 3, 4]]),
      node('B', 'leader', 3, [
        ['A', 9, 13],
        ['C', 12, 20],
      ]),
    ];
    const rows = logRows(members, nodes);
    expect(
      rows.map(({ name, isLeader, matchIndex, nextIndex }) => [name, isLeader, matchIndex, nextIndex]),
    ).toEqual([
      ['A', false, 9, 13],
      ['B', true, null, null],
      ['C', false, 12, 20],
    ]);
    expect(rows[2]?.log).toBeNull();
    expect(lastIndexOf(rows)).toBe(19);
  });

  it('has no more columns than are in sight, and some', () => {
    expect(columnsInSight(0, 400, 40, 5000)).toEqual({ first: 1, last: 16 });
    expect(columnsInSight(40_000, 400, 40, 5000)).toEqual({ first: 995, last: 1016 });
    expect(columnsInSight(199_600, 400, 40, 5000)).toEqual({ first: 4985, last: 5000 });
  });
});
