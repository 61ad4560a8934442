import { LESSONS, type LessonName } from './catalog.ts';
import type { Script } from './run.ts';
import { figure8 } from './scripts/figure-8.ts';
import { leaderDies } from './scripts/leader-dies.ts';
import { lostWrite } from './scripts/lost-write.ts';
import { raftAndAbd } from './scripts/raft-and-abd.ts';
import { staleRead } from './scripts/stale-read.ts';
import { twoLeaders } from './scripts/two-leaders.ts';

/** All that a page needs to play lessons, and loads only then. */
export { hindranceOf } from './hindrance.ts';
export { LessonRun } from './run.ts';

const SCRIPTS: Readonly<Record<LessonName, Script>> = {
  'leader-dies': leaderDies,
  'two-leaders': twoLeaders,
  'lost-write': lostWrite,
  'figure-8': figure8,
  'stale-read': staleRead,
  'raft-and-abd': raftAndAbd,
};

/** Throws where there is none of that name. */
export function findScript(name: string): Script {
  const lesson = LESSONS.find((candidate) => candidate.name === name);
  if (lesson === undefined) throw new TypeError(`There is no lesson "${name}".`);
  return SCRIPTS[lesson.name];
}
