import type { Action } from './action.ts';
import { plural, sentence } from './format.ts';
import { LESSON_RULE_PREFIX } from '../lessons/rule-prefix.ts';
import { hasEnded, hearsNoLeader, type PageView } from './view.ts';

export interface Banner {
  id: string;
  level: 'info' | 'warning' | 'error';
  title: string;
  text: string;
  action: { label: string; action: Action } | null;
}

/** What the person at the page should know now and could do about it, the gravest first. */
export function bannersOf(view: PageView): Banner[] {
  if (hasEnded(view.phase)) return phaseBanners(view);
  // The lesson itself tells what it has broken, and why.
  const isInLesson = view.lesson !== null && view.lesson.now.kind !== 'over';
  return [
    ...(view.paused && !isInLesson ? [PAUSED] : []),
    ...phaseBanners(view).filter(({ id }) => !(isInLesson && id === 'no-quorum')),
    ...(view.isReplaced ? [REPLACED] : []),
    ...(view.signaling.state === 'lost' ? [signalingLost(view)] : []),
  ];
}

const PAUSED: Banner = {
  id: 'paused',
  level: 'warning',
  title: 'Paused',
  text: 'This node neither sends, answers nor counts time, as if its computer slept. The others take it for lost.',
  action: { label: 'Let it go on', action: { kind: 'resume' } },
};

const REPLACED: Banner = {
  id: 'replaced',
  level: 'info',
  title: 'Replaced as a voter',
  text: 'This tab was away for so long that a learner was given its vote. It is a learner itself now: it keeps all data, and takes reads and writes as before, but does not count for the majority. It becomes a voter again when another one is lost, or when it is promoted.',
  action: null,
};

const REMOVED: Banner = {
  id: 'removed',
  level: 'warning',
  title: 'Removed from the cluster',
  text: 'Somebody has removed this member, so its vote and its copy of the data count no more. The others go on without it, and it comes back only as a new member, which gets the data from them.',
  action: { label: 'Join as a new member', action: { kind: 'rejoin' } },
};

function phaseBanners(view: PageView): Banner[] {
  switch (view.phase) {
    case 'starting':
      return [{ id: 'starting', level: 'info', title: 'Starting', text: detailOf(view), action: null }];
    case 'joining':
      return [joining(view)];
    case 'alone':
      return [alone(view)];
    case 'no-quorum':
      return [noQuorum(view)];
    case 'stopped':
      return [stopped(view)];
    case 'crashed':
      return [crashed(view)];
    case 'removed':
      return [REMOVED];
    case 'ready':
      return [];
  }
}

function detailOf({ phaseDetail }: PageView): string {
  return phaseDetail === null ? '' : sentence(phaseDetail);
}

function crashed(view: PageView): Banner {
  return {
    id: 'crashed',
    level: 'warning',
    title: 'Crashed on purpose',
    text: `The node’s process is gone, as if the tab had died: what it only remembered is lost, what it had stored is not. ${detailOf(view)}`,
    action: { label: 'Restart it', action: { kind: 'restart' } },
  };
}

function stopped(view: PageView): Banner {
  const reason = view.status.stoppedReason ?? view.phaseDetail ?? 'the reason is not known';
  return {
    id: 'stopped',
    level: 'error',
    title: `Stopped, because: ${sentence(reason)}`,
    text: 'A node that cannot be sure of its storage must not vote, so it does nothing until it is started again. Reload this tab; if it stops again, wipe its storage to come back as a new member. The rest of the cluster goes on without it.',
    action: { label: 'Reload this tab', action: { kind: 'reload' } },
  };
}

function joining(view: PageView): Banner {
  return {
    id: 'joining',
    level: 'info',
    title: 'Joining the cluster',
    text: `${detailOf(view)} It happens by itself as soon as members with a majority are open. If their tabs are gone for good, start a new cluster under Join.`,
    action: null,
  };
}

function alone({ targetVoters }: PageView): Banner {
  return {
    id: 'alone',
    level: 'info',
    title: 'A cluster of one',
    text: `It works, but only this tab holds the data. With ${plural(targetVoters, 'tab')} open, it keeps working when any ${
      targetVoters < 5 ? 'one of them is' : 'two of them are'
    } closed, crash or lose their network.`,
    action: { label: 'Open a second tab', action: { kind: 'open-tab' } },
  };
}

function noQuorum(view: PageView): Banner {
  const { title, why, where, remedy } = hearsNoLeader(view) ? NO_LEADER_HEARD : noMajority(view);
  const { text: cause, action } = causeOf(view.rules);
  return {
    id: 'no-quorum',
    level: 'warning',
    title,
    text: `${detailOf(view)} ${why} Until then reads and writes ${where}wait; a write that times out is unknown, or failed if no leader was known at all. Local reads still answer.${remedy}${cause}`,
    action,
  };
}

const NO_LEADER_HEARD = {
  title: 'No leader heard',
  why: 'This tab reaches a majority: they are about to elect a leader, or have one whose messages do not come here.',
  where: 'here ',
  remedy: '',
};

function noMajority({ status, signaling }: PageView): typeof NO_LEADER_HEARD {
  const voters = status.members.filter(({ kind }) => kind === 'voter');
  const majority = Math.floor(voters.length / 2) + 1;
  // A tab that is open and cut off by a rule is not missing.
  const open = new Set(status.peers.filter(({ state }) => state === 'connected').map(({ id }) => id));
  const isMissing = voters.some(({ id }) => id !== status.memberId && !open.has(id));
  return {
    title: 'No quorum',
    why: `It takes ${majority} of the ${plural(voters.length, 'voter')}, talking to each other, to lead and to commit.`,
    where: '',
    // Without the signaling server a tab that is opened finds nobody.
    remedy: isMissing && signaling.state !== 'lost' ? ' Open the missing tabs again.' : '',
  };
}

function causeOf(rules: PageView['rules']): { readonly text: string; readonly action: Banner['action'] } {
  if (rules.length === 0) return { text: '', action: null };
  if (rules.some(({ id }) => id.startsWith(LESSON_RULE_PREFIX)))
    return { text: ' A lesson in another tab has broken the links, and will heal them.', action: null };
  return {
    text: ` ${plural(rules.length, 'fault rule')} may be the cause.`,
    action: { label: 'Clear the faults', action: { kind: 'clear-all-rules' } },
  };
}

function signalingLost(view: PageView): Banner {
  const isMember = view.phase === 'ready' || view.phase === 'no-quorum';
  // It looks like a lost server, and the browser does not say what it was.
  const isDistrusted = !isMember && view.signaling.url.startsWith('wss:');
  return {
    id: 'signaling-lost',
    level: 'warning',
    title: 'Signaling server lost',
    text: `${view.signaling.detail === null ? '' : `${sentence(view.signaling.detail)} `}${
      isMember ? 'The formed cluster goes on over its own links, but' : 'Until it is back,'
    } nobody new can join, and a link that breaks cannot be dialled again. This tab keeps trying.${
      isDistrusted
        ? ' If the server is there: some browsers, such as Safari, show a page whose certificate they do not trust and yet refuse its signaling; the device has to trust the certificate.'
        : ''
    }`,
    action: null,
  };
}
