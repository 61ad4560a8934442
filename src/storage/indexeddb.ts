import {
  openDB,
  deleteDB,
  type DBSchema,
  type IDBPDatabase,
  type IDBPTransaction,
  type OpenDBCallbacks,
} from 'idb';
import { decodeRegister, encodeRegister } from '../core/abd/codec.ts';
import {
  NO_REGISTERS,
  type Register,
  type ReplicaState,
  type StoredRegisters,
} from '../core/abd/register.ts';
import { DecodeError } from '../core/bytes.ts';
import { crc32 } from '../core/raft/checksum.ts';
import {
  decodeEntries,
  decodeSnapshotMetadata,
  encodeEntries,
  encodeSnapshotMetadata,
} from '../core/raft/entry-codec.ts';
import type { Entry, HardState, Snapshot } from '../core/raft/log-entry.ts';
import { checkBatch, type LogExtent } from './memory.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from './storage.ts';

/**
 * Raised whenever the layout changes; a database of a higher version is refused. Version 2 added the
 * snapshot, and what surrounds commands; what version 1 wrote is not read any more. Version 3 added the registers.
 */
export const DATABASE_VERSION = 3;
const OLDEST_VERSION = 2;

/** Whose database this is. Written when it is created, checked whenever it is opened. */
export interface StoreIdentity {
  readonly clusterId: string;
  readonly memberId: string;
}

/** A contiguous run of entries, as they were written together. Its key is `first`. */
interface Run {
  readonly first: number;
  readonly last: number;
  readonly bytes: Uint8Array;
}

interface StoredSnapshot {
  readonly metadata: Uint8Array;
  readonly data: Uint8Array;
}

interface NodeSchema extends DBSchema {
  identity: { key: 'identity'; value: StoreIdentity & { readonly createdAt: number } };
  state: { key: 'hardState'; value: HardState };
  replica: { key: 'replica'; value: ReplicaState };
  /** The encoded registers, by their keys. */
  registers: { key: string; value: Uint8Array };
  snapshot: { key: 'snapshot'; value: StoredSnapshot };
  log: { key: number; value: Run };
}

type StoreName = 'state' | 'snapshot' | 'log' | 'replica' | 'registers';
type WriteTransaction = IDBPTransaction<NodeSchema, StoreName[], 'readwrite'>;

const NAME_PREFIX = 'tabraft';

export function databaseName({ clusterId, memberId }: StoreIdentity): string {
  return `${NAME_PREFIX}/${clusterId}/${memberId}`;
}

/** The members of a cluster whose databases this browser holds. */
export async function listStoredMembers(clusterId: string): Promise<string[]> {
  const prefix = `${NAME_PREFIX}/${clusterId}/`;
  const databases = await indexedDB.databases();
  return databases.flatMap(({ name }) =>
    name?.startsWith(prefix) === true ? [name.slice(prefix.length)] : [],
  );
}

export async function deleteStoredMember(identity: StoreIdentity): Promise<void> {
  await deleteDB(databaseName(identity));
}

/**
 * Opens a member's database, or creates it; a member that is known to exist (`mustExist`) is never
 * created anew, since it would have forgotten its vote. `onLost` tells at once when the browser has
 * taken the database away; every later call fails then.
 */
export async function openIndexedDbStorage(
  identity: StoreIdentity,
  onLost: (error: StorageError) => void,
  mustExist = false,
): Promise<Storage> {
  let storage: IndexedDbStorage | null = null;
  const lose = (why: string): void => storage?.lose(new StorageError('lost', why));
  const found = { isMissing: false, isOld: false };
  try {
    const db = await openUnblocked(databaseName(identity), {
      upgrade(created, oldVersion, _newVersion, transaction) {
        found.isOld = oldVersion > 0 && oldVersion < OLDEST_VERSION;
        found.isMissing = oldVersion === 0 && mustExist;
        if (found.isOld || found.isMissing) {
          transaction.done.catch(() => undefined); // opening fails for the same reason, and is told so
          transaction.abort();
          return;
        }
        created.createObjectStore('replica');
        created.createObjectStore('registers');
        if (oldVersion > 0) return;
        created.createObjectStore('identity');
        created.createObjectStore('state');
        created.createObjectStore('snapshot');
        created.createObjectStore('log');
        void transaction.objectStore('identity').put({ ...identity, createdAt: Date.now() }, 'identity');
      },
      blocking: () => lose('Another tab deletes or upgrades this tab’s storage. Reload the page.'),
      terminated: () =>
        lose('The browser has closed this tab’s storage, or its data was cleared. Reload the page.'),
    });
    storage = new IndexedDbStorage(db, onLost);
    await checkIdentity(db, identity);
    return storage;
  } catch (error) {
    // What is missing was deleted since the member was listed.
    if (found.isMissing)
      throw new StorageError('lost', 'This tab’s storage has been deleted. Reload the page.');
    if (found.isOld) {
      const text =
        'This tab’s storage was written by an earlier version of tabraft, which this one cannot read.';
      throw new StorageError('older-version', `${text} Wipe the storage to rejoin as a new member.`);
    }
    throw storageError(error);
  }
}

/** An upgrade that another tab blocks is refused instead of waited for. */
async function openUnblocked(
  name: string,
  callbacks: OpenDBCallbacks<NodeSchema>,
): Promise<IDBPDatabase<NodeSchema>> {
  return new Promise((resolve, reject) => {
    let isRefused = false;
    const blocked = (): void => {
      const text =
        'Another tab still uses an older version of this tab’s storage. Close or reload the others.';
      isRefused = true;
      reject(new StorageError('blocked', text));
    };
    openDB<NodeSchema>(name, DATABASE_VERSION, { ...callbacks, blocked }).then((db) => {
      if (isRefused) db.close();
      else resolve(db);
    }, reject);
  });
}

async function checkIdentity(
  db: IDBPDatabase<NodeSchema>,
  { clusterId, memberId }: StoreIdentity,
): Promise<void> {
  const stored = await db.get('identity', 'identity');
  if (stored?.clusterId === clusterId && stored.memberId === memberId) return;
  db.close();
  throw new StorageError('corrupt', 'This tab’s storage belongs to another member. Wipe it to start anew.');
}

class IndexedDbStorage implements Storage {
  /** The stored runs in order, without their bytes. Read by `load`, kept by `write`. */
  #runs: { readonly first: number; readonly last: number }[] = [];
  #extent: LogExtent = { snapshotIndex: 0, firstIndex: 1, lastIndex: 0 };
  #failure: StorageError | null = null;
  #isLoaded = false;
  #lastCall: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly db: IDBPDatabase<NodeSchema>,
    private readonly onLost: (error: StorageError) => void,
  ) {}

  async load(): Promise<StoredState> {
    return this.#inOrder(() => this.#load());
  }

  async loadRegisters(): Promise<StoredRegisters> {
    return this.#inOrder(() => this.#loadRegisters());
  }

  async write(batch: WriteBatch): Promise<void> {
    return this.#inOrder(() => this.#write(batch));
  }

  async close(): Promise<void> {
    await this.#lastCall;
    this.#failure ??= new StorageError('lost', 'The storage was closed.');
    this.db.close();
  }

  lose(error: StorageError): void {
    // Also where it has failed before: whoever wants to delete the database waits for this.
    this.db.close();
    if (this.#failure !== null) return;
    this.#failure = error;
    this.onLost(error);
  }

  async #load(): Promise<StoredState> {
    const transaction = this.db.transaction(['state', 'snapshot', 'log'], 'readonly');
    const [hardState, stored, runs] = await Promise.all([
      transaction.objectStore('state').get('hardState'),
      transaction.objectStore('snapshot').get('snapshot'),
      transaction.objectStore('log').getAll(),
      transaction.done,
    ]);
    const snapshot = stored === undefined ? null : decodeSnapshot(stored);
    const snapshotIndex = snapshot?.metadata.index ?? 0;
    const entries = runs.flatMap((run) => decodeRun(run));
    const firstIndex = entries[0]?.index ?? snapshotIndex + 1;
    const gap = entries.findIndex((entry, position) => entry.index !== firstIndex + position);
    if (gap >= 0) throw corrupt(`entry ${firstIndex + gap} is missing`);
    if (firstIndex > snapshotIndex + 1) throw corrupt(`entry ${snapshotIndex + 1} is missing`);
    const lastIndex = entries.at(-1)?.index ?? snapshotIndex;
    if (lastIndex < snapshotIndex) throw corrupt('it ends before its snapshot does');
    this.#runs = runs.map(({ first, last }) => ({ first, last }));
    this.#extent = { snapshotIndex, firstIndex, lastIndex };
    this.#isLoaded = true;
    return { hardState: hardState ?? null, snapshot, entries };
  }

  async #loadRegisters(): Promise<StoredRegisters> {
    const transaction = this.db.transaction(['replica', 'registers'], 'readonly');
    const [state, keys, stored] = await Promise.all([
      transaction.objectStore('replica').get('replica'),
      transaction.objectStore('registers').getAllKeys(),
      transaction.objectStore('registers').getAll(),
      transaction.done,
    ]);
    const registers = stored.map((bytes, at) => decodeStoredRegister(keys[at] ?? '', bytes));
    return { state: state ?? NO_REGISTERS.state, registers };
  }

  async #write(batch: WriteBatch): Promise<void> {
    if (!this.#isLoaded) throw new StorageError('contract', 'A store is loaded before it is written.');
    const extent = checkBatch(batch, this.#extent);
    const stores = storesOf(batch);
    if (stores.length === 0) return;
    const transaction = this.db.transaction(stores, 'readwrite', { durability: 'strict' });
    const writes: Promise<unknown>[] = [transaction.done];
    try {
      if (batch.truncateFrom !== null) await this.#truncate(transaction, batch.truncateFrom);
      this.#put(transaction, batch, writes);
      if (batch.compactTo !== null) writes.push(this.#compact(transaction, batch.compactTo));
      // Without this the browser first comes back to ask whether there is more.
      transaction.commit();
      await Promise.all(writes);
      this.#extent = { ...extent, firstIndex: this.#runs[0]?.first ?? extent.snapshotIndex + 1 };
    } catch (error) {
      void Promise.allSettled(writes); // they say the same as `error`
      // Requests that an abort swept away do not say why there was one; the transaction does.
      const cause = transaction.error ?? error;
      abort(transaction);
      throw cause;
    }
  }

  /** Adds to `puts` as it goes: the next request may throw, and what was begun must not fail unheard. */
  #put(
    transaction: WriteTransaction,
    { hardState, snapshot, entries, registers, replica }: WriteBatch,
    puts: Promise<unknown>[],
  ): void {
    const [first] = entries;
    const last = entries.at(-1);
    if (first !== undefined && last !== undefined) {
      const run = { first: first.index, last: last.index };
      puts.push(transaction.objectStore('log').put({ ...run, bytes: encodeEntries(entries) }, run.first));
      this.#runs.push(run);
    }
    if (snapshot !== null) {
      const stored = { metadata: encodeSnapshotMetadata(snapshot.metadata), data: snapshot.data };
      puts.push(transaction.objectStore('snapshot').put(stored, 'snapshot'));
    }
    for (const register of registers ?? [])
      puts.push(transaction.objectStore('registers').put(encodeRegister(register), register.key));
    if (replica !== undefined && replica !== null)
      puts.push(transaction.objectStore('replica').put(replica, 'replica'));
    if (hardState !== null) puts.push(transaction.objectStore('state').put(hardState, 'hardState'));
  }

  /** Removes runs that are covered as a whole; one that is covered in part stays as it is. */
  async #compact(transaction: WriteTransaction, upTo: number): Promise<void> {
    const kept = this.#runs.findIndex((run) => run.last > upTo);
    const [first] = this.#runs.splice(0, kept < 0 ? this.#runs.length : kept).slice(-1);
    if (first === undefined) return;
    await transaction.objectStore('log').delete(IDBKeyRange.upperBound(first.first));
  }

  /** Removes later runs whole and rewrites at most one, the run that `from` cuts. */
  async #truncate(transaction: WriteTransaction, from: number): Promise<void> {
    const log = transaction.objectStore('log');
    const cut = this.#runs.find((run) => run.first < from && run.last >= from);
    this.#runs = this.#runs.filter((run) => run.last < from);
    await log.delete(IDBKeyRange.lowerBound(from));
    if (cut === undefined) return;
    const stored = await log.get(cut.first);
    if (stored === undefined) throw corrupt(`the run from entry ${cut.first} is missing`);
    const kept = decodeRun(stored).filter((entry) => entry.index < from);
    await log.put({ first: cut.first, last: from - 1, bytes: encodeEntries(kept) }, cut.first);
    this.#runs.push({ first: cut.first, last: from - 1 });
  }

  /** The chain keeps the order of calls: a load sets `#runs`, and a truncation reads before it writes. */
  async #inOrder<T>(call: () => Promise<T>): Promise<T> {
    const result = this.#lastCall.then(() => this.#guard(call));
    this.#lastCall = result.catch(() => undefined); // the caller is told through `result`
    return result;
  }

  /** After a failure of any kind nothing more is tried: the log may not be what the node believes. */
  async #guard<T>(action: () => Promise<T>): Promise<T> {
    if (this.#failure !== null) throw this.#failure;
    try {
      return await action();
    } catch (error) {
      this.#failure ??= storageError(error);
      throw this.#failure;
    }
  }
}

/** No more than it changes: others need not be locked. */
function storesOf(batch: WriteBatch): StoreName[] {
  const { hardState, snapshot, replica, registers = [] } = batch;
  const changesLog = batch.entries.length > 0 || batch.truncateFrom !== null || batch.compactTo !== null;
  const stores: StoreName[] = [];
  if (changesLog) stores.push('log');
  if (hardState !== null) stores.push('state');
  if (snapshot !== null) stores.push('snapshot');
  if (replica !== undefined && replica !== null) stores.push('replica');
  if (registers.length > 0) stores.push('registers');
  return stores;
}

/** What was written so far would else become durable without the rest. */
function abort(transaction: WriteTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already: the browser aborted it, and that is why we are here.
  }
}

function decodeSnapshot({ metadata: bytes, data }: StoredSnapshot): Snapshot {
  try {
    const metadata = decodeSnapshotMetadata(bytes);
    if (metadata.bytes === data.length && metadata.checksum === crc32(data)) return { metadata, data };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw corrupt('its snapshot does not parse');
}

function decodeStoredRegister(key: string, bytes: Uint8Array): Register {
  try {
    const register = decodeRegister(bytes);
    if (register.key === key) return register;
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
  throw corrupt(`the register "${key}" does not parse`);
}

function decodeRun({ first, last, bytes }: Run): Entry[] {
  let entries: Entry[];
  try {
    entries = decodeEntries(bytes);
  } catch (error) {
    if (error instanceof DecodeError) throw corrupt(error.message);
    throw error;
  }
  if (entries[0]?.index !== first || entries.at(-1)?.index !== last)
    throw corrupt(`the run from entry ${first} is damaged`);
  return entries;
}

function corrupt(what: string): StorageError {
  return new StorageError(
    'corrupt',
    `This tab’s stored log is damaged (${what}). Wipe the storage to rejoin as a new member.`,
  );
}

function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const options = { cause: error };
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'VersionError') {
    const text =
      'This tab’s storage was written by a newer version of tabraft. Reload the page, or update the server.';
    return new StorageError('newer-version', text, options);
  }
  if (name === 'QuotaExceededError') {
    const text = 'There is no space left for this tab’s storage. Free some space, then reload the page.';
    return new StorageError('quota', text, options);
  }
  const why = error instanceof Error ? error.message : String(error);
  return new StorageError('io', `This tab’s storage has failed: ${why}. Reload the page.`, options);
}
