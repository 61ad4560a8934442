import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { createSecret } from '../mesh/secret.ts';

/** The clusters that this origin knows. Their members have databases of their own. */
interface CatalogSchema extends DBSchema {
  clusters: { key: string; value: { readonly secret: string; readonly openedAt: number } };
}

const DATABASE = 'tabraft';
const VERSION = 1;

async function withCatalog<T>(use: (db: IDBPDatabase<CatalogSchema>) => Promise<T>): Promise<T> {
  const db = await openDB<CatalogSchema>(DATABASE, VERSION, {
    upgrade: (created) => void created.createObjectStore('clusters', { keyPath: 'secret' }),
  });
  try {
    return await use(db);
  } finally {
    db.close();
  }
}

async function mostRecentSecret(): Promise<string | null> {
  const clusters = await withCatalog((db) => db.getAll('clusters'));
  clusters.sort((a, b) => b.openedAt - a.openedAt);
  return clusters[0]?.secret ?? null;
}

/** As the most recent one. Durable when it resolves: a browser that is killed then still knows its cluster. */
export async function rememberCluster(secret: string): Promise<void> {
  await withCatalog((db) => put(db, secret));
}

/** The same of one that this origin has been in before. */
export async function rememberKnownCluster(secret: string): Promise<void> {
  await withCatalog(async (db) => {
    if ((await db.get('clusters', secret)) !== undefined) await put(db, secret);
  });
}

async function put(db: IDBPDatabase<CatalogSchema>, secret: string): Promise<void> {
  const transaction = db.transaction('clusters', 'readwrite', { durability: 'strict' });
  await transaction.store.put({ secret, openedAt: Date.now() });
  await transaction.done;
}

/**
 * Runs `open` with the cluster that a page without a fragment belongs to: this origin's most recent
 * one, or a new one that `open` must found, and have remembered. One page at a time decides, so that tabs
 * which are opened together end up in one cluster; a founder keeps the others waiting until it has founded.
 */
export async function withOwnCluster(open: (secret: string, found: boolean) => Promise<void>): Promise<void> {
  await navigator.locks.request('tabraft/catalog', async () => {
    const known = await mostRecentSecret();
    await open(known ?? createSecret(), known === null);
  });
}
