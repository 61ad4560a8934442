import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { formatEvent } from '../../src/trace/event.ts';
import { parseTrace } from '../../src/trace/lines.ts';
import { byNode, randomTrace } from '../support/random-trace.ts';
import { expect, ROOT, test } from './support/fixtures.ts';

test('the monitor’s page has the space-time diagram and the report, and needs nothing else', async ({
  context,
  profile,
}) => {
  const { events } = randomTrace({ seed: 9, nodes: 3, events: 400, maxSkewMs: 5000 });
  // Text that must not end the element that it stands in.
  const last = events.at(-1);
  if (last === undefined) throw new Error('no events');
  const { seq, node, name, time, clock } = last;
  const own = { [node]: seq + 1 };
  events.push({
    seq: seq + 1,
    node,
    name,
    time,
    clock: { ...clock, ...own },
    kind: 'error',
    message: '</script><b>',
  });
  for (const [id, its] of byNode(events))
    await writeFile(
      join(profile, `${id}.trace.jsonl`),
      its.map((event) => `${formatEvent(event)}\n`).join(''),
    );
  const output = join(profile, 'trace.html');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'src/cli/monitor.ts', '--log-dir', profile, '--format', 'html', '--output', output],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);

  const page = await context.newPage();
  const asked: string[] = [];
  const problems: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  page.on('console', (message) => problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(error.message));
  const address = pathToFileURL(output).href;
  await page.goto(address);
  await expect(page.getByRole('application', { name: /space-time diagram of A, B, C/i })).toBeVisible();
  await expect(page.getByText('401 events of 3 nodes')).toBeVisible();
  await page.getByRole('button', { name: 'Next error' }).click();
  await expect(page.locator('#chosen')).toContainText('error: </script><b>');
  await page.getByRole('button', { name: 'Range to here' }).click();
  await page.getByRole('combobox', { name: 'Format' }).selectOption('jsonl');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export the range' }).click();
  const exported = parseTrace(await readFile(await (await download).path(), 'utf8'));
  expect([exported.problem, exported.events.length]).toEqual([null, 401]);
  expect(asked.filter((url) => url !== address && !url.startsWith('blob:'))).toEqual([]);
  expect(problems).toEqual([]);
});
