import { decodeRegister } from '../../core/abd/codec.ts';
import { NO_REGISTERS, type ReplicaState } from '../../core/abd/register.ts';
import { decodeSnapshotMetadata } from '../../core/raft/entry-codec.ts';
import type { HardState } from '../../core/raft/log-entry.ts';
import { corrupt } from '../errors.ts';
import type { LogExtent } from '../extent.ts';
import type { RecordContent } from './record.ts';

/** Where bytes stand in a file. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

export interface LiveRun {
  readonly first: number;
  /** Lower than `written` where the rest was truncated. */
  readonly last: number;
  /** The last of the entries that stand at `place`. */
  readonly written: number;
  readonly place: Place;
}

export interface LiveSnapshot {
  readonly index: number;
  readonly metadata: Place;
  readonly data: Place;
}

/** What of a file's records still counts, and where it stands: all that is kept of them in memory. */
export class Live {
  hardState: HardState | null = null;
  replica: ReplicaState = NO_REGISTERS.state;
  snapshot: LiveSnapshot | null = null;
  /** Contiguous. */
  readonly runs: LiveRun[] = [];
  readonly registers = new Map<string, Place>();
  #bytes = 0;

  /** Of all places together. */
  get bytes(): number {
    return this.#bytes;
  }

  get extent(): LogExtent {
    const snapshotIndex = this.snapshot?.index ?? 0;
    return {
      snapshotIndex,
      firstIndex: this.runs[0]?.first ?? snapshotIndex + 1,
      lastIndex: this.runs.at(-1)?.last ?? snapshotIndex,
    };
  }

  /** Another record. Throws `DecodeError`, or a `StorageError` where it does not fit what is before it. */
  apply(content: RecordContent, placeOf: (bytes: Uint8Array) => Place): void {
    const { hardState, replica, truncateFrom, run, snapshot, compactTo, registers } = content;
    this.hardState = hardState ?? this.hardState;
    this.replica = replica ?? this.replica;
    if (truncateFrom !== null) this.#truncate(truncateFrom);
    if (run !== null) this.#add({ ...run, written: run.last, place: placeOf(run.bytes) });
    if (snapshot !== null) {
      const { index } = decodeSnapshotMetadata(snapshot.metadata);
      const [metadata, data] = [placeOf(snapshot.metadata), placeOf(snapshot.data)];
      this.#replace([this.snapshot?.metadata, this.snapshot?.data], [metadata, data]);
      this.snapshot = { index, metadata, data };
    }
    if (compactTo !== null) this.#compact(compactTo);
    for (const bytes of registers) {
      const { key } = decodeRegister(bytes);
      const place = placeOf(bytes);
      this.#replace([this.registers.get(key)], [place]);
      this.registers.set(key, place);
    }
  }

  #add({ first, last, written, place }: LiveRun): void {
    const before = this.runs.at(-1);
    if (last < first || (before !== undefined && before.last + 1 !== first))
      throw corrupt(`entry ${first} follows entry ${before?.last ?? last}`);
    this.runs.push({ first, last, written, place });
    this.#replace([], [place]);
  }

  #truncate(from: number): void {
    for (let run = this.runs.at(-1); run !== undefined && run.last >= from; run = this.runs.at(-1)) {
      this.runs.pop();
      if (run.first < from) {
        this.runs.push({ ...run, last: from - 1 });
        return;
      }
      this.#replace([run.place], []);
    }
  }

  /** Removes runs that are covered as a whole; one that is covered in part stays as it is. */
  #compact(upTo: number): void {
    const kept = this.runs.findIndex((run) => run.last > upTo);
    const removed = this.runs.splice(0, kept < 0 ? this.runs.length : kept);
    this.#replace(
      removed.map(({ place }) => place),
      [],
    );
  }

  #replace(removed: readonly (Place | undefined)[], added: readonly Place[]): void {
    for (const place of removed) this.#bytes -= place?.length ?? 0;
    for (const place of added) this.#bytes += place.length;
  }
}
