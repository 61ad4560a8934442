import * as Comlink from 'comlink';
import { afterAll, describe, expect, it } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { LOG_VERSION, encodeHead } from '../../src/storage/wal/format.ts';
import { StorageError, type Storage, type StoreIdentity } from '../../src/storage/storage.ts';
import { listMembers, openMember } from '../../src/worker/stores.ts';
import type { OpfsWorker, Outcome } from './opfs-worker.ts';
import { batch, entries, snapshotAt, storageContract } from './storage-suite.ts';

const CLUSTER = `cluster-of-tests-${Date.now()}`;
const workers: Worker[] = [];
let nextMember = 1;

function newIdentity(clusterId = CLUSTER): StoreIdentity & { memberId: MemberId } {
  const memberId = `member-${String(nextMember).padStart(9, '0')}` as MemberId;
  nextMember += 1;
  return { clusterId, memberId };
}

function spawn(): { readonly worker: Worker; readonly api: Comlink.Remote<OpfsWorker> } {
  const worker = new Worker(new URL('./opfs-worker.ts', import.meta.url), { type: 'module' });
  workers.push(worker);
  return { worker, api: Comlink.wrap<OpfsWorker>(worker) };
}

const { api } = spawn();
afterAll(() => {
  for (const worker of workers) worker.terminate();
});

async function valueOf<T>(outcome: Promise<Outcome<T>>): Promise<T> {
  const found = await outcome;
  if ('value' in found) return found.value;
  if (found.kind === 'bug') throw new Error(found.message);
  throw new StorageError(found.kind, found.message);
}

async function open(
  identity: StoreIdentity,
  {
    mustExist = false,
    maxDeadBytes,
    at = api,
  }: { mustExist?: boolean; maxDeadBytes?: number; at?: typeof api } = {},
): Promise<Storage> {
  const number = await valueOf(at.open(identity, mustExist, maxDeadBytes));
  return {
    load: () => valueOf(at.load(number)),
    loadRegisters: () => valueOf(at.loadRegisters(number)),
    write: (change) => valueOf(at.write(number, change)),
    close: () => valueOf(at.close(number)),
  };
}

for (const maxDeadBytes of [0, 500, 4_194_304]) {
  storageContract(`private files, rewritten above ${maxDeadBytes} dead bytes`, async () => {
    const identity = newIdentity();
    return {
      storage: await open(identity, { maxDeadBytes }),
      reopen: () => open(identity, { mustExist: true, maxDeadBytes }),
    };
  });
}

const VOTE = { term: 3, votedFor: 'member-A00000000' as MemberId, commitIndex: 2 };
const NEXT = batch({
  hardState: VOTE,
  truncateFrom: 5,
  entries: entries(5, 9, 3),
  registers: [
    { key: 'a', tag: { counter: 2, writer: 'member-A00000000' as MemberId, operation: 1 }, value: 'two' },
  ],
});

const NEXT_OF_NOTHING = batch({ entries: entries(1, 3) });

type Bytes = Uint8Array<ArrayBuffer>;
const NOTHING = new Uint8Array();

/** A closed store, and its first file before and after `NEXT`. The second is empty. */
async function written(): Promise<{ identity: StoreIdentity; before: Bytes; after: Bytes }> {
  const identity = newIdentity();
  const first = await open(identity);
  await first.write(batch({ entries: entries(1, 6), replica: { ready: 1, sealed: 0 } }));
  await first.write(batch({ snapshot: snapshotAt(4), compactTo: 2 }));
  await first.close();
  const [before = NOTHING] = await api.readFiles(identity);
  const second = await open(identity, { mustExist: true });
  await second.write(NEXT);
  await second.close();
  const [after = NOTHING] = await api.readFiles(identity);
  return { identity, before, after };
}

const BEFORE = {
  value: [
    { hardState: null, snapshot: snapshotAt(4), entries: entries(1, 6) },
    { state: { ready: 1, sealed: 0 }, registers: [] },
  ],
};
const AFTER = {
  value: [
    { hardState: VOTE, snapshot: snapshotAt(4), entries: [...entries(1, 4), ...entries(5, 9, 3)] },
    { state: { ready: 1, sealed: 0 }, registers: NEXT.registers },
  ],
};

const flipped = (bytes: Bytes, at: number): Bytes =>
  bytes.map((byte, position) => (position === at ? byte ^ (1 << (at % 8)) : byte));

describe('a log in private files', () => {
  it('is as before the last write where its file ends within it, and whole where it does not', async () => {
    const { identity, before, after } = await written();
    const sizes = Array.from({ length: after.length - before.length }, (_, cut) => before.length + cut);
    const cut = await api.loadCopies(
      identity,
      sizes.map((size) => [after.slice(0, size), NOTHING]),
    );
    expect(cut).toEqual(sizes.map(() => BEFORE));
    expect(await api.loadCopies(identity, [[after, NOTHING]])).toEqual([AFTER]);
  });

  it('is refused where a bit is wrong before the last write, and cut where one is wrong in it', async () => {
    const { identity, before, after } = await written();
    const copies = Array.from(after, (_, at) => [flipped(after, at), NOTHING]);
    const found = await api.loadCopies(identity, copies);
    const refused: unknown = expect.objectContaining({ kind: 'corrupt' });
    expect(found).toEqual(Array.from(after, (_, at) => (at < before.length ? refused : BEFORE)));
  });

  it('is as before or as after a write that stops anywhere, also where it rewrites the log', async () => {
    const { identity, before } = await written();
    // So little of the log counts afterwards that it is rewritten at once.
    const shrinking = batch({ hardState: VOTE, snapshot: snapshotAt(6), compactTo: 6 });
    const { failures, found } = await api.interrupted(identity, [before, NOTHING], shrinking);
    // Record, flush; new file: empty it, two records, flush; its head, flush; old file: empty it, flush.
    expect(failures).toHaveLength(10);
    for (const failure of failures) expect(failure).toMatchObject({ kind: 'io' });
    const state = { hardState: VOTE, snapshot: snapshotAt(6), entries: [] };
    const after = { value: [state, { state: { ready: 1, sealed: 0 }, registers: [] }] };
    // What was written is there, flushed or not: the system goes on, only the node does not.
    const [whole, untouched, ...later] = found;
    expect([whole, untouched]).toEqual([after, BEFORE]);
    expect(later).toEqual(later.map(() => after));
  });

  it('is there when the worker that wrote it was killed, which never closed it', async () => {
    const identity = newIdentity();
    const { worker, api: other } = spawn();
    const storage = await open(identity, { at: other });
    await storage.write(NEXT_OF_NOTHING);
    worker.terminate();
    const again = await open(identity, { mustExist: true });
    expect((await again.load()).entries).toEqual(entries(1, 3));
    await again.close();
  });

  it('is open only once, and says so', async () => {
    const identity = newIdentity();
    const storage = await open(identity);
    const blocked = { kind: 'blocked', message: expect.stringContaining('Another tab still uses') as string };
    await expect(open(identity, { at: spawn().api })).rejects.toMatchObject(blocked);
    await expect(valueOf(api.wipe(identity))).rejects.toMatchObject(blocked);
    await storage.write(NEXT_OF_NOTHING);
    await storage.close();
    await (await open(identity, { mustExist: true, at: spawn().api })).close();
  }, 20_000);

  it('is dead after a write that found no space, and is as before it', async () => {
    const identity = newIdentity();
    const number = await valueOf(api.open(identity));
    await valueOf(api.write(number, NEXT_OF_NOTHING));
    const full = { kind: 'quota', message: expect.stringContaining('no space left') as string };
    expect(await api.withoutSpace(number, batch({ entries: entries(4, 5) }))).toEqual(full);
    expect(await api.write(number, batch({ entries: entries(4, 5) }))).toEqual(full);
    expect(await api.load(number)).toEqual(full);
    const again = await open(identity, { mustExist: true });
    expect((await again.load()).entries).toEqual(entries(1, 3));
    await again.close();
  });

  it.each([
    ['newer-version', LOG_VERSION + 1],
    ['older-version', LOG_VERSION - 1],
  ])('is refused where its version is not this one’s: %s', async (kind, version) => {
    const identity = newIdentity();
    const head = encodeHead({ version, generation: 1, identity });
    await api.writeFiles(identity, [head, NOTHING]);
    await expect(open(identity, { mustExist: true })).rejects.toMatchObject({ kind });
    expect(await api.readFiles(identity)).toEqual([head, NOTHING]);
  });

  it('lets go of a log that is damaged, so that it can be wiped', async () => {
    const { identity, after } = await written();
    await api.writeFiles(identity, [flipped(after, 5), NOTHING]);
    await expect(open(identity, { mustExist: true })).rejects.toMatchObject({ kind: 'corrupt' });
    expect(await valueOf(api.list(CLUSTER))).toContain(identity.memberId);
    await valueOf(api.wipe(identity));
    expect(await valueOf(api.list(CLUSTER))).not.toContain(identity.memberId);
  });
});

describe('members in private files', () => {
  it('are listed by cluster, and no more once they are wiped, which may be done twice', async () => {
    const clusterId = `${CLUSTER}-of-two`;
    expect(await valueOf(api.list(clusterId))).toEqual([]);
    const [one, other] = [newIdentity(clusterId), newIdentity(clusterId)];
    for (const identity of [one, other]) await (await open(identity)).close();
    expect((await valueOf(api.list(clusterId))).sort()).toEqual([one.memberId, other.memberId]);
    await valueOf(api.wipe(one));
    await valueOf(api.wipe(one));
    expect(await valueOf(api.list(clusterId))).toEqual([other.memberId]);
  });

  it('are not created anew where they were wiped meanwhile, nor found again where they were never complete', async () => {
    const identity = newIdentity();
    await expect(open(identity, { mustExist: true })).rejects.toMatchObject({ kind: 'lost' });
    await api.writeFiles(identity, [NOTHING, NOTHING]);
    expect(await valueOf(api.list(CLUSTER))).toContain(identity.memberId);
    await expect(open(identity, { mustExist: true })).rejects.toMatchObject({ kind: 'lost' });
    expect(await valueOf(api.list(CLUSTER))).not.toContain(identity.memberId);
  });
});

describe('the storage of a member', () => {
  it('is IndexedDB where private files are asked for and cannot be written to, and the person is told', async () => {
    // A page cannot: only workers can.
    const identity = newIdentity();
    const notices: string[] = [];
    const storage = await openMember(identity, true, 'opfs', {
      onLost: () => undefined,
      onNotice: (level, text) => notices.push(`${level}: ${text}`),
    });
    await storage.load();
    await storage.write(NEXT_OF_NOTHING);
    await storage.close();
    expect(notices).toEqual([
      'warning: This browser cannot keep logs in private files (it has no private files that a worker can write to synchronously). This tab uses IndexedDB instead.',
    ]);
    expect(await listMembers(CLUSTER, 'opfs')).toContain(identity.memberId);
    expect(await valueOf(api.list(CLUSTER))).not.toContain(identity.memberId);
  });

  it.each([
    ['indexeddb', 'opfs', 'IndexedDB', 'private files (OPFS)'],
    ['opfs', 'indexeddb', 'private files (OPFS)', 'IndexedDB'],
  ] as const)('created as %s stays so where %s is asked for since', async (created, asked, own, other) => {
    const identity = newIdentity();
    const first = await valueOf(api.openMember(identity, true, created));
    await valueOf(api.write(first.number, NEXT_OF_NOTHING));
    await valueOf(api.close(first.number));
    const second = await valueOf(api.openMember(identity, false, asked));
    expect(second.notices).toEqual([
      `info: This tab’s member was created in ${own} and stays there; ${other} is for new members. Wipe its storage to rejoin as one.`,
    ]);
    expect(await valueOf(api.load(second.number))).toMatchObject({ entries: entries(1, 3) });
    await valueOf(api.close(second.number));
    const third = await valueOf(api.openMember(identity, false, created));
    expect([first.notices, third.notices]).toEqual([[], []]);
    await valueOf(api.close(third.number));
    expect(await valueOf(api.listMembers(CLUSTER, 'indexeddb'))).toContain(identity.memberId);
    expect(await valueOf(api.listMembers(CLUSTER, 'memory'))).toEqual([]);
    await valueOf(api.deleteMember(identity));
    expect(await valueOf(api.listMembers(CLUSTER, 'indexeddb'))).not.toContain(identity.memberId);
  });
});
