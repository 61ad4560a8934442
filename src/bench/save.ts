import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { barsOf } from './bars.ts';
import type { Benchmark } from './benchmark.ts';
import { membersCurve } from './curve.ts';
import { short, type MeasuredRow, type Results } from './report.ts';

/**
 * Writes results, pictures and the page that shows them. What was measured earlier on this kind of machine, and not
 * again, is kept.
 */
export async function save(
  directory: string,
  results: Results,
  benchmarks: readonly Benchmark[],
): Promise<void> {
  const file = join(directory, 'results.json');
  const kept = (await readEarlier(file)).filter(
    (row) =>
      row.machine === results.machine && !results.rows.some(({ benchmark }) => benchmark === row.benchmark),
  );
  const all = [...kept, ...results.rows];
  const rows = benchmarks.flatMap(({ name }) => all.filter(({ benchmark }) => benchmark === name));
  await writeFile(file, `${JSON.stringify({ ...results, rows }, null, 2)}\n`);
  const sections: string[] = [];
  for (const { name, about } of benchmarks) {
    const own = rows.filter(({ benchmark }) => benchmark === name);
    if (own.length === 0) continue;
    const beside = own.filter(({ floor }) => floor !== undefined);
    if (beside.length > 0)
      await writeFile(join(directory, `${name}.svg`), barsOf(`${name}: ${about}`, beside));
    sections.push(sectionOf(name, about, own));
  }
  const members = rows.filter(({ benchmark }) => benchmark === 'members');
  if (members.length > 0) await writeFile(join(directory, 'members-curve.svg'), membersCurve(members));
  const text = [introduction(results.machine), ...sections].join('\n\n');
  await writeFile(join(directory, 'README.md'), `${text}\n`);
}

async function readEarlier(file: string): Promise<(MeasuredRow & { readonly machine: string })[]> {
  const text = await readFile(file, 'utf8').catch(() => null); // the first time there is none
  if (text === null) return [];
  const { machine, rows } = JSON.parse(text) as Results;
  return rows.map((row) => ({ ...row, machine }));
}

function introduction(machine: string): string {
  return `# What the cluster costs

Written by \`npm run bench -- --save\`, which measures in real tabs of an installed browser. This was on
${machine}.

Each figure is the median of several runs, with the extremes, beside its floor: what the same tabs, channels and disks
do without Raft, measured in turn with it in the same browser. The numbers are in [results.json](results.json);
\`npm run bench -- --compare docs/performance/results.json\` shows what has changed since.

In the pictures the upper bar is the figure, with a line from the least to the most of all runs, the lower one its floor;
a dashed mark is the aim. Each pair has a scale of its own. *Bare replication* is a loop without terms, elections or a
log: the leading tab's worker writes a batch to IndexedDB, strictly, and sends it at once to the others, which write it
and answer; a batch is committed once a majority has it, and what came meanwhile is the next one.
Its requests are made in that worker; *asked from the page*, they come from the page and are answered there, through a
port, as lists of one task each.

The tab that asks is in front, and draws all the while, as a cluster's page does (what it catches up with when it comes to
the front is over before anything is measured); the floor's has nothing to draw.
*hidden* is said of both behind an empty page: what is left is what Raft costs.

[Which aims are not met, and why](unmet.md).`;
}

function sectionOf(name: string, about: string, rows: readonly MeasuredRow[]): string {
  const [first] = rows;
  const pictures = [
    ...(rows.some(({ floor }) => floor !== undefined)
      ? [`![${name}: each figure beside its floor, as in the table](${name}.svg)`]
      : []),
    ...(name === 'members' ? ['![The same as curves over the number of voters](members-curve.svg)'] : []),
  ];
  return [
    `## ${name}`,
    `${about.charAt(0).toUpperCase()}${about.slice(1)} (${first?.measured ?? ''}).`,
    ...pictures,
    [
      '| | median | from – to | runs | floor | ratio | aim |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...rows.map(lineOf),
    ].join('\n'),
  ].join('\n\n');
}

function lineOf({ figure, unit, value, min, max, runs, floor, ratio, aim, met }: MeasuredRow): string {
  const cells = [
    figure,
    `${short(value)} ${unit}`,
    `${short(min)} – ${short(max)}`,
    String(runs),
    floor === undefined ? '' : `${short(floor.value)} (${floor.what})`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    aim === undefined ? '' : `${aim}: ${met === true ? 'met' : 'not met'}`,
  ];
  return `| ${cells.join(' | ')} |`;
}
