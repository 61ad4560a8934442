import type { LessonRun } from '../run.ts';
import { actorIn, holders, leaderIn, listed, type Scene } from '../scene.ts';
import { expectOk } from '../stage.ts';
import { duration } from '../words.ts';

interface Election {
  readonly name: string;
  readonly term: number;
  /** Of the others, those that voted for it. */
  readonly voters: readonly string[];
}

export async function leaderDies(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { self, followers, leader: first } = stage.cast;
  // A page whose own node is dead could watch, but not write.
  if (first === self) await stage.handOver(followers[0]);
  const { leader: victim, term } = stage.cast;
  const handed = first === self ? ' (This tab led, and has handed over, so that it can go on watching.)' : '';
  const elected = await kill(run, victim, term, handed);
  await ask(run, victim, elected);
  const written = await run.step({
    tell: 'Two of three are left, and two are a majority. Is that enough to write?',
    button: 'Write',
    play: async () => {
      const { index, term: at } = expectOk(await stage.put(self, 'lesson', 'without it'), 'The write');
      const held = await stage.until('two disks to have it', (scene) => {
        const names = holders(scene, index, at);
        return names.length >= 2 ? names : null;
      });
      return { index, at, held };
    },
    seen: ({ index, at, held }) =>
      `Yes: it is entry ${index}, of term ${at}, on the disks of ${listed(held)}. A majority of them made it committed.`,
  });
  await run.step({
    tell: `${victim} has missed that. It starts again from its disk, which kept its term, its vote and its log.`,
    button: `Bring ${victim} back`,
    play: async () => {
      await stage.bringBack(victim);
      return stage.until(`${victim} to have entry ${written.index}`, (scene) => {
        const actor = actorIn(scene, victim);
        const follows = actor?.role === 'follower' && actor.leader !== null;
        return follows && actor.log.commitIndex >= written.index ? actor : null;
      });
    },
    seen: ({ leader, term: now }) =>
      `${victim} follows ${leader ?? 'nobody'} in term ${now}, and has entry ${written.index}: a leader sends whoever comes back what it missed.`,
  });
}

async function kill(run: LessonRun, victim: string, term: number, handed: string): Promise<Election> {
  const { stage } = run;
  let ms = 0;
  return run.step({
    tell: `${victim} leads in term ${term}: all writes go through it, and its heartbeats tell the others that it is alive.${handed} Now kill it, in the middle of what it does, and watch the ring.`,
    button: `Kill ${victim}`,
    play: async () => {
      const begun = performance.now();
      await stage.crash(victim);
      const elected = await stage.until('another leader', (scene) => electionIn(scene, victim, term));
      ms = performance.now() - begun;
      return elected;
    },
    // Who it is, the reader has yet to find.
    seen: (elected) =>
      `${victim} fell silent, the others’ election timers ran out, and within ${duration(ms)} there was an election: the term is ${elected.term} now.`,
  });
}

async function ask(run: LessonRun, victim: string, elected: Election): Promise<void> {
  const { stage } = run;
  const names = stage.scene.actors.map(({ name }) => name);
  await run.ask<Election>({
    ask: 'Who leads now? Look at the ring.',
    options: names.map((name) => ({
      label: name,
      no:
        name === victim
          ? `${name} is dead: nothing runs in it, and nobody hears of it.`
          : `${name} follows. Look for the one whose role is Leader.`,
    })),
    play: async () =>
      stage.until('the votes', (scene) => {
        const election = electionIn(scene, victim, elected.term - 1);
        return election !== null && election.voters.length > 0 ? election : null;
      }),
    judge: ({ name, term, voters }) => ({
      right: names.indexOf(name),
      seen: `${name} was elected in term ${term}, with its own vote and that of ${listed(voters)}: two of three are a majority.`,
    }),
  });
}

function electionIn(scene: Scene, victim: string, before: number): Election | null {
  const leader = leaderIn(scene);
  if (leader === null || leader.name === victim || leader.term <= before) return null;
  const { name, term } = leader;
  const voters = scene.actors
    .filter((actor) => actor.name !== name && actor.term === term && actor.votedFor === name)
    .map((actor) => actor.name);
  return { name, term, voters };
}
