import type { LessonName } from './catalog.ts';
import type { Script } from './run.ts';
import { figure8 } from './scripts/figure-8.ts';
import { leaderDies } from './scripts/leader-dies.ts';
import { lostWrite } from './scripts/lost-write.ts';
import { raftAndAbd } from './scripts/raft-and-abd.ts';
import { staleRead } from './scripts/stale-read.ts';
import { twoLeaders } from './scripts/two-leaders.ts';

export const SCRIPTS: Readonly<Record<LessonName, Script>> = {
  'leader-dies': leaderDies,
  'two-leaders': twoLeaders,
  'lost-write': lostWrite,
  'figure-8': figure8,
  'stale-read': staleRead,
  'raft-and-abd': raftAndAbd,
};
