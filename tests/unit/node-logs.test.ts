import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
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
  leave('npm-debug.log', '0 info it worked if it ends with ok\n');
  leave('empty.log', '');
  leave('history-raft-nemesis-7.jsonl', '{}\n');
  new NodeLogs(directory).write('B', '2026-11-28T01:00:01.000Z info: B follows A.');
  expect(readdirSync(directory).sort()).toEqual([
    'B.log',
    'empty.log',
    'history-raft-nemesis-7.jsonl',
    'npm-debug.log',
  ]);
  new NodeLogs(directory);
  expect(readdirSync(directory)).not.toContain('B.log');
});
