import type { RegisterEffect, RegisterInput, RegisterOptions } from '../core/abd/interface.ts';
import type { Registers } from '../core/abd/registers.ts';
import { DecodeError, Reader, Writer } from '../core/bytes.ts';
import type { MemberId } from '../core/ids.ts';
import { decodeEntries, encodeEntries } from '../core/raft/entry-codec.ts';
import { raftImage } from '../core/raft/image.ts';
import type { Effect, Input } from '../core/raft/interface.ts';
import type { Raft } from '../core/raft/state.ts';
import { addEffects, EFFECT_CODES } from './effect-digest.ts';
import { hexOf, TraceHash } from './hash.ts';
import { toJson } from './plain.ts';
import { readInput, writeInput } from './step-codec.ts';

/** Of a file that `npm run replay` reads. A line each. */
export const RECORDING_VERSION = 7;

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

/** The end of what is known of a core: inputs came too fast from then on. */
export interface RecordedRest {
  readonly type: 'rest';
  readonly core: 'raft' | 'abd';
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A core as it was. `image` makes it plain data. */
interface State {
  readonly image: () => unknown;
  readonly bytes: number;
}

/** Steps that follow on a state. */
interface Segment {
  /** Milliseconds since the epoch. */
  readonly begunAt: number;
  readonly state: State;
  readonly steps: Writer;
  inputs: number;
}

/** While nothing is recorded, inputs are only counted. */
interface Rest {
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Milliseconds since the epoch; `inputs` counts from then on. */
  readonly begunAt: number;
  inputs: number;
  /** Of so many it would be worth it again. */
  readonly mostInputs: number;
}

type AnyEffect = Effect | RegisterEffect;

const EFFECT_TYPES = new Map(Object.entries(EFFECT_CODES).map(([type, code]) => [code, type]));

/** Each begins with a state, which keeps alive what the node itself has forgotten: the fewer, the better. */
const SEGMENTS = 2;
/** Inputs that come so fast that there would be room for less than this are not worth what it costs to keep them. */
const MIN_HELD_MS = 10_000;
/** What came before stays for so long at least, and for as long as inputs go on coming so fast. */
const REST_MS = 5000;

/**
 * What one core was fed, in memory, within a bound: the oldest is given up for the newest. It is kept as bytes, so
 * that it leaves no objects behind: to look after these would cost more than all the rest. Under load it rests.
 */
class CoreRecording {
  #segments: Segment[];
  #rest: Rest | null = null;
  readonly #hash = new TraceHash();

  constructor(
    private readonly core: 'raft' | 'abd',
    private readonly state: () => State,
    private readonly maxBytes: number,
    time: number,
  ) {
    this.#segments = [this.#begin(time)];
  }

  /** A step that was just done. `time`: milliseconds since the epoch. */
  add(
    time: number,
    seq: number,
    inputs: readonly (Input | RegisterInput)[],
    effects: readonly AnyEffect[],
  ): void {
    if (this.#rest !== null) {
      this.#onRest(this.#rest, time, inputs.length);
      return;
    }
    const newest = this.#segments.at(-1);
    if (newest === undefined) return;
    const { steps } = newest;
    steps.integer(Math.round(time * 1000));
    steps.integer(seq);
    steps.integer(inputs.length);
    inputs.forEach((input) => writeInput(steps, input));
    newest.inputs += inputs.length;
    steps.integer(effects.length);
    effects.forEach(({ type }) => steps.byte(EFFECT_CODES[type]));
    this.#hash.clear();
    addEffects(this.#hash, effects);
    steps.word(this.#hash.high);
    steps.word(this.#hash.low);
    const full = this.maxBytes / SEGMENTS;
    if (steps.length >= full || (steps.length >= full / 2 && isCompacting(effects))) this.#turn(time, newest);
  }

  *lines(): Generator<string> {
    const { core } = this;
    yield toJson({ type: 'state', core, state: this.#segments[0]?.state.image() });
    for (const { steps } of this.#segments)
      for (const step of stepsIn(new Reader(steps.finish()), core)) yield toJson(step);
    if (this.#rest === null) return;
    const rest: RecordedRest = { type: 'rest', core, since: this.#rest.since };
    yield toJson(rest);
  }

  /** The newest segment is full. */
  #turn(time: number, { begunAt, steps, inputs }: Segment): void {
    if (steps.length * MIN_HELD_MS > this.maxBytes * (time - begunAt)) {
      const mostBytes = (this.maxBytes * REST_MS) / MIN_HELD_MS;
      this.#rest = { since: time, begunAt: time, inputs: 0, mostInputs: (mostBytes * inputs) / steps.length };
      return;
    }
    let total = this.#segments.reduce((sum, one) => sum + one.steps.length + one.state.bytes, 0);
    let spare: Writer | undefined;
    while (total > this.maxBytes && this.#segments.length > 1) {
      const oldest = this.#segments.shift();
      total -= (oldest?.steps.length ?? 0) + (oldest?.state.bytes ?? 0);
      spare = oldest?.steps;
    }
    this.#segments.push(this.#begin(time, spare));
  }

  #onRest(rest: Rest, time: number, inputs: number): void {
    rest.inputs += inputs;
    if (time - rest.begunAt < REST_MS) return;
    // Where nothing came for long, it is not one time of rest that they came in.
    if (rest.inputs * REST_MS > rest.mostInputs * (time - rest.begunAt)) {
      this.#rest = { ...rest, begunAt: time, inputs: 0 };
      return;
    }
    this.#rest = null;
    // The state has the step that was just done in it.
    this.#segments = [this.#begin(time, this.#segments[0]?.steps)];
  }

  /** In the buffer of one that was given up: large ones that come and go keep the garbage collector busy. */
  #begin(time: number, steps = new Writer()): Segment {
    steps.clear();
    return { begunAt: time, state: this.state(), steps, inputs: 0 };
  }
}

/** The log is short then, and so is what a state holds on to. */
function isCompacting(effects: readonly AnyEffect[]): boolean {
  return effects.some(
    (effect) => effect.type === 'persist' && 'compactTo' in effect && effect.compactTo !== null,
  );
}

function* stepsIn(reader: Reader, core: RecordedStep['core']): Generator<RecordedStep> {
  while (!reader.isAtEnd) {
    const time = reader.integer() / 1000;
    const seq = reader.integer();
    const inputs = Array.from({ length: reader.integer() }, () => readInput(reader));
    const effects = Array.from({ length: reader.integer() }, () => effectType(reader.byte()));
    const digest = hexOf(reader.word(), reader.word());
    yield { type: 'step', core, time, seq, inputs, effects, digest };
  }
}

function effectType(code: number): string {
  const type = EFFECT_TYPES.get(code);
  if (type === undefined) throw new DecodeError(`there is no effect ${code}`);
  return type;
}

/** All that one node's cores were fed, for a replay. */
export class Recording {
  readonly #raft: CoreRecording;
  readonly #abd: CoreRecording | null;

  constructor(
    private readonly raft: Raft,
    private readonly registers: Registers | null,
    maxBytes: number,
    time: number,
  ) {
    this.#raft = new CoreRecording('raft', () => ofRaft(raft), maxBytes / 2, time);
    this.#abd = registers && new CoreRecording('abd', () => ofRegisters(registers), maxBytes / 2, time);
  }

  onRaftStep(inputs: readonly Input[], effects: readonly Effect[], time: number, seq: number): void {
    this.#raft.add(time, seq, inputs, effects);
  }

  onRegisterStep(
    inputs: readonly RegisterInput[],
    effects: readonly RegisterEffect[],
    time: number,
    seq: number,
  ): void {
    this.#abd?.add(time, seq, inputs, effects);
  }

  /** JSON lines: a header, then of each core a state, the steps from there on, and a rest where it is at rest. */
  export(name: string | null): string {
    const header: RecordingHeader = {
      ...{ type: 'recording', version: RECORDING_VERSION, node: this.raft.id, name },
      registerOptions: this.registers?.options ?? null,
    };
    return [toJson(header), ...this.#raft.lines(), ...(this.#abd?.lines() ?? []), ''].join('\n');
  }
}

/** The log as bytes: its entries as they are would be thousands of objects that the garbage collector looks after. */
function ofRaft(raft: Raft): State {
  const { log, ...rest } = raftImage(raft);
  const { base } = log;
  const entries = encodeEntries(log.entries);
  return {
    image: () => ({ ...rest, log: { entries: decodeEntries(entries), base } }),
    bytes: entries.length + (rest.snapshot?.data.length ?? 0),
  };
}

function ofRegisters(registers: Registers): State {
  const image = registers.image();
  const bytes = image.held.reduce((sum, { key, value }) => sum + 64 + key.length + (value?.length ?? 0), 0);
  return { image: () => image, bytes };
}
