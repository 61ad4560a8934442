import { appendFileSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** One file for each node, by its name. */
export class NodeLogs {
  readonly #begun = new Set<string>();

  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  write(name: string | null, line: string): void {
    const file = join(this.directory, `${name ?? 'joining'}.log`);
    if (!this.#begun.has(file)) rmSync(file, { force: true });
    this.#begun.add(file);
    appendFileSync(file, `${line}\n`);
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
