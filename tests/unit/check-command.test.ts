import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const directory = mkdtempSync(join(tmpdir(), 'tabraft-check-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const PATIENCE = { timeout: 60_000 };

const GOOD = 'tests/fixtures/histories/good.jsonl';
const BAD = 'tests/fixtures/histories/bad.jsonl';

function check(args: readonly string[], input = ''): { status: number | null; out: string; err: string } {
  const command = ['--import', 'tsx', 'src/cli/check.ts', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: ROOT,
    input,
    encoding: 'utf8',
  });
  return { status, out: stdout, err: stderr };
}

/** Many writes that overlap and of which none is known, and a read of what nobody wrote. */
function hopeless(): string {
  const file = join(directory, 'hopeless.jsonl');
  const event = (index: number, process: string, type: string, f: string, value: string | null): string =>
    JSON.stringify({ index, time: index, process, type, f, key: 'x', value });
  const lengths = Array.from({ length: 30 }, (_, index) => index + 1);
  const lines = (['invoke', 'ok'] as const).flatMap((type, half) =>
    lengths.map((length) => event(half * 30 + length, `w${length}`, type, 'append', 'a'.repeat(length))),
  );
  // One character more than all of them together.
  lines.push(event(61, 'r', 'invoke', 'get', null), event(62, 'r', 'ok', 'get', 'a'.repeat(466)));
  writeFileSync(file, lines.join('\n'));
  return file;
}

describe('npm run check', () => {
  it('says so of a good history, and ends with 0', PATIENCE, () => {
    const { status, out } = check([GOOD]);
    expect(out).toMatch(/^tests\/fixtures\/histories\/good\.jsonl: linearizable \(6 operations, \d+ ms\)\n$/);
    expect(status).toBe(0);
  });

  it('explains a bad one, and ends with 1, whatever the others are', PATIENCE, () => {
    const { status, out } = check([GOOD, BAD]);
    expect(out).toContain('bad.jsonl: not linearizable (4 operations');
    expect(out).toContain('c3: get, read "1"');
    expect(status).toBe(1);
  });

  it('does not know what takes too long, and ends with 3', PATIENCE, () => {
    const { status, out } = check(['--time-limit', '200ms', hopeless()]);
    expect(out).toContain('hopeless.jsonl: unknown (31 operations');
    expect(status).toBe(3);
    expect(check(['--time-limit', '200ms', hopeless(), BAD]).status).toBe(1);
  });

  it('gives way to Ctrl-C in the middle of a search', PATIENCE, async () => {
    // The good one's line says that it has begun.
    const args = ['--import', 'tsx', 'src/cli/check.ts', '--time-limit', '10m', GOOD, hopeless()];
    const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([null, 'SIGINT']);
  });

  it('reads the standard input', PATIENCE, () => {
    expect(check(['-'], readFileSync(join(ROOT, GOOD), 'utf8')).out).toContain('-: linearizable');
  });

  it('names file, line and reason of what it cannot read, and ends with 2', PATIENCE, () => {
    const file = join(directory, 'broken.jsonl');
    writeFileSync(file, `${readFileSync(join(ROOT, GOOD), 'utf8')}{"index":\n`);
    expect(check([file])).toMatchObject({ status: 2, err: `${file}:13: it is not JSON\n` });
    const missing = check([join(directory, 'missing.jsonl')]);
    expect(missing.status).toBe(2);
    expect(missing.err).toContain('it cannot be read');
    const empty = join(directory, 'empty.jsonl');
    writeFileSync(empty, '');
    expect(check([empty])).toMatchObject({
      status: 2,
      err: `${empty}: there is no operation in it to judge\n`,
    });
    expect(check(['--model', 'register', GOOD])).toMatchObject({
      status: 2,
      err: `${GOOD}:5: the model register has no cas\n`,
    });
  });

  it('refuses what it does not understand with 2', PATIENCE, () => {
    for (const args of [[], ['--model', 'queue', GOOD], ['--time-limit', 'soon', GOOD], ['--colour', GOOD]]) {
      const { status, err } = check(args);
      expect([status, err.includes('See npm run check -- --help')]).toEqual([2, true]);
    }
  });

  it('speaks JSON, and draws', PATIENCE, () => {
    const page = join(directory, 'page.html');
    const { out } = check(['--json', '--html', page, BAD]);
    expect(JSON.parse(out)).toMatchObject({
      verdict: 'not linearizable',
      operations: 4,
      keys: [{ key: 'x', failure: { process: 'c3', operation: 'get, read "1"' } }],
    });
    const html = readFileSync(page, 'utf8');
    expect(html).toContain('data-error');
    expect(html).not.toMatch(/(src|href)=/);
  });

  it('has help', PATIENCE, () => {
    expect(check(['--help'])).toMatchObject({ status: 0, err: '' });
  });
});
