import { REGISTER_RULES, type RegisterRules } from '../core/abd/rules.ts';
import { RULES, type Rules } from '../core/raft/rules.ts';
import type { Raft } from '../core/raft/state.ts';
import { SessionMachine, type InnerMachine } from '../core/session/machine.ts';

/**
 * The safety rules that a node goes by, in a module of their own: a test that must see the nemesis fail builds the
 * page with another one in its place (tests/e2e/support/mutant-build.ts).
 */
export const raftRules: (raft: () => Raft) => Rules = () => RULES;
export const createMachine = (inner: InnerMachine): SessionMachine => new SessionMachine(inner);
export const registerRules: RegisterRules = REGISTER_RULES;
