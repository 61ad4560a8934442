import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PATIENCE = { timeout: 300_000 };

function command(file: string, args: readonly string[]): { status: number | null; out: string; err: string } {
  const all = ['--import', 'tsx', `src/cli/${file}.ts`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, { cwd: ROOT, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

describe('npm run sim', () => {
  it('counts what it did, for people and for programs', PATIENCE, () => {
    const text = command('sim', ['--seeds', '3', '--from', '5', '--nodes', '5']);
    expect(text.status).toBe(0);
    expect(text.out).toMatch(/^3 seeds, \d+ steps\n\d+ s of virtual time in [\d.]+ s, \d+ to 1\n/);
    const json = command('sim', ['--seeds', '3', '--from', '5', '--nodes', '5', '--json']);
    expect(JSON.parse(json.out)).toMatchObject({ seeds: 3, violation: null, shortcomings: [] });
  });

  it('says what is wrong with a known bug put in, and how to repeat it, and ends with 1', PATIENCE, () => {
    const { status, out } = command('sim', ['--seeds', '50', '--mutant', 'own-write-not-awaited']);
    expect(status).toBe(1);
    expect(out).toContain('VIOLATED: committed is durable on a majority');
    const repeat = /To repeat it: npm run sim -- (.*)/.exec(out)?.[1] ?? '';
    expect(repeat).toContain('--mutant own-write-not-awaited');
    expect(command('sim', repeat.split(' ')).out).toContain('VIOLATED: committed is durable on a majority');
  });

  it('tells a run event by event', PATIENCE, () => {
    const { status, out } = command('sim', ['--from', '4', '--trace']);
    expect(status).toBe(0);
    expect(out).toMatch(/appendRequest in term/);
    expect(out).toMatch(/nothing violated, trace [0-9a-f]{16}\n$/);
  });

  it.each([[['--seeds', '0']], [['--nodes', '4']], [['--mutant', 'gremlin']], [['--speed', '9']]])(
    'refuses %j with 2',
    PATIENCE,
    (args) => {
      const { status, err } = command('sim', args);
      expect([status, err.includes('See npm run sim -- --help')]).toEqual([2, true]);
    },
  );
});

describe('npm run bench', () => {
  it('measures the core', PATIENCE, () => {
    const { status, out } = command('bench', ['core', '--runs', '1', '--json']);
    expect(status).toBe(0);
    const { rows } = JSON.parse(out) as { rows: { unit: string; value: number }[] };
    expect(rows.map(({ unit }) => unit)).toEqual(['entries/s', 'entries/s', 'entries/s']);
    for (const { value } of rows) expect(value).toBeGreaterThan(0);
  });

  it.each([[['speed']], [['core', '--runs', 'many']], [['--fast']]])(
    'refuses %j with 2',
    PATIENCE,
    (args) => {
      expect(command('bench', args).status).toBe(2);
    },
  );
});
