import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { messageOf } from '../error-text.ts';
import { countOf, runOf, RUN_LENGTH } from '../trace/event.ts';
import { toJson } from '../trace/plain.ts';
import type { RecordedRest } from '../trace/recording.ts';
import { parseRecording, Replay, type ParsedRecording, type ReplayedStep } from '../trace/replay.ts';
import { describeState, describeStep } from '../trace/replay-text.ts';
import { ProgressLine } from './output.ts';
import { exitStatusOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run replay -- FILE... [--until STEP|RUN:COUNT] [--steps] [--json]

Runs what a node's cores were fed through the cores again and compares what they ask for, step by
step. FILE is a recording: of a node in a tab (npm run client leaves them in logs; or
tabraft.trace.recording() in the page's console), or of a simulated one (npm run sim -- --record).

  --until WHERE  stop behind that step, or behind the step of that event (as the monitor names it,
                 run:count), and print the state of the node there; one FILE only
  --steps        print every step: what came in, and what was asked for
  --json         one JSON object a file; with --until, the state with all that is in it
  --help         this

Exit status: 0 the same effects in every step; 1 others, or a file that is no recording; 2 a file that
cannot be read, or bad usage; 130 interrupted.`;

let isInterrupted = false;
process.once('SIGINT', () => {
  isInterrupted = true;
});

process.exitCode = await exitStatusOf('replay', main);

/** Where to stop. An event's step is the first that had recorded it when it was over. */
type Until = { readonly step: number } | { readonly seq: number };

interface Outcome {
  readonly file: string;
  readonly node: string;
  readonly steps: number;
  readonly inputs: number;
  readonly effects: number;
  /** Numbers of the steps that gave something else. */
  readonly others: number[];
  /** Where it was to stop; null: at the end. */
  readonly stoppedAt: number | null;
  /** What the recording does not have. */
  readonly rests: readonly RecordedRest[];
}

function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      until: { type: 'string' },
      steps: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return Promise.resolve(0);
  }
  if (positionals.length === 0) throw new UsageError('expected a recording');
  const until = values.until === undefined ? null : readUntil(values.until);
  if (until !== null && positionals.length > 1) throw new UsageError('--until goes with one recording');
  if (values.steps && values.json) throw new UsageError('--steps is text: it goes without --json');
  return run(positionals, until, values.steps, values.json);
}

function readUntil(text: string): Until {
  const [, run, count] = /^(\d{1,6}):(\d{1,10})$/.exec(text) ?? [];
  if (run !== undefined && count !== undefined) return { seq: Number(run) * RUN_LENGTH + Number(count) };
  if (/^\d{1,10}$/.test(text) && Number(text) > 0) return { step: Number(text) };
  throw new UsageError(`--until: expected a step (12) or an event (3:1042), received "${text}"`);
}

async function run(
  files: readonly string[],
  until: Until | null,
  steps: boolean,
  json: boolean,
): Promise<number> {
  let status = 0;
  for (const file of files) {
    const parsed = parseRecording(read(file));
    if (!parsed.ok) throw new Error(`${file}:${parsed.line}: ${parsed.reason}. Is it a recording?`);
    const replay = begin(file, parsed.recording);
    const outcome = await replayAll(file, parsed.recording, replay, until, steps);
    if (isInterrupted) return 130;
    if (outcome.others.length > 0) status = 1;
    report(outcome, replay, json);
  }
  return status;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: it cannot be read: ${messageOf(error)}`);
  }
}

/** What a state says is only known to make sense once a core can be made of it. */
function begin(file: string, recording: ParsedRecording): Replay {
  try {
    return new Replay(recording);
  } catch (error) {
    throw new Error(`${file}: its state makes no sense: ${messageOf(error)}. Is it a recording?`, {
      cause: error,
    });
  }
}

async function replayAll(
  file: string,
  { header, rests }: ParsedRecording,
  replay: Replay,
  until: Until | null,
  isTold: boolean,
): Promise<Outcome> {
  const progress = new ProgressLine();
  const others: number[] = [];
  const counts = { steps: 0, inputs: 0, effects: 0 };
  let stoppedAt: number | null = null;
  for (let step = replay.next(); step !== null; step = replay.next()) {
    counts.steps += 1;
    counts.inputs += step.recorded.inputs.length;
    counts.effects += step.effects.length;
    if (!step.isSame) others.push(step.number);
    if (isTold) console.log(`${headOf(step)}\n${describeStep(step, replay.nameOf)}`);
    if (isReached(step, until)) {
      stoppedAt = step.number;
      break;
    }
    if (step.number % 1000 !== 0) continue;
    progress.show(`${file}: step ${step.number} of ${replay.total}`);
    await new Promise(setImmediate);
    if (isInterrupted) break;
  }
  progress.clear();
  if (until !== null && stoppedAt === null && !isInterrupted)
    throw new Error(`${file} ends before --until: it has ${replay.total} steps.`);
  return { file, node: header.name ?? header.node, ...counts, others, stoppedAt, rests };
}

function isReached({ number, recorded }: ReplayedStep, until: Until | null): boolean {
  if (until === null) return false;
  return 'step' in until ? number === until.step : recorded.seq >= until.seq;
}

function headOf({ number, recorded, isSame }: ReplayedStep): string {
  const { core, time, seq } = recorded;
  const event = seq === 0 ? '' : `, event ${runOf(seq)}:${countOf(seq)}`;
  const verdict = isSame ? '' : '  OTHER EFFECTS THAN RECORDED';
  return `step ${number}  ${new Date(time).toISOString()}  ${core}${event}${verdict}`;
}

function report(outcome: Outcome, replay: Replay, json: boolean): void {
  const { file, node, steps, inputs, effects, others, stoppedAt, rests } = outcome;
  if (json) {
    console.log(toJson(stoppedAt === null ? outcome : { ...outcome, state: replay.state() }));
    return;
  }
  const what = `${steps} steps, ${inputs} inputs, ${effects} effects`;
  if (others.length === 0) console.log(`${file} (${node}): ${what}: the same as recorded`);
  else {
    const first = others.slice(0, 10).join(', ');
    console.log(`${file} (${node}): ${what}: OTHERS than recorded in ${others.length} steps (${first} …)`);
    console.log(`  look at it: npm run replay -- ${file} --until ${others[0]}`);
  }
  if (stoppedAt !== null) {
    console.log(describeState(replay.state(), replay.nameOf));
    return;
  }
  for (const { core, since } of rests)
    console.log(
      `  of ${core} nothing is recorded from ${new Date(since).toISOString()} on: inputs came too fast to keep ten seconds of them`,
    );
}
