import { REGISTER_RULES } from '../core/abd/rules.ts';
import { RULES, type Rules } from '../core/raft/rules.ts';

/**
 * The safety rules that a node goes by, in a module of their own: a test that must see the nemesis fail builds the
 * page with another one in its place (tests/e2e/support/mutant-build.ts).
 */
export const raftRules = (): Rules => RULES;
export const registerRules = REGISTER_RULES;
