import { REGISTER_MESSAGE_TYPES, type RegisterMessage } from './abd/message.ts';
import type { MemberId } from './ids.ts';
import type { RaftMessage } from './raft/message.ts';

interface Probe {
  readonly from: MemberId;
  readonly to: MemberId;
  /** A pong repeats its ping's. */
  readonly nonce: number;
}

/** The drivers' own probe of a link. It passes the proxies like any other message. */
export type PingMessage = (Probe & { readonly type: 'ping' }) | (Probe & { readonly type: 'pong' });

/** All that crosses a link between two members, and all that a fault rule can name. */
export type Message = RaftMessage | RegisterMessage | PingMessage;
export type MessageType = Message['type'];

export const MESSAGE_TYPES = [
  'preVoteRequest',
  'preVoteResponse',
  'voteRequest',
  'voteResponse',
  'appendRequest',
  'appendResponse',
  'heartbeat',
  'heartbeatResponse',
  'snapshotRequest',
  'snapshotResponse',
  'forwardRequest',
  'forwardResponse',
  'readIndexRequest',
  'readIndexResponse',
  'timeoutNow',
  'joinRequest',
  'removedNotice',
  ...REGISTER_MESSAGE_TYPES,
  'ping',
  'pong',
] as const satisfies readonly MessageType[];

const REGISTER_TYPES: ReadonlySet<MessageType> = new Set(REGISTER_MESSAGE_TYPES);

export function isRegisterType(type: MessageType): type is RegisterMessage['type'] {
  return REGISTER_TYPES.has(type);
}

export function isRaftMessage(message: Message): message is RaftMessage {
  return 'term' in message;
}

export function isRegisterMessage(message: Message): message is RegisterMessage {
  return isRegisterType(message.type);
}
