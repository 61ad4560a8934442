import * as Comlink from 'comlink';
import type { StoredRegisters } from '../../src/core/abd/register.ts';
import { openOpfsStorage } from '../../src/storage/opfs-storage.ts';
import { deleteOpfsMember, listOpfsMembers } from '../../src/storage/opfs.ts';
import { privateDirectory } from '../../src/storage/private-files.ts';
import {
  StorageError,
  type Storage,
  type StorageErrorKind,
  type StoredState,
  type StoreIdentity,
  type WriteBatch,
} from '../../src/storage/storage.ts';
import {
  deleteMember,
  listMembers,
  openMember,
  type Identity,
  type StorageKind,
} from '../../src/worker/stores.ts';

/** Only workers may open files for themselves: stores by number, and what a crash would leave of their files. */

/** Errors cross to the page as values: of an exception, only the message would. */
export type Outcome<T> = { value: T } | { kind: StorageErrorKind | 'bug'; message: string };

async function outcomeOf<T>(call: () => Promise<T>): Promise<Outcome<T>> {
  try {
    return { value: await call() };
  } catch (error) {
    if (error instanceof StorageError) return { kind: error.kind, message: error.message };
    return { kind: 'bug', message: String(error) };
  }
}

const unexpected = (error: StorageError): void => {
  throw error;
};

const stores: Storage[] = [];
function store(number: number): Storage {
  const found = stores[number];
  if (found === undefined) throw new Error('open it first');
  return found;
}

async function handleOf({ clusterId, memberId }: StoreIdentity, name: string): Promise<FileSystemFileHandle> {
  const directory = await privateDirectory('tabraft-log', clusterId, memberId);
  return directory.getFileHandle(name, { create: true });
}

/** Both files of a member, while it is not open. */
async function readFiles(identity: StoreIdentity): Promise<Uint8Array<ArrayBuffer>[]> {
  const files = ['0', '1'].map(async (name) => (await handleOf(identity, name)).getFile());
  return Promise.all(files.map(async (file) => new Uint8Array(await (await file).arrayBuffer())));
}

async function writeFiles(identity: StoreIdentity, files: readonly Uint8Array<ArrayBuffer>[]): Promise<void> {
  for (const [name, bytes] of files.entries()) {
    const handle = await (await handleOf(identity, String(name))).createSyncAccessHandle();
    handle.truncate(0);
    handle.write(bytes, { at: 0 });
    handle.close();
  }
}

async function loaded(identity: StoreIdentity): Promise<Outcome<[StoredState, StoredRegisters]>> {
  return outcomeOf(async () => {
    const storage = await openOpfsStorage(identity, unexpected, true);
    const state = await storage.load();
    const registers = await storage.loadRegisters();
    await storage.close();
    return [state, registers];
  });
}

type Method = 'write' | 'flush' | 'truncate';
const METHODS: readonly Method[] = ['write', 'flush', 'truncate'];

/** The calls to files that change them, while `run` goes on; behind `allowed` of them, each throws. */
async function counting(allowed: number, fail: () => Error, run: () => Promise<void>): Promise<number> {
  const { prototype } = FileSystemSyncAccessHandle;
  let made = 0;
  const originals = METHODS.map(
    (method) => [method, Object.getOwnPropertyDescriptor(prototype, method)] as const,
  );
  for (const [method, descriptor] of originals) {
    const original = descriptor?.value as (...args: unknown[]) => unknown;
    Object.defineProperty(prototype, method, {
      ...descriptor,
      value(this: FileSystemSyncAccessHandle, ...args: unknown[]) {
        if (made >= allowed) throw fail();
        made += 1;
        return original.apply(this, args);
      },
    });
  }
  try {
    await run();
  } finally {
    for (const [method, descriptor] of originals)
      if (descriptor !== undefined) Object.defineProperty(prototype, method, descriptor);
  }
  return made;
}

const api = {
  async open(identity: StoreIdentity, mustExist = false, maxDeadBytes?: number): Promise<Outcome<number>> {
    return outcomeOf(
      async () => stores.push(await openOpfsStorage(identity, unexpected, mustExist, maxDeadBytes)) - 1,
    );
  },
  async openMember(
    identity: Identity,
    isNew: boolean,
    kind: StorageKind,
  ): Promise<Outcome<{ number: number; notices: string[] }>> {
    const notices: string[] = [];
    return outcomeOf(async () => {
      const storage = await openMember(identity, isNew, kind, {
        onLost: unexpected,
        onNotice: (level, text) => notices.push(`${level}: ${text}`),
      });
      await storage.load();
      return { number: stores.push(storage) - 1, notices };
    });
  },
  listMembers: (clusterId: string, kind: StorageKind) => outcomeOf(() => listMembers(clusterId, kind)),
  deleteMember: (identity: Identity) => outcomeOf(() => deleteMember(identity)),
  load: (number: number) => outcomeOf(() => store(number).load()),
  loadRegisters: (number: number) => outcomeOf(() => store(number).loadRegisters()),
  write: (number: number, batch: WriteBatch) => outcomeOf(() => store(number).write(batch)),
  close: (number: number) => outcomeOf(() => store(number).close()),
  list: (clusterId: string) => outcomeOf(() => listOpfsMembers(clusterId)),
  wipe: (identity: StoreIdentity) => outcomeOf(() => deleteOpfsMember(identity)),
  readFiles,
  writeFiles,

  /** What is found in each of the copies of a member's files. */
  async loadCopies(
    identity: StoreIdentity,
    copies: readonly (readonly Uint8Array<ArrayBuffer>[])[],
  ): Promise<Outcome<[StoredState, StoredRegisters]>[]> {
    const found: Outcome<[StoredState, StoredRegisters]>[] = [];
    for (const copy of copies) {
      await writeFiles(identity, copy);
      found.push(await loaded(identity));
    }
    return found;
  },

  /** Of a write to a copy of these files: how many calls it takes, and what is found after each of them was the last. */
  async interrupted(
    identity: StoreIdentity,
    files: readonly Uint8Array<ArrayBuffer>[],
    batch: WriteBatch,
  ): Promise<{ failures: Outcome<void>[]; found: Outcome<[StoredState, StoredRegisters]>[] }> {
    const write = async (allowed: number): Promise<[number, Outcome<void>]> => {
      await writeFiles(identity, files);
      const storage = await openOpfsStorage(identity, unexpected, true, 0);
      let outcome: Outcome<void> = { value: undefined };
      const calls = await counting(
        allowed,
        () => new Error('stopped'),
        async () => {
          outcome = await outcomeOf(() => storage.write(batch));
        },
      );
      await storage.close();
      return [calls, outcome];
    };
    const [calls] = await write(Number.POSITIVE_INFINITY);
    const failures: Outcome<void>[] = [];
    const found = [await loaded(identity)];
    for (let allowed = 0; allowed < calls; allowed += 1) {
      failures.push((await write(allowed))[1]);
      found.push(await loaded(identity));
    }
    return { failures, found };
  },

  /** The next calls to files find no space. */
  async withoutSpace(number: number, batch: WriteBatch): Promise<Outcome<void>> {
    let outcome: Outcome<void> = { value: undefined };
    await counting(
      0,
      () => new DOMException('full', 'QuotaExceededError'),
      async () => {
        outcome = await outcomeOf(() => store(number).write(batch));
      },
    );
    return outcome;
  },
};

export type OpfsWorker = typeof api;
Comlink.expose(api);
