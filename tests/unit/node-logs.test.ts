import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { NodeLogs } from '../../src/cli/output.ts';

it('what nodes of an earlier cluster left is removed, and nothing that is somebody else’s', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tabraft-logs-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const leave = (name: string, text: string): void => writeFileSync(join(directory, name), text);
  leave('A.log', '2026-11-28T01:00:00.000Z info A: This tab leads term 2.\n');
  leave('A.trace.jsonl', '{}\n');
  leave('A.recording.jsonl', '{}\n');
  leave('joining.log', '2026-11-28T01:00:00.000Z info tabraft: The signaling server is back.\n');
  leave('server.log', '2026-11-28T01:00:00.000Z info http: it listens\n');
  mkdirSync(join(directory, 'folder.log'));
  leave('npm-debug.log', '0 info it worked if it ends with ok\n');
  leave('empty.log', '');
  leave('history-raft-nemesis-7.jsonl', '{}\n');
  const logs = new NodeLogs(directory);
  logs.clear();
  logs.write('B', '2026-11-28T01:00:01.000Z info B: This tab follows A.');
  expect(readdirSync(directory).sort()).toEqual([
    'B.log',
    'empty.log',
    'folder.log',
    'history-raft-nemesis-7.jsonl',
    'npm-debug.log',
    'server.log',
  ]);
  logs.clear();
  expect(readdirSync(directory)).not.toContain('B.log');
});
