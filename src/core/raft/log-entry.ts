import type { MemberId } from '../ids.ts';

/**
 * Held by whoever writes an entry, so that nobody stores or sends what cannot be read back; the
 * codecs refuse more.
 */
export const MAX_COMMAND_BYTES = 16 * 1024 * 1024;
export const MAX_MEMBERS = 100;
export const MAX_SNAPSHOT_BYTES = 1024 * 1024 * 1024;

/** A server of the cluster. Voters count towards quorums; learners only receive the log (§4.2.1). */
export interface Member {
  readonly id: MemberId;
  readonly name: string;
  readonly kind: 'voter' | 'learner';
}

/**
 * The replicated configuration. A server uses the newest one in its log, committed or not (§4.1).
 * `namesAssigned` counts every display name ever handed out, so that no name is used twice.
 */
export interface Configuration {
  readonly members: readonly Member[];
  /** While joint (C_old,new, §4.3): all members of the old configuration. Null otherwise. */
  readonly outgoing: readonly Member[] | null;
  readonly namesAssigned: number;
}

export type Payload =
  | { readonly kind: 'noop' }
  /** `timeMs` is log time: it passes while somebody leads, and never runs backwards along the log. */
  | { readonly kind: 'command'; readonly command: Uint8Array; readonly timeMs: number }
  | { readonly kind: 'configuration'; readonly configuration: Configuration };

/** `index` starts at 1; index 0 with term 0 stands for the empty log. */
export interface Entry {
  readonly index: number;
  readonly term: number;
  readonly payload: Payload;
}

/**
 * What a server must remember across restarts besides its log (Figure 2, "persistent state").
 * `commitIndex` is a hint that spares work after a restart: losing an increase of it is harmless.
 */
export interface HardState {
  readonly term: number;
  readonly votedFor: MemberId | null;
  readonly commitIndex: number;
}

/** What a snapshot stands for: everything up to and including (`index`, `term`) (§7). */
export interface SnapshotMetadata {
  readonly index: number;
  readonly term: number;
  /** Log time of the last command in it. */
  readonly timeMs: number;
  /** The configuration as of `index`, and where it stood in the log. */
  readonly configuration: Configuration;
  readonly configurationIndex: number;
  /** Of the data: its length, and its CRC-32. */
  readonly bytes: number;
  readonly checksum: number;
}

export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  /** The state machine's, opaque to Raft. Never empty. */
  readonly data: Uint8Array;
}
