import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { raftImage, raftOf } from '../../src/core/raft/image.ts';
import { RULES } from '../../src/core/raft/rules.ts';
import { fromJson, toJson } from '../../src/trace/plain.ts';
import { RECORDING_VERSION } from '../../src/trace/recording.ts';
import { parseRecording, Replay, type ParsedRecording } from '../../src/trace/replay.ts';

/** What nodes of real clusters were fed. Whatever is dropped into this folder is a test from then on. */
const FILES = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.recording.jsonl'));

function read(file: string): ParsedRecording {
  const parsed = parseRecording(readFileSync(join(import.meta.dirname, file), 'utf8'));
  if (!parsed.ok) throw new Error(`${file}:${parsed.line}: ${parsed.reason}`);
  return parsed.recording;
}

it.each(FILES)('%s replays to the same effects', (file) => {
  const replay = new Replay(read(file));
  for (let step = replay.next(); step !== null; step = replay.next())
    expect([step.number, step.isSame]).toEqual([step.number, true]);
  expect(replay.total).toBeGreaterThan(100);
});

describe('a recording', () => {
  const [file = ''] = FILES;

  it('goes on from a state in the middle of it as if it had never stopped', () => {
    const replay = new Replay(read(file));
    for (let step = 0; step < replay.total / 2; step += 1) replay.next();
    const { raft } = replay.state();
    const again = raftImage(raftOf(fromJson(toJson(raft)) as typeof raft, RULES));
    expect(again).toEqual(raft);
  });

  it('of which an input is changed gives other effects from there on', () => {
    const recording = read(file);
    const at = recording.steps.findIndex(({ core, inputs }) =>
      inputs.some((input) => core === 'raft' && (input as { type: string }).type === 'message'),
    );
    const steps = recording.steps.filter((_, place) => place !== at);
    const replay = new Replay({ ...recording, steps });
    let others = 0;
    for (let step = replay.next(); step !== null; step = replay.next()) if (!step.isSame) others += 1;
    expect(others).toBeGreaterThan(0);
  });

  const lines = (): string[] => readFileSync(join(import.meta.dirname, file), 'utf8').split('\n');
  it.each<[string, number, (all: string[]) => string[]]>([
    ['it ends before the states of its cores', 1, () => ['']],
    ['it is neither the head of a recording, nor a state, nor a step, nor a rest', 1, () => ['nonsense']],
    ['a recording has one head, at its begin', 1, (all) => all.slice(1)],
    ['a recording has one head, at its begin', 3, (all) => [...all.slice(0, 2), ...all.slice(0, 1)]],
    [
      `only recordings of version ${RECORDING_VERSION} can be replayed here; others by the release that made them`,
      1,
      ([head = '']) => [head.replace(`"version":${RECORDING_VERSION}`, '"version":1')],
    ],
    ['it ends before the states of its cores', 1, (all) => all.slice(0, 1)],
  ])('that is damaged is refused: %s (line %i)', (reason, line, damage) => {
    expect(parseRecording(damage(lines()).join('\n'))).toEqual({ ok: false, line, reason });
  });
});
