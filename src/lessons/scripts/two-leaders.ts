import type { WriteResult } from '../../api.ts';
import type { LessonRun } from '../run.ts';
import { actorIn, holders, termAt, uncommitted, type Scene } from '../scene.ts';
import { expectOk, NotSeen } from '../stage.ts';
import { shownOutcome } from '../words.ts';

/** How long the client of the old leader waits for its answer. */
const ALONE_MS = 1500;

interface Leader {
  readonly name: string;
  readonly term: number;
}

/** What became of the two writes. */
interface Writes {
  /** At the old leader. */
  readonly alone: WriteResult;
  readonly index: number;
  /** Who has it. */
  readonly held: readonly string[];
  /** At the new one. */
  readonly won: { readonly index: number; readonly term: number; readonly held: readonly string[] };
}

export async function twoLeaders(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { leader: name, term, followers } = stage.cast;
  const old = { name, term };
  const young = await split(run, old);
  const { index } = await ask(run, old, young);
  await run.step({
    tell: `Heal the split. ${name} then hears of term ${young.term}, which is above its own. What becomes of its entry ${index}?`,
    button: 'Heal',
    play: async () => {
      await stage.clear();
      return stage.until(`${name} to follow`, (scene) => {
        const actor = actorIn(scene, name);
        if (actor?.role !== 'follower' || actor.leader === null || actor.term < young.term) return null;
        const now = termAt(actor.log, index);
        return now !== null && now !== term && actor.log.commitIndex >= index ? { ...actor, now } : null;
      });
    },
    seen: (actor) =>
      `${name} follows ${actor.leader ?? 'nobody'} in term ${actor.term}: the higher term wins. Its entry ${index} of term ${term} is gone, and one of term ${actor.now} stands there, as in the logs of ${followers.join(' and ')}.`,
  });
}

async function split(run: LessonRun, old: Leader): Promise<Leader> {
  const { stage } = run;
  const [one, other] = stage.cast.followers;
  return run.step({
    tell: `${old.name} leads in term ${old.term}. The network is about to split: ${old.name} here, ${one} and ${other} there. ${old.name} is not told. (${one} campaigns at once, so that you need not wait for its timer.)`,
    button: 'Split the network',
    play: async () => {
      await stage.isolate(old.name);
      await stage.campaign(one);
      const young = await stage.until('another leader', (scene) => leaderAfter(scene, old.term));
      await standStill(run, old);
      return young;
    },
    seen: (young) =>
      `Two leaders: ${old.name} in term ${old.term}, and ${young.name} in term ${young.term}. (${old.name}’s clock is stopped for now, so that you can look: it would give up after a while without a majority.)`,
  });
}

function leaderAfter({ actors }: Scene, before: number): Leader | null {
  const leader = actors.find(({ role, term }) => role === 'leader' && term > before);
  return leader === undefined ? null : { name: leader.name, term: leader.term };
}

/** It was seen that another leads, and only then is this one stopped: if it leads still, both did at the same time. */
async function standStill({ stage }: LessonRun, old: Leader): Promise<void> {
  await stage.pause(old.name);
  const { now } = stage.scene;
  const actor = await stage.until(`${old.name} to stand still`, (scene) => {
    const told = actorIn(scene, old.name);
    return told?.state === 'paused' && told.at > now ? told : null;
  });
  if (actor.role !== 'leader' || actor.term !== old.term)
    throw new NotSeen(`${old.name} had given up its lead before both were seen to lead. Try again.`);
}

async function ask(run: LessonRun, old: Leader, young: Leader): Promise<Writes> {
  const [one, other] = run.stage.cast.followers;
  return run.ask<Writes>({
    ask: 'Both believe that they lead, and each is asked to write. Which of them can commit its write?',
    options: [
      {
        label: `${old.name}, in term ${old.term}`,
        no: `${old.name} would need ${one} or ${other} to store its entry, too, and reaches neither.`,
      },
      {
        label: `${young.name}, in term ${young.term}`,
        no: 'Look at the logs of the members: its entry is not committed.',
      },
      {
        label: 'Both',
        no: 'Each would need two of three to store its entry, and two such majorities have a member in common.',
      },
      {
        label: 'Neither',
        no: `${one} and ${other} still reach each other, and two of three are a majority.`,
      },
    ],
    play: () => writeAtBoth(run, old, young),
    judge: ({ alone, index, held, won }) => ({
      right: alone.outcome === 'ok' ? 2 : 1,
      seen: `${young.name} committed entry ${won.index} of term ${won.term}: ${won.held.join(' and ')} have it. ${old.name} has its entry ${index} of term ${old.term} ${held.length === 1 ? 'alone' : `with ${held.length - 1} more`}, and its client was told ${shownOutcome(alone)}: nobody could know then.`,
    }),
  });
}

async function writeAtBoth({ stage }: LessonRun, old: Leader, young: Leader): Promise<Writes> {
  await stage.bringBack(old.name);
  const [alone, other] = await Promise.all([
    stage.put(old.name, 'lesson', `of ${old.name}`, ALONE_MS),
    stage.put(young.name, 'lesson', `of ${young.name}`),
  ]);
  const { index: wonAt, term } = expectOk(other, `The write at ${young.name}`);
  return stage.until('both entries in their logs', (scene) => {
    const actor = actorIn(scene, old.name);
    const index = actor === null ? null : uncommitted(actor);
    const wonBy = holders(scene, wonAt, term);
    if (index === null || wonBy.length < 2) return null;
    const held = holders(scene, index, old.term);
    return held.includes(old.name) ? { alone, index, held, won: { index: wonAt, term, held: wonBy } } : null;
  });
}
