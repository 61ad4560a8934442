import { describe, expect, it } from 'vitest';
import { TraceInvariants, type TraceInvariant } from '../../src/check/trace-invariants.ts';
import { RUN_LENGTH, type TraceDetail } from '../../src/trace/event.ts';
import { id } from '../support/core-cluster.ts';

/** What happened, in order: of whom, and what. `run`: from there on it is in that run; `skip`: so many are missing. */
type Step = readonly [string, TraceDetail | { readonly run: number } | { readonly skip: number }];

const leads = (term: number): TraceDetail => ({ kind: 'role', role: 'leader', term });
const votes = (candidate: string, term: number, preVote = false): TraceDetail => ({
  ...{ kind: 'vote', candidate: id(candidate), term, preVote },
});
/** Entries from `first` on, with these terms; what they hold follows from index, term and `salt`. */
const appends = (first: number, prevTerm: number | null, terms: number[], salt = 0): TraceDetail => ({
  ...{ kind: 'append', first, prevTerm, terms },
  digests: terms.map((term, offset) => 1000 * term + first + offset + salt),
});
const truncates = (from: number): TraceDetail => ({ kind: 'truncate', from });
const commits = (from: number, to: number, term: number): TraceDetail => ({ kind: 'commit', from, to, term });
const starts = (lastIndex: number, lastTerm: number | null, commitIndex = 0): TraceDetail => ({
  ...{ kind: 'start', term: 1, commitIndex, snapshotIndex: 0, lastIndex, lastTerm },
});
const installs = (index: number, term: number): TraceDetail => ({
  ...{ kind: 'snapshot', index, term, origin: 'installed' },
});

function judge(steps: readonly Step[], isSampled = false): TraceInvariants {
  const invariants = new TraceInvariants(isSampled);
  const seqs = new Map<string, number>();
  for (const [at, [name, what]] of steps.entries()) {
    const seq = seqs.get(name) ?? RUN_LENGTH;
    if ('run' in what) seqs.set(name, what.run * RUN_LENGTH);
    else if ('skip' in what) seqs.set(name, seq + what.skip);
    else {
      seqs.set(name, seq + 1);
      const header = { seq: seq + 1, node: id(name), name, time: at, clock: { [id(name)]: seq + 1 } };
      invariants.feed({ ...header, ...what });
    }
  }
  return invariants;
}

/** Sentences of what is broken, by promise. */
function broken(steps: readonly Step[], isSampled = false): Partial<Record<TraceInvariant, string[]>> {
  const verdicts = judge(steps, isSampled).verdicts();
  return Object.fromEntries(
    verdicts
      .filter(({ verdict }) => verdict === 'violated')
      .map(({ invariant, violations }) => [invariant, violations.map(({ text }) => text)]),
  );
}

/** A starts with nothing, leads term 2, and commits two entries with B. */
const BEGIN: readonly Step[] = [
  ['A', starts(0, 0)],
  ['B', starts(0, 0)],
  ['A', leads(2)],
  ['A', appends(1, 0, [2, 2])],
  ['B', appends(1, 0, [2, 2])],
  ['A', commits(0, 2, 2)],
  ['B', commits(0, 2, 2)],
];

describe('each promise is found broken', () => {
  it.each<[TraceInvariant, string, readonly Step[]]>([
    ['electionSafety', 'B and A both lead term 2', [['B', leads(2)]]],
    [
      'oneVote',
      'C votes for two candidates in term 3',
      [
        ['C', votes('A', 3)],
        ['C', votes('B', 3)],
      ],
    ],
    [
      'oneVote',
      'B votes for two candidates in term 3',
      [
        ['B', { kind: 'role', role: 'candidate', term: 3 }],
        ['B', votes('A', 3)],
      ],
    ],
    [
      'logMatching',
      'entries 2 of term 2 at C and at A hold different commands',
      [['C', appends(2, 2, [2], 500)]],
    ],
    [
      'logMatching',
      'entries 2 of term 2 at C and at A follow on entries of different terms',
      [['C', appends(2, 1, [2])]],
    ],
    [
      'leaderCompleteness',
      'C, elected in term 3, lacks entry 1 of term 2, which was committed in term 2: its log ends before that',
      [
        ['C', starts(0, 0)],
        ['C', leads(3)],
      ],
    ],
    [
      'leaderCompleteness',
      'C, elected in term 3, lacks entry 2 of term 2, which was committed in term 2: it has one of term 1',
      [
        ['C', starts(0, 0)],
        ['C', appends(1, 0, [2])],
        ['C', appends(2, 2, [1])],
        ['C', leads(3)],
      ],
    ],
    [
      'stateMachineSafety',
      'C has committed entry 2 of term 1, and A that of term 2',
      [
        ['C', starts(0, 0)],
        ['C', appends(1, 0, [1, 1])],
        ['C', commits(1, 2, 2)],
      ],
    ],
    [
      'stateMachineSafety',
      'B removes its entries from 2 on, though it has committed up to 2',
      [['B', truncates(2)]],
    ],
    ['commitMonotonic', 'the commit index of B falls from 2 to 1', [['B', commits(2, 1, 2)]]],
  ])('%s: %s', (invariant, text, steps) => {
    expect(broken([...BEGIN, ...steps])).toEqual({ [invariant]: [text] });
  });
});

describe('nothing is found broken', () => {
  it.each<[string, readonly Step[]]>([
    ['in a good run', []],
    ['when somebody else leads another term', [['B', leads(3)]]],
    [
      'by pre-votes, and by a vote that is given twice to the same one',
      [
        ['C', votes('A', 3, true)],
        ['C', votes('B', 3, true)],
        ['C', votes('A', 3)],
        ['C', votes('A', 3)],
      ],
    ],
    [
      'when a restart loses what was not durable',
      [
        ['B', appends(3, 2, [2, 2])],
        ['B', { run: 2 }],
        ['B', starts(3, 2, 1)],
        ['B', commits(1, 3, 3)],
        ['B', appends(4, 2, [3])],
        ['B', leads(4)],
      ],
    ],
    [
      'when a conflicting end is replaced, though the log was other before',
      [
        ['C', starts(0, 0)],
        ['C', appends(1, 0, [1, 1])],
        ['C', truncates(1)],
        ['C', appends(1, 0, [2, 2])],
        ['C', commits(0, 2, 2)],
        ['C', leads(3)],
      ],
    ],
    [
      'when a snapshot brings what the trace does not tell',
      [
        ['C', starts(0, 0)],
        ['C', appends(1, 0, [1])],
        ['C', installs(2, 2)],
        ['C', leads(3)],
      ],
    ],
    [
      'by a node of whose log the trace tells nothing, or not everything',
      [
        ['C', leads(3)],
        ['D', starts(0, 0)],
        ['D', { skip: 7 }],
        ['D', leads(4)],
      ],
    ],
    [
      'when the end of a run is missing, in which the log was rewritten',
      [
        ['C', starts(0, 0)],
        ['C', appends(1, 0, [1, 1])],
        ['C', { run: 2 }],
        ['C', starts(2, 2, 2)],
        ['C', leads(3)],
      ],
    ],
    [
      'by a leader of a term before the one in which something was known as committed',
      [
        ['B', commits(2, 2, 5)],
        ['C', starts(0, 0)],
        ['A', appends(3, 2, [2])],
        ['A', commits(2, 3, 2)],
        ['C', leads(1)],
      ],
    ],
  ])('%s', (_what, steps) => {
    expect(broken([...BEGIN, ...steps])).toEqual({});
  });

  it('by gaps of a sampled trace', () => {
    expect(broken([...BEGIN, ['B', { skip: 50 }], ['B', leads(3)]], true)).toEqual({});
    const verdicts = judge([...BEGIN, ['B', { skip: 50 }], ['B', leads(3)]], true).verdicts();
    expect(verdicts.find(({ invariant }) => invariant === 'leaderCompleteness')?.checked).toBe(2);
  });
});

it('what the trace does not tell of is unknown, and what holds says how often it was checked', () => {
  const unknown = judge([['A', { kind: 'paused' }]]).verdicts();
  expect(unknown.map(({ verdict }) => verdict)).toEqual(Array(6).fill('unknown'));
  const verdicts = judge(BEGIN).verdicts();
  expect(Object.fromEntries(verdicts.map(({ invariant, checked }) => [invariant, checked]))).toEqual({
    ...{ electionSafety: 1, oneVote: 0, logMatching: 2, leaderCompleteness: 0 },
    ...{ stateMachineSafety: 2, commitMonotonic: 2 },
  });
});

it('a violation names the events that make it', () => {
  const [verdict] = judge([...BEGIN, ['B', leads(2)]]).verdicts();
  const events = verdict?.violations[0]?.events.map(({ name, seq }) => [name, seq - RUN_LENGTH]);
  expect(events).toEqual([
    ['A', 2],
    ['B', 4],
  ]);
});

it('takes an event with whatever indexes in no time', () => {
  const far = Number.MAX_SAFE_INTEGER - 10;
  const steps: Step[] = [
    ...BEGIN,
    ['B', commits(0, far, 2)],
    ['C', appends(far, 2, [2, 2])],
    ['C', appends(1, 0, [2, 3])],
    ['C', commits(0, far, 3)],
  ];
  const { stateMachineSafety } = broken(steps);
  expect(stateMachineSafety).toEqual([expect.stringContaining('C has committed entry 2 of term 3')]);
});

describe.each([
  ['live', true],
  ['merged', false],
])('a long trace, %s', (_what, isSampled) => {
  const BLOCK = 1000;
  const BLOCKS = 400;
  const block = (number: number, salt = 0): TraceDetail =>
    appends(number * BLOCK + 1, 2, Array<number>(BLOCK).fill(2), salt);
  const long = Array.from({ length: BLOCKS }, (_, number): Step => ['A', block(number)]);

  it('the newest entries are compared', () => {
    expect(broken([...long, ['B', block(BLOCKS - 1)]], isSampled)).toEqual({});
    const { logMatching } = broken([...long, ['B', block(BLOCKS - 1, 7)]], isSampled);
    expect(logMatching).toContain('entries 399001 of term 2 at B and at A hold different commands');
  });

  it('the first are forgotten', () => {
    expect(broken([...long, ['B', block(0, 7)]], isSampled)).toEqual({});
  });

  it('who leads must have what was committed last', () => {
    const commit = commits((BLOCKS - 1) * BLOCK, BLOCKS * BLOCK, 2);
    const { leaderCompleteness } = broken(
      [['C', starts(0, 0)], ...long, ['A', commit], ['C', leads(3)]],
      isSampled,
    );
    expect(leaderCompleteness).toHaveLength(1);
  });
});
