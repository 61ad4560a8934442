import { agreedLeader, expect, openCluster, test, type Tab } from './support/fixtures.ts';

/** The measurement of docs is `TABRAFT_RELOAD_ENTRIES=100000`. */
const ENTRIES = Number(process.env['TABRAFT_RELOAD_ENTRIES'] ?? 20_000);
const IN_FLIGHT = 256;
const KEYS = 1000;
/** From config.json. */
const [SNAPSHOT_ENTRIES, RETAINED_ENTRIES] = [10_000, 1000];
/** Until a snapshot that is due has been taken, writes go on. */
const MEANWHILE = 10 * IN_FLIGHT;
/** A write of this test with its session's envelope, generously. */
const ENTRY_BYTES = 200;

test.setTimeout(180_000 + ENTRIES * 5);

/** One entry for each call; the page never has more than so many under way. */
async function write(tab: Tab, count: number): Promise<void> {
  const unwritten = await tab.page.evaluate(
    async ([total, inFlight, keys]) => {
      let next = 0;
      const failures: string[] = [];
      const work = async (): Promise<void> => {
        while (next < total && failures.length === 0) {
          const number = next;
          next += 1;
          const val = `value of write ${number}`;
          const result = await window.tabraft.raft.transact([
            { op: 'SET', key: `key-${number % keys}`, val },
          ]);
          if (result.outcome !== 'ok') failures.push(`${result.outcome}: ${result.reason}`);
        }
      };
      await Promise.all(Array.from({ length: inFlight }, work));
      return failures;
    },
    [count, IN_FLIGHT, KEYS] as const,
  );
  expect(unwritten).toEqual([]);
}

/** Milliseconds from the navigation, as the page has it, until so much is applied. */
async function caughtUpAfter(tab: Tab, index: number): Promise<number> {
  await tab.page.reload();
  return tab.page.evaluate(async (target) => {
    const nextTask = async (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10));
    while (!('tabraft' in window) || (await window.tabraft.status()).appliedIndex < target) await nextTask();
    return performance.now();
  }, index);
}

interface Stored {
  readonly runs: number;
  readonly logBytes: number;
  readonly snapshotBytes: number;
}

/** What the tab's database holds, by a connection of its own. */
async function stored(tab: Tab): Promise<Stored> {
  const { clusterId, memberId } = await tab.status();
  return tab.page.evaluate(async (name) => {
    const result = async <T>(request: IDBRequest<T>): Promise<T> =>
      new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      });
    const db = await result(indexedDB.open(name));
    const transaction = db.transaction(['log', 'snapshot']);
    const runs = (await result(transaction.objectStore('log').getAll())) as { bytes: Uint8Array }[];
    const snapshots = (await result(transaction.objectStore('snapshot').getAll())) as {
      data: Uint8Array;
    }[];
    db.close();
    const logBytes = runs.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const snapshotBytes = snapshots.reduce((sum, { data }) => sum + data.length, 0);
    return { runs: runs.length, logBytes, snapshotBytes };
  }, `tabraft/${clusterId}/${memberId}`);
}

test('a tab that is reloaded behind a long log comes back from its snapshot', async ({ context, server }) => {
  const tabs = await openCluster(context, server.url, 3);
  const leader = await agreedLeader(tabs);
  const [writer, reloaded] = tabs.filter((tab) => tab !== leader);
  if (writer === undefined || reloaded === undefined) throw new Error('three tabs');
  const startedAt = performance.now();
  await write(writer, ENTRIES);
  const writtenMs = performance.now() - startedAt;

  const { commitIndex, term } = await leader.status();
  expect(commitIndex).toBeGreaterThan(ENTRIES);
  const { memberId } = await reloaded.status();
  const afterMs = await caughtUpAfter(reloaded, commitIndex);
  const status = await reloaded.status();
  const held = await stored(reloaded);
  // eslint-disable-next-line no-console -- measured for people; no test depends on the machine's speed
  console.log(
    `${ENTRIES} entries written in ${(writtenMs / 1000).toFixed(1)} s; caught up ${afterMs.toFixed(0)} ms after the reload;`,
    `snapshot at ${status.snapshotIndex} of ${status.lastIndex};`,
    `${held.runs} runs, ${held.logBytes} bytes of log, ${held.snapshotBytes} bytes of snapshot`,
  );

  expect(status).toMatchObject({ memberId, stoppedReason: null });
  expect(status.snapshotIndex).toBeGreaterThan(0);
  const behind = status.lastIndex - status.snapshotIndex;
  expect(behind).toBeLessThanOrEqual(SNAPSHOT_ENTRIES + MEANWHILE);
  const logFrom = (from: number): Promise<{ index: number }[]> =>
    reloaded.page.evaluate((first) => window.tabraft.raft.log({ from: first }), from);
  expect(await logFrom(1)).toEqual([]);
  const page = await logFrom(status.snapshotIndex + 1);
  const expected = Array.from({ length: page.length }, (_, offset) => status.snapshotIndex + 1 + offset);
  expect(page.map(({ index }) => index)).toEqual(expected);
  expect(page.length).toBeGreaterThanOrEqual(Math.min(1000, behind));

  const mostEntries = SNAPSHOT_ENTRIES + RETAINED_ENTRIES + MEANWHILE;
  expect(held.runs).toBeLessThanOrEqual(mostEntries);
  expect(held.logBytes).toBeLessThanOrEqual(mostEntries * ENTRY_BYTES);
  expect(held.snapshotBytes).toBeLessThanOrEqual((KEYS + 100) * ENTRY_BYTES);

  expect(await agreedLeader(tabs)).toBe(leader);
  expect((await leader.status()).term).toBe(term);
  for (const number of [ENTRIES - KEYS, ENTRIES - 1]) {
    const value = `value of write ${number}`;
    expect(await reloaded.get(`key-${number % KEYS}`, 'local')).toEqual({ outcome: 'ok', value });
  }
});
