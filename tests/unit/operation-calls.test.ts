import { afterEach, describe, expect, it } from 'vitest';
import type { Instruction } from '../../src/api.ts';
import { OperationCalls } from '../../src/page/operation-calls.ts';
import type { OperationCall, OperationHandlers } from '../../src/worker/contract.ts';
import { serveOperations } from '../../src/worker/operation-port.ts';

const WRITTEN = { outcome: 'ok', index: 7, term: 2 } as const;
const set = (key: string): Instruction[] => [{ op: 'SET', key, val: 'v' }];

let calls: OperationCalls | null = null;
afterEach(() => calls?.close());

/** Both ends of one port; `messages`: how many calls came with each. */
function connected(handlers: Partial<OperationHandlers>): { calls: OperationCalls; messages: number[] } {
  const { port1, port2 } = new MessageChannel();
  const messages: number[] = [];
  serveOperations(port2, () => handlers as OperationHandlers);
  const { onmessage } = port2;
  port2.onmessage = (event: MessageEvent<readonly OperationCall[]>) => {
    messages.push(event.data.length);
    onmessage?.call(port2, event);
  };
  calls = new OperationCalls(port1);
  return { calls, messages };
}

describe('the port for operations', () => {
  it('carries what is called in one task as one message, and answers each', async () => {
    const { calls: port, messages } = connected({
      transact: (done, [instruction]) => done({ ...WRITTEN, index: Number(instruction?.key) }),
    });
    const answers = await Promise.all(
      [1, 2, 3].map((key) => port.call('transact', [set(String(key)), 1000, null], 1000)),
    );
    expect(answers).toEqual([1, 2, 3].map((index) => ({ ...WRITTEN, index })));
    expect(messages).toEqual([3]);
  });

  it('refuses what cannot be posted, and only that', async () => {
    const { calls: port } = connected({ transact: (done) => done(WRITTEN) });
    const odd = [{ ...set('odd')[0], note: () => undefined }] as unknown as Instruction[];
    const [before, refused, after] = await Promise.allSettled(
      [set('before'), odd, set('after')].map((one) => port.call('transact', [one, 1000, null], 1000)),
    );
    expect([before, after]).toEqual(Array(2).fill({ status: 'fulfilled', value: WRITTEN }));
    expect(refused).toMatchObject({ status: 'rejected', reason: { name: 'DataCloneError' } });
  });

  it('hands on a bug of the worker as an error of that call', async () => {
    const { calls: port } = connected({
      transact: () => {
        throw new Error('a bug');
      },
      read: (done) => done({ outcome: 'ok', states: {}, commitIndex: 1, lastIndex: 1 }),
    });
    const failing = port.call('transact', [set('key'), 1000, null], 1000);
    const read = port.call('read', [null, 'local', 1000], 1000);
    await expect(failing).rejects.toThrow('a bug');
    expect(await read).toMatchObject({ outcome: 'ok' });
  });

  it('answers whatever is under way as unknown once the node has ended', async () => {
    const { calls: port } = connected({ transact: () => undefined });
    const waiting = port.call('transact', [set('key'), 1000, null], 1000);
    port.close();
    expect(await waiting).toMatchObject({ outcome: 'unknown', code: 'not-running' });
  });
});
