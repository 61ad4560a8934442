import type { PageConfig } from '../config/schema.ts';
import type { MemberId } from '../core/ids.ts';
import { deleteStoredMember, listStoredMembers, openIndexedDbStorage } from '../storage/indexeddb.ts';
import { deleteOpfsMember, explained, listOpfsMembers, whyNoOpfs } from '../storage/opfs.ts';
import type { Storage, StorageError } from '../storage/storage.ts';

/**
 * Which storage a member has. It keeps the one that it was created with, whatever is configured since: empty in
 * another, it would have forgotten its vote. Where it is stored says which one that is.
 */

export type StorageKind = PageConfig['storage']['kind'];

export interface Identity {
  readonly clusterId: string;
  readonly memberId: MemberId;
}

export interface StoreHandlers {
  /** The browser has taken the storage away. */
  onLost(error: StorageError): void;
  /** What the person at the page should know of the choice. */
  onNotice(level: 'info' | 'warning', text: string): void;
}

const NAMES = { indexeddb: 'IndexedDB', opfs: 'private files (OPFS)' } as const;

/** All that this browser holds, and could run again. Nothing that is only in memory is ever held. */
export async function listMembers(clusterId: string, configured: StorageKind): Promise<string[]> {
  if (configured === 'memory') return [];
  return [...(await listStoredMembers(clusterId)), ...(await listOpfsMembers(clusterId))];
}

export async function openMember(
  identity: Identity,
  isNew: boolean,
  configured: StorageKind,
  handlers: StoreHandlers,
): Promise<Storage> {
  const kind = isNew ? await kindOfNew(configured, handlers) : await kindOf(identity, configured, handlers);
  // Most nodes are in IndexedDB, and never load the others.
  switch (kind) {
    case 'memory': {
      const { MemoryStorage } = await explained(() => import('../storage/memory.ts'));
      return new MemoryStorage();
    }
    case 'opfs': {
      const { openOpfsStorage } = await explained(() => import('../storage/opfs-storage.ts'));
      return openOpfsStorage(identity, (error) => handlers.onLost(error), !isNew);
    }
    case 'indexeddb':
      return openIndexedDbStorage(identity, (error) => handlers.onLost(error), !isNew);
  }
}

/** Wherever it is stored. */
export async function deleteMember(identity: Identity): Promise<void> {
  await deleteStoredMember(identity);
  await deleteOpfsMember(identity);
}

async function kindOfNew(configured: StorageKind, handlers: StoreHandlers): Promise<StorageKind> {
  if (configured !== 'opfs') return configured;
  const why = await whyNoOpfs();
  if (why === null) return 'opfs';
  const text = `This browser cannot keep logs in private files (${why}). This tab uses IndexedDB instead.`;
  handlers.onNotice('warning', text);
  return 'indexeddb';
}

async function kindOf(
  { clusterId, memberId }: Identity,
  configured: StorageKind,
  handlers: StoreHandlers,
): Promise<'opfs' | 'indexeddb'> {
  const kind = (await listOpfsMembers(clusterId)).includes(memberId) ? 'opfs' : 'indexeddb';
  if (kind !== configured && configured !== 'memory') {
    const text = `This tab’s member was created in ${NAMES[kind]} and stays there; ${NAMES[configured]} is for new members.`;
    handlers.onNotice('info', `${text} Wipe its storage to rejoin as one.`);
  }
  return kind;
}
