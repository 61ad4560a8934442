import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import type { Results } from '../../src/bench/report.ts';
import { runCommand } from './support/client-command.ts';
import { ROOT } from './support/fixtures.ts';

// How fast anything is, is not for tests to say: only that it is measured.
test('npm run bench measures commits in real tabs, beside their floor', () => {
  const { status, out, err } = runCommand('bench', ['--quick', '--json', '--runs', '1', 'commit']);
  expect(err).toContain('commit: begins');
  expect(status).toBe(0);
  const { isQuick, rows } = JSON.parse(out) as Results;
  expect(isQuick).toBe(true);
  expect(rows.map(({ benchmark, figure }) => `${benchmark}: ${figure}`)).toEqual([
    'commit: p50',
    'commit: p99',
    'commit: bare replication, asked from the page: p50',
    'commit: bare strict write: p50',
    'commit: hidden: p50',
    'commit: hidden: p99',
    'commit: hidden, bare replication, asked from the page: p50',
    'commit: hidden, bare strict write: p50',
  ]);
  for (const { unit, value, min, max, runs } of rows) {
    expect(unit).toBe('ms');
    expect(value).toBeGreaterThan(0);
    expect(min).toBeLessThanOrEqual(value);
    expect(max).toBeGreaterThanOrEqual(value);
    expect(runs).toBeGreaterThan(0);
  }
  const [p50] = rows;
  expect(p50).toMatchObject({ floor: { what: 'bare replication', runs: 2 }, aim: '≤ 1.3 ×' });
  expect(p50?.ratio).toBeCloseTo((p50?.value ?? 0) / (p50?.floor?.value ?? 1));
});

test('npm run bench leaves nothing behind when it is interrupted', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'tabraft-interrupted-'));
  try {
    const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/bench.ts', '--quick', 'members'], {
      ...{ cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
      env: { ...process.env, TMPDIR: temporary },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      if (!said.includes('building') && (said + chunk).includes('building')) child.kill('SIGINT');
      said += chunk;
    });
    const [status] = (await once(child, 'close')) as [number | null];
    expect(said).toContain('interrupted');
    expect(status).toBe(130);
    expect((await readdir(temporary)).filter((name) => name.startsWith('tabraft-'))).toEqual([]);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
});
