import { storageError } from '../errors.ts';
import type { Place } from './live.ts';
import type { Source } from './format.ts';

/** What a log needs of a file. Nothing is durable before `flush` returns. */
export type LogFile = FileSystemSyncAccessHandle;

const WINDOW_BYTES = 1_048_576;

/** Reads a file that does not change meanwhile, a window at a time: most records are small, and calls are not. */
export class FileReader implements Source {
  readonly size: number;
  #window = new Uint8Array();
  #windowAt = 0;

  constructor(private readonly file: LogFile) {
    this.size = file.getSize();
  }

  read(at: number, length: number): Uint8Array {
    const from = at - this.#windowAt;
    if (from < 0 || from + length > this.#window.length) {
      this.#window = this.#fetch(at, Math.max(length, Math.min(WINDOW_BYTES, this.size - at)));
      this.#windowAt = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }

  readPlace({ at, length }: Place): Uint8Array {
    return this.read(at, length);
  }

  #fetch(at: number, length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    const count = this.file.read(bytes, { at });
    if (count < length) throw storageError(new Error(`byte ${at + count} of its file cannot be read`));
    return bytes;
  }
}
