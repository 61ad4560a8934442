import {
  openDB,
  deleteDB,
  unwrap,
  wrap,
  type DBSchema,
  type IDBPDatabase,
  type IDBPObjectStore,
  type OpenDBCallbacks,
} from 'idb';
import { encodeRegister } from '../core/abd/codec.ts';
import { NO_REGISTERS, type ReplicaState, type StoredRegisters } from '../core/abd/register.ts';
import { encodeEntries, encodeSnapshotMetadata } from '../core/raft/entry-codec.ts';
import type { HardState } from '../core/raft/log-entry.ts';
import { anotherMembers, corrupt, deleted, olderVersion, storageError, takenAway } from './errors.ts';
import { checkBatch, type LogExtent } from './extent.ts';
import {
  StorageError,
  type Storage,
  type StoredState,
  type StoreIdentity,
  type WriteBatch,
} from './storage.ts';
import {
  decodeRun,
  decodeSnapshot,
  decodeStoredRegister,
  extentOf,
  hardStateOf,
  type StoredRun,
  type StoredSnapshot,
} from './stored.ts';

/**
 * Raised whenever the layout changes; a database of a higher version is refused. Version 2 added the
 * snapshot, and what surrounds commands; what version 1 wrote is not read any more. Version 3 added the registers.
 */
export const DATABASE_VERSION = 3;
const OLDEST_VERSION = 2;

interface NodeSchema extends DBSchema {
  identity: { key: 'identity'; value: StoreIdentity & { readonly createdAt: number } };
  state: { key: 'hardState'; value: HardState };
  replica: { key: 'replica'; value: ReplicaState };
  /** The encoded registers, by their keys. */
  registers: { key: string; value: Uint8Array };
  snapshot: { key: 'snapshot'; value: StoredSnapshot };
  /** By the first index of each. */
  log: { key: number; value: StoredRun };
}

type LogStore = IDBPObjectStore<NodeSchema, StoreName[], 'log', 'readwrite'>;
type StoreName = 'state' | 'snapshot' | 'log' | 'replica' | 'registers';

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
      blocking: () => {
        const text = 'Another tab deletes or upgrades this tab’s storage. Reload the page.';
        storage?.lose(new StorageError('lost', text));
      },
      terminated: () => storage?.lose(takenAway()),
    });
    storage = new IndexedDbStorage(db, onLost);
    await checkIdentity(db, identity);
    return storage;
  } catch (error) {
    // What is missing was deleted since the member was listed.
    if (found.isMissing) throw deleted();
    if (found.isOld) throw olderVersion();
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
  throw anotherMembers();
}

class IndexedDbStorage implements Storage {
  /** The stored runs in order, without their bytes. Read by `load`, kept by `write`. */
  #runs: { readonly first: number; readonly last: number }[] = [];
  #extent: LogExtent = { snapshotIndex: 0, firstIndex: 1, lastIndex: 0 };
  #hardState: HardState | null = null;
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
    const [state, stored, runs] = await Promise.all([
      transaction.objectStore('state').get('hardState'),
      transaction.objectStore('snapshot').get('snapshot'),
      transaction.objectStore('log').getAll(),
      transaction.done,
    ]);
    const snapshot = stored === undefined ? null : decodeSnapshot(stored);
    const entries = runs.flatMap((run) => decodeRun(run));
    this.#extent = extentOf(snapshot, entries);
    this.#runs = runs.map(({ first, last }) => ({ first, last }));
    this.#hardState = hardStateOf(state, runs);
    this.#isLoaded = true;
    return { hardState: this.#hardState, snapshot, entries };
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
    const state = this.#stateToPut(batch);
    const stores = storesOf(batch, state);
    if (stores.length === 0) return;
    // The browser's own: the promises around each request would cost a small write more than all that it asks for.
    const transaction = unwrap(this.db).transaction(stores, 'readwrite', { durability: 'strict' });
    const done = ended(transaction);
    done.catch(() => undefined); // where something else fails first, it says the same
    try {
      if (batch.truncateFrom !== null) await this.#truncate(transaction, batch.truncateFrom);
      this.#put(transaction, batch, state);
      if (batch.compactTo !== null) this.#compact(transaction, batch.compactTo);
      // Without this the browser first comes back to ask whether there is more.
      transaction.commit();
      await done;
      this.#extent = { ...extent, firstIndex: this.#runs[0]?.first ?? extent.snapshotIndex + 1 };
    } catch (error) {
      // Requests that an abort swept away do not say why there was one; the transaction does.
      const cause = transaction.error ?? error;
      abort(transaction);
      throw cause;
    }
  }

  /**
   * In place of the stored one; null: that stays. With almost every run the commit index alone is new, and stands in
   * the run: one request less. What removes runs takes care of what they say.
   */
  #stateToPut({ hardState, entries, truncateFrom, compactTo }: WriteBatch): HardState | null {
    const stored = this.#hardState;
    this.#hardState = hardState ?? stored;
    if (truncateFrom !== null || compactTo !== null) return this.#hardState;
    if (hardState === null || stored === null || entries.length === 0) return hardState;
    const isSameVote = hardState.term === stored.term && hardState.votedFor === stored.votedFor;
    return isSameVote && hardState.commitIndex >= stored.commitIndex ? null : hardState;
  }

  /** What fails aborts the transaction, which says so. */
  #put(
    transaction: IDBTransaction,
    { hardState, snapshot, entries, registers, replica }: WriteBatch,
    state: HardState | null,
  ): void {
    const put = <S extends StoreName>(
      store: S,
      value: NodeSchema[S]['value'],
      key: NodeSchema[S]['key'],
    ): void => {
      transaction.objectStore(store).put(value, key);
    };
    const [first] = entries;
    const last = entries.at(-1);
    if (first !== undefined && last !== undefined) {
      const run = { first: first.index, last: last.index };
      const isCommitInRun = hardState !== null && state === null;
      const stored = {
        ...{ ...run, bytes: encodeEntries(entries) },
        ...(isCommitInRun ? { commitIndex: hardState.commitIndex } : {}),
      };
      put('log', stored, run.first);
      this.#runs.push(run);
    }
    if (snapshot !== null) {
      const stored = { metadata: encodeSnapshotMetadata(snapshot.metadata), data: snapshot.data };
      put('snapshot', stored, 'snapshot');
    }
    for (const register of registers ?? []) put('registers', encodeRegister(register), register.key);
    if (replica !== undefined && replica !== null) put('replica', replica, 'replica');
    if (state !== null) put('state', state, 'hardState');
  }

  /** Removes runs that are covered as a whole; one that is covered in part stays as it is. */
  #compact(transaction: IDBTransaction, upTo: number): void {
    const kept = this.#runs.findIndex((run) => run.last > upTo);
    const [first] = this.#runs.splice(0, kept < 0 ? this.#runs.length : kept).slice(-1);
    if (first === undefined) return;
    transaction.objectStore('log').delete(IDBKeyRange.upperBound(first.first));
  }

  /** Removes later runs whole and rewrites at most one, the run that `from` cuts. */
  async #truncate(transaction: IDBTransaction, from: number): Promise<void> {
    const log = wrap(transaction.objectStore('log')) as unknown as LogStore;
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
function storesOf(batch: WriteBatch, state: HardState | null): StoreName[] {
  const { snapshot, replica, registers = [] } = batch;
  const changesLog = batch.entries.length > 0 || batch.truncateFrom !== null || batch.compactTo !== null;
  const stores: StoreName[] = [];
  if (changesLog) stores.push('log');
  if (state !== null) stores.push('state');
  if (snapshot !== null) stores.push('snapshot');
  if (replica !== undefined && replica !== null) stores.push('replica');
  if (registers.length > 0) stores.push('registers');
  return stores;
}

/** Resolves once all of it is durable; rejects with why it was aborted. */
async function ended(transaction: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () =>
      reject(transaction.error ?? new DOMException('The transaction was aborted.', 'AbortError'));
  });
}

/** What was written so far would else become durable without the rest. */
function abort(transaction: IDBTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended already: the browser aborted it, and that is why we are here.
  }
}
