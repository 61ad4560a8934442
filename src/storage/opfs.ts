import { messageOf } from '../error-text.ts';
import { storageError } from './errors.ts';
import { isHeld, privateDirectory, privateEntries, removePrivateEntry } from './private-files.ts';
import { StorageError, type StoreIdentity } from './storage.ts';

/** Members whose logs are in files of the origin's private file system: two of them in a directory for each. */

export const ROOT = 'tabraft-log';

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
    return messageOf(error);
  }
}

/** The members of a cluster whose logs this browser holds in such files. */
export async function listOpfsMembers(clusterId: string): Promise<string[]> {
  return (await whyNoOpfs()) === null ? explained(() => privateEntries(ROOT, clusterId)) : [];
}

export async function deleteOpfsMember({ clusterId, memberId }: StoreIdentity): Promise<void> {
  if (!(await listOpfsMembers(clusterId)).includes(memberId)) return;
  await explained(async () => removePrivateEntry(await privateDirectory(ROOT, clusterId), memberId));
}

/** Throws a `StorageError` for whatever `call` throws. */
export async function explained<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isHeld(error)) throw storageError(error);
    const text = 'Another tab still uses this tab’s storage. Close or reload the others.';
    throw new StorageError('blocked', text, { cause: error });
  }
}
