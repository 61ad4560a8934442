import { hindranceOf } from '../lessons/hindrance.ts';
import { LESSONS, LESSON_RULE_PREFIX, type LessonName } from '../lessons/catalog.ts';
import type { LessonRun } from '../lessons/run.ts';
import type { StagePorts } from '../lessons/stage.ts';
import type { LessonAct, LessonView, PageView } from '../ui/view.ts';

export interface LessonsPorts {
  readonly stage: StagePorts;
  view(): PageView;
  /** The names of other members whose tabs run a test or a lesson. */
  testers(): readonly string[];
  /** Of the rules in force. */
  ruleIds(): readonly string[];
  onChange(): void;
  /** A lesson has begun or ended: the other tabs should know at once. */
  onUnderWay(): void;
}

/** Plays lessons in this page, one at a time. */
export class Lessons {
  /** Of the last lesson, under way or over. */
  view: LessonView | null = null;
  #run: LessonRun | null = null;
  #isBeginning = false;

  constructor(private readonly ports: LessonsPorts) {
    // Other tabs clear its rules as well, but only this one knows which nodes it has stopped.
    addEventListener('pagehide', () => void this.#run?.stage.heal());
  }

  get underWay(): string | null {
    return this.#run === null ? null : (this.view?.name ?? null);
  }

  act(act: LessonAct): void {
    switch (act.do) {
      case 'begin':
        void this.#begin(act.name);
        return;
      case 'go-on':
        this.#run?.goOn();
        return;
      case 'answer':
        this.#run?.answer(act.option);
        return;
      case 'leave':
        this.#run?.leave();
    }
  }

  /** A tab that played a lesson has gone in the middle of it: its rules would stay for ever. */
  async heal(): Promise<void> {
    const ids = this.ports.ruleIds().filter((id) => id.startsWith(LESSON_RULE_PREFIX));
    if (ids.length > 0 && this.#run === null) await this.ports.stage.port.clearRules(ids);
  }

  async #begin(name: string): Promise<void> {
    const lesson = LESSONS.find((candidate) => candidate.name === name);
    if (lesson === undefined || this.#run !== null || this.#isBeginning) return;
    this.#isBeginning = true;
    try {
      await this.#play(lesson.name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#end(lesson.name, `The lesson could not be loaded: ${reason}. Reload the page.`);
    } finally {
      this.#isBeginning = false;
      this.#run = null;
      this.ports.onUnderWay();
    }
  }

  async #play(name: LessonName): Promise<void> {
    const [other] = this.ports.testers();
    const hindrance =
      other === undefined
        ? (hindranceOf(this.ports.view())?.text ?? null)
        : `The tab of ${other} runs a test or a lesson: two at a time would disturb each other.`;
    if (hindrance !== null) {
      this.#end(name, hindrance);
      return;
    }
    // Only whoever plays one loads them.
    const [{ LessonRun }, { SCRIPTS }] = await Promise.all([
      import('../lessons/run.ts'),
      import('../lessons/scripts.ts'),
    ]);
    const run = new LessonRun(name, this.ports.stage, (view) => this.#show(view));
    this.#run = run;
    this.ports.onUnderWay();
    await run.play(SCRIPTS[name]);
  }

  #end(name: string, text: string): void {
    this.#show({ name, steps: [], isAnswered: false, now: { kind: 'over', end: 'missed', text } });
  }

  #show(view: LessonView): void {
    this.view = view;
    this.ports.onChange();
  }
}
