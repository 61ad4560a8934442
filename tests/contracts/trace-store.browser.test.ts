import * as Comlink from 'comlink';
import { afterEach, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { traceStoreContract, type StoreUnderTest } from './trace-store-suite.ts';
import type { TraceStoreWorker } from './trace-store-worker.ts';

const FIRST = { last: 1, bytes: Uint8Array.of(1, 2, 3) };
const SECOND = { last: 7, bytes: Uint8Array.of(7) };

const workers: Worker[] = [];
afterEach(() => {
  for (const worker of workers.splice(0)) worker.terminate();
});

let nextNode = 0;
const freshNode = (): MemberId => {
  nextNode += 1;
  return `member-of-traces-${Date.now()}-${nextNode}` as MemberId;
};

function spawn(): { readonly worker: Worker; readonly store: Comlink.Remote<TraceStoreWorker> } {
  const worker = new Worker(new URL('./trace-store-worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return { worker, store: Comlink.wrap<TraceStoreWorker>(worker) };
}

async function open(node: MemberId, maxBytes: number): Promise<StoreUnderTest> {
  const { store } = spawn();
  await store.open(node, maxBytes);
  return store;
}

traceStoreContract('private file system', () => {
  const node = freshNode();
  return (maxBytes) => open(node, maxBytes);
});

it('what a killed worker has written is there at the next start, though it never closed its files', async () => {
  const node = freshNode();
  const { worker, store } = spawn();
  await store.open(node, 100_000);
  await store.append(FIRST);
  worker.terminate();
  const again = await open(node, 100_000);
  expect([await again.run(), await again.next(0)]).toEqual([2, FIRST]);
});

it('half a chunk at its end is cut off', async () => {
  const node = freshNode();
  const { store } = spawn();
  await store.open(node, 100_000);
  await store.append(FIRST);
  await store.close();
  await store.tear(node);
  await store.open(node, 100_000);
  await store.append(SECOND);
  expect(await store.next(0)).toEqual(FIRST);
  expect(await store.next(1)).toEqual(SECOND);
});

it('what a full disk does not take is not said to be stored', async () => {
  const node = freshNode();
  const { store } = spawn();
  await store.open(node, 100_000);
  await store.append(FIRST);
  await store.fillDisk();
  await expect(store.append(SECOND)).rejects.toThrow('no space left');
  expect([await store.next(0), await store.next(1)]).toEqual([FIRST, null]);
});

it('what cannot be opened is not held: it can be wiped, and begins anew', async () => {
  const node = freshNode();
  const { store } = spawn();
  await store.open(node, 100_000);
  await store.append(FIRST);
  await store.close();
  await store.damageHead(node);
  await expect(store.open(node, 100_000)).rejects.toThrow('its head is damaged');
  await store.wipe(node);
  await store.open(node, 100_000);
  expect([await store.run(), await store.next(0)]).toEqual([1, null]);
});

it('a wiped node’s trace is gone', async () => {
  const node = freshNode();
  const { store } = spawn();
  await store.open(node, 100_000);
  await store.append(FIRST);
  await store.close();
  await store.wipe(node);
  await store.wipe(node);
  await store.open(node, 100_000);
  expect([await store.run(), await store.next(0)]).toEqual([1, null]);
});
