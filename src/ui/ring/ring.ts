import { LitElement, css, html, nothing, svg } from 'lit';
import { customElement, property, query } from 'lit/decorators.js';
import type { FaultRule, MemberStatus, Role } from '../../api.ts';
import { linkState } from '../../proxy/rules.ts';
import { controls } from '../controls.ts';
import { icon } from '../icons.ts';
import { hueOf, ROLE_WORDS } from '../names.ts';
import type { LiveNode, PageView } from '../view.ts';
import { drawFlights, FLIGHT_WORDS } from './draw.ts';
import { FLIGHT_KINDS, Flights } from './flights.ts';
import { placeOf, type Place } from './places.ts';

/** Events come in batches a few times a second; shown so much later, they move evenly. */
const DELAY_MS = 500;

/** The members as a ring: who is what, whose timer runs, and what they send each other. */
@customElement('tabraft-ring')
export class Ring extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @query('canvas') private readonly canvas?: HTMLCanvasElement;

  readonly #flights = new Flights();
  #seen: PageView['live']['events'] = [];
  #frame: number | null = null;

  static override readonly styles = [
    controls,
    css`
      .stage {
        position: relative;
        inline-size: min(100%, 26rem);
        aspect-ratio: 1 / 0.95;
        margin-inline: auto;
      }
      .stage > svg,
      canvas {
        position: absolute;
        inset: 0;
        inline-size: 100%;
        block-size: 100%;
      }
      line {
        stroke: var(--line-strong);
        stroke-width: 0.5;
      }
      line.cut {
        stroke: var(--bad);
        stroke-dasharray: 0.5 3;
      }
      line.disturbed {
        stroke: var(--doubt);
        stroke-dasharray: 3 1.5;
      }
      .node {
        position: absolute;
        /* The badge, not the words beneath it, stands at the place. */
        translate: -50% -1.25rem;
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
      .legend {
        display: flex;
        flex-wrap: wrap;
        justify-content: center;
        gap: 0 var(--gap-4);
      }
      .node .words {
        padding-inline: var(--gap-1);
        border-radius: var(--radius-small);
        background: color-mix(in srgb, var(--surface) 85%, transparent);
      }
    `,
  ];

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#frame = null;
  }

  override render(): unknown {
    const { view } = this;
    if (view === null || view.status.members.length === 0) return nothing;
    const { members } = view.status;
    const places = members.map((_, at) => placeOf(at, members.length));
    return html`
      <div class="stage">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
          ${linksBetween(members, places, view.rules)}
        </svg>
        <canvas aria-hidden="true"></canvas>
        ${members.map((member, at) => nodeAt(member, places[at], view))}
      </div>
      <p class="legend small soft">
        ${FLIGHT_KINDS.map((kind) => html`<span>${FLIGHT_WORDS[kind].mark} ${FLIGHT_WORDS[kind].word}</span>`)}
        <span class="number"
          >${this.#flights.shown} shown, ${this.#flights.skipped + view.live.skipped} not</span
        >
      </p>
    `;
  }

  /** Before it is drawn, so that the counts are those of the messages that it shows. */
  override willUpdate(): void {
    const events = this.view?.live.events ?? [];
    if (events === this.#seen) return;
    const last = this.#seen.at(-1);
    this.#seen = events;
    // Only the end of the list can be new.
    const from = last === undefined ? 0 : events.lastIndexOf(last);
    this.#flights.add(events.slice(Math.max(0, from - 1000)), performance.now(), Date.now(), DELAY_MS);
    this.#animate();
  }

  /** Where motion is not wanted, and where nothing is under way, there are no frames. */
  #animate(): void {
    if (this.#frame !== null || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const draw = (now: number): void => {
      const { canvas, view } = this;
      this.#frame = this.#flights.isEmpty ? null : requestAnimationFrame(draw);
      if (canvas === undefined || view === null) return;
      const { members } = view.status;
      const places = new Map(members.map(({ id }, at) => [id, placeOf(at, members.length)]));
      drawFlights(canvas, this.#flights.at(now), places);
    };
    this.#frame = requestAnimationFrame(draw);
  }
}

function linksBetween(
  members: readonly MemberStatus[],
  places: readonly Place[],
  rules: readonly FaultRule[],
): unknown {
  return members.flatMap((one, at) =>
    members.slice(at + 1).map((other, offset) => {
      const [a, b] = [places[at], places[at + 1 + offset]];
      if (a === undefined || b === undefined) return nothing;
      const state = linkClass(rules, one.name, other.name);
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

function nodeAt(member: MemberStatus, place: Place | undefined, view: PageView): unknown {
  if (place === undefined) return nothing;
  const live = view.live.nodes.find(({ memberId }) => memberId === member.id) ?? null;
  const state = view.nodes.find(({ name }) => name === member.name)?.state ?? 'gone';
  const role = roleOf(member, live, state, view);
  return html`<div
    class="node"
    style="left: ${place.x}%; top: ${place.y}%"
    role="group"
    aria-label=${member.name}
  >
    <span class="timer" style="--elapsed: ${elapsedOf(live)}">
      <span class="badge" style="--hue: ${hueOf(member.name)}">${member.name.slice(0, 2)}</span>
    </span>
    <span class="words small">
      <span class="mark"
        >${icon(state === 'running' ? role : state === 'paused' ? 'paused' : 'stopped')}${wordFor(role, state)}</span
      >
      ${live === null ? nothing : html`<br /><span class="number">term ${live.term}${voteOf(live)}</span>`}
    </span>
  </div>`;
}

function roleOf(member: MemberStatus, live: LiveNode | null, state: string, { status }: PageView): Role {
  if (state === 'stopped' || state === 'gone') return 'stopped';
  return (
    live?.role ??
    (member.name === status.leader ? 'leader' : member.kind === 'voter' ? 'follower' : 'learner')
  );
}

function wordFor(role: Role, state: PageView['nodes'][number]['state']): string {
  if (state === 'gone') return 'Not heard';
  return state === 'paused' ? 'Paused' : ROLE_WORDS[role];
}

function voteOf({ detail }: LiveNode): string {
  return detail.votedFor === null ? '' : `, voted ${detail.votedFor}`;
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
