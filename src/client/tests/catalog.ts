import type { Algorithm } from '../endpoint.ts';

export interface TestDescription {
  readonly name: string;
  /** For people: what it shows. */
  readonly about: string;
  readonly algorithms: readonly Algorithm[];
  /** How many it needs. */
  readonly voters: number;
}

/** So that the fault rules of a test can be told from those of the person. */
export const RULE_PREFIX = 'test:';

/** In the order in which they are best run. What they do is in `runs.ts`, so that a page need not load it. */
export const TESTS = [
  {
    name: 'read-after-write',
    about: 'writes, updates and deletes at each node; every node reads it at once',
    algorithms: ['raft', 'abd'],
    voters: 1,
  },
  {
    name: 'fault-tolerant-linearizability',
    about:
      'isolates each voter in turn, writes at another, reads from the rest, heals, reads at once from it',
    algorithms: ['raft', 'abd'],
    voters: 3,
  },
  {
    name: 'eventual-consistency',
    about: 'isolates a node, writes, heals, and polls local reads until all nodes agree',
    algorithms: ['raft', 'abd'],
    voters: 3,
  },
  {
    name: 'state-machine',
    about:
      'appends Fibonacci numbers by transactions that assert the version before; alone, then clients racing',
    algorithms: ['raft'],
    voters: 1,
  },
  {
    name: 'performance',
    about:
      '100 pings, writes and reads in sequence at random nodes, and with 64 in flight: rate, median, p99',
    algorithms: ['raft', 'abd'],
    voters: 1,
  },
  {
    name: 'nemesis',
    about:
      'concurrent clients on several keys while every fault strikes, one after the other; the checker judges',
    algorithms: ['raft', 'abd'],
    voters: 3,
  },
] as const satisfies readonly TestDescription[];

export type TestName = (typeof TESTS)[number]['name'];

/** A text says what is wrong with what was asked for. */
export function findTest(name: string, algorithm: string): (TestDescription & { name: TestName }) | string {
  const test = TESTS.find((candidate) => candidate.name === name);
  if (test === undefined)
    return `There is no test "${name}", only ${TESTS.map((known) => known.name).join(', ')}.`;
  if (!test.algorithms.some((known) => known === algorithm))
    return `The test ${name} is for ${test.algorithms.join(' and ')}, not for "${algorithm}".`;
  return test;
}
