import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { cp, symlink } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, ROOT, Tab, test } from './support/fixtures.ts';

const LEFT_BEHIND = ['.git', 'node_modules', 'dist', 'logs', 'test-results'];

/** In a copy of the project: it builds, and beside it other tests load what is built here. */
async function npmStart(directory: string, port: number): Promise<ChildProcessWithoutNullStreams> {
  const copy = join(directory, 'project');
  await cp(ROOT, copy, {
    ...{ recursive: true, preserveTimestamps: true },
    filter: (file) => !LEFT_BEHIND.some((name) => file === join(ROOT, name)),
  });
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  return spawn(process.execPath, ['scripts/start.mjs'], {
    ...{ cwd: copy, env: { ...process.env, PORT: `${port}` } },
  });
}

test('npm start builds, serves, says where, and ends cleanly', async ({ context, profile }) => {
  const child = await npmStart(profile, 0);
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

test('npm start at a taken port says so in one line', async ({ profile }) => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  const child = await npmStart(profile, port);
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(errors.trim().split('\n').at(-1)).toMatch(new RegExp(`${port}.*(in use|taken)`));
  taken.close();
});
