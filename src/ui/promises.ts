import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { TRACE_INVARIANTS, type EventReference, type TraceVerdict } from '../check/trace-invariants.ts';
import { countOf, runOf } from '../trace/event.ts';
import { controls } from './controls.ts';
import { formatTime, plural } from './format.ts';
import { icon } from './icons.ts';
import type { LiveView, TestView } from './view.ts';

const MARKS = { holds: 'ok', violated: 'failed', unknown: 'unknown' } as const;
const TONES = { holds: 'good', violated: 'bad', unknown: 'calm' } as const;

export interface EventPlace {
  readonly node: string;
  readonly seq: number;
}

/** Asks the page to show an event. */
export class RevealEvent extends CustomEvent<EventPlace> {
  constructor(place: EventPlace) {
    super('tabraft-reveal', { detail: place, bubbles: true, composed: true });
  }
}

type Verdict = TraceVerdict['verdict'];

/** What Raft promises, and whether what all nodes have told so far keeps it. */
@customElement('tabraft-promises')
export class Promises extends LitElement {
  @property({ attribute: false }) live: LiveView | null = null;
  /** The last test, with the checker's verdict. */
  @property({ attribute: false }) test: TestView | null = null;

  static override readonly styles = [
    controls,
    css`
      li {
        display: grid;
        grid-template-columns: 6.2rem minmax(0, 1fr);
        gap: 0 var(--gap-3);
        padding-block: 0.25rem;
      }
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .count {
        display: inline-block;
        min-inline-size: 12ch;
      }
      .events {
        margin: 0;
        font: 0.8125rem/1.4 var(--mono);
      }
    `,
  ];

  override render(): unknown {
    const { live } = this;
    if (live === null) return nothing;
    const told = new Set(live.events.map(({ node }) => node)).size;
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Promises</h2>
          <span class="small soft">
            by what ${told === 1 ? '1 node has' : `${told} nodes have`} told while this page looked
          </span>
        </header>
        <ul>
          ${live.verdicts.map((verdict) => promiseRow(verdict))} ${this.#checkerRow()}
        </ul>
      </section>
    `;
  }

  /** Of the last consistency test: what its clients saw, judged as a whole. */
  #checkerRow(): unknown {
    const judged = this.test?.report?.verdict ?? null;
    const verdict =
      judged === 'linearizable' ? 'holds' : judged === null || judged === 'unknown' ? 'unknown' : 'violated';
    const detail = judged === null ? 'run a test to know' : `of the last test, ${this.test?.name ?? ''}`;
    return row(
      verdict,
      'linearizability',
      'what clients saw has an order in which it makes sense',
      detail,
      nothing,
    );
  }
}

function promiseRow({ invariant, verdict, checked, violations }: TraceVerdict): unknown {
  const { name, section, about } = TRACE_INVARIANTS[invariant];
  const detail = checked === 0 ? 'nothing to judge by yet' : `checked ${plural(checked, 'time')}`;
  const broken = violations.map(
    ({ text, events }) =>
      html`<p>${text}</p>
        ${events.map((event) => eventButton(event))}`,
  );
  return row(verdict, name, `${about} (${section})`, detail, broken);
}

function row(verdict: Verdict, name: string, about: string, detail: string, broken: unknown): unknown {
  return html`<li>
    <span class="mark ${TONES[verdict]}">${icon(MARKS[verdict])}${verdict}</span>
    <div>
      <strong>${name}</strong> <span class="small soft number count">${detail}</span>
      <div class="small soft">${about}</div>
      ${broken}
    </div>
  </li>`;
}

function eventButton(event: EventReference): unknown {
  const reveal = ({ currentTarget }: Event): void => {
    currentTarget?.dispatchEvent(new RevealEvent({ node: event.node, seq: event.seq }));
  };
  return html`<wa-button class="events" appearance="plain" size="s" @click=${reveal}
    >${placeOf(event)}<span class="hidden-text">: show it in the timeline</span></wa-button
  >`;
}

function placeOf({ name, node, seq, time }: EventReference): string {
  return `${formatTime(time)} ${name ?? node}, event ${runOf(seq)}:${countOf(seq)}`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-promises': Promises;
  }
  interface HTMLElementEventMap {
    'tabraft-reveal': RevealEvent;
  }
}
