import * as v from 'valibot';
import type { RegisterEffect, RegisterInput } from '../core/abd/interface.ts';
import { Registers, type RegistersImage } from '../core/abd/registers.ts';
import { REGISTER_RULES } from '../core/abd/rules.ts';
import type { MemberId } from '../core/ids.ts';
import { allMembers } from '../core/raft/configuration.ts';
import { raftOf, raftImage, type RaftImage } from '../core/raft/image.ts';
import type { Effect, Input } from '../core/raft/interface.ts';
import { step } from '../core/raft/raft.ts';
import { RULES, type Rules } from '../core/raft/rules.ts';
import { configurationInForce, type Raft } from '../core/raft/state.ts';
import { effectDigest } from './effect-digest.ts';
import { fromJson } from './plain.ts';
import {
  RECORDING_VERSION,
  type RecordedRest,
  type RecordedStep,
  type RecordingHeader,
} from './recording.ts';

/** What a file says that `Recording.export` wrote. Steps of both cores, each in its own order. */
export interface ParsedRecording {
  readonly header: RecordingHeader;
  readonly raft: RaftImage;
  /** Null: the node has no registers. */
  readonly registers: RegistersImage | null;
  readonly steps: readonly RecordedStep[];
  readonly rests: readonly RecordedRest[];
}

export type Parsed =
  | { readonly ok: true; readonly recording: ParsedRecording }
  /** `line`: from 1 on. */
  | { readonly ok: false; readonly line: number; readonly reason: string };

const Core = v.picklist(['raft', 'abd'], 'it names no core, raft or abd');
const Held = v.record(v.string(), v.unknown());

const LineSchema = v.variant(
  'type',
  [
    v.object({
      type: v.literal('recording'),
      version: v.literal(
        RECORDING_VERSION,
        `only recordings of version ${RECORDING_VERSION} can be replayed here; others by the release that made them`,
      ),
      node: v.string(),
      name: v.nullable(v.string()),
      registerOptions: v.nullable(Held),
    }),
    v.object({ type: v.literal('state'), core: Core, state: Held }),
    v.object({
      type: v.literal('step'),
      core: Core,
      time: v.number(),
      seq: v.number(),
      inputs: v.array(Held),
      effects: v.array(v.string()),
      digest: v.string(),
    }),
    v.object({ type: v.literal('rest'), core: Core, since: v.number() }),
  ],
  'it is neither the head of a recording, nor a state, nor a step, nor a rest',
);

/** Looks at the frame of the file; what the states and inputs in it say shows when they are replayed. */
export function parseRecording(text: string): Parsed {
  let header: RecordingHeader | null = null;
  const states = new Map<RecordedStep['core'], unknown>();
  const steps: RecordedStep[] = [];
  const rests: RecordedRest[] = [];
  const lines = text.split('\n');
  for (const [at, line] of lines.entries()) {
    if (line === '') continue;
    const refuse = (reason: string): Parsed => ({ ok: false, line: at + 1, reason });
    const parsed = v.safeParse(LineSchema, jsonOf(line));
    if (!parsed.success) return refuse(parsed.issues[0].message);
    const { output } = parsed;
    if ((header === null) !== (output.type === 'recording'))
      return refuse('a recording has one head, at its begin');
    if (output.type === 'recording') header = output as unknown as RecordingHeader;
    else if (output.type === 'state') states.set(output.core, output.state);
    else if (output.type === 'step') steps.push(output);
    else rests.push(output);
  }
  const [raft, registers] = [states.get('raft'), states.get('abd') ?? null];
  const isWhole = raft !== undefined && (registers === null) === (header?.registerOptions === null);
  if (header === null || !isWhole)
    return { ok: false, line: lines.length, reason: 'it ends before the states of its cores' };
  return { ok: true, recording: { header, raft, registers, steps, rests } as unknown as ParsedRecording };
}

function jsonOf(line: string): unknown {
  try {
    return fromJson(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** One step as it was replayed; `isSame`: its effects are those that were recorded. */
export interface ReplayedStep {
  /** From 1 on, among all of the recording. */
  readonly number: number;
  readonly recorded: RecordedStep;
  readonly effects: readonly (Effect | RegisterEffect)[];
  readonly isSame: boolean;
}

/** The cores of one node, fed with what they were fed before. */
export class Replay {
  readonly #raft: Raft;
  readonly #registers: Registers | null;
  readonly #steps: readonly RecordedStep[];
  #done = 0;

  constructor(
    { header, raft, registers, steps }: ParsedRecording,
    rules: Rules = RULES,
    registerRules = REGISTER_RULES,
  ) {
    this.#raft = raftOf(raft, rules);
    const { registerOptions } = header;
    this.#registers =
      registers && registerOptions && Registers.restore(registerOptions, registers, registerRules);
    // The order in which they happened; each core's own order stays as it is.
    this.#steps = steps
      .map((recorded, at) => ({ recorded, at }))
      .sort((a, b) => a.recorded.time - b.recorded.time || a.at - b.at)
      .map(({ recorded }) => recorded);
  }

  get total(): number {
    return this.#steps.length;
  }

  /** As this node knows the members now; whom it does not know keeps the id. */
  readonly nameOf = (id: MemberId): string => {
    const { configuration } = configurationInForce(this.#raft);
    return allMembers(configuration).find((member) => member.id === id)?.name ?? id;
  };

  /** The next step; null: there is none left. Throws what the core throws. */
  next(): ReplayedStep | null {
    const recorded = this.#steps[this.#done];
    if (recorded === undefined) return null;
    this.#done += 1;
    const effects =
      recorded.core === 'raft'
        ? step(this.#raft, recorded.inputs as readonly Input[])
        : (this.#registers?.step(recorded.inputs as readonly RegisterInput[]) ?? []);
    return {
      number: this.#done,
      recorded,
      effects,
      isSame: effectDigest(effects) === recorded.digest,
    };
  }

  /** Of both cores, as they stand now. */
  state(): Pick<ParsedRecording, 'raft' | 'registers'> {
    return { raft: raftImage(this.#raft), registers: this.#registers?.image() ?? null };
  }
}
