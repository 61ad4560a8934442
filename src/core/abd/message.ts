import type { MemberId, RequestId } from '../ids.ts';
import type { Found, Register } from './register.ts';

interface Envelope {
  readonly from: MemberId;
  readonly to: MemberId;
  /** Of the replica set by which the operation goes; replicas answer in their own epoch only. */
  readonly epoch: number;
}

/** What do you hold of `key`? The first phase of reads and writes alike. */
export interface RegisterQuery extends Envelope {
  readonly type: 'registerQuery';
  readonly operation: RequestId;
  readonly key: string;
}

/** What it says is durable. Null: the replica knows of no write. */
export interface RegisterQueryResponse extends Envelope {
  readonly type: 'registerQueryResponse';
  readonly operation: RequestId;
  readonly held: Found | null;
}

/** Hold this, unless you hold something later. The second phase: of a write, and of a read that writes back. */
export interface RegisterStore extends Envelope {
  readonly type: 'registerStore';
  readonly operation: RequestId;
  readonly register: Register;
}

/** The replica durably holds what it was sent, or something later. */
export interface RegisterStoreResponse extends Envelope {
  readonly type: 'registerStoreResponse';
  readonly operation: RequestId;
}

/**
 * A replica of the new `epoch` asks one of the epoch before for all keys behind `after`, in their order. Who
 * answers has sealed its epoch for good.
 */
export interface RegisterTransferRequest extends Envelope {
  readonly type: 'registerTransferRequest';
  readonly after: string | null;
}

export interface RegisterTransferResponse extends Envelope {
  readonly type: 'registerTransferResponse';
  readonly after: string | null;
  readonly registers: readonly Register[];
  readonly isLast: boolean;
}

export type RegisterMessage =
  | RegisterQuery
  | RegisterQueryResponse
  | RegisterStore
  | RegisterStoreResponse
  | RegisterTransferRequest
  | RegisterTransferResponse;

export const REGISTER_MESSAGE_TYPES = [
  'registerQuery',
  'registerQueryResponse',
  'registerStore',
  'registerStoreResponse',
  'registerTransferRequest',
  'registerTransferResponse',
] as const satisfies readonly RegisterMessage['type'][];
