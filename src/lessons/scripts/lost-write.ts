import type { ReadResult, WriteResult } from '../../api.ts';
import type { LessonRun } from '../run.ts';
import { actorIn, holders, leaderIn, listed, termAt, uncommitted } from '../scene.ts';
import { expectOk, NotSeen } from '../stage.ts';
import { shownOutcome, shownRead } from '../words.ts';

const KEPT = 'lesson-first';
const LOST = 'lesson-second';
/** How long the client of the leader that is alone waits for its answer. */
const ALONE_MS = 1500;

interface Alone {
  readonly result: WriteResult;
  readonly index: number;
}

interface After {
  readonly leader: string;
  readonly term: number;
  /** Of the entry that stands where the second write was. */
  readonly there: number;
  readonly first: ReadResult;
  readonly second: ReadResult;
}

export async function lostWrite(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { leader } = stage.cast;
  await run.step({
    tell: `First a write as it should be. ${leader}, which leads, appends it to its log, has the others append it, too, and says “ok” once a majority has it on disk.`,
    button: 'Make the first write',
    play: async () => {
      const { index, term } = expectOk(await stage.put(leader, KEPT, 'here'), 'The first write');
      const held = await stage.until('a majority to have it', (scene) => {
        const names = holders(scene, index, term);
        return names.length >= 2 ? names : null;
      });
      return { index, term, held };
    },
    seen: ({ index, term, held }) =>
      `“ok”: entry ${index} of term ${term} is on the disks of ${listed(held)}.`,
  });
  const alone = await writeAlone(run);
  await ask(run, alone);
}

async function writeAlone(run: LessonRun): Promise<Alone> {
  const { stage } = run;
  const { leader, term } = stage.cast;
  return run.step({
    tell: `Now ${leader} is cut off from the others, and asked for a second write. It can append it to its own log; then it waits for the others. (What carries entries is lost first, and the rest once it has written, lest it notice before.)`,
    button: `Cut ${leader} off, and make the second write`,
    play: async () => {
      const result = await stage.writeAlone(leader, { [LOST]: 'here' }, ALONE_MS);
      if (result.outcome === 'ok') throw new NotSeen(`The second write was committed after all.`);
      await stage.clear('appends');
      return stage.until(`the entry in the log of ${leader} alone`, (scene) => {
        const actor = actorIn(scene, leader);
        const index = actor === null ? null : uncommitted(actor);
        if (index === null) return null;
        const held = holders(scene, index, term);
        return held.length === 1 && held[0] === leader ? { result, index } : null;
      });
    },
    seen: ({ result, index }) =>
      `Entry ${index} of term ${term} is in the log of ${leader} alone. Its client was told ${shownOutcome(result)}: no answer came in time, so it may have happened, or may still.`,
  });
}

async function ask(run: LessonRun, { index }: Alone): Promise<void> {
  const { leader, followers } = run.stage.cast;
  const [one, other] = followers;
  await run.ask<After>({
    ask: `${one} and ${other} elect another leader; then ${leader} comes back. Which of the two writes will be there?`,
    options: [
      {
        label: 'The first only',
        no: 'Look at the logs of the members.',
      },
      {
        label: 'The second only',
        no: `The first was on a majority, and whoever is elected needs the vote of one of them: no leader can lack it.`,
      },
      {
        label: 'Both',
        no: `${one} and ${other} have never heard of the second, and elected a leader that does not have it.`,
      },
      {
        label: 'Neither',
        no: 'A leader said “ok” to the first, and that is a promise.',
      },
    ],
    play: () => comeBack(run, index),
    judge: ({ leader: now, term, there, first, second }) => {
      const [hasFirst, hasSecond] = [first, second].map(
        (read) => read.outcome === 'ok' && read.value !== null,
      );
      const right = hasFirst ? (hasSecond ? 2 : 0) : hasSecond ? 1 : 3;
      return {
        right,
        seen: `The first reads ${shownRead(first)}, the second ${shownRead(second)}. ${now} was elected in term ${term}, and what stands at ${index} in the log of ${leader} is of term ${there} now. “unknown” meant just that: only a committed entry is safe.`,
      };
    },
  });
}

async function comeBack({ stage }: LessonRun, index: number): Promise<After> {
  const { leader: old, term: before, self } = stage.cast;
  const elected = await stage.until('another leader, with an entry of its own committed', (scene) => {
    const leader = leaderIn(scene);
    if (leader === null || leader.term <= before) return null;
    const { commitIndex } = leader.log;
    return termAt(leader.log, commitIndex) === leader.term && commitIndex >= index ? leader : null;
  });
  await stage.clear();
  const there = await stage.until(`${old} to follow`, (scene) => {
    const actor = actorIn(scene, old);
    const follows = actor?.role === 'follower' && actor.leader !== null && actor.term >= elected.term;
    return follows && actor.log.commitIndex >= index ? termAt(actor.log, index) : null;
  });
  const [first, second] = [await stage.get(self, KEPT), await stage.get(self, LOST)];
  expectOk(first, 'The read of the first');
  expectOk(second, 'The read of the second');
  return { leader: elected.name, term: elected.term, there, first, second };
}
