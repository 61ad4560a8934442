import { LitElement, css, html, nothing, svg } from 'lit';
import { customElement, property, query, state } from 'lit/decorators.js';
import type { FaultRule, MemberStatus, Role } from '../../api.ts';
import { linkState } from '../../proxy/rules.ts';
import { isCalm } from '../calm.ts';
import { controls } from '../controls.ts';
import { formatCount } from '../format.ts';
import { icon } from '../icons.ts';
import { InSight } from '../in-sight.ts';
import { hueOf, ROLE_WORDS } from '../names.ts';
import { Palette } from '../palette.ts';
import { momentOf, type Moment, type Moments } from '../playback/moments.ts';
import type { Playback } from '../playback/playback.ts';
import { isAway, stateOf, type LiveNode, type NodeState, type PageView } from '../view.ts';
import { drawFlights, FLIGHT_WORDS } from './draw.ts';
import { FLIGHT_KINDS, flightsAt, type InFlight } from './flights.ts';
import './member-panel.ts';
import { placeOf, type Place } from './places.ts';

/** While it is played back, what stands beside the members is renewed so often (milliseconds). */
const RENEW_MS = 60;
/** So long after the last event nothing moves any more, until another comes. */
const SILENCE_MS = 3000;

/** The members as a ring: who is what, whose timer runs, and what they send each other. */
@customElement('tabraft-ring')
export class Ring extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @property({ attribute: false }) playback: Playback | null = null;
  @property({ attribute: false }) moments: Moments | null = null;
  /** The picture alone, and small: to be looked at beside something else. */
  @property({ type: Boolean, reflect: true }) small = false;
  @state() private chosen: string | null = null;
  @query('canvas') private readonly canvas!: HTMLCanvasElement | null;

  #moment: Moment | null = null;
  #frame: number | null = null;
  #isDrawn = false;
  #renewedAt = 0;
  #measured: HTMLCanvasElement | null = null;
  /** Of the canvas, in pixels of the page. */
  #size = { width: 0, height: 0 };
  #unsubscribe: (() => void) | null = null;
  readonly #inSight = new InSight(this, () => this.#animate());
  readonly #palette = new Palette(this, () => this.#animate());
  readonly #resized = new ResizeObserver((entries) => {
    this.#size = entries.at(-1)?.contentRect ?? this.#size;
    this.#animate();
  });

  static override readonly styles = [
    controls,
    css`
      .stage {
        position: relative;
        inline-size: min(100%, 26rem);
        aspect-ratio: 1 / 0.95;
        margin-inline: auto;
      }
      /* The lowest of more than three members has its words beneath the stage. */
      :host([small]) {
        display: block;
        padding-block-end: 2.2rem;
      }
      :host([small]) .stage {
        inline-size: 15rem;
        font-size: 0.875em;
      }
      .stage > svg,
      canvas {
        position: absolute;
        inset: 0;
        inline-size: 100%;
        block-size: 100%;
      }
      /* A layer of its own: mostly nothing else is painted. */
      canvas {
        will-change: transform;
        pointer-events: none;
      }
      line {
        stroke: var(--line-strong);
        stroke-width: 0.5;
      }
      line.absent {
        stroke: var(--line);
        stroke-dasharray: 0.5 2;
      }
      line.cut {
        stroke: var(--bad);
        stroke-dasharray: 0.5 3;
      }
      line.disturbed {
        stroke: var(--doubt);
        stroke-dasharray: 3 1.5;
      }
      .past {
        outline: 2px dashed var(--line-strong);
        outline-offset: -2px;
        border-radius: var(--radius);
      }
      .node {
        position: absolute;
        border: 0;
        border-radius: var(--radius);
        background: none;
        padding: 0.2rem 0;
        font: inherit;
        color: inherit;
        cursor: pointer;
        touch-action: manipulation;
        /* The badge stands at the place, not the words. */
        translate: -50% -1.45rem;
        inline-size: 7.5rem;
        display: grid;
        justify-items: center;
        text-align: center;
        line-height: 1.25;
      }
      .timer {
        display: grid;
        place-items: center;
        padding: 4px;
        border-radius: 50%;
        background: conic-gradient(var(--ink-soft) calc(var(--elapsed) * 1%), var(--line) 0);
      }
      .timer .badge {
        border-radius: 50%;
      }
      /* Hollow: nobody is in. */
      .away .timer {
        background: none;
      }
      .away .badge {
        background: var(--surface);
        color: var(--ink-soft);
        outline: 2px dashed var(--line-strong);
      }
      .none {
        position: absolute;
        inset: 0;
        display: grid;
        place-items: center;
        text-align: center;
      }
      .legend {
        margin-block-start: 2.2rem;
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 0 var(--gap-4);
      }
      .node:hover:not(:disabled) {
        background: color-mix(in oklab, transparent, var(--ink) 5%);
      }
      .node[aria-pressed='true'] {
        background: color-mix(in oklab, transparent, var(--ink) 9%);
      }
      /* A line of its own: numbers that grow move nothing. */
      .counts {
        flex: 0 0 min(100%, 66ch);
        min-block-size: 1lh;
      }
      @media (max-width: 40rem) {
        .counts {
          min-block-size: 2lh;
        }
      }
      /* With room for what can be done, so that choosing a member moves nothing. */
      .panel {
        display: block;
        align-content: center;
        min-block-size: 4.8rem;
        text-align: center;
      }
      @media (max-width: 40rem) {
        .panel {
          min-block-size: 10.1rem;
        }
      }
      .node .words {
        padding-inline: var(--gap-1);
        border-radius: var(--radius-small);
        background: color-mix(in srgb, var(--surface) 85%, transparent);
      }
    `,
  ];

  override connectedCallback(): void {
    super.connectedCallback();
    this.#unsubscribe = this.playback?.subscribe(() => this.#onPlayback()) ?? null;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#measure(null);
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has('playback') && this.isConnected) {
      this.#unsubscribe?.();
      this.#unsubscribe = this.playback?.subscribe(() => this.#onPlayback()) ?? null;
    }
    this.#moment = this.#shownMoment();
    if (this.#moment?.members.every(({ name }) => name !== this.chosen) === true) this.chosen = null;
  }

  override updated(): void {
    this.#measure(this.canvas);
    this.#animate();
  }

  override render(): unknown {
    const { view } = this;
    const moment = this.#moment;
    if (view === null || moment === null) return nothing;
    const { members } = moment;
    const isLive = this.playback?.mode === 'live';
    // Whoever goes back to before there were any keeps what it is done with.
    if (members.length === 0 && isLive) return nothing;
    const places = members.map((_, at) => placeOf(at, members.length));
    return html`
      <div class="stage ${isLive ? '' : 'past'}" @keydown=${this.#onKey}>
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          ${linksBetween(moment, places)}
        </svg>
        <canvas aria-hidden="true"></canvas>
        ${members.length === 0 ? html`<p class="none soft">At that moment this tab knew of no member.</p>` : nothing}
        ${members.map((member, at) =>
          nodeAt(member, places[at], moment, this.chosen === member.name, () => this.#choose(member.name)),
        )}
      </div>
      ${this.small ? nothing : this.#below(view)}
    `;
  }

  #below(view: PageView): unknown {
    const { flights, skipped } = this.#inFlight();
    return html`
      <p class="legend small soft">
        ${FLIGHT_KINDS.map((kind) => html`<span>${FLIGHT_WORDS[kind].mark} ${FLIGHT_WORDS[kind].word}</span>`)}
        <span class="number counts">${this.#countsText(flights.length, skipped)}</span>
      </p>
      ${this.#panel(view)}
    `;
  }

  /** The present, whatever is looked back at: only that can be acted on. */
  #panel(view: PageView): unknown {
    const member = view.status.members.find(({ name }) => name === this.chosen) ?? null;
    if (member === null) return html`<p class="panel small soft">Choose a member to act on it.</p>`;
    return html`<tabraft-member-panel
      class="panel"
      .member=${member}
      .view=${view}
      @close=${() => this.#letGo()}
      @keydown=${this.#onKey}
    ></tabraft-member-panel>`;
  }

  #countsText(drawn: number, skipped: number): string {
    const untold = `${formatCount(this.view?.live.skipped ?? 0)} left out by the nodes`;
    return isCalm() && this.playback?.mode !== 'paused'
      ? `${drawn + skipped} messages under way, none drawn, ${untold}`
      : `${drawn} messages drawn, ${skipped} more under way, ${untold}`;
  }

  readonly #onKey = ({ key }: KeyboardEvent): void => {
    if (key === 'Escape' && this.chosen !== null) this.#letGo();
  };

  /** The focus goes back to where the panel was opened from. */
  #letGo(): void {
    const name = this.chosen;
    this.chosen = null;
    for (const node of this.renderRoot.querySelectorAll<HTMLElement>('.node'))
      if (node.dataset['name'] === name) node.focus();
  }

  #choose(name: string): void {
    this.chosen = this.chosen === name ? null : name;
  }

  #shownMoment(): Moment | null {
    const { view, playback, moments } = this;
    if (view === null) return null;
    if (playback === null || moments === null || playback.mode === 'live') return momentOf(view, Date.now());
    return moments.at(playback.at, view.live.events);
  }

  #inFlight(): InFlight {
    const { view, playback } = this;
    if (view === null || playback === null) return { flights: [], skipped: 0 };
    return flightsAt(view.live.events, playback.at, playback.slowness);
  }

  /** It comes and goes with the members. */
  #measure(canvas: HTMLCanvasElement | null): void {
    if (canvas === this.#measured) return;
    this.#measured = canvas;
    this.#resized.disconnect();
    if (canvas !== null) this.#resized.observe(canvas);
  }

  #onPlayback(): void {
    this.requestUpdate();
    this.#animate();
  }

  /** Frames go on while something moves, and is seen. Where motion is not wanted, only what stands still is drawn. */
  #animate(): void {
    if (!this.#inSight.value) return;
    this.#frame ??= requestAnimationFrame((now) => {
      this.#frame = null;
      this.#draw(now);
    });
  }

  #draw(now: number): void {
    const { canvas, view, playback } = this;
    const moment = this.#moment;
    if (canvas === null || view === null || playback === null || moment === null) return;
    const { members } = moment;
    const places = new Map(members.map(({ id }, at) => [id, placeOf(at, members.length)]));
    const isStill = playback.mode === 'paused';
    const calm = isCalm();
    const { flights } = calm && !isStill ? { flights: [] } : this.#inFlight();
    if (flights.length > 0 || this.#isDrawn)
      drawFlights(canvas, this.#size, flights, places, this.#palette.of);
    this.#isDrawn = flights.length > 0;
    if (isStill || calm) return;
    if (playback.mode === 'playing' && now - this.#renewedAt > RENEW_MS) {
      this.#renewedAt = now;
      this.requestUpdate();
    }
    const newest = view.live.events.at(-1)?.time ?? 0;
    if (playback.mode === 'playing' || newest + SILENCE_MS > playback.at) this.#animate();
  }
}

function linksBetween(moment: Moment, places: readonly Place[]): unknown {
  const { members, rules } = moment;
  return members.flatMap((one, at) =>
    members.slice(at + 1).map((other, offset) => {
      const [a, b] = [places[at], places[at + 1 + offset]];
      if (a === undefined || b === undefined) return nothing;
      const isAbsent = [one, other].some((member) => isAway(stateOf(moment.states, member.name)));
      const state = isAbsent ? 'absent' : linkClass(rules, one.name, other.name);
      return svg`<line class=${state} x1=${a.x} y1=${a.y} x2=${b.x} y2=${b.y}></line>`;
    }),
  );
}

/** Of both directions, the worse. */
function linkClass(rules: readonly FaultRule[], one: string, other: string): string {
  const states = [linkState(rules, one, other).state, linkState(rules, other, one).state];
  if (states.includes('cut')) return 'cut';
  return states.every((state) => state === 'open') ? '' : 'disturbed';
}

function nodeAt(
  member: MemberStatus,
  place: Place | undefined,
  moment: Moment,
  isChosen: boolean,
  onChoose: () => void,
): unknown {
  if (place === undefined) return nothing;
  const state = stateOf(moment.states, member.name);
  // How it stood when it was last heard is no news of it.
  const live = isAway(state) ? null : (moment.nodes.find(({ memberId }) => memberId === member.id) ?? null);
  const role = roleOf(member, live, state, moment);
  return html`<button
    class="node ${isAway(state) ? 'away' : ''}"
    data-name=${member.name}
    style="left: ${place.x}%; top: ${place.y}%"
    aria-pressed=${isChosen ? 'true' : 'false'}
    @click=${onChoose}
  >
    <span class="timer" style="--elapsed: ${elapsedOf(live)}">
      <span class="badge" aria-hidden="true" style="--hue: ${hueOf(member.name)}"
        >${member.name.slice(0, 2)}</span
      >
    </span>
    <span class="words small">
      <span class="hidden-text">${member.name}: </span>
      <span class="mark"
        >${icon(state === 'running' ? role : state === 'paused' ? 'paused' : 'stopped')}${wordFor(role, state)}</span
      >
      ${live === null ? nothing : html`<br /><span class="number">term ${live.term},<br />${voteOf(live)}</span>`}
    </span>
  </button>`;
}

function roleOf(member: MemberStatus, live: LiveNode | null, state: NodeState, { leader }: Moment): Role {
  if (isAway(state)) return 'stopped';
  return live?.role ?? (member.name === leader ? 'leader' : member.kind === 'voter' ? 'follower' : 'learner');
}

function wordFor(role: Role, state: NodeState): string {
  if (state === 'gone') return 'Not heard';
  return state === 'paused' ? `${ROLE_WORDS[role]}, paused` : ROLE_WORDS[role];
}

function voteOf({ detail }: LiveNode): string {
  return detail.votedFor === null ? 'no vote' : `voted ${detail.votedFor}`;
}

/** Of the election timeout, in percent. */
function elapsedOf(live: LiveNode | null): number {
  const timer = live?.detail.timer ?? null;
  return timer === null ? 0 : Math.min(100, Math.round((100 * timer.elapsedMs) / timer.timeoutMs));
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-ring': Ring;
  }
}
