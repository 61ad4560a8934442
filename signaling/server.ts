import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import {
  type ClientMessage,
  MAX_FRAME_BYTES,
  parseClientMessage,
  type RefusalCode,
  type ServerMessage,
  SIGNALING_PATH,
} from './protocol.ts';

export interface SignalingLimits {
  /** A larger frame is refused as `too-large` and its connection closed. */
  frameBytes: number;
  rooms: number;
  peersPerRoom: number;
  /** All tabs of one machine share an address, and so do all machines behind one router or proxy. */
  connectionsPerAddress: number;
  /** Each connection's token bucket: it refills at this rate, up to the burst. */
  messagesPerSecond: number;
  messagesBurst: number;
  /** A connection in no room for this long is closed. */
  joinTimeoutMs: number;
  /** Refused messages that a correct client never sends, over a connection's life; one more closes it. */
  violations: number;
  /** Bytes queued for one receiver. What would come on top is refused as `peer-busy`. */
  sendBufferBytes: number;
  /** Between pings. A connection that leaves two in a row unanswered is evicted. */
  heartbeatMs: number;
  /** A connection that was told to close and did not is terminated after this. */
  closeGraceMs: number;
}

export const DEFAULT_LIMITS: Readonly<SignalingLimits> = {
  frameBytes: MAX_FRAME_BYTES,
  rooms: 1000,
  peersPerRoom: 32,
  connectionsPerAddress: 64,
  messagesPerSecond: 50,
  messagesBurst: 200,
  joinTimeoutMs: 10_000,
  violations: 20,
  sendBufferBytes: 1024 * 1024,
  heartbeatMs: 15_000,
  closeGraceMs: 1000,
};

export interface SignalingHealth {
  connections: number;
  rooms: number;
  peers: number;
  /** Refusals since the start, by code. */
  refused: Partial<Record<RefusalCode, number>>;
}

interface Connection {
  readonly socket: WebSocket;
  readonly address: string;
  /** Null until it joins, and again after it leaves. */
  place: { room: string; peer: string } | null;
  /** Pings since it was last heard of. */
  unansweredPings: number;
  /** Was told to close: nothing that it still sends counts. */
  dismissed: boolean;
  tokens: number;
  tokensAtMs: number;
  violations: number;
  /** The join timeout or, once dismissed, the end of its grace. */
  timer: NodeJS.Timeout | undefined;
}

type Room = Map<string, Connection>;

interface Refusal {
  code: RefusalCode;
  reason: string;
}

/**
 * What a correct client never sends. The other refusals are ordinary: a receiver left or is slow, a
 * room is full.
 */
const VIOLATIONS: ReadonlySet<RefusalCode> = new Set([
  'malformed',
  'rate-limited',
  'not-joined',
  'already-joined',
]);

const SHUTTING_DOWN: Refusal = { code: 'shutting-down', reason: 'the signaling server is shutting down' };

/** WebSocket close codes (RFC 6455, section 7.4, and one of our own). */
const CLOSE_CODES: Partial<Record<RefusalCode, number>> = {
  'too-large': 1009,
  'too-many-connections': 1013,
  'shutting-down': 1001,
  replaced: 4001,
};
const POLICY_VIOLATION = 1008;

export interface SignalingServer {
  /** Takes an upgrade to `SIGNALING_PATH`; any other is left to the caller, told so by `false`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  health(): SignalingHealth;
  /** Tells every client, closes, and resolves once all connections are gone. */
  close(): Promise<void>;
}

export function createSignalingServer(limits: Partial<SignalingLimits> = {}): SignalingServer {
  return new Server({ ...DEFAULT_LIMITS, ...limits });
}

/**
 * Introduces the tabs of a cluster to each other: rooms of peers, and messages relayed between the
 * peers of one room. It knows rooms by a hash and relays what it cannot read (see protocol.ts).
 */
class Server implements SignalingServer {
  private readonly sockets: WebSocketServer;
  private readonly connections = new Set<Connection>();
  private readonly perAddress = new Map<string, number>();
  /** Invariant: no room is empty, and a place's room and peer lead back to its connection. */
  private readonly rooms = new Map<string, Room>();
  private readonly refused: SignalingHealth['refused'] = {};
  private readonly heartbeat: NodeJS.Timeout;
  private closing = false;

  constructor(private readonly limits: SignalingLimits) {
    // A frame up to twice the limit is read, so that it can be answered; ws cuts off a larger one.
    this.sockets = new WebSocketServer({ noServer: true, maxPayload: 2 * limits.frameBytes });
    this.heartbeat = setInterval(() => this.evictTheDead(), limits.heartbeatMs);
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    if (request.url?.split('?')[0] !== SIGNALING_PATH) return false;
    this.sockets.handleUpgrade(request, socket, head, (webSocket) =>
      this.accept(webSocket, request.socket.remoteAddress ?? 'unknown'),
    );
    return true;
  }

  health(): SignalingHealth {
    const peers = [...this.rooms.values()].reduce((sum, room) => sum + room.size, 0);
    return {
      connections: this.connections.size,
      rooms: this.rooms.size,
      peers,
      refused: { ...this.refused },
    };
  }

  async close(): Promise<void> {
    this.closing = true;
    clearInterval(this.heartbeat);
    const gone = [...this.connections].map(
      ({ socket }) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    // Nobody is told that the others left: they are all there, and only this server goes.
    this.rooms.clear();
    for (const connection of this.connections) {
      connection.place = null;
      this.dismiss(connection, SHUTTING_DOWN);
    }
    await Promise.all(gone);
    this.sockets.close();
  }

  private accept(socket: WebSocket, address: string): void {
    const { messagesBurst, connectionsPerAddress } = this.limits;
    const connection: Connection = {
      socket,
      address,
      place: null,
      unansweredPings: 0,
      dismissed: false,
      tokens: messagesBurst,
      tokensAtMs: performance.now(),
      violations: 0,
      timer: undefined,
    };
    const fromAddress = (this.perAddress.get(address) ?? 0) + 1;
    this.perAddress.set(address, fromAddress);
    this.connections.add(connection);
    socket.on('message', (data, isBinary) => this.onFrame(connection, data, isBinary));
    socket.on('pong', () => (connection.unansweredPings = 0));
    socket.on('close', () => this.onClose(connection));
    socket.on('error', ({ message }) => this.dismiss(connection, { code: 'malformed', reason: message }));

    if (this.closing) {
      this.dismiss(connection, SHUTTING_DOWN);
    } else if (fromAddress > connectionsPerAddress) {
      const reason = `at most ${connectionsPerAddress} connections from one address`;
      this.dismiss(connection, { code: 'too-many-connections', reason });
    } else {
      this.expectJoin(connection);
    }
  }

  private onClose(connection: Connection): void {
    clearTimeout(connection.timer);
    this.connections.delete(connection);
    const others = (this.perAddress.get(connection.address) ?? 1) - 1;
    if (others === 0) this.perAddress.delete(connection.address);
    else this.perAddress.set(connection.address, others);
    this.vacate(connection);
  }

  private onFrame(connection: Connection, data: RawData, isBinary: boolean): void {
    if (connection.dismissed) return;
    connection.unansweredPings = 0;
    const refusal = this.read(connection, data, isBinary);
    if (refusal === null) return;
    if (refusal.code === 'too-large') {
      this.dismiss(connection, refusal);
      return;
    }
    this.refuse(connection, refusal);
    if (VIOLATIONS.has(refusal.code)) connection.violations += 1;
    if (connection.violations > this.limits.violations) {
      const reason = `${connection.violations} messages that a correct client never sends`;
      this.dismiss(connection, { code: 'too-many-violations', reason });
    }
  }

  private read(connection: Connection, data: RawData, isBinary: boolean): Refusal | null {
    const { messagesPerSecond, messagesBurst, frameBytes } = this.limits;
    if (!this.takeToken(connection)) {
      const reason = `at most ${messagesPerSecond} messages a second, ${messagesBurst} at once`;
      return { code: 'rate-limited', reason };
    }
    if (isBinary || !Buffer.isBuffer(data)) return { code: 'malformed', reason: 'not a text frame' };
    if (data.length > frameBytes)
      return { code: 'too-large', reason: `a frame has at most ${frameBytes} bytes` };
    const parsed = parseClientMessage(data.toString('utf8'));
    return parsed.ok
      ? this.onMessage(connection, parsed.message)
      : { code: 'malformed', reason: parsed.reason };
  }

  private onMessage(connection: Connection, message: ClientMessage): Refusal | null {
    switch (message.type) {
      case 'ping':
        this.send(connection, { type: 'pong' });
        return null;
      case 'join':
        return this.join(connection, message.room, message.peer);
      case 'relay':
        return this.relay(connection, message.to, message.payload);
      case 'leave':
        if (connection.place === null) return { code: 'not-joined', reason: 'leave before join' };
        this.vacate(connection);
        this.expectJoin(connection);
        return null;
    }
  }

  private join(connection: Connection, name: string, peer: string): Refusal | null {
    const { rooms, peersPerRoom } = this.limits;
    if (connection.place !== null) return { code: 'already-joined', reason: 'a second join' };
    const room: Room = this.rooms.get(name) ?? new Map<string, Connection>();
    const older = room.get(peer);
    if (room.size === 0 && this.rooms.size >= rooms) {
      return { code: 'too-many-rooms', reason: `this server has at most ${rooms} rooms` };
    }
    if (older === undefined && room.size >= peersPerRoom) {
      return { code: 'room-full', reason: `a room has at most ${peersPerRoom} peers` };
    }
    clearTimeout(connection.timer);
    if (older !== undefined) {
      // The peer is still here: it must not be reported as gone when its older socket closes.
      older.place = null;
      this.dismiss(older, { code: 'replaced', reason: 'the same peer connected again' });
    }
    room.set(peer, connection);
    this.rooms.set(name, room);
    connection.place = { room: name, peer };
    this.send(connection, { type: 'joined', peers: [...room.keys()].filter((id) => id !== peer) });
    this.tellOthers(room, peer, { type: 'peer-joined', peer });
    return null;
  }

  private relay(connection: Connection, to: string, payload: string): Refusal | null {
    if (connection.place === null) return { code: 'not-joined', reason: 'relay before join' };
    const receiver = this.rooms.get(connection.place.room)?.get(to);
    if (receiver === undefined) return { code: 'no-such-peer', reason: `${to} is not in the room` };
    if (receiver.socket.bufferedAmount + payload.length > this.limits.sendBufferBytes) {
      return { code: 'peer-busy', reason: `${to} does not read what was sent to it` };
    }
    this.send(receiver, { type: 'relayed', from: connection.place.peer, payload });
    return null;
  }

  /** Takes a connection out of its room, if it is in one. */
  private vacate(connection: Connection): void {
    if (connection.place === null) return;
    const { room: name, peer } = connection.place;
    connection.place = null;
    const room = this.rooms.get(name);
    room?.delete(peer);
    if (room === undefined || room.size === 0) this.rooms.delete(name);
    else this.tellOthers(room, peer, { type: 'peer-left', peer });
  }

  private tellOthers(room: Room, peer: string, message: ServerMessage): void {
    for (const [id, other] of room) if (id !== peer) this.send(other, message);
  }

  private expectJoin(connection: Connection): void {
    const { joinTimeoutMs } = this.limits;
    connection.timer = setTimeout(
      () => this.dismiss(connection, { code: 'join-timeout', reason: `no join within ${joinTimeoutMs} ms` }),
      joinTimeoutMs,
    );
  }

  private refuse(connection: Connection, { code, reason }: Refusal): void {
    this.refused[code] = (this.refused[code] ?? 0) + 1;
    this.send(connection, { type: 'refused', code, reason });
  }

  /** Refuses and closes, and terminates the connection if it does not close in time. */
  private dismiss(connection: Connection, refusal: Refusal): void {
    if (connection.dismissed) return;
    this.refuse(connection, refusal);
    connection.dismissed = true;
    this.vacate(connection);
    clearTimeout(connection.timer);
    connection.socket.close(CLOSE_CODES[refusal.code] ?? POLICY_VIOLATION, refusal.code);
    connection.timer = setTimeout(() => connection.socket.terminate(), this.limits.closeGraceMs);
  }

  private send(connection: Connection, message: ServerMessage): void {
    if (connection.dismissed) return;
    // Its queue is full although relays were refused: it does not read at all.
    if (connection.socket.bufferedAmount > this.limits.sendBufferBytes) connection.socket.terminate();
    else connection.socket.send(JSON.stringify(message));
  }

  private takeToken(connection: Connection): boolean {
    const { messagesPerSecond, messagesBurst } = this.limits;
    const nowMs = performance.now();
    const refill = ((nowMs - connection.tokensAtMs) / 1000) * messagesPerSecond;
    connection.tokens = Math.min(messagesBurst, connection.tokens + refill);
    connection.tokensAtMs = nowMs;
    if (connection.tokens < 1) return false;
    connection.tokens -= 1;
    return true;
  }

  private evictTheDead(): void {
    for (const connection of this.connections) {
      // Not at the first: after a pause of this process, the answers are waiting to be read.
      if (connection.unansweredPings >= 2) connection.socket.terminate();
      else connection.socket.ping();
      connection.unansweredPings += 1;
    }
  }
}
