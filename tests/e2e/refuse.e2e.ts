import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Route } from '@playwright/test';
import { expect, openCluster, ROOT, Tab, test, TestServer } from './support/fixtures.ts';

const isWorkerScript = (url: URL): boolean => /\/assets\/main-.*\.js$/.test(url.pathname);

test('a wrong value in config.json is named on the page, with its path and what was expected', async ({
  context,
  profile,
}) => {
  const configFile = join(profile, 'config.json');
  const config = JSON.parse(await readFile(join(ROOT, 'config.json'), 'utf8')) as {
    timing: { heartbeatMs: unknown };
  };
  await writeFile(configFile, JSON.stringify(config));
  const server = new TestServer(configFile);
  await server.start();
  try {
    config.timing.heartbeatMs = 'often';
    await writeFile(configFile, JSON.stringify(config));
    const page = await context.newPage();
    await page.goto(server.url);
    await expect(page.getByText('timing.heartbeatMs: expected an integer from 10 to 60000')).toBeVisible();
    expect(await page.evaluate(() => 'tabraft' in window)).toBe(false);
  } finally {
    await server.stop();
  }
});

test('a worker that cannot be loaded is named on the page, with what to do', async ({ context, server }) => {
  await context.route(isWorkerScript, (route) => route.abort());
  const tab = await Tab.open(context, server.url);
  await expect(
    tab.page.getByText('The node’s worker has failed: it could not be loaded. Reload the page.').first(),
  ).toBeVisible();
  expect(await tab.put('key', 'value')).toMatchObject({ outcome: 'failed', code: 'not-running' });
  // What was to be founded was not: neither this tab nor another waits for it.
  await context.unroute(isWorkerScript);
  await tab.reload();
  await tab.ready();
  const other = await Tab.open(context, server.url);
  expect((await other.ready()).members).toHaveLength(2);
});

test('a node that crashes before it runs can be brought back', async ({ context, server }) => {
  const tab = await Tab.open(context, server.url);
  const { memberId } = await tab.ready();
  await context.route(isWorkerScript, () => undefined); // it never comes
  const restarting = tab.page.evaluate(() => window.tabraft.node.restart());
  await expect.poll(async () => (await tab.status()).memberId).toBe('');
  await tab.page.evaluate(() => window.tabraft.node.crash());
  await restarting;
  await context.unroute(isWorkerScript);
  await tab.page.evaluate(() => window.tabraft.node.restart());
  expect((await tab.ready()).memberId).toBe(memberId);
});

test('a tab whose node has crashed sets fault rules for the others, clears them, and wipes its storage', async ({
  context,
  server,
}) => {
  const [first, , tab] = await openCluster(context, server.url, 3);
  if (first === undefined || tab === undefined) throw new Error('three tabs');
  const { memberId } = await tab.status();
  await tab.page.evaluate(async () => {
    await window.tabraft.node.crash();
    await window.tabraft.faults.set({ id: 'cut', kind: 'drop', from: 'A', to: 'B' });
  });
  expect(await first.page.evaluate(() => window.tabraft.faults.list())).toHaveLength(1);
  await tab.page.evaluate(() => window.tabraft.faults.clear());
  expect(await first.page.evaluate(() => window.tabraft.faults.list())).toEqual([]);
  await tab.page.evaluate(() => window.tabraft.node.wipe());
  expect((await tab.ready()).memberId).not.toBe(memberId);
  // Nobody speaks for the member that is gone.
  await expect.poll(async () => (await first.status()).peers.map(({ id }) => id)).not.toContain(memberId);
});

test('a node that is wiped while it still reads its storage comes back as a new member', async ({
  context,
  server,
}) => {
  const [, , tab] = await openCluster(context, server.url, 3);
  if (tab === undefined) throw new Error('three tabs');
  const { memberId } = await tab.status();
  let wiping: Promise<void> | undefined;
  const wipe = async (route: Route): Promise<void> => {
    await tab.page.waitForFunction(() => 'tabraft' in window);
    wiping = tab.page.evaluate(() => window.tabraft.node.wipe());
    await route.continue();
  };
  await context.route(isWorkerScript, wipe, { times: 1 });
  await tab.reload();
  await expect.poll(() => wiping !== undefined).toBe(true);
  await wiping;
  expect((await tab.ready()).memberId).not.toBe(memberId);
});

test('storage of a newer version stops the node, with the reason', async ({ context, server }) => {
  const tab = await Tab.open(context, server.url);
  const { clusterId, memberId } = await tab.ready();
  await tab.page.goto(`${server.url}healthz`);
  await tab.page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name, 999);
        request.onsuccess = () => {
          request.result.close();
          resolve(null);
        };
        request.onerror = () => reject(request.error ?? new Error('no reason'));
      }),
    `tabraft/${clusterId}/${memberId}`,
  );
  await tab.page.goto(server.url);
  await expect(tab.page.getByText(/Stopped, because.*newer version of tabraft/)).toBeVisible();
  const status = await tab.status();
  expect(status).toMatchObject({ role: 'stopped' });
  expect(status.stoppedReason).toContain('newer version');
  expect(await tab.put('key', 'value')).toMatchObject({ outcome: 'failed', code: 'not-running' });
});

test('a log that cannot be read stops the node, with the reason; wiped, it comes back as a new member', async ({
  context,
  server,
}) => {
  const [first, , tab] = await openCluster(context, server.url, 3);
  if (first === undefined || tab === undefined) throw new Error('three tabs');
  expect(await first.put('key', 'value')).toMatchObject({ outcome: 'ok' });
  const { clusterId, memberId } = await tab.status();
  await tab.page.goto(`${server.url}healthz`);
  await tab.page.evaluate(
    (name) =>
      new Promise((resolve, reject) => {
        const request = indexedDB.open(name);
        request.onerror = () => reject(request.error ?? new Error('no reason'));
        request.onsuccess = () => {
          const transaction = request.result.transaction('log', 'readwrite');
          transaction.objectStore('log').put({ first: 1, last: 1, bytes: new Uint8Array([9, 9, 9]) }, 1);
          transaction.onabort = () => reject(transaction.error ?? new Error('no reason'));
          transaction.oncomplete = () => {
            request.result.close();
            resolve(null);
          };
        };
      }),
    `tabraft/${clusterId}/${memberId}`,
  );
  await tab.page.goto(server.url);
  await expect(tab.page.getByText(/Stopped, because.*damaged/)).toBeVisible();
  expect(await tab.status()).toMatchObject({ role: 'stopped' });
  expect(await tab.get('key')).toMatchObject({ outcome: 'failed', code: 'not-running' });
  await tab.page.evaluate(() => window.tabraft.node.wipe());
  expect((await tab.ready()).memberId).not.toBe(memberId);
  expect(await tab.get('key')).toEqual({ outcome: 'ok', value: 'value' });
  const names = await tab.page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  expect(names).not.toContain(`tabraft/${clusterId}/${memberId}`);
});

test('storage that is cleared under a running node stops it, with the reason', async ({
  context,
  server,
}) => {
  const tab = await Tab.open(context, server.url);
  const { clusterId, memberId } = await tab.ready();
  await tab.page.evaluate((name) => void indexedDB.deleteDatabase(name), `tabraft/${clusterId}/${memberId}`);
  await expect.poll(async () => (await tab.status()).role).toBe('stopped');
  await expect(tab.page.getByText(/Stopped, because/)).toBeVisible();
  expect(await tab.put('key', 'value')).toMatchObject({ outcome: 'failed', code: 'not-running' });
});
