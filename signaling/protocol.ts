import * as v from 'valibot';

/**
 * The one definition of what the signaling server and its clients say to each other: JSON text
 * frames over a WebSocket at `SIGNALING_PATH`. Neither side trusts the other, so both directions
 * are parsed. Rooms are named by a hash of the cluster's secret and payloads are sealed by the
 * clients: nothing here lets the server read, or forge, what they exchange.
 *
 * Unknown keys are ignored, so that a later version may add some.
 */

export const SIGNALING_PATH = '/signaling';

/** A larger frame is refused and its connection closed. A payload and its envelope fit well within. */
export const MAX_FRAME_BYTES = 64 * 1024;
export const MAX_PAYLOAD_CHARS = 48 * 1024;
/** The longest list of peers that a client accepts; a server's room is never larger. */
const MAX_PEERS = 1024;
const MAX_REASON_CHARS = 500;

const REFUSAL_CODES = [
  /** Not JSON, not a known type, or a field that does not fit. */
  'malformed',
  /** A frame over the server's limit. The connection is closed. */
  'too-large',
  'room-full',
  'too-many-rooms',
  /** From this address. The connection is closed. */
  'too-many-connections',
  'rate-limited',
  'not-joined',
  'already-joined',
  /** The relay's receiver is not in the room (any more). */
  'no-such-peer',
  /** The receiver does not read fast enough: the message was not queued for it. */
  'peer-busy',
  /** No join in time. The connection is closed. */
  'join-timeout',
  /** Another connection joined the room with the same peer id. The connection is closed. */
  'replaced',
  /** The connection is closed. */
  'too-many-violations',
  /** The connection is closed; the client may dial again later. */
  'shutting-down',
] as const;
export type RefusalCode = (typeof REFUSAL_CODES)[number];

/** A room or a peer: base64url or hex, made by the clients. */
const Id = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{16,64}$/, 'expected 16 to 64 of A-Z a-z 0-9 _ -'));

/** Sealed by the clients, in base64 or base64url. */
const Payload = v.pipe(
  v.string(),
  v.maxLength(MAX_PAYLOAD_CHARS, `expected at most ${MAX_PAYLOAD_CHARS} characters`),
  v.regex(/^[A-Za-z0-9+/_-]+={0,2}$/, 'expected base64'),
);

const ClientMessageSchema = v.variant('type', [
  v.object({ type: v.literal('join'), room: Id, peer: Id }),
  v.object({ type: v.literal('relay'), to: Id, payload: Payload }),
  v.object({ type: v.literal('leave') }),
  v.object({ type: v.literal('ping') }),
]);
export type ClientMessage = v.InferOutput<typeof ClientMessageSchema>;

const ServerMessageSchema = v.variant('type', [
  /** The answer to a join: who else is in the room. */
  v.object({ type: v.literal('joined'), peers: v.pipe(v.array(Id), v.maxLength(MAX_PEERS)) }),
  /** Said again of a peer that is known: it has connected anew, and its older connection is gone. */
  v.object({ type: v.literal('peer-joined'), peer: Id }),
  v.object({ type: v.literal('peer-left'), peer: Id }),
  v.object({ type: v.literal('relayed'), from: Id, payload: Payload }),
  v.object({ type: v.literal('pong') }),
  v.object({
    type: v.literal('refused'),
    code: v.picklist(REFUSAL_CODES),
    reason: v.pipe(v.string(), v.maxLength(MAX_REASON_CHARS)),
  }),
]);
export type ServerMessage = v.InferOutput<typeof ServerMessageSchema>;

export type Parsed<M> = { ok: true; message: M } | { ok: false; reason: string };

export function parseClientMessage(text: string): Parsed<ClientMessage> {
  return parse(ClientMessageSchema, text);
}

export function parseServerMessage(text: string): Parsed<ServerMessage> {
  return parse(ServerMessageSchema, text);
}

function parse<Schema extends typeof ClientMessageSchema | typeof ServerMessageSchema>(
  schema: Schema,
  text: string,
): Parsed<v.InferOutput<Schema>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not JSON' };
  }
  const result = v.safeParse(schema, json, { abortEarly: true });
  if (result.success) return { ok: true, message: result.output };
  const [issue] = result.issues;
  const path = v.getDotPath(issue);
  const reason = path === null ? issue.message : `${path}: ${issue.message}`;
  return { ok: false, reason: reason.slice(0, MAX_REASON_CHARS) };
}
