import { messageOf } from '../error-text.ts';
import type { LessonMoment, LessonStepView, LessonView } from '../ui/view.ts';
import { NotSeen, Stage, type StagePorts } from './stage.ts';

/** The reader has had enough. */
class Left extends Error {}

/** What is about to happen, and what was then seen. */
export interface Step<T> {
  /** For somebody who has never seen it. */
  readonly tell: string;
  /** On the button that lets it happen. */
  readonly button: string;
  /** Does it, and waits until it is seen. */
  readonly play: () => Promise<T>;
  /** What was seen, in words, with the values that were seen. */
  readonly seen: (found: T) => string;
}

export interface Option {
  readonly label: string;
  /** Why this is not the answer, if it is not. */
  readonly no: string;
}

/** Something that the reader answers, and the cluster after that. */
export interface Question<T> {
  readonly ask: string;
  readonly options: readonly Option[];
  /** Lets the cluster answer: once, when the reader first has. */
  readonly play: () => Promise<T>;
  /** Which of the options what was seen makes the right one. */
  readonly judge: (found: T) => { readonly right: number; readonly seen: string };
}

export type Script = (run: LessonRun) => Promise<void>;

/** What the reader may do now. */
type Awaited = { readonly kind: 'go-on' | 'answer'; readonly done: (option: number) => void } | null;

/** One lesson, told step by step, at the reader's pace. */
export class LessonRun {
  readonly stage: Stage;
  #view: LessonView;
  #awaited: Awaited = null;
  readonly #end = new AbortController();

  constructor(
    readonly name: string,
    ports: StagePorts,
    private readonly onView: (view: LessonView) => void,
  ) {
    this.#view = { name, steps: [], now: { kind: 'busy', text: '' }, isAnswered: false };
    this.stage = new Stage(ports, {
      signal: this.#end.signal,
      onAwait: (what) => this.#moment({ kind: 'busy', text: `Waiting for ${what} …` }),
      onEnd: (reason) => this.#end.abort(reason),
    });
  }

  /** To the end, whatever that is: what was broken is healed. */
  async play(script: Script): Promise<void> {
    const end = await this.#play(script);
    this.#show({ now: { kind: 'busy', text: 'Healing what the lesson broke …' } });
    const problems = [...(await this.stage.heal()), ...(await this.stage.restore())];
    const isWhole = problems.length === 0 && this.#view.steps.length > 0;
    const text = [end.text, ...(isWhole ? ['All is healed.'] : problems)].join(' ');
    this.#show({ now: { kind: 'over', ...end, text } });
  }

  async #play(script: Script): Promise<{ end: 'done' | 'missed' | 'left'; text: string }> {
    const { signal } = this.#end;
    const playing = (async (): Promise<void> => {
      await this.stage.gather();
      await script(this);
    })();
    try {
      // What hangs does not keep anybody here.
      await Promise.race([playing, aborted(signal)]);
      return { end: 'done', text: 'That was it.' };
    } catch (error) {
      playing.catch(() => undefined); // it is told here, or was left
      this.#end.abort(error);
      if (error instanceof Left) return { end: 'left', text: 'You left.' };
      if (error instanceof NotSeen) return { end: 'missed', text: error.message };
      return { end: 'missed', text: `The lesson could not go on: ${messageOf(error)}` };
    }
  }

  async step<T>({ tell, button, play, seen }: Step<T>): Promise<T> {
    this.#add({ tell, seen: null });
    await this.#reader('go-on', { kind: 'ready', button });
    this.#moment({ kind: 'busy', text: 'It happens …' });
    const found = await play();
    this.#end.signal.throwIfAborted();
    this.#seen(seen(found));
    return found;
  }

  async ask<T>({ ask, options, play, judge }: Question<T>): Promise<T> {
    this.#add({ tell: ask, seen: null });
    const labels = options.map(({ label }) => label);
    let found: { readonly it: T } | null = null;
    let wrong: { readonly option: number; readonly text: string } | null = null;
    for (;;) {
      const option = await this.#reader('answer', { kind: 'asking', options: labels, wrong });
      // Nobody can answer what has been answered, until the next moment comes.
      this.#moment({ kind: 'busy', text: 'The cluster answers …' });
      found ??= { it: await play() };
      this.#end.signal.throwIfAborted();
      const { right, seen } = judge(found.it);
      if (option === right) {
        this.#show({ isAnswered: true });
        this.#seen(`Right. ${seen}`);
        return found.it;
      }
      wrong = { option, text: `Not so. ${options[option]?.no ?? ''}` };
    }
  }

  goOn(): void {
    if (this.#awaited?.kind === 'go-on') this.#awaited.done(0);
  }

  answer(option: number): void {
    if (this.#awaited?.kind === 'answer') this.#awaited.done(option);
  }

  /** The lesson then ends as soon as what it broke is healed. */
  leave(): void {
    this.#end.abort(new Left());
  }

  async #reader(kind: 'go-on' | 'answer', moment: LessonMoment): Promise<number> {
    this.#end.signal.throwIfAborted();
    this.#moment(moment);
    const answered = new Promise<number>((done) => {
      this.#awaited = { kind, done };
    });
    const option = await Promise.race([answered, aborted(this.#end.signal)]);
    this.#awaited = null;
    return option;
  }

  #add(step: LessonStepView): void {
    this.#end.signal.throwIfAborted();
    this.#show({ steps: [...this.#view.steps, step] });
  }

  #seen(seen: string): void {
    const { steps } = this.#view;
    this.#show({ steps: steps.map((step, at) => (at === steps.length - 1 ? { ...step, seen } : step)) });
  }

  /** Of a lesson that has ended early nothing more is told. */
  #moment(now: LessonMoment): void {
    if (!this.#end.signal.aborted) this.#show({ now });
  }

  #show(change: Partial<LessonView>): void {
    this.#view = { ...this.#view, ...change };
    this.onView(this.#view);
  }
}

/** Rejects with the reason once it is. */
async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise<never>((_, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
