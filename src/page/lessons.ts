import { messageOf } from '../error-text.ts';
import { LESSON_RULE_PREFIX } from '../lessons/rule-prefix.ts';
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
  #isBusy = false;

  constructor(private readonly ports: LessonsPorts) {
    // Other tabs clear its rules as well, but only this one knows which nodes it has stopped.
    addEventListener('pagehide', () => void this.#run?.stage.heal());
  }

  get underWay(): string | null {
    return this.#run?.name ?? null;
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
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#play(name);
    } catch (error) {
      this.#end(name, `The lesson could not be loaded: ${messageOf(error)}. Reload the page.`);
    } finally {
      this.#isBusy = false;
      this.#run = null;
      this.ports.onUnderWay();
    }
  }

  async #play(name: string): Promise<void> {
    // Only whoever plays one loads them.
    const { findScript, hindranceOf, LessonRun } = await import('../lessons/play.ts');
    const script = findScript(name);
    const [other] = this.ports.testers();
    const hindrance =
      other === undefined
        ? (hindranceOf(this.ports.view())?.text ?? null)
        : `The tab of ${other} runs a test or a lesson: two at a time would disturb each other.`;
    if (hindrance !== null) {
      this.#end(name, hindrance);
      return;
    }
    const run = new LessonRun(name, this.ports.stage, (view) => this.#show(view));
    this.#run = run;
    this.ports.onUnderWay();
    await run.play(script);
  }

  #end(name: string, text: string): void {
    this.#show({ name, steps: [], isAnswered: false, now: { kind: 'over', end: 'missed', text } });
  }

  #show(view: LessonView): void {
    this.view = view;
    this.ports.onChange();
  }
}
