import type { MemberId, RequestId } from '../ids.ts';
import type { FailureCode } from '../raft/message.ts';
import type { Epoch } from './epochs.ts';
import type { RegisterMessage } from './message.ts';
import type { Register, ReplicaState, Tag } from './register.ts';

export type RegisterOperation =
  | { readonly kind: 'read'; readonly key: string }
  | { readonly kind: 'write'; readonly key: string; readonly value: string | null };

/** `failed`: it did not and will not happen. `unknown`: it may have happened, or may yet. */
export type RegisterResult =
  | {
      readonly outcome: 'ok';
      readonly value: string | null;
      readonly tag: Tag | null;
      readonly epoch: number;
    }
  | { readonly outcome: 'failed' | 'unknown'; readonly code: FailureCode; readonly reason: string };

export type RegisterInput =
  | { readonly type: 'tick' }
  | { readonly type: 'message'; readonly message: RegisterMessage }
  /** The `persist` effect of this sequence number, and all before it, are durable. */
  | { readonly type: 'persisted'; readonly sequence: number }
  /** What the log says of the replica set. */
  | { readonly type: 'epoch'; readonly epoch: Epoch }
  | { readonly type: 'request'; readonly request: RequestId; readonly operation: RegisterOperation }
  /** The client's patience has ended. */
  | { readonly type: 'expire'; readonly request: RequestId };

export type RegisterEffect =
  /** Write all of it in one atomic batch, strictly after earlier ones, then report `persisted`. */
  | {
      readonly type: 'persist';
      readonly sequence: number;
      readonly registers: readonly Register[];
      /** Null: unchanged. */
      readonly state: ReplicaState | null;
    }
  /** Send only once the `persist` effect `awaits` is durable; 0: at once. To itself as well. May be lost. */
  | { readonly type: 'send'; readonly message: RegisterMessage; readonly awaits: number }
  | { readonly type: 'reply'; readonly request: RequestId; readonly result: RegisterResult }
  /** This replica is ready for the epoch: the log should say so. Repeated until it does. */
  | { readonly type: 'ready'; readonly epoch: number };

export interface RegisterOptions {
  readonly id: MemberId;
  /** Operations under way; more are refused as `overloaded`. */
  readonly maxOperations: number;
  /** What got no answer is sent again after so many ticks. */
  readonly resendTicks: number;
  /** Of the registers in one message, roughly. */
  readonly maxTransferBytes: number;
}
