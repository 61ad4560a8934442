import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { isNodeLog } from './trace-files.ts';

/** What each node leaves, in files by its name. */
export class NodeLogs {
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  /** Removes those of an earlier cluster, which would be merged with it. Others may keep logs there as well. */
  clear(): void {
    for (const name of readdirSync(this.directory)) {
      const file = join(this.directory, name);
      if (/\.(trace|recording)\.jsonl$/.test(name) || (name.endsWith('.log') && isNodeLog(file)))
        rmSync(file);
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
