import type { ReadResult } from '../../api.ts';
import type { LessonRun } from '../run.ts';
import { actorIn, holders, listed } from '../scene.ts';
import { expectOk } from '../stage.ts';
import { duration, shownRead } from '../words.ts';

const KEY = 'lesson-colour';
/** So that it can be watched how the one read waits. */
const WAIT_MS = 1000;

type Read = ReadResult & { readonly ms: number };

interface Reads {
  readonly local: Read;
  readonly linearizable: Read;
}

export async function staleRead(run: LessonRun): Promise<void> {
  const { stage } = run;
  const { self, leader, followers } = stage.cast;
  // This tab's own, where it can be: the reader then sees its copy under Data.
  const behind = self === leader ? followers[0] : self;
  await run.step({
    tell: 'The colour is set to blue. Every member applies it to its own copy of the data.',
    button: 'Set it to blue',
    play: async () => {
      const { index } = expectOk(await stage.put(leader, KEY, 'blue'), 'The write');
      const names = await stage.until('every member to have applied it', ({ actors }) =>
        actors.every(({ log }) => log.appliedIndex >= index) ? actors.map(({ name }) => name) : null,
      );
      return { index, names };
    },
    seen: ({ index, names }) => `Entry ${index} is applied at ${listed(names)}.`,
  });
  const index = await fallBehind(run, behind);
  await ask(run, behind, index);
}

async function fallBehind(run: LessonRun, behind: string): Promise<number> {
  const { stage } = run;
  const { leader } = stage.cast;
  const { index } = await run.step({
    tell: `Now ${behind} falls behind: entries on their way from ${leader} to it are lost, and only heartbeats arrive. Then the colour is set to green.`,
    button: 'Set it to green',
    play: async () => {
      await stage.disturb('entries', 'drop', {
        from: leader,
        to: behind,
        messages: ['appendRequest', 'snapshotRequest'],
      });
      const written = expectOk(await stage.put(leader, KEY, 'green'), 'The write');
      const held = await stage.until('a majority to have it', (scene) => {
        const names = holders(scene, written.index, written.term);
        return names.length >= 2 ? names : null;
      });
      const last = actorIn(stage.scene, behind)?.log.last ?? 0;
      return { index: written.index, held, last };
    },
    seen: ({ index: green, held, last }) =>
      `“ok”: entry ${green} is on the disks of ${listed(held)}. The log of ${behind} ends at ${last}.`,
  });
  return index;
}

async function ask(run: LessonRun, behind: string, index: number): Promise<void> {
  const { stage } = run;
  const { leader } = stage.cast;
  const values = ['blue', 'green', null] as const;
  await run.ask<Reads>({
    ask: `${behind} gets a local read of the colour: it answers from its own copy. What will it say?`,
    options: [
      { label: 'Blue', no: 'Look at where its log ends, and at what it has applied.' },
      { label: 'Green', no: `${behind} has not heard of green: its log ends before entry ${index}.` },
      { label: 'Nothing', no: 'A local read asks nobody, and so it waits for nobody.' },
    ],
    play: async () => {
      const linearizable = stage.get(behind, KEY);
      const local = await stage.get(behind, KEY, 'local');
      await stage.rest(WAIT_MS);
      await stage.clear();
      return { local, linearizable: await linearizable };
    },
    judge: ({ local, linearizable }) => ({
      right: values.findIndex((value) => value === (local.outcome === 'ok' ? local.value : null)),
      seen: `The local read said ${shownRead(local)} after ${duration(local.ms)}. A linearizable read, asked at ${behind} at the same moment, said ${shownRead(linearizable)}, but only after ${duration(linearizable.ms)}: it asked ${leader} how far the log is committed, and waited until ${behind} had come as far, which was when its entries got through again.`,
    }),
  });
}
