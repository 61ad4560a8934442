import { LitElement, css, html } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import { isCalm } from '../calm.ts';
import { controls } from '../controls.ts';
import { InSight } from '../in-sight.ts';
import type { Moments } from '../playback/moments.ts';
import type { Playback } from '../playback/playback.ts';
import type { PageView } from '../view.ts';
import './timeline.ts';
import type { SeekEvent, Timeline } from './timeline.ts';

/** The timeline in the page: it follows what the page shows, and the page follows it. */
@customElement('tabraft-timeline-section')
export class TimelineSection extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @property({ attribute: false }) playback: Playback | null = null;
  @property({ attribute: false }) moments: Moments | null = null;
  @query('tabraft-timeline') private readonly timeline!: Timeline | null;

  #frame: number | null = null;
  #unsubscribe: (() => void) | null = null;
  readonly #inSight = new InSight(this, () => this.#animate());

  static override readonly styles = [
    controls,
    css`
      :host {
        scroll-margin-block-start: 4rem;
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  override willUpdate(): void {
    this.#unsubscribe ??= this.playback?.subscribe(() => this.#animate()) ?? null;
  }

  override updated(): void {
    this.#animate();
  }

  /** Shows an event of a node; false where it is not kept any more. */
  reveal(node: string, seq: number): boolean {
    const { timeline } = this;
    if (timeline?.reveal(node, seq) !== true) return false;
    this.scrollIntoView({ block: 'nearest' });
    return true;
  }

  override render(): unknown {
    const { view, playback, moments } = this;
    if (view === null || playback === null || moments === null) return null;
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Timeline</h2>
          <span class="small soft">what happened where, and what led to it</span>
        </header>
        <tabraft-timeline
          .events=${view.live.events}
          .firstRoles=${moments.firstRoles}
          .members=${new Map(view.status.members.map(({ id, name }) => [id, name]))}
          .cursor=${playback.at}
          @tabraft-seek=${({ detail }: SeekEvent) => playback.seek(detail)}
        ></tabraft-timeline>
      </section>
    `;
  }

  /** Nobody sees it, or it stands still: there are no frames. Calm: it moves only when something new is told. */
  #animate(): void {
    if (this.#frame !== null || !this.#inSight.value) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = null;
      const { playback, timeline } = this;
      if (playback === null || timeline === null) return;
      if (playback.mode === 'paused' || isCalm()) {
        timeline.cursor = playback.at;
        return;
      }
      timeline.moveTo(playback.at);
      this.#animate();
    });
  }
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-timeline-section': TimelineSection;
  }
}
