import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../src/trace/event.ts';
import { Moments, type Moment } from '../../src/ui/playback/moments.ts';
import { LIVE_DELAY_MS, Playback } from '../../src/ui/playback/playback.ts';
import type { LiveNode } from '../../src/ui/view.ts';
import { A, eventOf } from '../support/trace-events.ts';

function playbackAt(start: number): { playback: Playback; pass: (ms: number) => void } {
  let wall = start;
  const playback = new Playback(() => wall);
  return { playback, pass: (ms) => (wall += ms) };
}

describe('playback', () => {
  it('is live at first, a little behind', () => {
    const { playback, pass } = playbackAt(10_000);
    pass(100);
    expect([playback.mode, playback.at]).toEqual(['live', 10_100 - LIVE_DELAY_MS]);
  });

  it('slows down from where it is, and stands still', () => {
    const { playback, pass } = playbackAt(10_000);
    playback.play(50);
    pass(1000);
    expect(playback.at).toBe(9500 + 20);
    playback.pause();
    pass(5000);
    expect([playback.at, playback.rate]).toEqual([9520, 0]);
    playback.play();
    pass(500);
    expect([playback.at, playback.slowness]).toEqual([9530, 50]);
    playback.live();
    expect([playback.at, playback.slowness]).toEqual([playback.edge, 1]);
  });

  it('never gets ahead of what is known', () => {
    const { playback, pass } = playbackAt(10_000);
    playback.seek(99_999);
    expect(playback.at).toBe(9500);
    playback.play(1);
    pass(700);
    expect(playback.at).toBe(playback.edge);
  });
});

const node = (role: LiveNode['role']): LiveNode => ({
  memberId: A,
  role,
  term: 1,
  leader: null,
  detail: {
    votedFor: null,
    timer: null,
    log: { first: 1, last: 1, snapshotIndex: 0, commitIndex: 1, appliedIndex: 1, durableIndex: 1, terms: [] },
    progress: [],
  },
  at: 0,
});
const moment = (at: number, role: LiveNode['role']): Moment => ({
  at,
  members: [],
  rules: [],
  states: [],
  nodes: [node(role)],
  leader: null,
});
const became = (time: number, role: string, term: number, seq: number): TraceEvent => ({
  ...eventOf({ kind: 'role', role, term }, seq),
  time,
});

describe('moments', () => {
  it('are found again, and between two of them events say who became what', () => {
    const moments = new Moments();
    moments.add(moment(1000, 'follower'));
    moments.add(moment(2000, 'leader'));
    const events = [became(1400, 'candidate', 2, 1), became(1600, 'leader', 2, 2)];
    const roleAt = (at: number): string | undefined => moments.at(at, events)?.nodes[0]?.role;
    expect([500, 1000, 1399, 1400, 1599, 1600, 2500].map(roleAt)).toEqual([
      'follower',
      'follower',
      'follower',
      'candidate',
      'candidate',
      'leader',
      'leader',
    ]);
    expect(moments.at(1700, events)?.nodes[0]?.term).toBe(2);
    expect(moments.firstRoles.get(A)).toBe('follower');
  });

  it('that follow each other closely are one, the newest', () => {
    const moments = new Moments();
    for (let at = 1000; at < 2000; at += 10) moments.add(moment(at, at < 1990 ? 'follower' : 'leader'));
    expect(moments.last?.at).toBe(1990);
    expect(moments.before(1495)?.at).toBeLessThanOrEqual(1495);
    expect(moments.before(1495)?.at).toBeGreaterThan(1495 - 120);
  });
});
