import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');
const PATIENCE = { timeout: 60_000 };

function client(...args: string[]): { status: number | null; out: string; err: string } {
  const command = ['--import', 'tsx', 'src/cli/client.ts', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

// What it does to a cluster is in tests/e2e.
describe('npm run client', () => {
  it('tells how it is used', PATIENCE, () => {
    const { status, out } = client('--help');
    expect(out).toMatch(/^Usage: npm run client.*--url URL[^]*nemesis:[^]*Exit status:/);
    expect(status).toBe(0);
  });

  it.each<[string[], RegExp]>([
    [['--url', 'localhost:5173'], /--url: expected http:/],
    [['--url', 'http://localhost/#c=x'], /without a fragment/],
    [['--url', 'http://localhost/', '--config', 'config.json'], /--config is for the server that is started/],
    [['--algorithm', 'paxos'], /--algorithm: expected raft, abd or both, received "paxos"/],
    [['--tabs', '0'], /--tabs: expected a number from 1 to 9, received "0"/],
    [['--seed', '-1'], /--seed/],
    [
      ['--duration', '30'],
      /--duration: expected a time such as 500ms, 30s or 2m, from 1000 ms to 60 minutes, received "30"/,
    ],
    [['--test', 'speed'], /There is no test "speed", only read-after-write/],
    [['--test', 'state-machine', '--algorithm', 'abd'], /state-machine is for raft, not for "abd"/],
    [['--test', 'nemesis', '--tabs', '2'], /--tabs: nemesis needs 3/],
    [['--config', 'missing.json'], /--config: missing.json: cannot be read/],
    [['--config', 'package.json'], /--config: name: unknown key/],
    [['--verbose'], /--verbose/],
  ])('refuses %j, and does nothing', PATIENCE, (args, reason) => {
    const { status, out, err } = client(...args);
    expect(err).toMatch(reason);
    expect(out).toBe('');
    expect(status).toBe(2);
  });
});
