import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, ROOT, Tab, test, TestServer } from './support/fixtures.ts';

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

test('npm start builds, serves, says where, and ends cleanly', async ({ context }) => {
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await expect.poll(() => /http:\/\/localhost:\d+\//.exec(output)?.[0], { timeout: 120_000 }).toBeDefined();
  const address = /http:\/\/localhost:\d+\//.exec(output)?.[0] ?? '';
  const tab = await Tab.open(context, address);
  expect(await tab.ready()).toMatchObject({ role: 'leader', name: 'A' });
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});

test('npm start at a taken port says so in one line', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const child = spawn(process.execPath, ['scripts/start.mjs'], {
    cwd: ROOT,
    env: { ...process.env, PORT: `${port}` },
  });
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(errors.trim().split('\n').at(-1)).toMatch(new RegExp(`${port}.*(in use|taken)`));
  taken.close();
});
