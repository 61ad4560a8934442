import { describe, expect, it } from 'vitest';
import type { TraceDetail } from '../../src/trace/event.ts';
import { OperationTrace } from '../../src/trace/operations.ts';

const OK = { outcome: 'ok' };
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
}

describe('the trace of clients’ operations', () => {
  it('tells those of one task together, and what each took', async () => {
    const { operations, told } = new Scene();
    const [one, two] = ['a', 'b'].map((key) => operations.follow('read', key, nothing));
    expect(told).toEqual([]);
    await Promise.resolve();
    expect(told).toEqual([[1000, { kind: 'invoke', first: 1, f: 'read', keys: ['a', 'b'] }]]);
    two?.(OK);
    one?.(OK);
    await Promise.resolve();
    expect(told[1]?.[1]).toEqual({
      ...{ kind: 'result', operations: [2, 1], f: 'read', keys: ['b', 'a'], ms: [0, 0] },
      ...{ outcome: 'ok', reason: null },
    });
  });

  it('measures from the question to the answer, to the microsecond', async () => {
    const scene = new Scene();
    const answer = scene.operations.follow('put', 'k', nothing);
    await Promise.resolve();
    scene.time = 1001.250_4;
    answer(OK);
    scene.operations.settle();
    expect(scene.told[1]).toEqual([1001.250_4, expect.objectContaining({ ms: [1.25] })]);
  });

  it('hands the answer on', () => {
    const scene = new Scene();
    const answers: unknown[] = [];
    scene.operations.follow('read', null, (answer) => answers.push(answer))(OK);
    expect(answers).toEqual([OK]);
  });

  it('keeps apart what differs: the operation, the outcome, the reason', () => {
    const scene = new Scene();
    const { operations } = scene;
    const ends = ['read', 'put', 'put', 'put', 'put'].map((f) => operations.follow(f, 'k', nothing));
    const failed = { outcome: 'failed', reason: 'late' };
    for (const [at, end] of ends.entries())
      end(at < 3 ? OK : at === 3 ? failed : { ...failed, reason: 'lost' });
    operations.settle();
    expect(scene.kinds).toEqual(['invoke', 'invoke', 'result', 'result', 'result', 'result']);
    expect(scene.told.map(([, detail]) => ('keys' in detail ? detail.keys.length : 0))).toEqual([
      1, 4, 1, 2, 1, 1,
    ]);
  });

  it('tells so few together that a line of them stays short', () => {
    const scene = new Scene();
    const keys = [
      ...Array.from({ length: 100 }, (_, at) => `k${at}`),
      'x'.repeat(1000),
      'y'.repeat(1000),
      'z',
    ];
    const ends = keys.map((key) => scene.operations.follow('put', key, nothing));
    for (const end of ends) end(OK);
    scene.operations.settle();
    const sizes = [64, 36, 1, 1, 1];
    expect(scene.told.map(([, detail]) => ('keys' in detail ? detail.keys.length : 0))).toEqual([
      ...sizes,
      ...sizes,
    ]);
    const asked = scene.told.flatMap(([, detail]) => (detail.kind === 'invoke' ? [detail] : []));
    expect(asked.flatMap((detail) => detail.keys)).toEqual(keys);
    expect(asked.map(({ first }) => first)).toEqual([1, 65, 101, 102, 103]);
  });

  it('tells questions and answers in their order', () => {
    const scene = new Scene();
    const { operations } = scene;
    const first = operations.follow('put', 'a', nothing);
    first(OK);
    operations.follow('put', 'b', nothing)(OK);
    operations.settle();
    expect(scene.kinds).toEqual(['invoke', 'result', 'invoke', 'result']);
    expect(scene.told[2]?.[1]).toMatchObject({ first: 2, keys: ['b'] });
  });

  it('has nothing to tell of an answer that is none, nor when nothing came', () => {
    const scene = new Scene();
    const end = scene.operations.follow('wipe', null, nothing);
    scene.operations.settle();
    end({ outcome: 'refused' });
    scene.operations.settle();
    scene.operations.settle();
    expect(scene.told).toEqual([[1000, { kind: 'invoke', first: 1, f: 'wipe', keys: [''] }]]);
  });
});
