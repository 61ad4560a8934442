import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { interleave, rowOf, type Row } from '../../src/bench/benchmark.ts';
import { BENCHMARKS } from '../../src/bench/catalog.ts';
import { tableOf, type Results } from '../../src/bench/report.ts';
import { save } from '../../src/bench/save.ts';

const ROOT = join(import.meta.dirname, '../..');
const PATIENCE = { timeout: 60_000 };

function bench(...args: string[]): { status: number | null; out: string; err: string } {
  const command = ['--import', 'tsx', 'src/cli/bench.ts', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tabraft-results-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

// What it measures in tabs is in tests/e2e.
describe('npm run bench', () => {
  it('tells how it is used', PATIENCE, () => {
    const { status, out } = bench('--help');
    expect(out).toMatch(/^Usage: npm run bench[^]*commit {2}[^]*soak {2}[^]*--compare FILE[^]*Exit status:/);
    expect(status).toBe(0);
  });

  it.each<[string[], RegExp]>([
    [['speed'], /There is no benchmark "speed", only commit, /],
    [['--runs', '0'], /--runs: expected a number from 1 on, received "0"/],
    [['--compare', 'nowhere.json'], /--compare: nowhere.json cannot be read/],
    [['--compare', 'package.json'], /--compare: package.json holds no results/],
    [['--quick', '--save'], /--save: what --quick measures is not worth keeping/],
    [['--verbose'], /--verbose/],
  ])('refuses %j, and measures nothing', PATIENCE, (args, reason) => {
    const { status, out, err } = bench(...args);
    expect(err).toMatch(reason);
    expect(out).toBe('');
    expect(status).toBe(2);
  });

  it('prints what it measured as JSON, and compares with it later', PATIENCE, () => {
    const first = bench('--quick', '--json', 'check');
    expect(first.status).toBe(0);
    expect(first.err).toBe('check: begins\n');
    const results = JSON.parse(first.out) as Results;
    expect(results).toMatchObject({ isQuick: true, rows: [{ benchmark: 'check', unit: 'ms', runs: 3 }] });
    const file = join(directory, 'earlier.json');
    writeFileSync(file, first.out);
    const { status, out } = bench('--quick', '--compare', file, 'check');
    expect(out).toMatch(/check: 4,000 operations {2}.* ms .* ×$/m);
    expect(status).toBe(0);
  });
});

describe('a figure', () => {
  const measured = { figure: 'p50', unit: 'ms', values: [5, 3, 4, 9] };
  const floor = { what: 'bare', values: [2, 4, 3] };

  it('is the median, with the extremes', () => {
    expect(rowOf('commit', measured)).toEqual({
      ...{ benchmark: 'commit', figure: 'p50', unit: 'ms', value: 4.5, min: 3, max: 9, runs: 4 },
    });
  });

  it('is judged by its ratio to the floor, or by itself', () => {
    const limit = 1.4;
    expect(rowOf('commit', { ...measured, floor, aim: { bound: 'at most', limit } })).toMatchObject({
      ...{ ratio: 1.5, aim: '≤ 1.4 ×', met: false },
    });
    expect(rowOf('commit', { ...measured, floor, aim: { bound: 'at least', limit } }).met).toBe(true);
    expect(rowOf('commit', { ...measured, aim: { bound: 'at most', limit: 5, of: 'value' } })).toMatchObject({
      ...{ aim: '≤ 5 ms', met: true },
    });
  });

  it('stands between measurements of its floor', async () => {
    const order: string[] = [];
    const measure = async (what: string): Promise<number> => Promise.resolve(order.push(what));
    const counts = await interleave(
      { runs: 2, checkInterrupt: () => undefined },
      () => measure('floor'),
      () => measure('figure'),
    );
    expect(order).toEqual(['floor', 'figure', 'floor', 'figure', 'floor']);
    expect(counts).toEqual({ floors: [1, 3, 5], values: [2, 4] });
  });

  it('is new where there was none before', () => {
    const before = { machine: 'this', isQuick: false, rows: [] };
    expect(tableOf([rowOf('commit', measured)], before)[1]).toMatch(/commit: p50 {2}4.5 ms .* new$/);
  });
});

describe('what is saved', () => {
  const resultsOf = (machine: string, ...rows: Row[]): Results => ({
    ...{ machine, isQuick: false },
    rows: rows.map((row) => ({ ...row, measured: '2026-11-25' })),
  });
  const row = (benchmark: string, value: number, figure = 'p50 & <more>'): Row =>
    rowOf(benchmark, {
      ...{ figure, unit: 'ms', values: [value] },
      floor: { what: 'bare', values: [1] },
      aim: { bound: 'at most', limit: 2 },
    });
  const saved = (): string[] =>
    (JSON.parse(readFileSync(join(directory, 'results.json'), 'utf8')) as Results).rows.map(
      ({ benchmark, value }) => `${benchmark} ${value}`,
    );

  it('keeps what was not measured again, on the same kind of machine', async () => {
    await save(directory, resultsOf('this', row('read', 1), row('members', 2)), BENCHMARKS);
    await save(directory, resultsOf('this', row('commit', 3), row('read', 4)), BENCHMARKS);
    expect(saved()).toEqual(['commit 3', 'read 4', 'members 2']);
    await save(directory, resultsOf('another', row('read', 5)), BENCHMARKS);
    expect(saved()).toEqual(['read 5']);
  });

  it('has a page with pictures', async () => {
    const figures = ['3: p50', '5: p50', '3: 256 in flight', '5: 256 in flight', '5: p50 & <more>'];
    const rows = figures.map((figure, position) => row('members', position + 1, figure));
    await save(directory, resultsOf('this', ...rows), BENCHMARKS);
    expect(readdirSync(directory).sort()).toEqual([
      ...['README.md', 'members-curve.svg', 'members.svg', 'results.json'],
    ]);
    const page = readFileSync(join(directory, 'README.md'), 'utf8');
    expect(page).toContain('| 3: 256 in flight | 3 ms | 3 – 3 | 1 | 1 (bare) | 3.00 × | ≤ 2 ×: not met |');
    const bars = readFileSync(join(directory, 'members.svg'), 'utf8');
    expect(bars).toContain('5: p50 &amp; &lt;more&gt;');
    expect(bars).toContain('3: 256 in flight: 3 ms; bare 1 ms, 3.00 ×, aim ≤ 2 × not met');
    const curves = readFileSync(join(directory, 'members-curve.svg'), 'utf8');
    expect(curves.match(/<polyline class="figure-line"/g)).toHaveLength(2);
  });
});
