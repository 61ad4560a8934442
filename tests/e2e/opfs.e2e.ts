import { RealBrowser, untilLoaded } from '../../src/drive/browser.ts';
import { expect, openCluster, openTabs, test, type Tab } from './support/fixtures.ts';
import { LAUNCH } from './support/launch.ts';
import { missingWrites, Writer } from './support/writer.ts';

/** The members that the browser holds, by where their logs are. */
async function storedMembers(tab: Tab): Promise<{ database: string[]; files: string[] }> {
  return tab.page.evaluate(async () => {
    const { clusterId } = await window.tabraft.status();
    const prefix = `tabraft/${clusterId}/`;
    const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
    const database = names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    const root = await navigator.storage.getDirectory();
    const logs = await (await root.getDirectoryHandle('tabraft-log')).getDirectoryHandle(clusterId);
    const files: string[] = [];
    for await (const name of logs.keys()) files.push(name);
    return { database, files: files.sort() };
  });
}

const idsOf = async (tabs: readonly Tab[]): Promise<string[]> =>
  (await Promise.all(tabs.map((tab) => tab.ready()))).map(({ memberId }) => memberId).sort();

test('tabs with their logs in private files lose nothing when all are reloaded, and when the browser is killed', async ({
  profile,
  server,
}) => {
  const url = `${server.url}?storage=opfs`;
  const first = await RealBrowser.launch(LAUNCH.executablePath, profile);
  const tabs = await openTabs(first, url, 3);
  const ids = await idsOf(tabs);
  const [tab] = tabs;
  if (tab === undefined) throw new Error('three tabs');
  expect(await storedMembers(tab)).toEqual({ database: [], files: ids });

  const before = new Writer('reload', () => tabs);
  await expect.poll(() => before.acknowledged.size).toBeGreaterThan(50);
  await before.stop();
  await Promise.all(tabs.map((each) => each.reload()));
  expect(await idsOf(tabs)).toEqual(ids);
  for (const each of tabs) expect(await missingWrites(each, before.acknowledged)).toEqual([]);

  const writer = new Writer('kill', () => tabs);
  await expect.poll(() => writer.acknowledged.size).toBeGreaterThan(50);
  await first.kill();
  await writer.stop();

  // Of a member that is there, the address does not choose the storage.
  const second = await RealBrowser.launch(LAUNCH.executablePath, profile);
  try {
    const reopened = await openTabs(second, server.url, 3);
    expect(await idsOf(reopened)).toEqual(ids);
    for (const each of reopened) {
      expect(await missingWrites(each, before.acknowledged)).toEqual([]);
      expect(await missingWrites(each, writer.acknowledged)).toEqual([]);
    }
    const [one] = reopened;
    if (one === undefined) throw new Error('three tabs');
    // A wiped one comes back as a new member, with the storage that is configured now.
    const { memberId } = await one.status();
    await one.page.evaluate(() => window.tabraft.node.wipe());
    const created = (await one.ready()).memberId;
    expect(await storedMembers(one)).toEqual({
      database: [created],
      files: ids.filter((id) => id !== memberId),
    });
  } finally {
    await second.close();
  }
});

test('a node whose files the browser has taken away stops and says so', async ({ context, server }) => {
  const [tab] = await openCluster(context, `${server.url}?storage=opfs`, 1);
  if (tab === undefined) throw new Error('one tab');
  const session = await context.newCDPSession(tab.page);
  const { origin } = new URL(server.url);
  await session.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
  await expect.poll(async () => (await tab.status()).role).toBe('stopped');
  await expect(tab.page.getByText('or its data was cleared').first()).toBeVisible();
  // Neither does what was taken away come back, nor does it stand in the way.
  const { memberId } = await tab.status();
  await tab.page.goto(new URL('/?storage=opfs', server.url).href);
  await untilLoaded(tab.page);
  expect((await tab.ready()).memberId).not.toBe(memberId);
});
