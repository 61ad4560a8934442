import {
  isHeld,
  openPrivateFile,
  privateDirectory,
  privateEntries,
  removePrivateEntry,
} from './private-files.ts';
import { storageError } from './errors.ts';
import { StorageError, type Storage, type StoreIdentity } from './storage.ts';
import { openLogStorage } from './wal/storage.ts';
import type { LogFile } from './wal/file.ts';

/** Members whose logs are in files of the origin's private file system: two of them in a directory for each. */

const ROOT = 'tabraft-log';
const FILES = ['0', '1'] as const;
const MAX_DEAD_BYTES = 4_194_304;

/** Null where members can be kept there; else why not. Only a worker may write to such files synchronously. */
export async function whyNoOpfs(): Promise<string | null> {
  if (
    !('FileSystemFileHandle' in globalThis) ||
    !('createSyncAccessHandle' in FileSystemFileHandle.prototype)
  )
    return 'it has no private files that a worker can write to synchronously';
  try {
    await navigator.storage.getDirectory();
    return null;
  } catch (error) {
    // Private windows of some browsers.
    return error instanceof Error ? error.message : String(error);
  }
}

/** The members of a cluster whose logs this browser holds in such files. */
export async function listOpfsMembers(clusterId: string): Promise<string[]> {
  return (await whyNoOpfs()) === null ? explained(() => privateEntries(ROOT, clusterId)) : [];
}

export async function deleteOpfsMember({ clusterId, memberId }: StoreIdentity): Promise<void> {
  if ((await whyNoOpfs()) !== null) return;
  await explained(async () => removePrivateEntry(await privateDirectory(ROOT, clusterId), memberId));
}

/**
 * Opens a member's log, or creates it; a member that is known to exist (`mustExist`) is never created anew. Nobody
 * else can open it before it is closed.
 */
export async function openOpfsStorage(
  identity: StoreIdentity,
  mustExist = false,
  maxDeadBytes = MAX_DEAD_BYTES,
): Promise<Storage> {
  const files = await explained(() => openFiles(identity));
  try {
    return openLogStorage(files, { identity, mustExist, maxDeadBytes });
  } catch (error) {
    // Nothing is left but names: whoever looks for members is not to find it again.
    if (error instanceof StorageError && error.kind === 'lost') await deleteOpfsMember(identity);
    throw error;
  }
}

async function openFiles({ clusterId, memberId }: StoreIdentity): Promise<readonly [LogFile, LogFile]> {
  const directory = await privateDirectory(ROOT, clusterId, memberId);
  const first = await openPrivateFile(directory, FILES[0]);
  try {
    return [first, await openPrivateFile(directory, FILES[1])];
  } catch (error) {
    first.close();
    throw error;
  }
}

async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isHeld(error)) throw storageError(error);
    const text = 'Another tab still uses this tab’s storage. Close or reload the others.';
    throw new StorageError('blocked', text, { cause: error });
  }
}
