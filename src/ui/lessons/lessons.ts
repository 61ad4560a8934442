import { LitElement, css, html, nothing } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import { LESSONS, type LessonDescription } from '../../lessons/catalog.ts';
import { hindranceOf, type Hindrance } from '../../lessons/hindrance.ts';
import { ActionEvent, type Action } from '../action.ts';
import { controls } from '../controls.ts';
import { icon } from '../icons.ts';
import { label } from '../label.ts';
import type { Moments } from '../playback/moments.ts';
import type { Playback } from '../playback/playback.ts';
import '../ring/ring.ts';
import type { LessonView, PageView } from '../view.ts';
import './lesson.ts';
import { rememberLesson, seenLessons } from './seen.ts';

const REMEDIES: Readonly<Record<NonNullable<Hindrance['remedy']>, { label: string; action: Action }>> = {
  'open-tab': { label: 'Open another tab', action: { kind: 'open-tab' } },
  'clear-all-rules': { label: 'Clear the rules', action: { kind: 'clear-all-rules' } },
};

const READY: Hindrance = {
  text: 'The cluster is whole: three voters run, and no fault is in force. Choose a lesson.',
  remedy: null,
};

/** The page has one column, and the window room for more than the picture. */
const HAS_PICTURE = matchMedia('(width < 64rem) and (height >= 38rem)');

const PAPER = 'https://raft.github.io/raft.pdf';

/** Consensus by breaking it: six lessons on the cluster that is there. */
@customElement('tabraft-lessons')
export class Lessons extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @property({ attribute: false }) playback: Playback | null = null;
  @property({ attribute: false }) moments: Moments | null = null;
  @state() private seen: readonly string[] = [];
  /** One that is over, and was put away. */
  @state() private closed: LessonView | null = null;
  /** It was begun by a button here, which is gone since. */
  #isFollowed = false;

  static override readonly styles = [
    controls,
    css`
      wa-callout {
        padding: var(--gap-3) var(--gap-4);
      }
      /* With room for the longest, so that nothing moves when a lesson cannot begin any more. */
      .state {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        justify-content: space-between;
        gap: var(--gap-2) var(--gap-4);
        min-block-size: 5.8rem;
      }
      @media (max-width: 40rem) {
        .state {
          min-block-size: 8.4rem;
        }
      }
      .state p {
        flex: 1 1 16rem;
      }
      ol {
        counter-reset: lesson;
        margin-block: calc(var(--gap-2) * -1);
      }
      li {
        counter-increment: lesson;
        display: grid;
        grid-template-columns: 1.5rem minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--gap-2);
        padding-block: var(--gap-2);
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      li::before {
        content: counter(lesson);
        align-self: start;
        font: 600 0.8125rem/1.7 var(--mono);
        color: var(--ink-soft);
      }
      .title {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--gap-2);
      }
      strong {
        font-weight: 600;
      }
      .source {
        white-space: nowrap;
      }
      a {
        color: inherit;
      }
      /* Beneath the way to the sections; what is told goes by beneath it. */
      tabraft-ring {
        position: sticky;
        inset-block-start: var(--nav);
        z-index: 1;
        background: var(--surface);
      }
      tabraft-ring + tabraft-lesson {
        --covered: calc(var(--nav) + 17.5rem);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#onSeen();
    // Another tab has stored something.
    window.addEventListener('storage', this.#onSeen);
    HAS_PICTURE.addEventListener('change', this.#onLayout);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    window.removeEventListener('storage', this.#onSeen);
    HAS_PICTURE.removeEventListener('change', this.#onLayout);
  }

  readonly #onSeen = (): void => {
    this.seen = seenLessons();
  };

  override willUpdate(): void {
    const lesson = this.view?.lesson ?? null;
    if (lesson?.isAnswered !== true || this.seen.includes(lesson.name)) return;
    rememberLesson(lesson.name);
    this.seen = [...this.seen, lesson.name];
  }

  override render(): unknown {
    const { view } = this;
    if (view === null) return nothing;
    const { lesson } = view;
    const count = LESSONS.filter(({ name }) => this.seen.includes(name)).length;
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Lessons</h2>
          <span class="small soft"
            >consensus by breaking this cluster · ${count} of ${LESSONS.length} seen</span
          >
        </header>
        ${lesson === null || lesson === this.closed ? this.#list(view) : this.#lesson(lesson, view)}
      </section>
    `;
  }

  readonly #onLayout = (): void => this.requestUpdate();

  #lesson(lesson: LessonView, view: PageView): unknown {
    const at = LESSONS.findIndex(({ name }) => name === lesson.name);
    return html`<div>
      ${this.#picture(view)}<tabraft-lesson
        .lesson=${lesson}
        .about=${LESSONS[at] ?? null}
        .next=${LESSONS[at + 1] ?? null}
        .follows=${this.#isFollowed}
        @tabraft-close-lesson=${() => void this.#close(lesson)}
      ></tabraft-lesson>
    </div>`;
  }

  /** Where the cluster’s own picture is not beside the lesson but far above it. It says nothing that the other does not. */
  #picture(view: PageView): unknown {
    if (!HAS_PICTURE.matches) return nothing;
    return html`<tabraft-ring
      small
      inert
      .view=${view}
      .playback=${this.playback}
      .moments=${this.moments}
    ></tabraft-ring>`;
  }

  async #close(lesson: LessonView): Promise<void> {
    this.closed = lesson;
    await this.updateComplete;
    // The button that was pressed is gone.
    this.renderRoot.querySelector<HTMLElement>('wa-button:not([disabled])')?.focus({ preventScroll: true });
  }

  #list(view: PageView): unknown {
    const hindrance = hindranceOf(view);
    return html`
      ${stateBox(hindrance ?? READY, (action) => this.dispatchEvent(new ActionEvent(action)))}
      <ol>
        ${LESSONS.map((lesson) => this.#row(lesson, hindrance !== null))}
      </ol>
      <p class="small soft">
        Sections are those of <a href=${PAPER} target="_blank" rel="noreferrer">the extended Raft paper</a> by
        Ongaro and Ousterhout.
      </p>
    `;
  }

  #row({ name, title, about, source }: LessonDescription, isHindered: boolean): unknown {
    const isSeen = this.seen.includes(name);
    return html`<li>
      <div>
        <div class="title">
          <strong>${title}</strong>
          ${isSeen ? html`<span class="mark small good">${icon('ok')}seen</span>` : nothing}
        </div>
        <p class="small soft">${about} <span class="source">${source}</span></p>
      </div>
      <wa-button
        appearance="outlined"
        ?disabled=${isHindered}
        @click=${() => {
          this.#isFollowed = true;
          this.dispatchEvent(new ActionEvent({ kind: 'lesson', act: { do: 'begin', name } }));
        }}
        >${label(isSeen ? 'Again' : 'Begin', `${isSeen ? 'Again' : 'Begin'}: ${title}`)}</wa-button
      >
    </li>`;
  }
}

function stateBox(state: Hindrance, act: (action: Action) => void): unknown {
  const { text, remedy } = state;
  const offer = remedy === null ? null : REMEDIES[remedy];
  const isReady = state === READY;
  return html`<wa-callout
    variant=${isReady ? 'neutral' : 'brand'}
    appearance=${isReady ? 'plain' : 'filled-outlined'}
  >
    <div class="state">
      <p>${text}</p>
      ${
        offer === null
          ? nothing
          : html`<wa-button appearance="outlined" @click=${() => act(offer.action)}
              >${offer.label}</wa-button
            >`
      }
    </div>
  </wa-callout>`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-lessons': Lessons;
  }
}
