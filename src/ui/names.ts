import type { Role } from '../api.ts';

const HUES = [215, 50, 305, 150, 15, 260, 95, 335, 180, 30];

/** Each name has a hue of its own, so that tabs can be told apart; the name always stands beside it. */
export function hueOf(name: string | null): number {
  if (name === null) return 220;
  let sum = 0;
  for (const letter of name.toUpperCase()) sum += Math.abs(letter.charCodeAt(0) - 65);
  return HUES[sum % HUES.length] ?? 220;
}

/** Grey, so that a tab without a name does not pass for one that has it. */
export function chromaOf(name: string | null): number {
  return name === null ? 0.02 : 0.1;
}

export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  follower: 'Follower',
  candidate: 'Candidate',
  leader: 'Leader',
  learner: 'Learner',
  joining: 'Joining',
  stopped: 'Stopped',
};
