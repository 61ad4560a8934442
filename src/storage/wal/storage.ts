import type { StoredRegisters } from '../../core/abd/register.ts';
import { storageError } from '../errors.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from '../storage.ts';
import type { LogFile } from './file.ts';
import { Log, type LogFiles, type LogOptions } from './log.ts';

/** Opens the log in `files`, or creates it; they are closed with it, and where it fails. `onEnd`: either has happened. */
export function openLogStorage(
  files: LogFiles,
  options: LogOptions,
  onEnd: () => void = () => undefined,
): LogStorage {
  try {
    return new LogStorage(Log.open(files, options), files, onEnd);
  } catch (error) {
    for (const file of files) file.close();
    throw storageError(error);
  }
}

export class LogStorage implements Storage {
  #failure: StorageError | null = null;
  readonly #turns = new Turns();

  constructor(
    private readonly log: Log,
    private readonly files: LogFiles,
    private readonly onEnd: () => void,
  ) {}

  async load(): Promise<StoredState> {
    return this.#inTurn(() => this.log.load());
  }

  async loadRegisters(): Promise<StoredRegisters> {
    return this.#inTurn(() => this.log.loadRegisters());
  }

  async write(batch: WriteBatch): Promise<void> {
    return this.#inTurn(() => this.log.append(batch));
  }

  async close(): Promise<void> {
    if (this.#failure !== null) return;
    await this.#turns.next();
    this.#end(new StorageError('lost', 'The storage was closed.'));
  }

  /**
   * The files are no longer where they would be found again. They are left to the end of the worker: in Chromium, to
   * close a file that was taken away never returns.
   */
  lose(error: StorageError): void {
    this.#end(error, []);
  }

  /** After a failure of any kind nothing more is tried: the log may not be what the node believes. */
  async #inTurn<T>(call: () => T): Promise<T> {
    if (this.#failure === null) await this.#turns.next();
    if (this.#failure !== null) throw this.#failure;
    try {
      return call();
    } catch (error) {
      throw this.#end(storageError(error));
    }
  }

  /** Lets go of the files at once, so that they can be deleted. Returns why the store is dead. */
  #end(failure: StorageError, files: readonly LogFile[] = this.files): StorageError {
    if (this.#failure !== null) return this.#failure;
    this.#failure = failure;
    this.#turns.close();
    this.onEnd();
    for (const file of files) file.close();
    return failure;
  }
}

/**
 * A task for each call, in call order. The log blocks its thread while it flushes; what has come in meanwhile is
 * handled before the next turn, and so shares the next flush instead of having one each.
 */
class Turns {
  readonly #channel = new MessageChannel();
  readonly #waiting: (() => void)[] = [];

  constructor() {
    this.#channel.port1.onmessage = () => this.#waiting.shift()?.();
  }

  async next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#channel.port2.postMessage(null);
    });
  }

  /** Whoever waits has a turn still, at once. */
  close(): void {
    this.#channel.port1.close();
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
