import { describe, expect, it } from 'vitest';
import { fromJson } from '../../src/trace/plain.ts';
import type { Input } from '../../src/core/raft/interface.ts';
import { step } from '../../src/core/raft/raft.ts';
import type { Raft } from '../../src/core/raft/state.ts';
import { Recording } from '../../src/trace/recording.ts';
import { parseRecording, Replay, type ParsedRecording } from '../../src/trace/replay.ts';
import { CoreCluster } from '../support/core-cluster.ts';

const BEGIN = 1_000_000;
/** Half of it is for Raft, in two segments of 16 KiB; ten seconds of 3.2 KiB a second fill it. */
const MAX_BYTES = 64 * 1024;

class Scene {
  time = BEGIN;
  readonly raft: Raft = CoreCluster.of('A').raft('A');
  readonly recording = new Recording(this.raft, null, MAX_BYTES, this.time);
  #request = 0;

  /** A request of one kibibyte every so often. */
  ask(count: number, periodMs: number): void {
    for (let left = count; left > 0; left -= 1) {
      this.time += periodMs;
      this.#request += 1;
      const operation = { kind: 'command', command: new Uint8Array(1024), repeatable: false } as const;
      const inputs: Input[] = [{ type: 'request', request: this.#request, operation }];
      this.recording.onRaftStep(inputs, step(this.raft, inputs), this.time, 0);
    }
  }

  /** What it says of its end, by when that was since the begin. */
  rests(): { core: string; since: number }[] {
    return this.#parsed().rests.map(({ core, since }) => ({ core, since: since - BEGIN }));
  }

  /** When its first step and its last were, since the begin; all of them must replay. */
  replay(): [number, number] {
    const replay = new Replay(this.#parsed());
    const times: number[] = [];
    for (let next = replay.next(); next !== null; next = replay.next()) {
      expect(next.isSame).toBe(true);
      times.push(next.recorded.time - BEGIN);
    }
    return [times[0] ?? Number.NaN, times.at(-1) ?? Number.NaN];
  }

  #parsed(): ParsedRecording {
    const parsed = parseRecording(this.recording.export('A'));
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.recording;
  }
}

describe('a recording', () => {
  it('has the newest of what comes slowly', () => {
    const scene = new Scene();
    scene.ask(100, 500);
    const [first, last] = scene.replay();
    expect(last).toBe(50_000);
    expect(first).toBeGreaterThan(500);
    expect(last - first).toBeGreaterThan(5000);
    expect(scene.rests()).toEqual([]);
  });

  it('rests where there would be room for less than ten seconds, and keeps what it has', () => {
    const scene = new Scene();
    scene.ask(1000, 10);
    const [first, last] = scene.replay();
    expect(first).toBe(10);
    expect(last).toBeGreaterThan(100);
    expect(last).toBeLessThan(200);
  });

  it('goes on resting for as long as they come so fast', () => {
    const scene = new Scene();
    scene.ask(3000, 10);
    const [first, last] = scene.replay();
    expect(first).toBe(10);
    expect(last).toBeLessThan(200);
    // However long ago: it has not tried again since.
    expect(scene.rests()).toEqual([{ core: 'raft', since: last }]);
  });

  it('goes on with the first that comes after a long silence', () => {
    const scene = new Scene();
    scene.ask(1000, 10);
    expect(scene.rests()).toHaveLength(1);
    scene.ask(1, 600_000);
    expect(scene.rests()).toEqual([]);
  });

  it('goes on once they come slowly enough, from the state of that moment on', () => {
    const scene = new Scene();
    scene.ask(1000, 10);
    scene.ask(30, 500);
    const [first, last] = scene.replay();
    expect(first).toBeGreaterThan(10_000);
    expect(first).toBeLessThan(22_000);
    expect(last).toBe(25_000);
    expect(scene.rests()).toEqual([]);
  });
});

it('what no recording can hold is refused, and not read in part', () => {
  for (const text of ['{"$map":[1]}', '{"$bytes":"?"}', '{"$integers":[[1]', '{"$integers":[3]}'])
    expect(() => fromJson(text), text).toThrow(SyntaxError);
});
