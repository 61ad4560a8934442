import { messageOf } from '../error-text.ts';
import { StorageError } from './storage.ts';

/** What every store says where it cannot go on. */

export function corrupt(what: string): StorageError {
  return new StorageError(
    'corrupt',
    `This tab’s stored log is damaged (${what}). Wipe the storage to rejoin as a new member.`,
  );
}

export function anotherMembers(): StorageError {
  return new StorageError('corrupt', 'This tab’s storage belongs to another member. Wipe it to start anew.');
}

export function deleted(): StorageError {
  return new StorageError('lost', 'This tab’s storage has been deleted. Reload the page.');
}

export function takenAway(): StorageError {
  const text = 'The browser has closed this tab’s storage, or its data was cleared. Reload the page.';
  return new StorageError('lost', text);
}

export function olderVersion(): StorageError {
  const text = 'This tab’s storage was written by an earlier version of tabraft, which this one cannot read.';
  return new StorageError('older-version', `${text} Wipe the storage to rejoin as a new member.`);
}

export function newerVersion(options?: ErrorOptions): StorageError {
  const text =
    'This tab’s storage was written by a newer version of tabraft. Reload the page, or update the server.';
  return new StorageError('newer-version', text, options);
}

export function noSpace(options?: ErrorOptions): StorageError {
  const text = 'There is no space left for this tab’s storage. Free some space, then reload the page.';
  return new StorageError('quota', text, options);
}

/** Whatever was thrown, for the person at the page. */
export function storageError(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  const options = { cause: error };
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'VersionError') return newerVersion(options);
  if (name === 'QuotaExceededError') return noSpace(options);
  const text = `This tab’s storage has failed: ${messageOf(error)}. Reload the page.`;
  return new StorageError('io', text, options);
}
