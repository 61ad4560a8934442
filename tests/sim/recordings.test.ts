import { describe, expect, it } from 'vitest';
import { TraceInvariants, type TraceInvariant } from '../../src/check/trace-invariants.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { TraceEvent } from '../../src/trace/event.ts';
import { parseTrace } from '../../src/trace/lines.ts';
import { mergeByCausality } from '../../src/trace/merge.ts';
import { findMutant } from '../../src/sim/mutants.ts';
import { run, type RunOptions, type RunResult } from '../../src/sim/run.ts';
import { SimTraces } from '../../src/sim/traces.ts';
import { nameOf } from '../../src/sim/world.ts';
import { parseRecording, Replay } from '../../src/trace/replay.ts';

const PATIENCE = { timeout: 600_000 };

interface Recorded {
  readonly result: RunResult;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

async function record(options: Partial<RunOptions> & { seed: number }): Promise<Recorded> {
  const traces = new SimTraces(nameOf);
  const result = await run({ nodes: null, algorithm: 'raft', mutant: null, traces, ...options });
  return { result, files: traces.files() };
}

/** The steps of a recording, and the numbers of those whose replay gave something else. */
function replay(text: string): { steps: number; others: number[] } {
  const parsed = parseRecording(text);
  if (!parsed.ok) throw new Error(`line ${parsed.line}: ${parsed.reason}`);
  const replaying = new Replay(parsed.recording);
  const others: number[] = [];
  for (let step = replaying.next(); step !== null; step = replaying.next())
    if (!step.isSame) others.push(step.number);
  return { steps: replaying.total, others };
}

/** The promises that the merged trace breaks. */
function brokenIn(files: Recorded['files']): TraceInvariant[] {
  const streams = new Map<MemberId, Iterator<TraceEvent>>();
  for (const { name, text } of files) {
    if (!name.endsWith('.trace.jsonl')) continue;
    const { events, problem } = parseTrace(text);
    if (problem !== null) throw new Error(`${name}: ${problem}`);
    const [first] = events;
    if (first !== undefined) streams.set(first.node, events.values());
  }
  const invariants = new TraceInvariants();
  const order = mergeByCausality(streams, {
    timeOf: ({ time }) => time,
    onContradiction: ({ node, seq }) => {
      throw new Error(`the clocks contradict each other at ${node} ${seq}`);
    },
  });
  for (const event of order) invariants.feed(event);
  return invariants
    .verdicts()
    .flatMap(({ invariant, verdict }) => (verdict === 'violated' ? [invariant] : []));
}

/** Of a sweep that begins with seed `from`, the first seed whose trace breaks a promise, and which; null: none does. */
async function firstBroken(mutant: string, from: number, seeds: number): Promise<TraceInvariant[] | null> {
  for (let seed = from; seed < from + seeds; seed += 1) {
    const { files } = await record({ seed, mutant: findMutant(mutant) });
    const broken = brokenIn(files);
    if (broken.length > 0) return broken;
  }
  return null;
}

describe('what simulated nodes record', () => {
  it('breaks no promise where there is no bug', PATIENCE, async () => {
    for (let seed = 21; seed <= 36; seed += 1) expect(brokenIn((await record({ seed })).files)).toEqual([]);
  });

  it.each<[string, TraceInvariant, number]>([
    ['forgets-vote', 'oneVote', 1],
    ['length-before-term', 'leaderCompleteness', 61],
    ['keeps-tail', 'logMatching', 1],
    ['commit-index-assigned', 'commitMonotonic', 1],
  ])('breaks the promise that a known bug breaks: %s, %s', PATIENCE, async (mutant, invariant, from) => {
    expect(await firstBroken(mutant, from, 60)).toContain(invariant);
  });

  it.each(['raft', 'abd'] as const)('replays to the same effects (%s)', PATIENCE, async (algorithm) => {
    for (const seed of [11, 12, 13]) {
      const { files } = await record({ seed, algorithm });
      const recordings = files.filter(({ name }) => name.includes('.recording.'));
      expect(recordings.length).toBeGreaterThan(2);
      for (const { text } of recordings) {
        const { steps, others } = replay(text);
        expect(others).toEqual([]);
        expect(steps).toBeGreaterThan(0);
      }
    }
  });

  it('replays otherwise where a node had a known bug', PATIENCE, async () => {
    const mutant = findMutant('forgets-vote');
    expect(mutant).not.toBeNull();
    const { files } = await record({ seed: 3, mutant });
    const others = files
      .filter(({ name }) => name.includes('.recording.'))
      .flatMap(({ text }) => replay(text).others);
    expect(others.length).toBeGreaterThan(0);
  });

  it('changes nothing of the run', PATIENCE, async () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const options = { seed, nodes: null, algorithm: 'raft', mutant: null } as const;
      expect((await record({ seed })).result.hash).toBe((await run(options)).hash);
    }
  });
});
