import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { TestReport } from '../../../src/api.ts';
import { ROOT } from './fixtures.ts';

export interface ClientResult {
  readonly status: number | null;
  readonly reports: readonly TestReport[];
  /** What it had to say beside them. */
  readonly err: string;
}

/** A command that ends by itself. */
export function runCommand(
  name: string,
  args: readonly string[],
): { status: number | null; out: string; err: string } {
  const all = ['--import', 'tsx', `src/cli/${name}.ts`, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    ...{ cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 28 },
  });
  return { status, out: stdout, err: stderr };
}

/** `npm run client -- --json`. `interruptAt`: it gets a SIGINT once it has said that. */
export async function runClient(
  args: readonly string[],
  interruptAt: string | null = null,
): Promise<ClientResult> {
  const command = ['--import', 'tsx', 'src/cli/client.ts', '--json', ...args];
  const child = spawn(process.execPath, command, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  let isInterrupted = false;
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (isInterrupted || interruptAt === null || !said.includes(interruptAt)) return;
    isInterrupted = true;
    child.kill('SIGINT');
  });
  const ended = once(child, 'close') as Promise<[number | null]>;
  const out = await text(child.stdout);
  const [status] = await ended;
  const lines = out.split('\n').filter((line) => line !== '');
  return { status, reports: lines.map((line) => JSON.parse(line) as TestReport), err: said };
}
