import { LitElement, css, html } from 'lit';
import { customElement, property } from 'lit/decorators.js';
import { repeat } from 'lit/directives/repeat.js';
import type { PeerStatus } from '../api.ts';
import { isolationRules } from './action.ts';
import { controls } from './controls.ts';
import { plural } from './format.ts';
import { isIdle } from './member.ts';
import './node-actions.ts';
import './playback/bar.ts';
import type { Moments } from './playback/moments.ts';
import type { Playback } from './playback/playback.ts';
import './ring/ring.ts';
import { hasEnded, stateOf, type PageView } from './view.ts';

/** The members, how this tab reaches them, and what can be done to them. */
@customElement('tabraft-cluster')
export class Cluster extends LitElement {
  @property({ attribute: false }) view: PageView | null = null;
  @property({ attribute: false }) playback: Playback | null = null;
  @property({ attribute: false }) moments: Moments | null = null;

  static override readonly styles = [
    controls,
    css`
      li + li {
        border-block-start: 1px solid var(--line);
      }
      .members {
        margin-block: calc(var(--gap-2) * -1);
      }
      .stranger {
        padding-block: var(--gap-2);
      }
      tabraft-node-actions {
        border-block-start: 1px solid var(--line);
        padding-block-start: var(--gap-4);
      }
    `,
  ];

  override render(): unknown {
    const { view } = this;
    if (view === null) return null;
    const { status } = view;
    const strangers = status.peers.filter((peer) => status.members.every(({ id }) => id !== peer.id));
    return html`
      <section aria-labelledby="heading">
        <header>
          <h2 id="heading">Cluster</h2>
          <span class="small soft number">${votersText(view)}</span>
        </header>
        <tabraft-ring .view=${view} .playback=${this.playback} .moments=${this.moments}></tabraft-ring>
        <tabraft-playback-bar
          .playback=${this.playback}
          .events=${view.live.events}
          .first=${this.moments?.first ?? null}
        ></tabraft-playback-bar>
        <ul class="members">
          ${repeat(
            status.members,
            ({ id }) => id,
            (member) =>
              html`<li>
                <tabraft-member
                  .member=${member}
                  .peer=${status.peers.find(({ id }) => id === member.id) ?? null}
                  .device=${view.devices.find(({ memberId }) => memberId === member.id) ?? null}
                  .isSelf=${member.id === status.memberId}
                  .isLeader=${member.name === status.leader}
                  .isIsolated=${isolationRules(view.rules, member.name).length > 0}
                  .isLive=${!hasEnded(view.phase)}
                  .nodeState=${stateOf(view.nodes, member.name)}
                  .isOnly=${status.members.length === 1}
                ></tabraft-member>
              </li>`,
          )}
          ${repeat(strangers, ({ id }) => id, strangerRow)}
          ${
            status.members.length + strangers.length === 0
              ? html`<li class="stranger soft">No members are known yet.</li>`
              : null
          }
        </ul>
        <tabraft-node-actions
          .memberName=${status.name}
          .nodeRole=${status.role}
          .paused=${view.paused}
        ></tabraft-node-actions>
      </section>
    `;
  }
}

function strangerRow(peer: PeerStatus): unknown {
  return html`<li class="stranger small soft">
    A tab that is not a member yet:
    ${peer.state === 'connected' ? 'connected, waiting to be added' : peer.state}
  </li>`;
}

function votersText(view: PageView): string {
  const { phase, nodes, status, targetVoters } = view;
  const voters = status.members.filter(({ kind }) => kind === 'voter');
  if (voters.length === 0) return `wants ${plural(targetVoters, 'voter')}`;
  if (hasEnded(phase)) return plural(voters.length, 'voter');
  const reachable = voters.filter(
    (member) => member.reachable && !isIdle(stateOf(nodes, member.name)),
  ).length;
  const missing = targetVoters > voters.length ? ` · wants ${targetVoters}` : '';
  return `${reachable} of ${plural(voters.length, 'voter')} reachable${missing}`;
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-cluster': Cluster;
  }
}
