import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { formatEvent, RUN_LENGTH, type TraceEvent } from '../../src/trace/event.ts';
import { id } from '../support/core-cluster.ts';
import { byNode, randomTrace } from '../support/random-trace.ts';

const ROOT = join(import.meta.dirname, '../..');
const PATIENCE = { timeout: 60_000 };
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tabraft-monitor-'));
  directories.push(directory);
});

function monitor(...args: string[]): { status: number | null; out: string; err: string } {
  const command = ['--import', 'tsx', 'src/cli/monitor.ts', '--log-dir', directory, ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: ROOT, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

const linesOf = (events: readonly TraceEvent[]): string =>
  events.map((event) => `${formatEvent(event)}\n`).join('');

function writeTraces(events: readonly TraceEvent[]): void {
  for (const [node, own] of byNode(events))
    writeFileSync(join(directory, `${node.slice(7, 8)}.trace.jsonl`), linesOf(own));
}

const { events } = randomTrace({ seed: 4, nodes: 3, events: 200, maxSkewMs: 5000 });

describe('npm run monitor', () => {
  it('merges what the nodes left, and tells of clocks that are apart', PATIENCE, () => {
    writeTraces(events);
    const { status, out, err } = monitor();
    expect(out.trimEnd().split('\n')).toHaveLength(events.length);
    expect(err).toContain('200 events of 3 nodes, 0 log messages, from 3 files');
    expect(err).toMatch(
      /Clock of [ABC] in run \d: \d+\.\d{3} ms (ahead|behind), give or take [\d.]+ ms; corrected/,
    );
    expect(err).not.toMatch(/MISSING|DAMAGED|VIOLATED/);
    expect(status).toBe(0);
  });

  it('tells of a message at no time that there is, and reads on', PATIENCE, () => {
    writeTraces(events);
    const lines = ['2026-11-28T01:00:00.000Z', '2026-13-45T01:00:00.000Z', '2026-11-28T01:00:01.000Z'];
    writeFileSync(join(directory, 'A.log'), lines.map((time, at) => `${time} info message ${at}\n`).join(''));
    const { status, out, err } = monitor();
    expect(out).toContain('message 0');
    expect(out).toContain('message 2');
    expect(err).toMatch(/DAMAGED.*A\.log:2.*there is no time 2026-13-45/);
    expect(status).toBe(0);
  });

  it('takes what stands in several files once, and writes what it could read again', PATIENCE, () => {
    writeTraces(events);
    writeFileSync(join(directory, 'all.trace.jsonl'), linesOf(events.slice(50, 120)));
    const output = join(directory, 'merged.jsonl');
    const { status, out } = monitor('--output', output, '--format', 'jsonl', '--json');
    expect(JSON.parse(out)).toMatchObject({
      events: 200,
      repeated: 70,
      misplaced: 0,
      contradictions: 0,
      gaps: [],
    });
    expect(readFileSync(output, 'utf8').trimEnd().split('\n')).toHaveLength(200);
    expect(existsSync(`${output}.part`)).toBe(false);
    expect(status).toBe(0);
  });

  it('names damaged lines by file and number, and what is missing', PATIENCE, () => {
    writeTraces(events.filter(({ node, seq }) => node !== id('A') || seq !== RUN_LENGTH + 4));
    const file = join(directory, 'B.trace.jsonl');
    const lines = readFileSync(file, 'utf8').split('\n');
    writeFileSync(file, [...lines.slice(0, 3), '{"half', ...lines.slice(3)].join('\n'));
    const { status, err } = monitor();
    expect(err).toContain(`DAMAGED: ${file}:4: it is not JSON`);
    expect(err).toContain('MISSING: event 1:4 of A');
    expect(status).toBe(0);
  });

  it('puts what nodes had to say where it belongs, and keeps its lines together', PATIENCE, () => {
    const last = events.at(-1);
    if (last === undefined) throw new Error('there are events');
    writeTraces(events);
    writeFileSync(
      join(directory, 'A.log'),
      '  of nothing\n2026-01-01T00:00:00.000Z info first\n2026-01-02T00:00:00.000Z error Error: last\n    at one\n    at two\n',
    );
    const { out, err } = monitor();
    const merged = out.trimEnd().split('\n');
    expect(merged[0]).toBe('2026-01-01T00:00:00.000000Z A       log  info: first');
    expect(merged.slice(-3)).toEqual([
      '2026-01-02T00:00:00.000000Z A       log  error: Error: last',
      '        at one',
      '        at two',
    ]);
    expect(err).toContain('200 events of 3 nodes, 2 log messages, from 4 files');
    expect(err).toContain(`DAMAGED: ${join(directory, 'A.log')}:1: it has no time, and follows on nothing`);
  });

  it('ends with 1 where a promise is broken, and says by which events', PATIENCE, () => {
    writeTraces(events);
    for (const name of ['A', 'B']) {
      const own = byNode(events).get(id(name)) ?? [];
      const before = own.at(-1);
      if (before === undefined) throw new Error('each node has events');
      const [seq, clock] = [before.seq + 1, { ...before.clock, [id(name)]: before.seq + 1 }];
      const { node, time } = before;
      const lead: TraceEvent = { seq, node, name, time, clock, kind: 'role', role: 'leader', term: 7 };
      appendFileSync(join(directory, `${name}.trace.jsonl`), `${formatEvent(lead)}\n`);
    }
    const { status, err } = monitor();
    expect(err).toMatch(
      /election safety \(§5\.2.*\): VIOLATED\n {2}[AB] and [AB] both lead term 7\n( {4}2026\S+ [AB] \d+:\d+\n){2}/,
    );
    expect(status).toBe(1);
  });

  it('tells bad usage, and ends with 2', PATIENCE, () => {
    expect(monitor()).toMatchObject({ status: 2, out: '' });
    expect(monitor().err).toContain(`${directory} has no NAME.trace.jsonl`);
    expect(monitor('--format', 'pdf').err).toContain(
      '--format: expected text, jsonl, shiviz, html, received "pdf"',
    );
    expect(monitor('--json').err).toContain('--json goes with --output');
    expect(monitor('--log-dir', join(directory, 'none')).err).toContain('there is no directory');
    writeFileSync(join(directory, 'A.trace.jsonl'), '');
    expect(monitor('--output', join(directory, 'none', 'merged')).err).toContain('cannot be written');
    expect(monitor('--help')).toMatchObject({ status: 0, err: '' });
  });
});
