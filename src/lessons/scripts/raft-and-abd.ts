import type { WriteResult } from '../../api.ts';
import type { LessonRun } from '../run.ts';
import { actorIn, leaderIn, type Actor } from '../scene.ts';
import { expectOk, NotSeen } from '../stage.ts';
import { duration, shownOutcome } from '../words.ts';

const KEY = 'lesson-both';
const ALONE_MS = 1500;
/** Whoever is no more than so much later was not later, to a person. */
const SAME_MS = 100;

interface Both {
  readonly raft: WriteResult & { readonly ms: number };
  readonly abd: WriteResult & { readonly ms: number };
}

interface Race extends Both {
  readonly elected: Actor;
}

export async function raftAndAbd(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { self, leader, followers } = stage.cast;
  const writer = self === leader ? followers[0] : self;
  const mate = followers.find((name) => name !== writer) ?? '';
  await run.step({
    tell: `ABD is a register on the same three members, without a leader: whoever writes asks a majority for their newest version, and stores a newer one at a majority. First, ${writer} writes with each, with nothing broken.`,
    button: 'Write with both',
    play: () => writeWithBoth(run, writer),
    seen: ({ raft, abd }) => `Raft took ${duration(raft.ms)}, ABD ${duration(abd.ms)}.`,
  });
  await ask(run, writer, mate);
  await run.step({
    tell: `And on the other side of the fault? ${leader} is still alone. It is asked to write with each.`,
    button: `Write at ${leader}`,
    play: async () => {
      const both = await together(run, leader, ALONE_MS);
      if (both.raft.outcome === 'ok' || both.abd.outcome === 'ok')
        throw new NotSeen(`${leader} could write, though it is cut off.`);
      return both;
    },
    seen: ({ raft, abd }) =>
      `Raft: ${shownOutcome(raft)}. ABD: ${shownOutcome(abd)}. Without a majority neither can write: both would rather give no answer than a wrong one.`,
  });
  await run.step({
    tell: 'So ABD never waits for an election. What it gives up for that is the log: its registers can be read and written, while Raft’s one order of all writes also carries compare-and-set and transactions.',
    button: 'Heal',
    play: async () => {
      await stage.clear();
      return stage.until(`${leader} to follow`, (scene) => {
        const actor = actorIn(scene, leader);
        return actor?.role === 'follower' && actor.leader !== null ? actor : null;
      });
    },
    seen: ({ leader: now, term }) => `${leader} follows ${now ?? 'nobody'} in term ${term}.`,
  });
}

async function ask(run: LessonRun, writer: string, mate: string): Promise<void> {
  const { stage } = run;
  const { leader, term: before } = stage.cast;
  await run.ask<Race>({
    ask: `Next, ${leader}, which leads, is cut off, and ${writer} writes with each at the same moment. Which is done first?`,
    options: [
      { label: 'Raft', no: `A write of Raft needs a leader, and ${leader} cannot be reached.` },
      { label: 'ABD', no: 'Compare the two times.' },
      { label: 'Both at once', no: 'One of them has to wait for something, and the other does not.' },
    ],
    play: async () => {
      await stage.isolate(leader);
      const both = await together(run, writer);
      expectOk(both.raft, 'The write with Raft');
      expectOk(both.abd, 'The write with ABD');
      const elected = await stage.until('the new leader to be known here', (scene) => {
        const now = leaderIn(scene);
        return now !== null && now.term > before ? now : null;
      });
      return { ...both, elected };
    },
    judge: ({ raft, abd, elected }) => ({
      right: Math.abs(raft.ms - abd.ms) < SAME_MS ? 2 : raft.ms < abd.ms ? 0 : 1,
      seen: `ABD took ${duration(abd.ms)}: ${writer} and ${mate} are a majority, and nobody has to lead. Raft took ${duration(raft.ms)}: first ${elected.name} had to be elected, in term ${elected.term}.`,
    }),
  });
}

/** One after the other, so that neither waits for the other. */
async function writeWithBoth({ stage }: LessonRun, at: string): Promise<Both> {
  const raft = await stage.put(at, KEY, 'before');
  const abd = await stage.putRegister(at, KEY, 'before');
  expectOk(raft, 'The write with Raft');
  expectOk(abd, 'The write with ABD');
  return { raft, abd };
}

async function together({ stage }: LessonRun, at: string, timeoutMs?: number): Promise<Both> {
  const [raft, abd] = await Promise.all([
    stage.put(at, KEY, `at ${at}`, timeoutMs),
    stage.putRegister(at, KEY, `at ${at}`, timeoutMs),
  ]);
  return { raft, abd };
}
