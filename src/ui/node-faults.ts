import { LitElement, html } from 'lit';
import { customElement, property, state } from 'lit/decorators.js';
import type { NodeAction } from '../api.ts';
import { ActionEvent, type Action } from './action.ts';
import { controls } from './controls.ts';
import { label } from './label.ts';
import type { NodeState, PageView } from './view.ts';

const LABELS: Record<NodeAction, string> = {
  pause: 'Pause',
  resume: 'Resume',
  crash: 'Crash',
  restart: 'Restart',
  campaign: 'Force an election',
  wipe: 'Wipe',
};

const ACTIONS = Object.keys(LABELS) as NodeAction[];

/** Which actions make sense for a node in this state. */
const POSSIBLE: Record<NodeState, readonly NodeAction[]> = {
  running: ['pause', 'crash', 'restart', 'campaign', 'wipe'],
  paused: ['resume', 'crash', 'restart', 'wipe'],
  stopped: ['restart'],
  gone: [],
};

/** What can be done to the node of any tab. */
@customElement('tabraft-node-faults')
export class NodeFaults extends LitElement {
  @property({ attribute: false }) nodes: PageView['nodes'] = [];
  @state() private chosen = '';

  static override readonly styles = [controls];

  override render(): unknown {
    const node = this.nodes.find(({ name }) => name === this.chosen) ?? this.nodes[0];
    if (node === undefined) return null;
    return html`
      <div class="row">
        <label class="check" for="node">Node</label>
        <select
          id="node"
          style="inline-size: auto"
          @change=${(event: Event) => (this.chosen = (event.currentTarget as HTMLSelectElement).value)}
        >
          ${this.nodes.map(
            ({ name, state: now }) =>
              html`<option value=${name} ?selected=${name === node.name}>
                ${name}${now === 'running' ? '' : ` (${now})`}
              </option>`,
          )}
        </select>
        ${nodeButtons(node, (action) => this.dispatchEvent(new ActionEvent(action)))}
      </div>
    `;
  }
}

/** What can be done to a node, wherever its tab is. */
export function nodeButtons(
  { name, state: now }: PageView['nodes'][number],
  ask: (action: Action) => void,
): unknown {
  return ACTIONS.map(
    (kind) =>
      html`<wa-button
        variant=${kind === 'wipe' ? 'danger' : 'neutral'}
        appearance="outlined"
        size="s"
        ?disabled=${!POSSIBLE[now].includes(kind)}
        @click=${() => ask({ kind, name })}
        >${label(LABELS[kind], `${LABELS[kind]}: node ${name}`)}</wa-button
      >`,
  );
}

declare global {
  interface HTMLElementTagNameMap {
    'tabraft-node-faults': NodeFaults;
  }
}
