import { createId } from '../mesh/secret.ts';
import type { MemberId } from '../core/ids.ts';

/** A member of this origin that nobody else runs, and will not as long as this worker lives. */
export interface Claim {
  readonly memberId: MemberId;
  readonly isNew: boolean;
  release(): void;
}

/**
 * A reloading tab may find its own predecessor still holding the lock for a moment. A duplicated tab
 * waits as long, and becomes a new member, unless the other one goes meanwhile.
 */
const PREDECESSOR_TIMEOUT_MS = 3000;

/**
 * Claims a member by a Web Lock: the preferred one, else any that is free, else a new one. The lock
 * is the worker's, like the database connection, so that no two workers ever run one member.
 *
 * `list` names the members that are stored. It is asked again under the lock: whoever held it before
 * may have wiped the member, and a voter that comes back empty would have forgotten its vote.
 */
export async function claimMember(
  clusterId: string,
  preferred: string | null,
  list: () => Promise<readonly string[]>,
): Promise<Claim> {
  const existing = await list();
  const candidates = [...existing].sort((a, b) => Number(b === preferred) - Number(a === preferred));
  for (const memberId of candidates) {
    const release = await acquire(clusterId, memberId, memberId === preferred ? PREDECESSOR_TIMEOUT_MS : 0);
    if (release === null) continue;
    if ((await list()).includes(memberId)) return { memberId: memberId as MemberId, isNew: false, release };
    release();
  }
  const memberId = createId() as MemberId;
  const release = await acquire(clusterId, memberId, 0);
  if (release === null) throw new Error('A lock with a random name is taken: this should be impossible.');
  return { memberId, isNew: true, release };
}

/** Resolves with what releases the lock; null if it is not free within `timeoutMs`. */
async function acquire(clusterId: string, memberId: string, timeoutMs: number): Promise<(() => void) | null> {
  const options: LockOptions =
    timeoutMs === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(timeoutMs) };
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(`tabraft/${clusterId}/${memberId}`, options, (lock) => {
        if (lock === null) {
          resolve(null);
          return;
        }
        return new Promise<void>((release) => resolve(() => release()));
      })
      .catch((error: unknown) => {
        if (error instanceof DOMException && error.name === 'TimeoutError') resolve(null);
        else reject(error instanceof Error ? error : new Error(String(error)));
      });
  });
}
