import { hasEnded, type PageView } from '../ui/view.ts';
import { LESSON_VOTERS } from './catalog.ts';
import { listed } from './scene.ts';

/** Why no lesson can begin now, and what the person can do about it. */
export interface Hindrance {
  readonly text: string;
  readonly remedy: 'open-tab' | 'clear-all-rules' | null;
}

/** Null: there is none. */
export function hindranceOf({ phase, status, nodes, rules, test }: PageView): Hindrance | null {
  const voters = status.members.filter(({ kind }) => kind === 'voter').map(({ name }) => name);
  if (phase === 'starting' || phase === 'joining' || hasEnded(phase))
    return { text: 'Lessons begin once this tab’s node runs in a cluster.', remedy: null };
  if (voters.length < LESSON_VOTERS) return tooFew(voters.length);
  if (voters.length > LESSON_VOTERS)
    return {
      text: `Lessons are played with three voters, and this cluster has ${voters.length}: give config.json three servers, and start a new cluster.`,
      remedy: null,
    };
  if (!voters.includes(status.name ?? ''))
    return { text: 'This tab is a learner. Begin a lesson in the tab of a voter.', remedy: null };
  if (test !== null && test.report === null)
    return { text: 'A consistency test is under way: wait for its end, or cancel it.', remedy: null };
  const away = nodes.filter(({ name, state }) => voters.includes(name) && state !== 'running');
  if (away.length > 0) {
    const states = away.map(({ name, state }) => `${name} is ${state === 'gone' ? 'not open' : state}`);
    return { text: `${listed(states)}: bring all three voters back first.`, remedy: null };
  }
  if (rules.length > 0)
    return {
      text: 'Fault rules are in force. A lesson has to know what is broken: clear them first.',
      remedy: 'clear-all-rules',
    };
  return null;
}

function tooFew(count: number): Hindrance {
  const missing = LESSON_VOTERS - count;
  return {
    text: `Lessons are played with three voters, and this cluster has ${count}. Open ${missing === 1 ? 'one more tab' : `${missing} more tabs`}: each becomes a voter by itself.`,
    remedy: 'open-tab',
  };
}
