import { DecodeError, encoded, Reader, type Writer } from '../bytes.ts';
import type { MemberId } from '../ids.ts';
import { readMemberId, writeMemberId } from '../raft/entry-codec.ts';
import { MAX_MEMBERS } from '../raft/log-entry.ts';

/** Which members hold the registers. Epochs follow each other; each begins where the one before has ended. */
export interface Epoch {
  /** From 1 on; 0: there is none yet. */
  readonly number: number;
  readonly replicas: readonly MemberId[];
  /** Those of them that hold whatever was written before. A majority of them opens the epoch. */
  readonly ready: readonly MemberId[];
  /** The replicas of the epoch before; null: there was none. */
  readonly previous: readonly MemberId[] | null;
}

export type EpochCommand =
  | { readonly kind: 'propose'; readonly number: number; readonly replicas: readonly MemberId[] }
  | { readonly kind: 'ready'; readonly number: number; readonly member: MemberId };

const KINDS = ['propose', 'ready'] as const;

const NO_EPOCH: Epoch = { number: 0, replicas: [], ready: [], previous: null };

export function majorityOf(replicas: readonly MemberId[]): number {
  return Math.floor(replicas.length / 2) + 1;
}

/** Whether a majority of the replicas is ready: only then may another epoch follow. */
function isOpen({ number, replicas, ready }: Epoch): boolean {
  return number === 0 || ready.length >= majorityOf(replicas);
}

/**
 * What a leader has to propose so that the voters hold the registers; null: nothing, or not yet. A change before
 * the epoch is open would leave nobody to take the registers from.
 */
export function nextEpoch(epoch: Epoch, voters: readonly MemberId[]): EpochCommand | null {
  const replicas = [...voters].sort();
  const isSame =
    replicas.length === epoch.replicas.length && replicas.every((id) => epoch.replicas.includes(id));
  if (replicas.length === 0 || isSame || !isOpen(epoch)) return null;
  return { kind: 'propose', number: epoch.number + 1, replicas };
}

/** The replicated state behind the registers. Each command says which epoch it means, so repeating it does no harm. */
export class EpochMachine {
  #epoch: Epoch = NO_EPOCH;

  /** A new object whenever anything has changed. */
  get epoch(): Epoch {
    return this.#epoch;
  }

  /** Malformed commands change nothing, on every node alike. */
  apply(command: Uint8Array): Uint8Array {
    try {
      this.#apply(decodeEpochCommand(command));
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
    }
    return new Uint8Array();
  }

  snapshot(writer: Writer): void {
    const { number, replicas, ready, previous } = this.#epoch;
    writer.integer(number);
    for (const members of [replicas, ready, previous ?? []]) writeMembers(writer, members);
  }

  /** Throws `DecodeError`. */
  restore(reader: Reader): void {
    const number = reader.integer();
    const [replicas, ready, previous] = [readMembers(reader), readMembers(reader), readMembers(reader)];
    this.#epoch = { number, replicas, ready, previous: previous.length === 0 ? null : previous };
  }

  #apply(command: EpochCommand): void {
    const { number, replicas, ready } = this.#epoch;
    if (command.kind === 'propose') {
      if (command.number !== number + 1 || !isOpen(this.#epoch)) return;
      const previous = number === 0 ? null : replicas;
      this.#epoch = { number: command.number, replicas: command.replicas, ready: [], previous };
      return;
    }
    const { member } = command;
    if (command.number !== number || !replicas.includes(member) || ready.includes(member)) return;
    this.#epoch = { ...this.#epoch, ready: [...ready, member] };
  }
}

export function encodeEpochCommand(command: EpochCommand): Uint8Array {
  return encoded((writer) => {
    writer.byte(KINDS.indexOf(command.kind));
    writer.integer(command.number);
    writeMembers(writer, command.kind === 'propose' ? command.replicas : [command.member]);
  });
}

/** Throws `DecodeError`. */
export function decodeEpochCommand(bytes: Uint8Array): EpochCommand {
  const reader = new Reader(bytes);
  const kind = KINDS[reader.byte()];
  const number = reader.integer();
  const members = readMembers(reader);
  reader.end();
  const [member] = members;
  if (kind === undefined || number === 0 || member === undefined || new Set(members).size < members.length)
    throw new DecodeError('it is no command for epochs');
  return kind === 'propose' ? { kind, number, replicas: members } : { kind, number, member };
}

function writeMembers(writer: Writer, members: readonly MemberId[]): void {
  writer.integer(members.length);
  for (const member of members) writeMemberId(writer, member);
}

function readMembers(reader: Reader): MemberId[] {
  const members: MemberId[] = [];
  for (let left = reader.count(MAX_MEMBERS); left > 0; left -= 1) members.push(readMemberId(reader));
  return members;
}
