import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Arguments } from './support/arguments.ts';
import { carryOut } from './support/commands.ts';
import { formatScenario, parseScenario, ScenarioError, type Block, type Part } from './support/parser.ts';
import { RecordedCluster } from './support/recorded-cluster.ts';

/**
 * Each `.txt` beside this file is a transcript: commands to a cluster of cores, and what came of them.
 * `REWRITE=1` writes down what comes of them now; whoever does so reads the difference.
 */

const isRewriting = process.env['REWRITE'] === '1';
const folder = import.meta.dirname;

function outcomeOf(cluster: RecordedCluster, file: string, { command, line }: Block): string[] {
  const [name = '', ...words] = command.split(/\s+/);
  try {
    return carryOut(cluster, name, new Arguments(words));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ScenarioError(`${file}:${line}: ${command}: ${reason}`, { cause: error });
  }
}

function rewrite(path: string, parts: readonly Part[], before: string): void {
  const after = formatScenario(parts);
  if (after === before) return;
  writeFileSync(path, after);
  process.stdout.write(`rewritten: ${path}\n`);
}

const files = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .sort();

test('there are scenarios', () => {
  expect(files).not.toHaveLength(0);
});

test.each(files)('%s', (file) => {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  const cluster = new RecordedCluster();
  const parts = parseScenario(file, text).map((part): Part => {
    if (part.kind === 'prose') return part;
    const outcome = outcomeOf(cluster, file, part);
    if (!isRewriting) expect(outcome, `${file}:${part.line}: ${part.command}`).toEqual(part.outcome);
    return { ...part, outcome };
  });
  if (isRewriting) rewrite(path, parts, text);
});
