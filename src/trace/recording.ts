import type { RegisterEffect, RegisterInput, RegisterOptions } from '../core/abd/interface.ts';
import type { Registers } from '../core/abd/registers.ts';
import type { MemberId } from '../core/ids.ts';
import { raftImage, type RaftImage } from '../core/raft/image.ts';
import type { Effect, Input } from '../core/raft/interface.ts';
import { entryBytes } from '../core/raft/log.ts';
import type { Raft } from '../core/raft/state.ts';
import { digestOf, toJson } from './plain.ts';

/** Of a file that `npm run replay` reads. A line each. */
export const RECORDING_VERSION = 1;

export interface RecordingHeader {
  readonly type: 'recording';
  readonly version: number;
  readonly node: MemberId;
  readonly name: string | null;
  /** Null: this node has no registers. */
  readonly registerOptions: RegisterOptions | null;
}

/** One step of a core: all inputs of a turn, and what its effects were. */
export interface RecordedStep {
  readonly type: 'step';
  readonly core: 'raft' | 'abd';
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** The number of the newest event of the trace when the step was over; 0: none is kept. */
  readonly seq: number;
  readonly inputs: readonly unknown[];
  /** The kinds of its effects, and a digest of all that they say. */
  readonly effects: readonly string[];
  readonly digest: string;
}

interface Step {
  readonly time: number;
  readonly seq: number;
  readonly inputs: readonly (Input | RegisterInput)[];
  readonly effects: readonly (Effect | RegisterEffect)[];
}

/** Steps that follow on a state. */
interface Segment {
  readonly image: unknown;
  readonly steps: Step[];
  readonly imageBytes: number;
  stepBytes: number;
}

/** A rough share for whatever has no bytes of its own. */
const INPUT_BYTES = 200;
const SEGMENTS = 8;

/**
 * What one core was fed, in memory, within a bound: the oldest is given up for the newest. Inputs and effects are
 * kept as they are, since nobody changes them, and are written down only when somebody asks.
 */
class CoreRecording {
  #segments: Segment[];

  constructor(
    private readonly core: 'raft' | 'abd',
    private readonly image: () => { readonly image: unknown; readonly bytes: number },
    private readonly maxBytes: number,
  ) {
    this.#segments = [this.#begin()];
  }

  add(step: Step): void {
    const segment = this.#segments.at(-1);
    if (segment === undefined) return;
    segment.steps.push(step);
    for (const input of step.inputs) segment.stepBytes += bytesOf(input);
    segment.stepBytes += INPUT_BYTES * step.effects.length;
    if (segment.stepBytes < this.maxBytes / SEGMENTS) return;
    this.#segments.push(this.#begin());
    let total = this.#segments.reduce((sum, { stepBytes, imageBytes }) => sum + stepBytes + imageBytes, 0);
    while (total > this.maxBytes && this.#segments.length > 2) {
      const oldest = this.#segments.shift();
      total -= (oldest?.stepBytes ?? 0) + (oldest?.imageBytes ?? 0);
    }
  }

  *lines(): Generator<string> {
    const { core } = this;
    yield toJson({ type: 'state', core, state: this.#segments[0]?.image });
    for (const { steps } of this.#segments)
      for (const { time, seq, inputs, effects } of steps) {
        const kinds = effects.map(({ type }) => type);
        const step: RecordedStep = {
          ...{ type: 'step', core, time, seq, inputs },
          ...{ effects: kinds, digest: digestOf(effects) },
        };
        yield toJson(step);
      }
  }

  #begin(): Segment {
    const { image, bytes } = this.image();
    return { image, steps: [], imageBytes: bytes, stepBytes: 0 };
  }
}

/** All that one node's cores were fed, for a replay. */
export class Recording {
  readonly #raft: CoreRecording;
  readonly #abd: CoreRecording | null;

  constructor(
    private readonly raft: Raft,
    private readonly registers: Registers | null,
    maxBytes: number,
    private readonly now: () => number,
  ) {
    this.#raft = new CoreRecording('raft', () => ofRaft(raftImage(raft)), maxBytes / 2);
    this.#abd = registers && new CoreRecording('abd', () => ofRegisters(registers), maxBytes / 2);
  }

  onRaftStep(inputs: readonly Input[], effects: readonly Effect[], seq: number): void {
    this.#raft.add({ time: this.now(), seq, inputs, effects });
  }

  onRegisterStep(inputs: readonly RegisterInput[], effects: readonly RegisterEffect[], seq: number): void {
    this.#abd?.add({ time: this.now(), seq, inputs, effects });
  }

  /** JSON lines: a header, then of each core a state and the steps from there on. */
  export(name: string | null): string {
    const header: RecordingHeader = {
      ...{ type: 'recording', version: RECORDING_VERSION, node: this.raft.id, name },
      registerOptions: this.registers?.options ?? null,
    };
    return [toJson(header), ...this.#raft.lines(), ...(this.#abd?.lines() ?? []), ''].join('\n');
  }
}

function ofRaft(image: RaftImage): { image: RaftImage; bytes: number } {
  const log = image.log.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
  return { image, bytes: log + (image.snapshot?.data.length ?? 0) };
}

function ofRegisters(registers: Registers): { image: unknown; bytes: number } {
  const image = registers.image();
  const bytes = image.held.reduce((sum, { key, value }) => sum + 64 + key.length + (value?.length ?? 0), 0);
  return { image, bytes };
}

function bytesOf(input: Input | RegisterInput): number {
  switch (input.type) {
    case 'message':
      return INPUT_BYTES + messageBytes(input.message);
    case 'snapshotTaken':
      return INPUT_BYTES + input.data.length;
    case 'applied':
      return input.answers.reduce((sum, { value }) => sum + 32 + value.length, INPUT_BYTES);
    case 'request': {
      const { operation } = input;
      const value = operation.kind === 'write' ? (operation.value?.length ?? 0) : 0;
      return INPUT_BYTES + (operation.kind === 'command' ? operation.command.length : value);
    }
    default:
      return INPUT_BYTES;
  }
}

function messageBytes(message: Extract<Input | RegisterInput, { type: 'message' }>['message']): number {
  switch (message.type) {
    case 'appendRequest':
      return message.entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
    case 'snapshotRequest':
      return message.part.length;
    case 'forwardRequest':
      return message.operation.kind === 'command' ? message.operation.command.length : 0;
    case 'registerStore':
      return message.register.value?.length ?? 0;
    case 'registerQueryResponse':
      return message.held?.value?.length ?? 0;
    case 'registerTransferResponse':
      return message.registers.reduce((sum, { value }) => sum + 64 + (value?.length ?? 0), 0);
    default:
      return 0;
  }
}
