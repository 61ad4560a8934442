import { storageError, takenAway } from './errors.ts';
import { deleteOpfsMember, explained, ROOT } from './opfs.ts';
import { isPrivateFileThere, openPrivateFiles, privateDirectory } from './private-files.ts';
import { StorageError, type Storage, type StoreIdentity } from './storage.ts';
import { openLogStorage } from './wal/storage.ts';

const FILES = ['0', '1'] as const;
const MAX_DEAD_BYTES = 4_194_304;
const WATCH_PERIOD_MS = 1000;

/**
 * Opens a member's log, or creates it; a member that is known to exist (`mustExist`) is never created anew. Nobody
 * else can open it before it is closed. `onLost` tells when the browser has taken the files away; every later call
 * fails then.
 */
export async function openOpfsStorage(
  identity: StoreIdentity,
  onLost: (error: StorageError) => void,
  mustExist = false,
  maxDeadBytes = MAX_DEAD_BYTES,
): Promise<Storage> {
  const { clusterId, memberId } = identity;
  const directory = await explained(() => privateDirectory(ROOT, clusterId, memberId));
  const files = await explained(() => openPrivateFiles(directory, FILES));
  let unwatch = (): void => undefined;
  try {
    const storage = openLogStorage(files, { identity, mustExist, maxDeadBytes }, () => unwatch());
    unwatch = watch(directory, (error) => {
      storage.lose(error);
      onLost(error);
    });
    return storage;
  } catch (error) {
    // Nothing is left but names: whoever looks for members is not to find it again.
    if (error instanceof StorageError && error.kind === 'lost') await deleteOpfsMember(identity);
    throw error;
  }
}

/**
 * Files that are open when the site's data is cleared can still be written to, and are gone once they are closed; no
 * event tells. Returns what ends the watch.
 */
function watch(directory: FileSystemDirectoryHandle, onLost: (error: StorageError) => void): () => void {
  let isOver = false;
  const check = async (): Promise<void> => {
    const error = await isPrivateFileThere(directory, FILES[0]).then(
      (isThere) => (isThere ? null : takenAway()),
      storageError,
    );
    // It may have been closed, and even wiped, meanwhile.
    if (error !== null && !isOver) onLost(error);
  };
  const timer = setInterval(() => void check(), WATCH_PERIOD_MS);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}
