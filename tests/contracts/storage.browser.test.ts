import { openDB } from 'idb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  DATABASE_VERSION,
  databaseName,
  deleteStoredMember,
  listStoredMembers,
  openIndexedDbStorage,
} from '../../src/storage/indexeddb.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage, StorageError, StoreIdentity } from '../../src/storage/storage.ts';
import { batch, command, entries, snapshotAt, storageContract } from './storage-suite.ts';

let nextStore = 1;
const CLUSTER = 'cluster-of-tests';

function newIdentity(): StoreIdentity {
  const memberId = `member-${String(nextStore).padStart(9, '0')}`;
  nextStore += 1;
  return { clusterId: CLUSTER, memberId };
}

const unexpected = (error: StorageError): void => {
  throw error;
};

async function open(identity: StoreIdentity, onLost = unexpected): Promise<Storage> {
  return openIndexedDbStorage(identity, onLost);
}

async function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('no reason'));
  });
}

/** The stored runs, by a connection of their own and without the code under test. */
async function withRuns<T>(
  identity: StoreIdentity,
  use: (runs: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  return withRecords(identity, 'log', use);
}

async function withRecords<T>(
  identity: StoreIdentity,
  name: string,
  use: (records: IDBObjectStore) => IDBRequest<T>,
): Promise<T> {
  const db = await result(indexedDB.open(databaseName(identity)));
  const found = await result(use(db.transaction(name, 'readwrite').objectStore(name)));
  db.close();
  return found;
}

interface StoredSnapshot {
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

/** Has `act` called for every record that is put, with the put that it stands in for. */
function onPut(
  act: (store: IDBObjectStore, put: () => IDBRequest<IDBValidKey>) => IDBRequest<IDBValidKey>,
): void {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called with its store below
  const original = IDBObjectStore.prototype.put;
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (this: IDBObjectStore, ...args) {
    return act(this, () => original.apply(this, args));
  });
}

storageContract('memory', () => Promise.resolve({ storage: new MemoryStorage(), reopen: null }));

storageContract('IndexedDB', async () => {
  const identity = newIdentity();
  return { storage: await open(identity), reopen: () => open(identity) };
});

describe('IndexedDB storage', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('passes strict durability with every transaction that writes', async () => {
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    const storage = await open(newIdentity());
    await storage.load();
    await storage.write(batch({ entries: entries(1, 3) }));
    await storage.write(batch({ truncateFrom: 2 }));
    const writing = transaction.mock.calls.filter(([, mode]) => mode === 'readwrite');
    expect(writing).toHaveLength(2);
    for (const [, , options] of writing) expect(options).toEqual({ durability: 'strict' });
    await storage.close();
  });

  it('stores a run of entries as one record, and rewrites at most one on truncation', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    const put = vi.spyOn(IDBObjectStore.prototype, 'put');
    await storage.write(batch({ entries: entries(1, 100) }));
    await storage.write(batch({ entries: entries(101, 200) }));
    await storage.write(batch({ entries: entries(201, 300) }));
    expect(put).toHaveBeenCalledTimes(3);
    await storage.write(batch({ truncateFrom: 150 }));
    expect(put).toHaveBeenCalledTimes(4);
    await storage.write(batch({ truncateFrom: 101 }));
    expect(put).toHaveBeenCalledTimes(4);
    await storage.close();
    expect(await withRuns(identity, (runs) => runs.getAllKeys())).toEqual([1]);
  });

  it('refuses a database that a newer version has written', async () => {
    const identity = newIdentity();
    (await openDB(databaseName(identity), 999)).close();
    await expect(open(identity)).rejects.toMatchObject({
      kind: 'newer-version',
      message: expect.stringContaining('newer version of tabraft') as string,
    });
  });

  it('tells at once when the database is taken away, and is dead from then on', async () => {
    const identity = newIdentity();
    const lost: StorageError[] = [];
    const storage = await open(identity, (error) => lost.push(error));
    await storage.load();
    await deleteStoredMember(identity);
    await vi.waitFor(() => expect(lost).toHaveLength(1));
    expect(lost[0]?.kind).toBe('lost');
    await expect(storage.write(batch({ entries: entries(1, 1) }))).rejects.toMatchObject({ kind: 'lost' });
  });

  it('is dead after a write that found no space', async () => {
    const storage = await open(newIdentity());
    await storage.load();
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw new DOMException('full', 'QuotaExceededError');
    });
    await expect(storage.write(batch({ entries: entries(1, 1) }))).rejects.toMatchObject({ kind: 'quota' });
    await expect(storage.write(batch({ entries: entries(1, 1) }))).rejects.toMatchObject({ kind: 'quota' });
    await storage.close();
  });

  it.each([
    ['aborts the transaction while requests wait', 'pending'],
    ['aborts the transaction when it is to be made durable', 'commit'],
  ])('says that there is no space where the browser %s', async (_, when) => {
    const storage = await open(newIdentity());
    await storage.load();
    // What Chromium does when the disk is full; nothing but the transaction knows the reason.
    const full = new DOMException('full', 'QuotaExceededError');
    onPut(({ transaction }, put) => {
      Object.defineProperty(transaction, 'error', { get: () => full });
      const request = put();
      if (when === 'pending') transaction.abort();
      else {
        // It is asked to, finds no room, and aborts instead.
        transaction.commit = () => undefined;
        request.addEventListener('success', () => transaction.abort());
      }
      return request;
    });
    await expect(storage.write(batch({ entries: entries(1, 1) }))).rejects.toMatchObject({ kind: 'quota' });
    await expect(storage.load()).rejects.toMatchObject({ kind: 'quota' });
    await storage.close();
  });

  it('writes nothing of a batch whose last request cannot be made', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    await storage.write(batch({ entries: entries(1, 3) }));
    await storage.write(batch({ entries: entries(4, 6) }));
    onPut((store, put) => {
      if (store.name === 'state') throw new DOMException('full', 'QuotaExceededError');
      return put();
    });
    const hardState = { term: 9, votedFor: null, commitIndex: 0 };
    const write = storage.write(batch({ hardState, truncateFrom: 2, entries: [command(2, 9)] }));
    await expect(write).rejects.toMatchObject({ kind: 'quota' });
    await storage.close();
    vi.restoreAllMocks();
    const again = await open(identity);
    expect(await again.load()).toEqual({ hardState: null, snapshot: null, entries: entries(1, 6) });
    await again.close();
  });

  it('truncates nothing where the run that it is to cut has gone', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    for (const from of [1, 4, 7]) await storage.write(batch({ entries: entries(from, from + 2) }));
    await withRuns(identity, (runs) => runs.delete(4));
    await expect(storage.write(batch({ truncateFrom: 5 }))).rejects.toMatchObject({ kind: 'corrupt' });
    await storage.close();
    expect(await withRuns(identity, (runs) => runs.getAllKeys())).toEqual([1, 7]);
  });

  it('writes nothing of a batch that is aborted', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    await storage.write(batch({ entries: entries(1, 2) }));
    onPut((store, put) => {
      const request = put();
      if (store.name === 'state') store.transaction.abort();
      return request;
    });
    const hardState = { term: 9, votedFor: null, commitIndex: 0 };
    const write = storage.write(batch({ hardState, truncateFrom: 2, entries: [command(2, 9)] }));
    await expect(write).rejects.toMatchObject({ kind: 'io' });
    await storage.close();
    vi.restoreAllMocks();
    const again = await open(identity);
    expect(await again.load()).toEqual({ hardState: null, snapshot: null, entries: entries(1, 2) });
    await again.close();
  });

  it.each([
    [
      'damaged bytes',
      (runs: IDBObjectStore) => runs.put({ first: 4, last: 6, bytes: new Uint8Array([1, 2, 3]) }, 4),
    ],
    ['a missing run', (runs: IDBObjectStore) => runs.delete(4)],
    [
      'a run that is not what it says',
      (runs: IDBObjectStore) => runs.put({ first: 4, last: 6, bytes: new Uint8Array([0, 0]) }, 4),
    ],
  ])('finds %s', async (_, damage) => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    for (const from of [1, 4, 7]) await storage.write(batch({ entries: entries(from, from + 2) }));
    await storage.close();
    await withRuns(identity, damage as (runs: IDBObjectStore) => IDBRequest<unknown>);
    const again = await open(identity);
    await expect(again.load()).rejects.toMatchObject({ kind: 'corrupt' });
    await again.close();
  });

  it('lets go of a database that turned out to be damaged, so that it can be wiped', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    await storage.write(batch({ entries: entries(1, 3) }));
    await withRuns(identity, (runs) => runs.put({ first: 1, last: 3, bytes: new Uint8Array([1]) }, 1));
    await expect(storage.load()).rejects.toMatchObject({ kind: 'corrupt' });
    await deleteStoredMember(identity);
    expect(await listStoredMembers(CLUSTER)).not.toContain(identity.memberId);
    await expect(storage.load()).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it.each([
    [
      'data that is another’s',
      ({ metadata, data }: StoredSnapshot) => ({ metadata, data: data.map((b) => b ^ 1) }),
    ],
    ['data that is cut', ({ metadata, data }: StoredSnapshot) => ({ metadata, data: data.slice(1) })],
    ['metadata that is cut', ({ metadata, data }: StoredSnapshot) => ({ metadata: metadata.slice(1), data })],
  ])('refuses a snapshot with %s', async (_, damaged) => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    await storage.write(batch({ entries: entries(1, 6) }));
    await storage.write(batch({ snapshot: snapshotAt(5) }));
    await storage.close();
    const stored = (await withRecords(identity, 'snapshot', (all) => all.get('snapshot'))) as StoredSnapshot;
    await withRecords(identity, 'snapshot', (all) => all.put(damaged(stored), 'snapshot'));
    const again = await open(identity);
    await expect(again.load()).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining('its snapshot does not parse') as string,
    });
    await again.close();
  });

  it.each([
    ['the snapshot is missing behind which the log begins', 'snapshot', 'snapshot'],
    ['the first entry behind the snapshot is missing', 'log', IDBKeyRange.upperBound(7)],
    ['the log ends before the snapshot does', 'log', IDBKeyRange.lowerBound(7)],
  ])('finds that %s', async (_, name, key) => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    for (const from of [1, 4, 7, 10]) await storage.write(batch({ entries: entries(from, from + 2) }));
    await storage.write(batch({ snapshot: snapshotAt(8), compactTo: 3 }));
    await storage.close();
    await withRecords(identity, name, (records) => records.delete(key));
    const again = await open(identity);
    await expect(again.load()).rejects.toMatchObject({ kind: 'corrupt' });
    await again.close();
  });

  it('writes nothing of a batch that installs a snapshot and is aborted', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    await storage.write(batch({ entries: entries(1, 3) }));
    onPut((store, put) => {
      const request = put();
      if (store.name === 'snapshot') store.transaction.abort();
      return request;
    });
    const install = batch({ truncateFrom: 1, snapshot: snapshotAt(9), entries: entries(10, 11) });
    await expect(storage.write(install)).rejects.toMatchObject({ kind: 'io' });
    await storage.close();
    vi.restoreAllMocks();
    const again = await open(identity);
    expect(await again.load()).toEqual({ hardState: null, snapshot: null, entries: entries(1, 3) });
    await again.close();
  });

  it('holds a bounded number of runs, however long the log has grown', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    await storage.load();
    const [total, every, retained] = [5000, 500, 100];
    const counts: number[] = [];
    for (let index = 1; index <= total; index += 1) {
      const isDue = index % every === 0;
      const compaction = isDue ? { snapshot: snapshotAt(index), compactTo: index - retained } : {};
      // Nobody waits for each: the core writes as fast as that too.
      const write = storage.write(batch({ entries: [command(index, 1)], ...compaction }));
      if (!isDue) continue;
      await write;
      counts.push(await withRuns(identity, (runs) => runs.count()));
    }
    expect(counts).toEqual(Array<number>(total / every).fill(retained));
    await storage.close();
    const again = await open(identity);
    const state = await again.load();
    expect(state).toEqual({
      hardState: null,
      snapshot: snapshotAt(total),
      entries: entries(total - retained + 1, total),
    });
    await again.write(batch({ snapshot: snapshotAt(total), compactTo: total }));
    await again.close();
    expect(await withRuns(identity, (runs) => runs.count())).toBe(0);
    expect(await withRecords(identity, 'snapshot', (all) => all.count())).toBe(1);
  }, 60_000);

  it('refuses a database that version 1 has written, and leaves it as it is', async () => {
    const identity = newIdentity();
    const db = await openDB(databaseName(identity), 1, {
      upgrade(created) {
        for (const name of ['identity', 'state', 'log']) created.createObjectStore(name);
      },
    });
    await db.put('identity', { ...identity, createdAt: 0 }, 'identity');
    db.close();
    await expect(open(identity)).rejects.toMatchObject({
      kind: 'older-version',
      message:
        'This tab’s storage was written by an earlier version of tabraft, which this one cannot read. Wipe the storage to rejoin as a new member.',
    });
    const after = await openDB(databaseName(identity), 1);
    expect([...after.objectStoreNames]).toEqual(['identity', 'log', 'state']);
    expect(await after.get('identity', 'identity')).toMatchObject(identity);
    after.close();
    await deleteStoredMember(identity);
    const anew = await open(identity);
    expect(await anew.load()).toEqual({ hardState: null, snapshot: null, entries: [] });
    await anew.close();
  });

  it('adds the registers to a database that version 2 has written, and keeps its log', async () => {
    const identity = newIdentity();
    const old = await openDB(databaseName(identity), 2, {
      upgrade(created) {
        for (const name of ['identity', 'state', 'snapshot', 'log']) created.createObjectStore(name);
      },
    });
    await old.put('identity', { ...identity, createdAt: 0 }, 'identity');
    await old.put('state', { term: 3, votedFor: null, commitIndex: 2 }, 'hardState');
    old.close();
    const storage = await open(identity);
    expect(await storage.load()).toMatchObject({ hardState: { term: 3 }, entries: [] });
    expect(await storage.loadRegisters()).toEqual({ state: { ready: 0, sealed: 0 }, registers: [] });
    await storage.close();
  });

  it('refuses a register that does not parse', async () => {
    const identity = newIdentity();
    await (await open(identity)).close();
    const db = await openDB(databaseName(identity), DATABASE_VERSION);
    await db.put('registers', new Uint8Array([1, 2, 3]), 'key');
    db.close();
    const storage = await open(identity);
    await expect(storage.loadRegisters()).rejects.toMatchObject({ kind: 'corrupt' });
    await storage.close();
  });

  it('refuses another member’s database', async () => {
    const identity = newIdentity();
    const db = await openDB(databaseName(identity), DATABASE_VERSION, {
      upgrade(created) {
        for (const name of ['identity', 'state', 'snapshot', 'log']) created.createObjectStore(name);
      },
    });
    await db.put('identity', { ...newIdentity(), createdAt: 0 }, 'identity');
    db.close();
    await expect(open(identity)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('lists the members of one cluster, and forgets those that are deleted', async () => {
    const clusterId = 'another-cluster-';
    const [first, second] = ['member-first0000', 'member-second000'].map((memberId) => ({
      clusterId,
      memberId,
    }));
    if (first === undefined || second === undefined) throw new Error('two identities');
    for (const identity of [first, second]) await (await open(identity)).close();
    expect((await listStoredMembers(clusterId)).sort()).toEqual(['member-first0000', 'member-second000']);
    await deleteStoredMember(first);
    expect(await listStoredMembers(clusterId)).toEqual(['member-second000']);
  });
});
