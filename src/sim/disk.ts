import type { StoredRegisters } from '../core/abd/register.ts';
import { nextFraction, nextInteger, type Random } from '../core/random.ts';
import { StoredImage } from '../storage/memory.ts';
import { StorageError, type Storage, type StoredState, type WriteBatch } from '../storage/storage.ts';
import type { Process, Scheduler } from './scheduler.ts';

export interface DiskOptions {
  readonly latencyMs: readonly [number, number];
  /** A batch broke the contract of a store. */
  onBreach(error: unknown): void;
}

/** What a crash did to the write that was under way. */
export type CrashOutcome = 'no-write' | 'lost-write' | 'torn-batch' | 'unacknowledged-write';

/**
 * One member's durable storage, across the processes that open it. A write is atomic, as an IndexedDB
 * transaction is: a crash in the middle of it leaves all of it or nothing.
 */
export class SimDisk {
  readonly image = new StoredImage();
  /** The next write fails, as if the quota were used up. */
  failNext = false;
  /** Extra time that every write takes. */
  slowMs = 0;
  #underWay: WriteBatch | null = null;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly random: Random,
    private readonly options: DiskOptions,
  ) {}

  get stored(): StoredState {
    const { hardState, snapshot, entries } = this.image;
    return { hardState, snapshot, entries: [...entries] };
  }

  get storedRegisters(): StoredRegisters {
    return { state: this.image.replica, registers: [...this.image.registers.values()] };
  }

  /** Whether the entry (`index`, `term`) is durable, in the log or in the snapshot. */
  holds(index: number, term: number): boolean {
    const { snapshot, entries } = this.image;
    if (index <= (snapshot?.metadata.index ?? 0)) return true;
    const [first] = entries;
    return first !== undefined && entries[index - first.index]?.term === term;
  }

  get isWriting(): boolean {
    return this.#underWay !== null;
  }

  open(process: Process, onDurable: () => void): Storage {
    return {
      load: () => Promise.resolve(this.stored),
      loadRegisters: () => Promise.resolve(this.storedRegisters),
      write: (batch) => this.#write(process, batch, onDurable),
      close: () => Promise.resolve(),
    };
  }

  /** The process that had it open is dead: decides what is left of its write. */
  crash(): CrashOutcome {
    const batch = this.#underWay;
    this.#underWay = null;
    if (batch === null) return 'no-write';
    const fate = nextFraction(this.random);
    if (fate < 0.4) return 'lost-write';
    // Half of it had reached the disk; the transaction was not complete, and is rolled back.
    if (fate < 0.7) return 'torn-batch';
    this.#apply(batch);
    return 'unacknowledged-write';
  }

  #apply(batch: WriteBatch): void {
    try {
      this.image.apply(batch);
    } catch (error) {
      this.options.onBreach(error);
    }
  }

  #write(process: Process, batch: WriteBatch, onDurable: () => void): Promise<void> {
    const [min, max] = this.options.latencyMs;
    const delayMs = nextInteger(this.random, min, max) + this.slowMs;
    this.#underWay = batch;
    return new Promise((resolve, reject) => {
      this.scheduler.at(this.scheduler.now + delayMs, () => {
        if (!process.isAlive || this.#underWay !== batch) return;
        this.#underWay = null;
        if (this.failNext) {
          this.failNext = false;
          process.run(() => {
            reject(new StorageError('quota', 'There is no space left.'));
            onDurable();
          });
          return;
        }
        this.#apply(batch);
        process.run(() => {
          resolve();
          onDurable();
        });
      });
    });
  }
}
