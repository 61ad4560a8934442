import { REGISTER_RULES, type RegisterRules } from '../../../src/core/abd/rules.ts';
import { RULES, type Rules } from '../../../src/core/raft/rules.ts';
import type { Raft } from '../../../src/core/raft/state.ts';
import { SessionMachine, type InnerMachine } from '../../../src/core/session/machine.ts';
import { findMutant } from '../../../src/sim/mutants.ts';

/** Put in by the build. */
declare const MUTANT: string;

const mutant = findMutant(MUTANT);
if (mutant === null) throw new Error(`There is no mutant ${MUTANT}.`);

/** In place of src/worker/rules.ts: the known bug instead of the rule that it breaks. */
export const raftRules = (raft: () => Raft): Rules => ({ ...RULES, ...mutant.rules?.(raft) });
export const createMachine = (inner: InnerMachine): SessionMachine =>
  mutant.machine?.(inner) ?? new SessionMachine(inner);
export const registerRules: RegisterRules = { ...REGISTER_RULES, ...mutant.registerRules };
