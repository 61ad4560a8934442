import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'vite';
import { formatEvent, type TraceEvent } from '../trace/event.ts';
import type { TraceFormat } from '../trace/formats.ts';

const ROOT = join(import.meta.dirname, '../..');
/** What a browser holds and draws without effort. */
const MAX_EVENTS = 100_000;

/** JSON lines whose times are all by one clock, those at which messages were sent as well. */
export function correctedEvents(timeOf: (event: TraceEvent) => number): TraceFormat {
  return {
    head: '',
    line(event, time) {
      if (event.kind !== 'receive' || event.sent === null || event.sentAt === null)
        return formatEvent({ ...event, time });
      const sending = { ...event, node: event.from, seq: event.sent, time: event.sentAt };
      return formatEvent({ ...event, time, sentAt: timeOf(sending) });
    },
  };
}

/** One page that needs no other file and no network: the space-time diagram of a merged trace, and the report. */
export class TracePage {
  #lines: string[] = [];
  #leftOut = 0;

  /** A line of `correctedEvents`. */
  add(line: string): void {
    if (line === '') return;
    this.#lines.push(line);
    if (this.#lines.length < 2 * MAX_EVENTS) return;
    this.#shorten();
  }

  async finish(report: string): Promise<string> {
    this.#shorten();
    const leftOut =
      this.#leftOut === 0
        ? ''
        : `\nThis page has the last ${this.#lines.length} of these events, and leaves out the ${this.#leftOut} before.`;
    const style = await readFile(join(ROOT, 'src/ui/theme.css'), 'utf8');
    return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'">
<title>tabraft: a merged trace</title>
<style>
${style}
</style>
</head>
<body>
<tabraft-trace-file></tabraft-trace-file>
<script type="application/json" id="report">${embedded(JSON.stringify(report + leftOut))}</script>
<script type="application/jsonl" id="trace">
${embedded(this.#lines.join('\n'))}
</script>
<script>
${(await bundle()).replaceAll('</script', '<\\/script')}
</script>
</body>
</html>
`;
  }

  #shorten(): void {
    const surplus = Math.max(0, this.#lines.length - MAX_EVENTS);
    this.#leftOut += surplus;
    if (surplus > 0) this.#lines = this.#lines.slice(surplus);
  }
}

/** JSON that cannot end the element it stands in. */
function embedded(json: string): string {
  return json.replaceAll('<', '\\u003c');
}

/** The page's own timeline, as one script. */
async function bundle(): Promise<string> {
  const result = await build({
    configFile: false,
    root: ROOT,
    logLevel: 'error',
    // A library is left to whoever uses it to say which it is; this one is used as it is.
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: join(ROOT, 'src/ui/timeline/file.ts'), formats: ['iife'], name: 'tabraftTrace' },
    },
  });
  const outputs = Array.isArray(result) ? result.flatMap(({ output }) => output) : [];
  const script = outputs.find((output) => output.type === 'chunk');
  if (script === undefined)
    throw new Error('The page’s script could not be built: run npm ci, and try again.');
  return script.code;
}
