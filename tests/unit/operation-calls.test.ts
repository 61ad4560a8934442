import { afterEach, describe, expect, it } from 'vitest';
import { decodeTransaction, encodeTransaction, type Instruction } from '../../src/core/kv/transaction.ts';
import { OperationCalls } from '../../src/page/operation-calls.ts';
import type { CallOf, OperationCall, OperationHandlers } from '../../src/worker/contract.ts';
import { serveOperations } from '../../src/worker/operation-port.ts';

const WRITTEN = { outcome: 'ok', index: 7, term: 2 } as const;
const set = (key: string): Instruction[] => [{ op: 'SET', key, val: 'v' }];
const transact = (key: string): CallOf<'transact'> => ({
  method: 'transact',
  command: encodeTransaction(set(key)),
  session: null,
});
const readAll: CallOf<'read'> = { method: 'read', keys: null, consistency: 'local' };

let calls: OperationCalls | null = null;
afterEach(() => calls?.close());

/** Both ends of one port; `messages`: how many have come. */
function connected(handlers: Partial<OperationHandlers>): {
  calls: OperationCalls;
  messages: { count: number };
} {
  const { port1, port2 } = new MessageChannel();
  const messages = { count: 0 };
  serveOperations(port2, () => handlers as OperationHandlers);
  const { onmessage } = port2;
  port2.onmessage = (event: MessageEvent<Uint8Array>) => {
    messages.count += 1;
    onmessage?.call(port2, event);
  };
  calls = new OperationCalls(port1);
  return { calls, messages };
}

describe('the port for operations', () => {
  it('carries what is called in one task as one message, and answers each', async () => {
    const { calls: port, messages } = connected({
      transact: (done, { command }) =>
        done({ ...WRITTEN, index: Number(decodeTransaction(command)[0]?.key) }),
    });
    const answers = await Promise.all([1, 2, 3].map((key) => port.call(transact(String(key)), 1000)));
    expect(answers).toEqual([1, 2, 3].map((index) => ({ ...WRITTEN, index })));
    expect(messages.count).toBe(1);
    await port.call(transact('4'), 1000);
    expect(messages.count).toBe(2);
  });

  it('hands over every call as it was made, and every answer as it was given', async () => {
    const taken: { call: OperationCall; timeoutMs: number }[] = [];
    const take =
      <R>(answer: R) =>
      (done: (result: R) => void, call: OperationCall, timeoutMs: number): void => {
        taken.push({ call, timeoutMs });
        done(answer);
      };
    const states = { ['__proto__']: 'own', 'schlüssel-🔑': 'x'.repeat(70_000), gone: null };
    const failed = { outcome: 'failed', code: 'no-leader', reason: 'Keiner da: „niemand“' } as const;
    const unknown = { outcome: 'unknown', code: 'timed-out', reason: '' } as const;
    const { calls: port } = connected({
      read: take({ outcome: 'ok', states, commitIndex: 2 ** 40, lastIndex: 2 ** 40 + 1 }),
      transact: take(failed),
      readRegister: take({ outcome: 'ok', value: null }),
      writeRegister: take(unknown),
    });
    const asked: OperationCall[] = [
      { method: 'read', keys: ['a', 'ü', '', 'z'.repeat(300)], consistency: 'linearizable' },
      readAll,
      { ...transact('key'), session: { id: 2 ** 33, sequence: 9, lowestPending: 3 } },
      transact('key'),
      { method: 'readRegister', key: 'register' },
      { method: 'writeRegister', key: 'register', value: 'y'.repeat(300) },
      { method: 'writeRegister', key: 'register', value: null },
    ];
    const answers = await Promise.all(asked.map((call) => port.call(call, 0.25)));
    expect(taken.map(({ call }) => call)).toEqual(asked);
    // In whole milliseconds, and none of them is given up before its time.
    expect(new Set(taken.map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([1]));
    const read = { outcome: 'ok', states, commitIndex: 2 ** 40, lastIndex: 2 ** 40 + 1 };
    const value = { outcome: 'ok', value: null };
    expect(answers).toEqual([read, read, failed, failed, value, unknown, unknown]);
  });

  it('refuses what cannot be written, and only that', async () => {
    const { calls: port } = connected({ transact: (done) => done(WRITTEN) });
    const odd = { method: 'read', keys: new Set(['a']), consistency: 'local' } as unknown as CallOf<'read'>;
    const [before, refused, after] = await Promise.allSettled(
      [transact('before'), odd, transact('after')].map((call) => port.call(call, 1000)),
    );
    expect([before, after]).toEqual(Array(2).fill({ status: 'fulfilled', value: WRITTEN }));
    expect(refused).toMatchObject({ status: 'rejected' });
    // Also where it is the first of its message.
    const [alone, next] = await Promise.allSettled(
      [odd, transact('next')].map((call) => port.call(call, 1000)),
    );
    expect([alone?.status, next?.status]).toEqual(['rejected', 'fulfilled']);
  });

  it('tells of an answer that cannot be written, and of no other', async () => {
    const { calls: port } = connected({
      transact: (done) => done(WRITTEN),
      readRegister: (done) => done({ outcome: 'ok', value: 7 as unknown as string }),
    });
    const [bad, good] = await Promise.allSettled([
      port.call({ method: 'readRegister', key: 'k' }, 1000),
      port.call(transact('k'), 1000),
    ]);
    expect(bad.status).toBe('rejected');
    expect(good).toEqual({ status: 'fulfilled', value: WRITTEN });
  });

  it('hands on a bug of the worker as an error of that call', async () => {
    const { calls: port } = connected({
      transact: () => {
        throw new Error('a bug');
      },
      read: (done) => done({ outcome: 'ok', states: {}, commitIndex: 1, lastIndex: 1 }),
    });
    const failing = port.call(transact('key'), 1000);
    const read = port.call(readAll, 1000);
    await expect(failing).rejects.toThrow('a bug');
    expect(await read).toMatchObject({ outcome: 'ok' });
  });

  it('answers whatever is under way as unknown once the node has ended', async () => {
    const { calls: port } = connected({ transact: () => undefined });
    const waiting = port.call(transact('key'), 1000);
    port.close();
    expect(await waiting).toMatchObject({ outcome: 'unknown', code: 'not-running' });
  });
});
