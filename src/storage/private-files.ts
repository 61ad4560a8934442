import { noSpace } from './errors.ts';

/** Files of the origin's private file system, each open once at a time: what the logs and the traces are kept in. */

/** A worker that was just killed may still hold its files. */
const PATIENCE_MS = 3000;
const RETRY_MS = 50;

/** The directory at the end of `path`, created where it is not there. */
export async function privateDirectory(...path: readonly string[]): Promise<FileSystemDirectoryHandle> {
  let directory = await navigator.storage.getDirectory();
  for (const name of path) directory = await directory.getDirectoryHandle(name, { create: true });
  return directory;
}

/** What stands in the directory at the end of `path`; nothing where there is none. */
export async function privateEntries(...path: readonly string[]): Promise<string[]> {
  let directory = await navigator.storage.getDirectory();
  try {
    for (const name of path) directory = await directory.getDirectoryHandle(name);
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return [];
    throw error;
  }
  const names: string[] = [];
  for await (const name of directory.keys()) names.push(name);
  return names;
}

/** For this worker alone; created where it is not there. Throws where another holds it (`isHeld`). */
async function openPrivateFile(
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<FileSystemSyncAccessHandle> {
  const file = await directory.getFileHandle(name, { create: true });
  return untilReleased(() => file.createSyncAccessHandle());
}

/** Opens all of them, or none. */
export async function openPrivateFiles<Names extends readonly string[]>(
  directory: FileSystemDirectoryHandle,
  names: Names,
): Promise<{ readonly [At in keyof Names]: FileSystemSyncAccessHandle }> {
  const opened: FileSystemSyncAccessHandle[] = [];
  try {
    for (const name of names) opened.push(await openPrivateFile(directory, name));
  } catch (error) {
    for (const file of opened) file.close();
    throw error;
  }
  return opened as { [At in keyof Names]: FileSystemSyncAccessHandle };
}

/** Throws a `StorageError` where not all of it could be written. */
export function writeAll(file: FileSystemSyncAccessHandle, bytes: Uint8Array<ArrayBuffer>, at: number): void {
  // A file takes less than it is given where the disk is full.
  if (file.write(bytes, { at }) < bytes.length) throw noSpace();
}

/** Removes it and all that is in it, if it is there. Throws where another holds some of it (`isHeld`). */
export async function removePrivateEntry(directory: FileSystemDirectoryHandle, name: string): Promise<void> {
  try {
    await untilReleased(() => directory.removeEntry(name, { recursive: true }));
  } catch (error) {
    if (!isNamed(error, 'NotFoundError')) throw error;
  }
}

/** False where somebody, or the browser, has removed it. */
export async function isPrivateFileThere(
  directory: FileSystemDirectoryHandle,
  name: string,
): Promise<boolean> {
  try {
    await directory.getFileHandle(name);
    return true;
  } catch (error) {
    if (isNamed(error, 'NotFoundError')) return false;
    throw error;
  }
}

/** Whether a call failed since somebody else has the file open. */
export function isHeld(error: unknown): boolean {
  return isNamed(error, 'NoModificationAllowedError');
}

async function untilReleased<T>(call: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isHeld(error) || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof DOMException && error.name === name;
}
