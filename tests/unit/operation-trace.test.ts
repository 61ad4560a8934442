import { describe, expect, it } from 'vitest';
import { encodeTransaction } from '../../src/core/kv/transaction.ts';
import type { TraceDetail } from '../../src/trace/event.ts';
import { OperationTrace } from '../../src/trace/operations.ts';

const OK = { outcome: 'ok' };
const asIs = (answer: { outcome: string; reason?: string }): typeof answer => answer;
const nothing = (): void => undefined;

class Scene {
  time = 1000;
  readonly told: [number, TraceDetail][] = [];
  readonly operations = new OperationTrace(
    () => this.time,
    (time, detail) => this.told.push([time, detail]),
  );

  get kinds(): string[] {
    return this.told.map(([, { kind }]) => kind);
  }

  /** Operations in each event. */
  get sizes(): number[] {
    return this.told.map(([, detail]) => ('operations' in detail ? detail.operations : 0));
  }
}

describe('the trace of clients’ operations', () => {
  it('tells those of one task together, and what each took', async () => {
    const { operations, told } = new Scene();
    const ends = ['a', 'b'].map((key) => operations.follow('read', key, asIs, nothing));
    expect(told).toEqual([]);
    await Promise.resolve();
    const both = { first: 1, operations: 2, f: 'read', keys: ['a', 'b'] };
    expect(told).toEqual([[1000, { kind: 'invoke', ...both }]]);
    for (const end of ends) end(OK);
    await Promise.resolve();
    expect(told[1]?.[1]).toEqual({
      ...{ kind: 'result', ...both, leastMs: 0, mostMs: 0 },
      ...{ outcome: 'ok', reason: null },
    });
  });

  it('measures from the question to the answer, to the microsecond: the quickest and the slowest', () => {
    const scene = new Scene();
    const ends = [1000, 1000.5, 1001].map((time) => {
      scene.time = time;
      scene.operations.settle();
      return scene.operations.follow('put', 'k', asIs, nothing);
    });
    scene.operations.settle();
    scene.time = 1001.250_4;
    for (const end of ends) end(OK);
    scene.operations.settle();
    const took = { operations: 3, leastMs: 0.25, mostMs: 1.25 };
    expect(scene.told.at(-1)).toEqual([1001.250_4, expect.objectContaining(took)]);
  });

  it('tells apart what is answered out of turn', () => {
    const scene = new Scene();
    const ends = ['a', 'b', 'c'].map((key) => scene.operations.follow('put', key, asIs, nothing));
    for (const at of [1, 2, 0]) ends[at]?.(OK);
    scene.operations.settle();
    expect(scene.told.slice(1).map(([, detail]) => detail)).toMatchObject([
      { kind: 'result', first: 2, operations: 2, keys: ['b', 'c'] },
      { kind: 'result', first: 1, operations: 1, keys: ['a'] },
    ]);
  });

  it('hands the answer on', () => {
    const scene = new Scene();
    const answers: unknown[] = [];
    scene.operations.follow('read', null, asIs, (answer) => answers.push(answer))(OK);
    expect(answers).toEqual([OK]);
  });

  it('keeps apart what differs: the operation, the outcome, the reason', () => {
    const scene = new Scene();
    const { operations } = scene;
    const ends = ['read', 'put', 'put', 'put', 'put'].map((f) => operations.follow(f, 'k', asIs, nothing));
    const failed = { outcome: 'failed', reason: 'late' };
    for (const [at, end] of ends.entries())
      end(at < 3 ? OK : at === 3 ? failed : { ...failed, reason: 'lost' });
    operations.settle();
    expect(scene.kinds).toEqual(['invoke', 'invoke', 'result', 'result', 'result', 'result']);
    expect(scene.sizes).toEqual([1, 4, 1, 2, 1, 1]);
  });

  it('names the first few keys, so that a line stays short', () => {
    const named = (keys: (string | null)[]): [number, readonly string[]][] => {
      const scene = new Scene();
      const ends = keys.map((key) => scene.operations.follow('put', key, asIs, nothing));
      for (const end of ends) end(OK);
      scene.operations.settle();
      const told = scene.told.flatMap(([, detail]): [number, readonly string[]][] =>
        'operations' in detail ? [[detail.operations, detail.keys]] : [],
      );
      expect(told[1]).toEqual(told[0]);
      return told.slice(0, 1);
    };
    const [long, short] = ['x'.repeat(65), 'y'.repeat(64)];
    expect(named(Array.from('abcdefgh'))).toEqual([[8, Array.from('abcde')]]);
    expect(named([long, short, long, 'a'])).toEqual([[4, [long, short, 'a']]]);
    expect(named([null, 'a', null])).toEqual([[3, ['a']]]);
  });

  it('looks for no more keys than it names', () => {
    const scene = new Scene();
    const put = (key: string): Uint8Array => encodeTransaction([{ op: 'SET', key, val: 'v' }]);
    const unreadable = Uint8Array.of(1);
    const commands = [...['k0', 'k1', 'k2', 'k3', 'k4'].map(put), ...Array<Uint8Array>(95).fill(unreadable)];
    const ends = commands.map((command) => scene.operations.follow('transact', command, asIs, nothing));
    for (const end of ends) end(OK);
    scene.operations.settle();
    expect(() => scene.operations.follow('transact', unreadable, asIs, nothing)).toThrow('ends too early');
    expect(scene.told.map(([, detail]) => 'keys' in detail && detail.keys)).toEqual([
      ['k0', 'k1', 'k2', 'k3', 'k4'],
      ['k0', 'k1', 'k2', 'k3', 'k4'],
    ]);
  });

  it('tells questions and answers in their order', () => {
    const scene = new Scene();
    const { operations } = scene;
    const first = operations.follow('put', 'a', asIs, nothing);
    first(OK);
    operations.follow('put', 'b', asIs, nothing)(OK);
    operations.settle();
    expect(scene.kinds).toEqual(['invoke', 'result', 'invoke', 'result']);
    expect(scene.told[2]?.[1]).toMatchObject({ first: 2, keys: ['b'] });
  });

  it('has nothing to tell of an answer that is none, nor when nothing came', () => {
    const scene = new Scene();
    const end = scene.operations.follow('wipe', null, asIs, nothing);
    scene.operations.settle();
    end({ outcome: 'refused' });
    scene.operations.settle();
    scene.operations.settle();
    expect(scene.told).toEqual([[1000, { kind: 'invoke', first: 1, operations: 1, f: 'wipe', keys: [] }]]);
  });
});
