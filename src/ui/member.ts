import { LitElement, css, html, nothing } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import type { MemberStatus, PeerStatus } from '../api.ts';
import { ActionEvent, type Action } from './action.ts';
import { controls } from './controls.ts';
import { formatMs } from './format.ts';
import { icon } from './icons.ts';
import { label } from './label.ts';
import { hueOf } from './names.ts';
import type { NodeState, PageView } from './view.ts';

/** A badge has room for so many; a longer name stands beside it in full. */
const BADGE_LETTERS = 2;

const CHANNEL_WORDS = {
  worker: 'worker channel',
  relay: 'relayed by the page',
  local: 'local, no network',
} as const;

/** One member: what it is, how it is reached, and what can be done to it. */
@customElement('tabraft-member')
export class Member extends LitElement {
  @property({ attribute: false }) member: MemberStatus | null = null;
  @property({ attribute: false }) peer: PeerStatus | null = null;
  @property({ attribute: false }) device: PageView['devices'][number] | null = null;
  @property({ attribute: false }) isSelf = false;
  @property({ attribute: false }) isLeader = false;
  @property({ attribute: false }) isIsolated = false;
  /** Whether this tab's node runs, and so knows whom it reaches. */
  @property({ attribute: false }) isLive = true;
  @property({ attribute: false }) isOnly = false;
  @property({ attribute: false }) nodeState: NodeState = 'gone';

  static override readonly styles = [
    controls,
    css`
      .member {
        display: grid;
        grid-template-columns: auto minmax(0, 1fr) auto;
        align-items: center;
        gap: var(--gap-1) var(--gap-3);
        padding-block: var(--gap-2);
      }
      .facts {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 0 var(--gap-3);
      }
      .facts strong {
        font-weight: 650;
      }
      .badge.self {
        outline: 2px solid var(--ink);
        outline-offset: 2px;
      }
      .round-trip {
        display: inline-block;
        min-inline-size: 8ch;
      }
      .actions {
        justify-content: end;
      }
      .actions wa-button {
        --wa-form-control-padding-inline: 0.6rem;
      }
      .toggle {
        min-inline-size: 4.6rem;
      }
      @media (max-width: 40rem) {
        .member {
          grid-template-columns: auto minmax(0, 1fr);
          align-items: start;
        }
        .actions {
          grid-column: 2;
          justify-content: start;
        }
      }
    `,
  ];

  override render(): unknown {
    const { member } = this;
    if (member === null) return nothing;
    return html`
      <div class="member" role="group" aria-label="Member ${member.name}">
        <span class="badge ${this.isSelf ? 'self' : ''}" style="--hue: ${hueOf(member.name)}">
          ${member.name.slice(0, BADGE_LETTERS)}
        </span>
        <div>
          <div class="facts">
            ${member.name.length > BADGE_LETTERS ? html`<strong>${member.name}</strong>` : nothing}
            <strong>${this.#roleText(member)}</strong>
            ${this.#placeText()} ${this.isLive ? reachability(member, this.nodeState) : nothing}
            ${
              this.isIsolated
                ? html`<span class="mark small doubt">${icon('failed')}isolated by a fault</span>`
                : nothing
            }
          </div>
          <div class="facts small soft">
            <span>${this.device?.text ?? 'device unknown'}</span>
            ${this.#linkText()}
          </div>
        </div>
        ${this.#actions(member)}
      </div>
    `;
  }

  /** Of another browser nothing is said: it may be another device, or another window of this one. */
  #placeText(): unknown {
    const place = this.isSelf ? 'this tab' : this.device?.isThisBrowser === true ? 'this browser' : null;
    return place === null ? nothing : html`<span class="small soft">${place}</span>`;
  }

  #linkText(): unknown {
    if (!this.isSelf) return linkText(this.peer);
    return html`<span>${this.isLive ? 'runs in this tab’s worker' : 'does not run'}</span>`;
  }

  #roleText({ kind }: MemberStatus): unknown {
    if (this.isLeader) return html`<span class="mark">${icon('leader')}Leader</span>`;
    const word = kind === 'voter' ? 'Voter' : 'Learner';
    return html`<span class="mark">${icon(kind === 'voter' ? 'follower' : 'learner')}${word}</span>`;
  }

  /** The leader has "Lead" too, disabled: an election must not move the other buttons under a finger. */
  #actions({ name, kind }: MemberStatus): unknown {
    return html`<div class="row actions">
      ${
        kind === 'learner'
          ? html`<wa-button
              appearance="outlined"
              size="s"
              @click=${() => this.#ask({ kind: 'promote', name })}
              >${label('Promote', `Promote ${name}`)}</wa-button
            >`
          : html`<wa-button
              appearance="outlined"
              size="s"
              ?disabled=${this.isLeader}
              @click=${() => this.#ask({ kind: 'lead', name })}
              >${label('Lead', `Lead ${name}`)}</wa-button
            >`
      }
      <wa-button
        class="toggle"
        appearance="outlined"
        size="s"
        @click=${() => this.#ask({ kind: this.isIsolated ? 'heal' : 'isolate', name })}
        >${this.isIsolated ? label('Heal', `Heal ${name}`) : label('Isolate', `Isolate ${name}`)}</wa-button
      >
      <wa-button
        variant="danger"
        appearance="outlined"
        size="s"
        ?disabled=${this.isOnly}
        @click=${() => this.#ask({ kind: 'remove', name })}
        >${label('Remove', `Remove ${name}`)}</wa-button
      >
    </div>`;
  }

  #ask(action: Action): void {
    this.dispatchEvent(new ActionEvent(action));
  }
}

/** The node does nothing, though its tab may be linked. */
export function isIdle(state: NodeState): state is 'paused' | 'stopped' {
  return state === 'paused' || state === 'stopped';
}

function reachability({ reachable }: MemberStatus, state: NodeState): unknown {
  if (isIdle(state)) return html`<span class="mark small doubt">${icon(state)}${state}</span>`;
  return reachable
    ? html`<span class="mark small good">${icon('reachable')}reachable</span>`
    : html`<span class="mark small bad">${icon('unreachable')}not reachable</span>`;
}

function linkText(peer: PeerStatus | null): unknown {
  if (peer === null) return html`<span>no link</span>`;
  const roundTrip = peer.roundTripMs === null ? '' : formatMs(peer.roundTripMs);
  return html`<span>link ${peer.state}</span> ${
      peer.channel === null
        ? nothing
        : html`<span>${CHANNEL_WORDS[peer.channel]}</span
            ><span class="number round-trip" title="Round trip">${roundTrip}</span>`
    }`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-member': Member;
  }
}
