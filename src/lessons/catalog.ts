export interface LessonDescription {
  readonly name: string;
  readonly title: string;
  /** For people: what it shows. */
  readonly about: string;
  /** Where to read on. */
  readonly source: string;
}

/** How many each of them is played with. */
export const LESSON_VOTERS = 3;

/** In the order in which they are best read. What they do is in `scripts/`, so that a page need not load it. */
export const LESSONS = [
  {
    name: 'leader-dies',
    title: 'A leader dies',
    about: 'The others notice, elect one of themselves, and go on.',
    source: 'Raft, §5.2',
  },
  {
    name: 'two-leaders',
    title: 'A partition, and two leaders',
    about: 'Two can believe that they lead. Only one of them can commit.',
    source: 'Raft, §5.1, §5.2',
  },
  {
    name: 'lost-write',
    title: 'A write that is lost, and one that is not',
    about: 'What “ok” promises, and what “unknown” does not.',
    source: 'Raft, §5.3, §5.4',
  },
  {
    name: 'figure-8',
    title: 'Figure 8',
    about: 'When a majority stores an entry, and it is not committed.',
    source: 'Raft, §5.4.2',
  },
  {
    name: 'stale-read',
    title: 'A stale read, and one that is not',
    about: 'The same question to the same member, with two answers.',
    source: 'Raft, §8',
  },
  {
    name: 'raft-and-abd',
    title: 'Raft and ABD under the same fault',
    about: 'With a leader and without one, side by side.',
    source: 'Attiya, Bar-Noy, Dolev 1995',
  },
] as const satisfies readonly LessonDescription[];

export type LessonName = (typeof LESSONS)[number]['name'];
