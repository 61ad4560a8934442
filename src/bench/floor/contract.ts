import type { LoadResult } from '../samples.ts';

/**
 * The floor: what the same tabs, channels and storage do when there is no Raft. Worker 0 drives; the others write
 * and answer.
 */
export type FloorLoad =
  /** Bare replication: requests made in the worker, or handed in by the page through a port. */
  | {
      readonly kind: 'replicate';
      readonly inFlight: number;
      readonly bytes: number;
      readonly durationMs: number;
      readonly from: 'worker' | 'page';
    }
  /** From worker to worker and back, over one channel; asked for as above. */
  | {
      readonly kind: 'round-trip';
      readonly inFlight: number;
      readonly bytes: number;
      readonly durationMs: number;
      readonly from: 'worker' | 'page';
    }
  /** One strict write after the other, in this tab alone. */
  | { readonly kind: 'write'; readonly bytes: number; readonly durationMs: number }
  /** So many bytes that are stored here in one store, read at once. */
  | { readonly kind: 'read'; readonly bytes: number }
  /** So many bytes one way, as fast as the channel takes them. */
  | { readonly kind: 'transfer'; readonly bytes: number };

export interface FloorApi {
  /** Resolves with the time at which all channels were open, in milliseconds since the epoch. */
  ready(): Promise<number>;
  run(load: FloorLoad): Promise<LoadResult>;
  /** Deletes what this tab has stored. */
  end(): Promise<void>;
}

export interface FloorPlace {
  readonly room: string;
  readonly index: number;
  readonly tabs: number;
}

export type ToFloorWorker =
  | { readonly type: 'start'; readonly place: FloorPlace; readonly requests: MessagePort }
  | { readonly type: 'link'; readonly peer: number; readonly channel: RTCDataChannel }
  | { readonly type: 'run'; readonly load: FloorLoad }
  | { readonly type: 'end' };

export type FromFloorWorker =
  /** Links may be handed over. */
  | { readonly type: 'started' }
  /** All links are open. */
  | { readonly type: 'open' }
  /** Null: whoever asked through the port has measured it. */
  | { readonly type: 'done'; readonly result: LoadResult | null }
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'ended' };

/**
 * Through the port, from the page, in lists: of all that one task of the event loop asks for. Back come, in lists as well,
 * the numbers of what is done. An empty list is the last one.
 */
export interface PageRequest {
  readonly number: number;
  readonly command: Uint8Array;
}
