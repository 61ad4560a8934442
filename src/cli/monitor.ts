import { statSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../error-text.ts';
import { TRACE_FORMATS, traceFormat } from '../trace/formats.ts';
import { mergeFiles, type MergeOutput, type MonitorReport } from './merge-files.ts';
import { describeReport } from './monitor-report.ts';
import { AtomicFile, ProgressLine } from './output.ts';
import { findTraceFiles } from './trace-files.ts';
import { correctedEvents, TracePage } from './trace-page.ts';
import { exitStatusOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run monitor -- [--log-dir DIR] [--output FILE] [--format text|jsonl|shiviz|html]
                          [--json]

Merges what the nodes of a cluster have recorded: by causality, and then by time, which it corrects by
how far their clocks are apart. Says what is missing or damaged, and which of Raft's promises the
merged trace breaks.

  --log-dir DIR    with NAME.trace.jsonl of each node, and NAME.log if there is one (logs). npm run client
                   leaves them there, and npm run sim -- --record DIR in DIR; what "Export" in the page's timeline
                   saves as jsonl is one such file under another name
  --output FILE    for the merged trace (standard output)
  --format NAME    text: a line an event, with what the nodes had to say in between (the default);
                   jsonl: events again; shiviz: for ShiViz, with its default expression;
                   html: one page with the space-time diagram, of the last 100,000 events at most
  --json           the report as one JSON object on standard output; goes with --output
  --help           this

The report goes to standard output where the trace does not, and else to standard error.

Exit status: 0 no promise was broken, as far as the trace tells; 1 one was; 2 bad usage; 130 interrupted.
What is damaged or missing is told, and is no failure.`;

const FORMATS = [...TRACE_FORMATS, 'html'] as const;
type Format = (typeof FORMATS)[number];

let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});

process.exitCode = await exitStatusOf('monitor', main);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      'log-dir': { type: 'string', default: 'logs' },
      output: { type: 'string' },
      format: { type: 'string', default: 'text' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const format = FORMATS.find((name) => name === values.format);
  if (format === undefined)
    throw new UsageError(`--format: expected ${FORMATS.join(', ')}, received "${values.format}"`);
  if (values.json && values.output === undefined) throw new UsageError('--json goes with --output');
  return monitor(values['log-dir'], values.output ?? null, format, values.json);
}

async function monitor(
  directory: string,
  output: string | null,
  format: Format,
  json: boolean,
): Promise<number> {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true)
    throw new UsageError(`--log-dir: there is no directory ${directory}`);
  const files = findTraceFiles(directory);
  if (files.traces.length === 0)
    throw new UsageError(
      `--log-dir: ${directory} has no NAME.trace.jsonl; npm run client leaves some, or export them from the page`,
    );
  const target = output === null ? null : openOutput(output);
  const write = (text: string): void => {
    if (target === null) process.stdout.write(text);
    else target.write(text);
  };
  const page = format === 'html' ? new TracePage() : null;
  const progress = new ProgressLine();
  const report = await mergeFiles(files, outputOf(format), {
    write: (text) => {
      if (page === null) write(text);
      else page.add(text);
    },
    onProgress: (text) => progress.show(text),
    isInterrupted: () => isInterrupted,
  });
  if (report === null) {
    progress.clear();
    target?.discard();
    return 130;
  }
  if (page !== null) write(await page.finish(describeReport(report)));
  progress.clear();
  target?.finish();
  tell(report, output, json);
  return report.verdicts.some(({ verdict }) => verdict === 'violated') ? 1 : 0;
}

function openOutput(file: string): AtomicFile {
  try {
    return new AtomicFile(file);
  } catch (error) {
    throw new UsageError(`--output: ${file} cannot be written: ${messageOf(error)}`);
  }
}

function outputOf(format: Format): MergeOutput {
  return {
    withMessages: format === 'text',
    format: (names, timeOf) => (format === 'html' ? correctedEvents(timeOf) : traceFormat(format, names)),
  };
}

function tell(report: MonitorReport, output: string | null, json: boolean): void {
  if (json) console.log(JSON.stringify(report));
  else if (output !== null) console.log(`${describeReport(report)}\nMerged trace: ${output}`);
  else console.error(describeReport(report));
}
