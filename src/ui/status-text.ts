import { ROLE_WORDS } from './names.ts';
import { hearsNoLeader, type PageView } from './view.ts';

/** The state in a sentence. It changes with phase, role and leader only, so that a live region may say it. */
export function statusText(view: PageView): string {
  const { phase, paused, status } = view;
  const { name, role, leader } = status;
  if (phase === 'removed') return 'Removed: the cluster goes on without this tab';
  if (phase === 'crashed') return 'Crashed on purpose: this node does nothing until it is restarted';
  if (phase === 'stopped') return 'Stopped: this node does nothing any more';
  if (paused) return 'Paused: this node does nothing for now';
  if (phase === 'starting') return 'Starting';
  if (phase === 'joining') return 'Joining the cluster';
  if (phase === 'alone') return 'Alone: this tab leads a cluster of one';
  if (role === 'candidate') return 'Candidate: this tab asks for votes, or first whether it would get them';
  if (hearsNoLeader(view)) return 'No leader heard: this tab waits for one';
  if (phase === 'no-quorum') return `No quorum: ${ROLE_WORDS[role].toLowerCase()} without a majority`;
  if (role === 'leader') return 'Ready: this tab leads';
  const part = role === 'learner' ? 'learns' : 'follows';
  return leader === null || leader === name ? `This tab ${part}` : `Ready: ${leader} leads, this tab ${part}`;
}

/** `A · leader · tabraft`. */
export function documentTitle({ paused, status }: PageView): string {
  const role = paused && status.role !== 'stopped' ? 'paused' : status.role;
  return [...(status.name === null ? [] : [status.name]), role, 'tabraft'].join(' · ');
}
