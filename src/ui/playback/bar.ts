import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { TraceEvent } from '../../trace/event.ts';
import { firstAt } from '../../trace/first-at.ts';
import { controls } from '../controls.ts';
import { label } from '../label.ts';
import { timeLabel } from '../timeline/scale.ts';
import { SPEEDS, type Playback } from './playback.ts';

/** How often what it shows of the time is renewed while it runs (milliseconds). */
const PERIOD_MS = 100;

/** Pauses, slows down, steps through and goes back in what the pictures show. */
@customElement('tabraft-playback-bar')
export class PlaybackBar extends LitElement {
  @property({ attribute: false }) playback: Playback | null = null;
  /** By time. */
  @property({ attribute: false }) events: readonly TraceEvent[] = [];
  /** From when on there is something to look at; null: nothing yet. */
  @property({ attribute: false }) first: number | null = null;

  #unsubscribe: (() => void) | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  static override readonly styles = [
    controls,
    css`
      .bar {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: var(--gap-2);
      }
      .play {
        min-inline-size: 4.6rem;
      }
      select {
        inline-size: auto;
      }
      input[type='range'] {
        flex: 1 1 10rem;
        inline-size: auto;
        min-inline-size: 8rem;
        padding: 0;
        border: 0;
        background: none;
        accent-color: var(--accent);
      }
      output {
        min-inline-size: 12ch;
        text-align: end;
      }
      .event {
        flex: 0 0 100%;
        min-block-size: 1lh;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#renew(false);
  }

  override willUpdate(): void {
    this.#unsubscribe ??= this.playback?.subscribe(() => this.requestUpdate()) ?? null;
    this.#renew(this.playback?.mode === 'playing');
  }

  /** Live, as well as paused, it shows the same all the time. */
  #renew(isNeeded: boolean): void {
    if (isNeeded === (this.#timer !== null)) return;
    if (this.#timer !== null) clearInterval(this.#timer);
    const renew = (): void => {
      if (!document.hidden) this.requestUpdate();
    };
    this.#timer = isNeeded ? setInterval(renew, PERIOD_MS) : null;
  }

  override render(): unknown {
    const { playback, first } = this;
    if (playback === null) return null;
    const { at, edge, mode } = playback;
    const from = Math.min(first ?? edge, edge - 1);
    const isRunning = mode !== 'paused';
    return html`
      <div class="bar" role="group" aria-label="Playback of the pictures">
        <wa-button
          variant=${mode === 'live' ? 'brand' : 'neutral'}
          appearance=${mode === 'live' ? 'accent' : 'outlined'}
          size="s"
          @click=${() => playback.live()}
          >Live</wa-button
        >
        <wa-button
          class="play"
          appearance="outlined"
          size="s"
          @click=${() => (isRunning ? playback.pause() : playback.play())}
          >${isRunning ? 'Freeze' : 'Play'}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#step(-1)}
          >${label('‹ step', 'Step back')}</wa-button
        >
        <wa-button appearance="outlined" size="s" @click=${() => this.#step(1)}
          >${label('step ›', 'Step forward')}</wa-button
        >
        <label
          ><span class="hidden-text">Speed</span>
          <select
            @change=${(event: Event) => playback.play(Number((event.target as HTMLSelectElement).value))}
          >
            ${SPEEDS.map(
              (slowness) =>
                html`<option value=${slowness} ?selected=${slowness === playback.slowness}>
                  ${slowness === 1 ? 'full speed' : `1/${slowness}`}
                </option>`,
            )}
          </select></label
        >
        <input
          type="range"
          aria-label="Moment shown"
          aria-valuetext=${mode === 'live' ? 'live' : timeLabel(at, 1)}
          min="0"
          max="1000"
          step="1"
          .value=${String(Math.round((1000 * (at - from)) / (edge - from)))}
          @input=${(event: Event) => this.#scrub(Number((event.target as HTMLInputElement).value), from, edge)}
        />
        <output class="number small">${mode === 'live' ? 'live' : timeLabel(at, 1)}</output>
        <span class="event small soft">${isRunning ? '' : this.#eventsAt(at)}</span>
      </div>
    `;
  }

  /** What happens at the moment that is shown, in the fewest words: the timeline has more. */
  #eventsAt(at: number): string {
    const { events } = this;
    const told: string[] = [];
    for (let place = firstAt(events, ({ time }) => time, at); events[place]?.time === at; place += 1) {
      const event = events[place];
      if (event !== undefined) told.push(fewWords(event));
    }
    return told.join(', ');
  }

  #scrub(share: number, from: number, edge: number): void {
    if (share >= 1000) this.playback?.live();
    else this.playback?.seek(from + (share / 1000) * (edge - from));
  }

  /** To the moment of the next event, or of the one before. */
  #step(direction: 1 | -1): void {
    const { playback, events } = this;
    if (playback === null) return;
    const at = direction === 1 ? nextAfter(events, playback.at) : lastBefore(events, playback.at);
    playback.seek(at ?? playback.at);
  }
}

function fewWords(event: TraceEvent): string {
  const what = 'message' in event ? ` ${event.message}` : 'role' in event ? ` ${event.role}` : '';
  return `${event.name ?? 'a member'}: ${event.kind}${what}`;
}

function nextAfter(events: readonly TraceEvent[], at: number): number | null {
  for (let place = firstAt(events, ({ time }) => time, at); place < events.length; place += 1) {
    const time = events[place]?.time ?? at;
    if (time > at) return time;
  }
  return null;
}

function lastBefore(events: readonly TraceEvent[], at: number): number | null {
  return events[firstAt(events, ({ time }) => time, at) - 1]?.time ?? null;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-playback-bar': PlaybackBar;
  }
}
