import type { LessonRun } from '../run.ts';
import { actorIn, heldBetween, leaderIn, termAt, uncommitted, type Actor, type Scene } from '../scene.ts';
import { NotSeen, type Stage } from '../stage.ts';

/** How long the client of the leader that is alone waits for its answer. */
const ALONE_MS = 1000;
/** So often the leader must tell that nothing has changed. */
const STILL_TOLD = 6;

/** The three servers by the names that the paper gives them, S1, S2 and S5, and the entry that it is all about. */
interface Plot {
  readonly s1: string;
  readonly s2: string;
  readonly s5: string;
  /** Of the entry: where it stands, and of which term it is. */
  readonly index: number;
  readonly term: number;
  /** Of the other entry at the same place, in the log of S5. */
  readonly otherTerm: number;
}

/**
 * §5.4.2, with three servers in place of five. The steps of the figure are those of real messages: rules lose or hold
 * them by their type, and one entry that fills a message of its own keeps the next from travelling with it.
 */
export async function figure8(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { self } = stage.cast;
  // The large write is made here: it would not fit into a message between pages.
  await stage.handOver(self);
  const { index, term } = await writeAlone(run);
  const plot = await electAnother(run, index, term);
  const { s1, s5 } = plot;
  const leader = await comeBack(run, plot);
  await ask(run, plot);
  await letThrough(run, plot, leader.term);
  await run.step({
    tell: `And ${s5}? It still has its own entry ${index}, of term ${plot.otherTerm}. Now it could not win any more: the last entry of the others is of term ${leader.term}. Heal the network.`,
    button: 'Heal',
    play: async () => {
      await stage.clear();
      return stage.until(`${s5} to follow`, (scene) => {
        const actor = actorIn(scene, s5);
        const follows = actor?.role === 'follower' && actor.leader !== null;
        return follows && termAt(actor.log, index) === term && actor.log.commitIndex >= index ? actor : null;
      });
    },
    seen: ({ leader: now }) =>
      `${s5} follows ${now ?? 'nobody'}. Its entry ${index} of term ${plot.otherTerm}, which was never committed, has given way to that of term ${term}: the very write for which the client of ${s1} was told “unknown”.`,
  });
}

/** Figure 8 (a). */
async function writeAlone(run: LessonRun): Promise<{ index: number; term: number }> {
  const { stage } = run;
  const { self: s1, term } = stage.cast;
  return run.step({
    tell: `${s1}, this tab, leads in term ${term}. It is cut off, and writes: the entry comes into its own log, and no further. (It is a large one, so that later it travels alone. What carries entries is lost first, and the rest once it has written, lest it notice before.)`,
    button: `Cut ${s1} off, and write`,
    play: async () => {
      // Appends stay lost: whoever of the other two is elected keeps its first entry to itself.
      const result = await stage.writeAlone(s1, largeWrite(stage), ALONE_MS);
      if (result.outcome !== 'unknown')
        throw new NotSeen(`The write ended as ${result.outcome}, although ${s1} was cut off.`);
      return stage.until(`the entry in the log of ${s1} alone`, (scene) => {
        const actor = actorIn(scene, s1);
        const index = actor === null ? null : uncommitted(actor);
        return index !== null && termAtEnd(scene, s1, index) === term ? { index, term } : null;
      });
    },
    seen: ({ index }) =>
      `(a) Entry ${index}, of term ${term}, is in the log of ${s1} only. Its client was told “unknown”.`,
  });
}

/** Larger than what is sent at a time, so that nothing else goes with it. */
function largeWrite({ limits }: Stage): Record<string, string> {
  const { appendBytes, valueBytes, transactionInstructions } = limits;
  const count = Math.floor(appendBytes / valueBytes) + 1;
  if (count > transactionInstructions)
    throw new NotSeen('With the limits of this config.json no entry is large enough to travel alone.');
  const value = 'x'.repeat(valueBytes);
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`lesson-figure-8-${at}`, value]));
}

/** Figure 8 (b). */
async function electAnother(run: LessonRun, index: number, term: number): Promise<Plot> {
  const { stage } = run;
  const { self: s1, followers } = stage.cast;
  const [one, other] = followers;
  return run.step({
    tell: `${one} and ${other} hear nothing of ${s1} any more, and elect one of themselves. A leader begins with an entry of its own; the network loses it on the way to the other.`,
    button: 'Let them elect',
    play: async () =>
      stage.until(
        `a leader among ${one} and ${other}, with an entry ${index} that the other lacks`,
        (scene) => {
          const leader = leaderIn(scene);
          if (leader === null || leader.name === s1 || leader.term <= term) return null;
          const s5 = leader.name;
          const s2 = s5 === one ? other : one;
          if (termAt(leader.log, index) !== leader.term || termAtEnd(scene, s2, index - 1) === null)
            return null;
          return { s1, s2, s5, index, term, otherTerm: leader.term };
        },
      ),
    seen: ({ s5, s2, otherTerm }) =>
      `(b) ${s5} leads in term ${otherTerm}. It has another entry ${index}, of term ${otherTerm}, which ${s2} does not have.`,
  });
}

/** Figure 8 (c). */
async function comeBack(run: LessonRun, { s1, s2, s5, index, term, otherTerm }: Plot): Promise<Actor> {
  const { stage } = run;
  const answers = { from: s2, to: s1, messages: ['appendResponse'] };
  return run.step({
    tell: `Now ${s5} is cut off, and ${s1} is back. ${s2} may vote for it, since the log of ${s1} ends with a later term than its own. ${s1} goes on with entry ${index}; the first entry of its new term is lost on the way.`,
    button: `Bring ${s1} back`,
    play: async () => {
      await stage.isolate(s5);
      const heldBefore = heldBetween(stage.scene, s2, s1);
      await stage.disturb('answers', 'hold', answers);
      await stage.clear('appends');
      await stage.rejoin(s1);
      await stage.until(`${s1} to lead again`, (scene) => {
        const actor = actorIn(scene, s1);
        return actor?.role === 'leader' && actor.term > otherTerm ? actor : null;
      });
      // It first offers its newest entry. What says that S2 lacks the one before is let through, and no more than that.
      await stage.until(`an answer of ${s2}`, (scene) =>
        heldBetween(scene, s2, s1) > heldBefore ? true : null,
      );
      await stage.disturb('later-answers', 'hold', answers);
      await stage.clear('answers');
      await stage.until(`entry ${index} at ${s2}`, (scene) =>
        termAtEnd(scene, s2, index) === term ? true : null,
      );
      await stage.disturb('first-entry', 'drop', { from: s1, to: s2, messages: ['appendRequest'] });
      await stage.clear('later-answers');
      return stage.until(`${s1} to know`, (scene) => {
        const actor = actorIn(scene, s1);
        const match = actor?.progress.find(({ name }) => name === s2)?.matchIndex ?? 0;
        return actor?.role === 'leader' && match === index ? actor : null;
      });
    },
    seen: (leader) =>
      `(c) ${s1} leads in term ${leader.term}. Entry ${index}, of term ${term}, is in the logs of ${s1} and ${s2} now, and ${s1} knows that it is.`,
  });
}

async function ask(run: LessonRun, { s1, s2, s5, index, term, otherTerm }: Plot): Promise<void> {
  const { stage } = run;
  await run.ask<number>({
    ask: `Two of three have entry ${index}: a majority. Is it committed?`,
    options: [
      { label: 'Yes', no: `${s1}, which leads, has not committed it. Look at its commit index.` },
      { label: 'No', no: `${s1} has committed it. Look at its commit index.` },
    ],
    play: async () => {
      const told = new Set<number>();
      return stage.until(`${s1} to make up its mind`, (scene) => {
        const actor = actorIn(scene, s1);
        if (actor === null) return null;
        told.add(actor.at);
        const { commitIndex } = actor.log;
        return commitIndex >= index || told.size > STILL_TOLD ? commitIndex : null;
      });
    },
    judge: (commitIndex) => ({
      right: commitIndex >= index ? 0 : 1,
      seen:
        commitIndex >= index
          ? `${s1}’s commit index is ${commitIndex}.`
          : `It is not: ${s1}’s commit index stays at ${commitIndex}. If ${s1} died now, ${s5} could be elected, for its last entry is of term ${otherTerm}, and that of ${s2} only of term ${term}. Then ${s5} would overwrite entry ${index}, although a majority had it: that is Figure 8 (d).`,
    }),
  });
}

/** Figure 8 (e). */
async function letThrough(run: LessonRun, { s1, s2, index, term }: Plot, now: number): Promise<void> {
  const { stage } = run;
  await run.step({
    tell: `So a leader counts copies only of entries of its own term. ${s1} has one: entry ${index + 1}, of term ${now}. Let it through to ${s2}.`,
    button: `Let entry ${index + 1} through`,
    play: async () => {
      await stage.clear('first-entry');
      return stage.until(`${s1} to commit`, (scene) => {
        const actor = actorIn(scene, s1);
        return actor !== null && actor.log.commitIndex > index ? actor.log.commitIndex : null;
      });
    },
    seen: (commitIndex) =>
      `(e) ${s2} has it, too, and ${s1}’s commit index is ${commitIndex}: with the entry of term ${now}, the one of term ${term} before it is committed as well. From now on, nobody who lacks them can be elected.`,
  });
}

/** Of the last entry, if that is `index`; else null. */
function termAtEnd(scene: Scene, name: string, index: number): number | null {
  const log = actorIn(scene, name)?.log;
  return log?.last === index ? termAt(log, index) : null;
}
