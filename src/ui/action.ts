import type { FaultRule, NodeAction, TestRunOptions } from '../api.ts';
import { formatHistory } from '../check/history.ts';
import { formatCount } from './format.ts';
import type { Operation } from './operation.ts';
import { saveText } from './save.ts';
import type { LessonAct, PageController } from './view.ts';

/** Something done to the cluster, the node or the rules. */
export type Command =
  | { kind: 'isolate' | 'heal' | 'promote' | 'lead' | 'remove'; name: string }
  | { kind: 'snapshot' }
  /** Without a name: this tab's own node. */
  | { kind: NodeAction; name?: string }
  | { kind: 'preset'; preset: string; names: readonly string[] }
  | { kind: 'set-rule'; rule: FaultRule }
  | { kind: 'clear-rule'; id: string }
  | { kind: 'clear-all-rules' | 'new-cluster' | 'cancel-test' | 'save-history' }
  /** Of a member that was removed: what it has stored is of no use, so nobody is asked. */
  | { kind: 'rejoin' };

/** All that a component may ask of the page. The app carries it out; nobody else sees the controller. */
export type Action =
  | Command
  | { kind: 'operation'; operation: Operation }
  /** Its course is part of the view. */
  | { kind: 'run-test'; name: string; options: TestRunOptions }
  | { kind: 'lesson'; act: LessonAct }
  | { kind: 'open-tab' }
  | { kind: 'reload' };

/** Crosses shadow roots, up to the app. */
export class ActionEvent extends CustomEvent<Action> {
  constructor(action: Action) {
    super('tabraft-action', { detail: action, bubbles: true, composed: true });
  }
}

declare global {
  interface HTMLElementEventMap {
    'tabraft-action': ActionEvent;
  }
}

/** Carries a command out. Resolves with what to tell the user, if anything; throws what went wrong. */
export async function perform(command: Command, controller: PageController): Promise<string | null> {
  const { api } = controller;
  switch (command.kind) {
    case 'isolate':
      await api.faults.preset('isolate', command.name);
      return null;
    case 'heal':
      await api.faults.clear(isolationRules(controller.view.rules, command.name));
      return null;
    case 'promote':
      return expectOk(await api.raft.promote(command.name), `${command.name} is a voter now.`);
    case 'lead':
      return expectOk(await api.raft.transferLeadership(command.name), `${command.name} leads now.`);
    case 'remove':
      return expectOk(await api.raft.removeMember(command.name), `${command.name} is removed.`);
    case 'pause':
    case 'resume':
    case 'restart':
    case 'crash':
    case 'campaign':
    case 'wipe':
      await api.node[command.kind](command.name);
      return null;
    case 'rejoin':
      await api.node.wipe();
      return null;
    case 'preset':
      await api.faults.preset(command.preset, ...command.names);
      return null;
    case 'snapshot':
      await api.raft.snapshot();
      return `The snapshot reaches entry ${formatCount((await api.status()).snapshotIndex)} now.`;
    case 'set-rule':
      await api.faults.set(command.rule);
      return null;
    case 'clear-rule':
      await api.faults.clear([command.id]);
      return null;
    case 'clear-all-rules':
      await api.faults.clear();
      return null;
    case 'cancel-test':
      await api.tests.cancel();
      return 'The test is cancelled, and what it broke is healed.';
    case 'save-history':
      return saveHistory(controller);
    case 'new-cluster':
      await controller.newCluster();
      return 'This tab is in a cluster of its own now.';
  }
}

/** As a file of the format that `npm run check` reads. */
async function saveHistory({ api, view }: PageController): Promise<string> {
  const text = formatHistory(await api.tests.history());
  const name = `history-${view.test?.algorithm ?? 'raft'}-${view.test?.name ?? 'test'}-${view.test?.seed ?? 0}.jsonl`;
  saveText(text, name);
  return `${name} is saved.`;
}

/** The ids of the rules that the `isolate` preset made for a member. */
export function isolationRules(rules: readonly FaultRule[], name: string): string[] {
  return rules.map(({ id }) => id).filter((id) => id.startsWith(`isolate:${name}:`));
}

function expectOk(
  result: Awaited<ReturnType<PageController['api']['raft']['promote']>>,
  text: string,
): string {
  if (result.outcome === 'ok') return text;
  throw new Error(`${result.outcome}: ${result.reason}`);
}

export interface Confirmation {
  title: string;
  text: string;
  confirmLabel: string;
}

/** The question to ask before an action that cannot simply be undone. */
export function confirmationOf(command: Command): Confirmation | null {
  switch (command.kind) {
    case 'promote':
      return {
        title: `Make ${command.name} a voter?`,
        text: 'From then on its vote and its copy count: the majority is taken of one more voter.',
        confirmLabel: 'Yes, promote',
      };
    case 'remove':
      return {
        title: `Remove ${command.name} from the cluster?`,
        text: `${command.name} stops taking part, and the copy of the data in its tab is of no more use. It can come back only as a new member.`,
        confirmLabel: 'Yes, remove',
      };
    case 'wipe':
      return {
        title:
          command.name === undefined ? 'Wipe this tab’s storage?' : `Wipe the storage of ${command.name}?`,
        text: 'Its log, its vote and its identity are deleted for good, and the tab joins again as a new member. The old one stays in the member list until it is removed. If it holds the only copy, the data is gone.',
        confirmLabel: 'Yes, wipe it',
      };
    case 'new-cluster':
      return {
        title: 'Leave for a new cluster?',
        text: 'This tab starts an empty cluster of its own. The one it leaves goes on if a majority of its voters remains; keep its link if you want to come back.',
        confirmLabel: 'Yes, leave',
      };
    default:
      return null;
  }
}
