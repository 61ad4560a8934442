import type { Registers } from '../core/abd/registers.ts';
import type { MemberId } from '../core/ids.ts';
import type { Raft } from '../core/raft/state.ts';
import { Recording } from '../trace/recording.ts';
import { MemoryTrace } from '../trace/store.ts';
import { Tracer } from '../trace/tracer.ts';
import { NodeTrace } from '../worker/node-trace.ts';
import type { Process } from './scheduler.ts';

/** A simulation ends before it gets there. */
const MAX_BYTES = 1_073_741_824;
/** Simulated time begins here: what reads traces expects dates. */
const EPOCH_MS = Date.UTC(2026, 0, 1);

/** One run of one node, as it is recorded. */
export class RecordedRun {
  readonly tracer: Tracer;
  readonly trace: NodeTrace;
  recording: Recording | null = null;

  constructor(
    readonly process: Process,
    private readonly raft: Raft,
    readonly store: MemoryTrace,
    name: string,
  ) {
    this.tracer = new Tracer(raft.id, store, {
      now: () => this.now(),
      after: (delayMs, callback) => process.after(delayMs, callback),
      onFailure: (reason) => {
        throw new Error(reason);
      },
    });
    this.tracer.name = name;
    this.trace = new NodeTrace(this.tracer, raft);
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return EPOCH_MS + this.process.now();
  }

  /** Of the inputs, once all cores are there. */
  begin(registers: Registers | null): void {
    this.recording = new Recording(this.raft, registers, MAX_BYTES, this.now());
  }
}

/** Has every node of a simulation record itself, by the same code as in a tab. */
export class SimTraces {
  readonly #runs = new Map<MemberId, RecordedRun[]>();

  constructor(private readonly nameOf: (id: MemberId) => string) {}

  start(process: Process, raft: Raft): RecordedRun {
    const runs = this.#runs.get(raft.id) ?? [];
    this.#runs.set(raft.id, runs);
    const store = new MemoryTrace(MAX_BYTES, runs.at(-1)?.store ?? null);
    const run = new RecordedRun(process, raft, store, this.nameOf(raft.id));
    runs.push(run);
    return run;
  }

  /** What is left of the cluster, as real nodes would leave it: the events of each node, and the inputs of each run. */
  files(): { readonly name: string; readonly text: string }[] {
    const files: { name: string; text: string }[] = [];
    for (const runs of this.#runs.values())
      for (const [at, { process, tracer, store, recording }] of runs.entries()) {
        // Whoever was killed has lost what it had not stored.
        if (process.isAlive) tracer.log.flush();
        const name = tracer.name ?? tracer.node;
        files.push({ name: `${name}-${at + 1}.recording.jsonl`, text: recording?.export(name) ?? '' });
        if (at === runs.length - 1) files.push({ name: `${name}.trace.jsonl`, text: store.text() });
      }
    return files;
  }
}
