import type { MemberId } from '../ids.ts';

/**
 * Held by whoever writes an entry, so that nobody stores or sends what cannot be read back; the
 * codecs refuse more.
 */
export const MAX_COMMAND_BYTES = 16 * 1024 * 1024;
export const MAX_MEMBERS = 100;

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
  readonly namesAssigned: number;
}

export type Payload =
  | { readonly kind: 'noop' }
  | { readonly kind: 'command'; readonly command: Uint8Array }
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
