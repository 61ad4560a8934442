import { readFile, writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { parseHistory, type Operation } from '../check/history.ts';
import { checkOperations, type CheckResult, type KeyResult } from '../check/linearizability.ts';
import { describeOperation, foreignOperation, isModelName, MODELS, type ModelName } from '../check/models.ts';
import { renderHtml } from '../check/visualize.ts';
import { messageOf } from '../error-text.ts';
import { durationOf, exitStatusOf, UsageError } from './usage.ts';

const HELP = `Usage: npm run check -- [--model kv|register|cas-register] [--time-limit 30s] [--html FILE] [--json] HISTORY...

Judges whether histories of clients are linearizable. A history is a file of JSON lines, one event
each (docs/checker.md); "-" is the standard input.

  --model NAME       kv (get, put, cas, append), register (get, put), cas-register (get, put, cas):
                     one register per key in each case (kv)
  --time-limit TIME  for each history, as 500ms, 30s or 2m (30s); past it the verdict is unknown
  --html FILE        writes a page that shows the histories and the verdicts
  --json             one JSON object a file instead of text (with npm run -s, nothing else)
  --help             this

Exit status: 0 all are linearizable; 1 one is not; 3 one is unknown; 2 a file that cannot be read, or
has nothing to judge, or bad usage; 130 interrupted.`;

/** Of operations, in an explanation. */
const MAX_LINES = 5;

// There is no handler for SIGINT on purpose: it would wait for the search, which never yields. The system ends the
// process at once, and shells call that 130.
process.exitCode = await exitStatusOf('check', main);

interface Judged {
  readonly file: string;
  readonly result: CheckResult;
  readonly ms: number;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      model: { type: 'string', default: 'kv' },
      'time-limit': { type: 'string', default: '30s' },
      html: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  if (!isModelName(values.model))
    throw new UsageError(
      `--model: expected one of ${Object.keys(MODELS).join(', ')}, received "${values.model}"`,
    );
  if (positionals.length === 0) throw new UsageError('Expected a history.');
  const timeLimitMs = durationOf('--time-limit', values['time-limit'], 1, 86_400_000);
  const judged: Judged[] = [];
  let isUnreadable = false;
  for (const file of positionals) {
    const one = await judge(file, values.model, timeLimitMs);
    if (one === null) isUnreadable = true;
    else {
      judged.push(one);
      console.log(values.json ? asJson(one) : asText(one));
    }
  }
  if (values.html !== undefined && !(await writeHtml(values.html, judged))) isUnreadable = true;
  if (isUnreadable) return 2;
  const verdicts = judged.map(({ result }) => result.verdict);
  if (verdicts.includes('not linearizable')) return 1;
  return verdicts.includes('unknown') ? 3 : 0;
}

async function judge(file: string, model: ModelName, timeLimitMs: number): Promise<Judged | null> {
  let content: string;
  try {
    content = file === '-' ? await text(process.stdin) : await readFile(file, 'utf8');
  } catch (error) {
    console.error(`${file}: it cannot be read: ${messageOf(error)}`);
    return null;
  }
  const history = parseHistory(content);
  if (!history.ok) {
    console.error(`${file}:${history.line}: ${history.reason}`);
    return null;
  }
  if (history.operations.length === 0) {
    console.error(`${file}: there is no operation in it to judge`);
    return null;
  }
  const foreign = foreignOperation(MODELS[model], history.operations);
  if (foreign !== null) {
    console.error(`${file}:${foreign.line}: the model ${model} has no ${foreign.f}`);
    return null;
  }
  const began = performance.now();
  const result = checkOperations(history.operations, { timeLimitMs, now: () => performance.now() });
  return { file, result, ms: Math.round(performance.now() - began) };
}

function asText({ file, result, ms }: Judged): string {
  const lines = [`${file}: ${result.verdict} (${result.operations} operations, ${ms} ms)`];
  for (const key of result.keys) if (key.verdict !== 'linearizable') lines.push(...explain(key));
  return lines.join('\n');
}

function explain({ key, verdict, operations, failure }: KeyResult): string[] {
  if (failure === null) return [`  key "${key}": ${verdict}`];
  const { error, isFirst, prefix, longest } = failure;
  const describe = (operation: Operation): string => {
    const whole = operations.find(({ id }) => id === operation.id) ?? operation;
    // What had not returned by then counts as unknown, whatever became of it later.
    return `${describeOperation(whole)}${whole.outcome === operation.outcome ? '' : ' (not returned yet)'}`;
  };
  const lines = (some: readonly Operation[]): string[] =>
    some.map((operation) => `    ${operation.process}: ${describe(operation)}`);
  const explained = [
    `  key "${key}": no order explains the first ${prefix.length} operations, once that of line ${error.line} returns:`,
    ...lines([error]),
  ];
  if (!isFirst) explained.push('  fewer may do: there was no time to find out');
  const [best = []] = longest;
  if (best.length === 0) return explained;
  const missing = prefix.filter((operation) => operation.outcome === 'ok' && !best.includes(operation));
  return [
    ...explained,
    `  the longest partial order has ${best.length} of them, and ends with`,
    ...lines(best.slice(-MAX_LINES)),
    '  without a place are',
    ...lines(missing.slice(0, MAX_LINES)),
    ...(missing.length > MAX_LINES ? [`    and ${missing.length - MAX_LINES} more`] : []),
  ];
}

function asJson({ file, result, ms }: Judged): string {
  const keys = result.keys.map(({ key, verdict, operations, linearization, failure }) => ({
    key,
    verdict,
    operations: operations.length,
    linearization: linearization?.map(({ id }) => id) ?? null,
    failure:
      failure === null
        ? null
        : {
            line: failure.error.line,
            process: failure.error.process,
            operation: describeOperation(failure.error),
            isFirst: failure.isFirst,
            prefix: failure.prefix.map(({ id }) => id),
            longest: failure.longest.map((order) => order.map(({ id }) => id)),
          },
  }));
  return JSON.stringify({ file, verdict: result.verdict, operations: result.operations, ms, keys });
}

async function writeHtml(file: string, judged: readonly Judged[]): Promise<boolean> {
  try {
    await writeFile(file, renderHtml(judged));
    return true;
  } catch (error) {
    console.error(`${file}: it cannot be written: ${messageOf(error)}`);
    return false;
  }
}
