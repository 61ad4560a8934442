import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isMessage } from './trace-files.ts';

/** What each node leaves, in files by its name. Those of an earlier cluster are removed: they would be merged with it. */
export class NodeLogs {
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
    for (const name of readdirSync(directory)) {
      const file = join(directory, name);
      if (isOfNode(file)) rmSync(file);
    }
  }

  write(name: string | null, line: string): void {
    appendFileSync(join(this.directory, `${name ?? 'joining'}.log`), `${line}\n`);
  }

  writeTrace(name: string, lines: string): void {
    appendFileSync(join(this.directory, `${name}.trace.jsonl`), lines);
  }

  writeRecording(name: string, text: string): void {
    writeFileSync(join(this.directory, `${name}.recording.jsonl`), text);
  }
}

/** Others may keep logs there as well. */
function isOfNode(file: string): boolean {
  if (/\.(trace|recording)\.jsonl$/.test(file)) return true;
  return file.endsWith('.log') && isMessage(readFileSync(file, 'utf8').split('\n', 1)[0] ?? '');
}

const WRITE_LENGTH = 1 << 16;

/** Written under another name, so that there is never half a file under its own. */
export class AtomicFile {
  readonly #part: string;
  readonly #descriptor: number;
  #waiting: string[] = [];
  #length = 0;

  constructor(private readonly file: string) {
    this.#part = `${file}.part`;
    this.#descriptor = openSync(this.#part, 'w');
  }

  write(text: string): void {
    this.#waiting.push(text);
    this.#length += text.length;
    if (this.#length >= WRITE_LENGTH) this.#flush();
  }

  finish(): void {
    this.#flush();
    closeSync(this.#descriptor);
    renameSync(this.#part, this.file);
  }

  discard(): void {
    closeSync(this.#descriptor);
    rmSync(this.#part, { force: true });
  }

  #flush(): void {
    writeSync(this.#descriptor, this.#waiting.join(''));
    this.#waiting = [];
    this.#length = 0;
  }
}

/** On a terminal, one line that is written over; else a line now and then. */
export class ProgressLine {
  #shownAt = 0;

  show(text: string): void {
    const now = performance.now();
    const { isTTY, columns } = process.stderr;
    if (now - this.#shownAt < (isTTY ? 100 : 5000)) return;
    this.#shownAt = now;
    if (isTTY) process.stderr.write(`\r\x1b[K${text.slice(0, columns - 1)}`);
    else process.stderr.write(`${text}\n`);
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }
}
