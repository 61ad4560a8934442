import { LitElement, css, html, nothing, type PropertyValues } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { LessonDescription } from '../../lessons/catalog.ts';
import { ActionEvent } from '../action.ts';
import { controls } from '../controls.ts';
import { icon } from '../icons.ts';
import type { LessonAct, LessonMoment, LessonStepView, LessonView } from '../view.ts';

/** Back to the list of lessons. */
export class CloseLessonEvent extends CustomEvent<null> {
  constructor() {
    super('tabraft-close-lesson', { detail: null });
  }
}

const ENDS = {
  done: { mark: 'ok', word: 'Done', tone: 'good' },
  missed: { mark: 'warning', word: 'Not seen', tone: 'doubt' },
  left: { mark: 'info', word: 'Left', tone: 'calm' },
} as const;

/** A lesson under way, or over: what was told and seen so far, and what the reader may do next. */
@customElement('tabraft-lesson')
export class Lesson extends LitElement {
  @property({ attribute: false }) lesson: LessonView | null = null;
  @property({ attribute: false }) about: LessonDescription | null = null;
  /** The one behind it; null: it is the last. */
  @property({ attribute: false }) next: LessonDescription | null = null;
  /** The reader goes by the buttons: each new one gets the focus. */
  @property({ attribute: false }) follows = false;

  static override readonly styles = [
    controls,
    css`
      :host {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: var(--gap-4);
      }
      .top {
        display: flex;
        align-items: baseline;
        justify-content: space-between;
        gap: var(--gap-1) var(--gap-4);
      }
      h3 {
        font-size: 1rem;
      }
      ol {
        display: grid;
        gap: var(--gap-4);
        counter-reset: step;
      }
      li {
        counter-increment: step;
        display: grid;
        grid-template-columns: 1.5rem minmax(0, 1fr);
        gap: var(--gap-2) var(--gap-2);
      }
      li::before {
        content: counter(step);
        font: 600 0.8125rem/1.6 var(--mono);
        color: var(--ink-soft);
      }
      li > * {
        grid-column: 2;
      }
      li > .tell {
        max-inline-size: 68ch;
      }
      li.past > .tell {
        color: var(--ink-soft);
      }
      /* Short, so that the newest stays beside the ring; at the end, all can be read again. */
      ol:not(.whole) li:has(+ li + li) > .tell {
        display: none;
      }
      ol:not(.whole) li:has(+ li + li) > .seen {
        font-size: 0.8125rem;
        padding-block: var(--gap-1);
      }
      .source {
        white-space: nowrap;
      }
      .seen {
        max-inline-size: 68ch;
        display: grid;
        grid-template-columns: auto minmax(0, 1fr);
        gap: var(--gap-2);
        padding: var(--gap-2) var(--gap-3);
        border-inline-start: 3px solid var(--good);
        border-radius: var(--radius-small);
        background: color-mix(in oklab, var(--good) 8%, var(--surface));
      }
      .seen .icon {
        margin-block-start: 0.25em;
        color: var(--good);
      }
      .busy,
      .wrong {
        max-inline-size: 68ch;
        min-block-size: var(--control);
        display: flex;
        align-items: center;
        gap: var(--gap-2);
      }
      .busy {
        color: var(--ink-soft);
      }
      /* What has the focus does not lie beneath what covers the top. */
      wa-button::part(base) {
        scroll-margin-block-start: var(--covered, 0);
      }
      .busy:focus-visible {
        outline: none;
      }
      .busy .icon {
        animation: turn 1.2s linear infinite;
      }
      @keyframes turn {
        to {
          rotate: 1turn;
        }
      }
      .over {
        padding-block-start: var(--gap-3);
        border-block-start: 1px solid var(--line);
        display: grid;
        gap: var(--gap-3);
        overflow-wrap: anywhere;
      }
    `,
  ];

  override render(): unknown {
    const { lesson, about } = this;
    if (lesson === null || about === null) return nothing;
    const { now, steps } = lesson;
    return html`
      <div class="top">
        <div>
          <h3>${about.title}</h3>
          <p class="small soft">${about.about} <span class="source">${about.source}</span></p>
        </div>
        ${
          now.kind === 'over'
            ? nothing
            : html`<wa-button appearance="outlined" size="s" @click=${() => this.#act({ do: 'leave' })}
                >Leave</wa-button
              >`
        }
      </div>
      ${
        steps.length === 0
          ? nothing
          : html`<ol class=${now.kind === 'over' ? 'whole' : ''}>
              ${steps.map((step, at) => this.#step(step, at === steps.length - 1))}
            </ol>`
      }
      ${steps.length === 0 && now.kind === 'busy' ? busy(now.text) : nothing}
      ${now.kind === 'over' ? this.#over(now) : nothing}
      <p class="hidden-text" role="status" aria-label="Lesson" aria-atomic="true">${spoken(lesson)}</p>
    `;
  }

  override updated(changed: PropertyValues<this>): void {
    if (!changed.has('lesson') || !this.follows) return;
    const [before, after] = [placeOf(changed.get('lesson') ?? null), placeOf(this.lesson)];
    const isElsewhere = !this.matches(':focus-within') && document.activeElement !== document.body;
    if (before === after || isElsewhere) return;
    void this.#focusNext();
  }

  async #focusNext(): Promise<void> {
    const target = this.renderRoot.querySelector<HTMLElement & { updateComplete?: Promise<unknown> }>(
      '.next',
    );
    await target?.updateComplete;
    // At the end all that was told unfolds above it.
    target?.focus({ preventScroll: this.lesson?.now.kind !== 'over' });
  }

  #step({ tell, seen }: LessonStepView, isLast: boolean): unknown {
    const { now = null } = this.lesson ?? {};
    return html`<li class=${seen === null ? '' : 'past'}>
      <p class="tell">${tell}</p>
      ${seen === null ? nothing : html`<p class="seen">${icon('ok')}<span>${seen}</span></p>`}
      ${isLast && now !== null ? this.#now(now) : nothing}
    </li>`;
  }

  #now(now: LessonMoment): unknown {
    switch (now.kind) {
      case 'ready':
        return html`<div class="row">
          <wa-button class="next" variant="brand" @click=${() => this.#act({ do: 'go-on' })}
            >${now.button}</wa-button
          >
        </div>`;
      case 'busy':
        return busy(now.text);
      case 'asking':
        return this.#question(now);
      case 'over':
        return nothing;
    }
  }

  #question({ options, wrong }: LessonMoment & { kind: 'asking' }): unknown {
    return html`
      ${
        wrong === null
          ? nothing
          : html`<p class="wrong">
              <span><strong class="doubt">${options[wrong.option]}</strong>: ${wrong.text} Try again.</span>
            </p>`
      }
      <div class="row" role="group" aria-label="Answers">
        ${options.map(
          (option, at) =>
            html`<wa-button
              class=${at === (wrong?.option ?? 0) ? 'next' : ''}
              appearance="outlined"
              @click=${() => this.#act({ do: 'answer', option: at })}
              >${option}</wa-button
            >`,
        )}
      </div>
    `;
  }

  #over({ end, text }: LessonMoment & { kind: 'over' }): unknown {
    const { mark, word, tone } = ENDS[end];
    const { next } = this;
    const isDone = end === 'done' && next !== null;
    return html`<div class="over">
      <p><strong class="mark ${tone}">${icon(mark)}${word}</strong> <span>${text}</span></p>
      <div class="row">
        ${
          isDone
            ? html`<wa-button
                class="next"
                variant="brand"
                @click=${() => this.#act({ do: 'begin', name: next.name })}
                >Next: ${next.title}</wa-button
              >`
            : nothing
        }
        <wa-button
          class=${isDone ? '' : 'next'}
          appearance="outlined"
          @click=${() => this.#act({ do: 'begin', name: this.lesson?.name ?? '' })}
          >Once more</wa-button
        >
        <wa-button appearance="outlined" @click=${() => this.dispatchEvent(new CloseLessonEvent())}
          >All lessons</wa-button
        >
      </div>
    </div>`;
  }

  #act(act: LessonAct): void {
    this.follows = true;
    this.dispatchEvent(new ActionEvent({ kind: 'lesson', act }));
  }
}

/** Where the reader is: it is another one with each button that comes. */
function placeOf(lesson: LessonView | null): string {
  if (lesson === null) return '';
  const { now, steps } = lesson;
  return `${steps.length} ${now.kind} ${now.kind === 'asking' ? (now.wrong?.text ?? '') : ''}`;
}

function busy(text: string): unknown {
  return html`<p class="busy next" tabindex="-1">${icon('running')}<span>${text}</span></p>`;
}

/** To whoever does not look. What comes and goes in between is not told. */
function spoken({ steps, now }: LessonView): string {
  if (now.kind === 'over') return `${ENDS[now.end].word}. ${now.text}`;
  if (now.kind === 'asking' && now.wrong !== null) return now.wrong.text;
  const seen = steps.findLast((step) => step.seen !== null)?.seen ?? '';
  const tell = steps.findLast((step) => step.seen === null)?.tell ?? '';
  return `${seen} ${tell}`.trim();
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-lesson': Lesson;
  }
  interface HTMLElementEventMap {
    'tabraft-close-lesson': CloseLessonEvent;
  }
}
