import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import WebSocket from 'ws';
import {
  MAX_PAYLOAD_CHARS,
  parseServerMessage,
  type RefusalCode,
  type ServerMessage,
} from '../../signaling/protocol.ts';
import { createSignalingServer, type SignalingLimits, type SignalingServer } from '../../signaling/server.ts';

const ROOM = 'room-0123456789abcdef';
const ALICE = 'alice-0123456789abcdef';
const BOB = 'bob-0123456789abcdef';
const CAROL = 'carol-0123456789abcdef';
const PAYLOAD = 'c2VhbGVk';

let http: Server | undefined;
let signaling: SignalingServer | undefined;
const clients: Client[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.terminate();
  await signaling?.close();
  http?.close();
});

async function start(limits: Partial<SignalingLimits> = {}): Promise<SignalingServer> {
  const server = createSignalingServer(limits);
  signaling = server;
  http = createServer().listen(0, '127.0.0.1');
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
  await new Promise((resolve) => http?.once('listening', resolve));
  return server;
}

/** A real client that reads its messages in the order in which they came. */
class Client {
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  private readonly inbox: ServerMessage[] = [];
  private wake = (): void => undefined;

  constructor(options: WebSocket.ClientOptions = {}) {
    const { port } = http?.address() as AddressInfo;
    this.socket = new WebSocket(`ws://127.0.0.1:${port}/signaling`, options);
    this.socket.on('message', (data: Buffer) => {
      const parsed = parseServerMessage(data.toString('utf8'));
      if (!parsed.ok) throw new Error(`the server said what is not in the protocol: ${parsed.reason}`);
      this.inbox.push(parsed.message);
      this.wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = new Promise((resolve) => this.socket.once('close', resolve));
    clients.push(this);
  }

  send(...messages: (object | string | Buffer)[]): void {
    for (const message of messages) {
      const isRaw = typeof message === 'string' || Buffer.isBuffer(message);
      this.socket.send(isRaw ? message : JSON.stringify(message));
    }
  }

  async next(): Promise<ServerMessage> {
    for (;;) {
      const message = this.inbox.shift();
      if (message !== undefined) return message;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  async refusal(): Promise<RefusalCode> {
    const message = await this.next();
    if (message.type !== 'refused') throw new Error(`expected a refusal, received ${message.type}`);
    expect(message.reason).not.toBe('');
    return message.code;
  }
}

async function open(options: WebSocket.ClientOptions = {}): Promise<Client> {
  const client = new Client(options);
  await new Promise((resolve) => client.socket.once('open', resolve));
  return client;
}

async function join(peer: string, room = ROOM, options: WebSocket.ClientOptions = {}): Promise<Client> {
  const client = await open(options);
  client.send({ type: 'join', room, peer });
  expect(await client.next()).toMatchObject({ type: 'joined' });
  return client;
}

describe('a room', () => {
  test('a join is answered with who is there, and the others hear of it', async () => {
    await start();
    const alice = await join(ALICE);
    const bob = await open();
    bob.send({ type: 'join', room: ROOM, peer: BOB });
    expect(await bob.next()).toEqual({ type: 'joined', peers: [ALICE] });
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: BOB });
  });

  test('a payload reaches the peer that it names, with its sender, and nobody else', async () => {
    await start();
    const alice = await join(ALICE);
    const bob = await join(BOB);
    const carol = await join(CAROL);
    bob.send({ type: 'relay', to: ALICE, payload: PAYLOAD }, { type: 'ping' });
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: BOB });
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: CAROL });
    expect(await alice.next()).toEqual({ type: 'relayed', from: BOB, payload: PAYLOAD });
    carol.send({ type: 'ping' });
    expect(await carol.next()).toEqual({ type: 'pong' });
  });

  test('the longest payload fits into a frame', async () => {
    await start();
    const alice = await join(ALICE);
    const payload = 'A'.repeat(MAX_PAYLOAD_CHARS);
    alice.send({ type: 'relay', to: ALICE, payload });
    expect(await alice.next()).toEqual({ type: 'relayed', from: ALICE, payload });
  });

  test('peers of another room are out of reach', async () => {
    await start();
    const alice = await join(ALICE);
    await join(BOB, `other-${ROOM}`);
    alice.send({ type: 'relay', to: BOB, payload: PAYLOAD });
    expect(await alice.refusal()).toBe('no-such-peer');
  });

  test.each(['leave', 'close', 'crash'])('the others hear of a %s', async (how) => {
    const server = await start();
    const alice = await join(ALICE);
    const bob = await join(BOB);
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: BOB });
    if (how === 'leave') bob.send({ type: 'leave' });
    if (how === 'close') bob.socket.close();
    if (how === 'crash') bob.socket.terminate();
    expect(await alice.next()).toEqual({ type: 'peer-left', peer: BOB });
    expect(server.health()).toMatchObject({ rooms: 1, peers: 1 });
  });

  test('after a leave the same connection may join again', async () => {
    const server = await start();
    const alice = await join(ALICE);
    alice.send({ type: 'leave' }, { type: 'join', room: ROOM, peer: CAROL });
    expect(await alice.next()).toEqual({ type: 'joined', peers: [] });
    expect(server.health()).toMatchObject({ connections: 1, rooms: 1, peers: 1 });
  });

  test('a peer that connects again replaces its older connection and does not leave', async () => {
    const server = await start();
    const bob = await join(BOB);
    const older = await join(ALICE);
    expect(await bob.next()).toEqual({ type: 'peer-joined', peer: ALICE });
    const newer = await join(ALICE);
    expect(await older.next()).toMatchObject({ type: 'refused', code: 'replaced' });
    expect(await older.closed).toBe(4001);
    bob.send({ type: 'relay', to: ALICE, payload: PAYLOAD }, { type: 'ping' });
    expect(await newer.next()).toEqual({ type: 'relayed', from: BOB, payload: PAYLOAD });
    expect(await bob.next()).toEqual({ type: 'peer-joined', peer: ALICE });
    expect(await bob.next()).toEqual({ type: 'pong' });
    await expect.poll(() => server.health()).toMatchObject({ connections: 2, rooms: 1, peers: 2 });
  });
});

describe('what does not fit is refused with a reason, and the connection goes on', () => {
  test.each<[string, object | string | Buffer]>([
    ['not JSON', '{'],
    ['no object', '5'],
    ['null', 'null'],
    ['a list', '[]'],
    ['no type', {}],
    ['an unknown type', { type: 'shout' }],
    ['a type of the server', { type: 'pong' }],
    ['a join without a room', { type: 'join', peer: ALICE }],
    ['a join without a peer', { type: 'join', room: ROOM }],
    ['a room too short', { type: 'join', room: 'r'.repeat(15), peer: ALICE }],
    ['a room too long', { type: 'join', room: 'r'.repeat(65), peer: ALICE }],
    ['a room with other characters', { type: 'join', room: `${ROOM}/`, peer: ALICE }],
    ['a peer that is no text', { type: 'join', room: ROOM, peer: 5 }],
    ['a peer too long', { type: 'join', room: ROOM, peer: 'p'.repeat(65) }],
    ['a relay to nobody', { type: 'relay', payload: PAYLOAD }],
    ['a relay without a payload', { type: 'relay', to: ALICE }],
    ['an empty payload', { type: 'relay', to: ALICE, payload: '' }],
    ['a payload that is not base64', { type: 'relay', to: ALICE, payload: '{}' }],
    ['a payload too long', { type: 'relay', to: ALICE, payload: 'A'.repeat(MAX_PAYLOAD_CHARS + 1) }],
    ['a binary frame', Buffer.from('{"type":"ping"}')],
  ])('%s', async (_name, message) => {
    const server = await start();
    const client = await open();
    client.send(message, { type: 'ping' });
    expect(await client.refusal()).toBe('malformed');
    expect(await client.next()).toEqual({ type: 'pong' });
    expect(server.health().refused).toEqual({ malformed: 1 });
  });

  test('a relay and a leave before a join, and a second join', async () => {
    await start();
    const client = await open();
    client.send({ type: 'relay', to: BOB, payload: PAYLOAD }, { type: 'leave' });
    expect(await client.refusal()).toBe('not-joined');
    expect(await client.refusal()).toBe('not-joined');
    client.send({ type: 'join', room: ROOM, peer: ALICE }, { type: 'join', room: ROOM, peer: BOB });
    expect(await client.next()).toEqual({ type: 'joined', peers: [] });
    expect(await client.refusal()).toBe('already-joined');
  });
});

describe('limits', () => {
  test('a frame over the limit is refused and its connection closed', async () => {
    const server = await start({ frameBytes: 1000 });
    const client = await open();
    client.send('x'.repeat(1001));
    expect(await client.refusal()).toBe('too-large');
    expect(await client.closed).toBe(1009);
    await expect.poll(() => server.health().connections).toBe(0);
  });

  test('a frame far over the limit is not even read', async () => {
    const server = await start({ frameBytes: 1000 });
    const client = await open();
    client.send('x'.repeat(1_000_000));
    expect(await client.closed).toBe(1009);
    await expect.poll(() => server.health().connections).toBe(0);
  });

  test('peers of a room, and a peer that is replaced is not one more', async () => {
    await start({ peersPerRoom: 1 });
    const alice = await join(ALICE);
    const bob = await open();
    bob.send({ type: 'join', room: ROOM, peer: BOB });
    expect(await bob.refusal()).toBe('room-full');
    await join(ALICE);
    expect(await alice.refusal()).toBe('replaced');
  });

  test('rooms, and an emptied room makes place', async () => {
    await start({ rooms: 1 });
    const alice = await join(ALICE);
    const bob = await open();
    bob.send({ type: 'join', room: `other-${ROOM}`, peer: BOB });
    expect(await bob.refusal()).toBe('too-many-rooms');
    alice.send({ type: 'leave' }, { type: 'ping' });
    expect(await alice.next()).toEqual({ type: 'pong' });
    bob.send({ type: 'join', room: `other-${ROOM}`, peer: BOB });
    expect(await bob.next()).toEqual({ type: 'joined', peers: [] });
  });

  test('connections from one address, and a closed one makes place', async () => {
    const server = await start({ connectionsPerAddress: 1 });
    const alice = await join(ALICE);
    const bob = await open();
    expect(await bob.refusal()).toBe('too-many-connections');
    expect(await bob.closed).toBe(1013);
    alice.socket.close();
    await expect.poll(() => server.health().connections).toBe(0);
    await join(BOB);
  });

  test('the rate of messages, and the bucket fills again', async () => {
    await start({ messagesBurst: 3, messagesPerSecond: 2, violations: 1000 });
    const client = await open();
    for (let i = 0; i < 4; i++) client.send({ type: 'ping' });
    for (let i = 0; i < 3; i++) expect(await client.next()).toEqual({ type: 'pong' });
    expect(await client.refusal()).toBe('rate-limited');
    await expect
      .poll(
        async () => {
          client.send({ type: 'ping' });
          return (await client.next()).type;
        },
        { timeout: 5000 },
      )
      .toBe('pong');
  });

  test('violations close the connection', async () => {
    await start({ violations: 2 });
    const client = await open();
    client.send('1', '2', '3', '4');
    for (let i = 0; i < 3; i++) expect(await client.refusal()).toBe('malformed');
    expect(await client.refusal()).toBe('too-many-violations');
    expect(await client.closed).toBe(1008);
  });

  test('a relay to an absent peer is refused and is no violation', async () => {
    await start({ violations: 1 });
    const alice = await join(ALICE);
    for (let i = 0; i < 5; i++) alice.send({ type: 'relay', to: BOB, payload: PAYLOAD });
    for (let i = 0; i < 5; i++) expect(await alice.refusal()).toBe('no-such-peer');
    alice.send({ type: 'ping' });
    expect(await alice.next()).toEqual({ type: 'pong' });
  });

  test('the time to join, after a leave as well', async () => {
    await start({ joinTimeoutMs: 300 });
    const idle = await open();
    expect(await idle.refusal()).toBe('join-timeout');
    expect(await idle.closed).toBe(1008);
    const alice = await join(ALICE);
    alice.send({ type: 'leave' });
    expect(await alice.refusal()).toBe('join-timeout');
  });

  test('what is queued for a receiver that does not read', async () => {
    await start({ sendBufferBytes: 100_000, messagesBurst: 10_000 });
    const bob = await join(BOB);
    const alice = await join(ALICE);
    bob.socket.pause();
    const payload = 'A'.repeat(MAX_PAYLOAD_CHARS);
    let refused: RefusalCode | undefined;
    while (refused === undefined) {
      alice.send({ type: 'relay', to: BOB, payload }, { type: 'ping' });
      const answer = await alice.next();
      if (answer.type === 'refused') refused = answer.code;
    }
    expect(refused).toBe('peer-busy');
  });
});

describe('heartbeats', () => {
  test('a connection that answers no ping is evicted, and the others hear of it', async () => {
    const server = await start({ heartbeatMs: 40 });
    const alice = await join(ALICE);
    await join(BOB, ROOM, { autoPong: false });
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: BOB });
    expect(await alice.next()).toEqual({ type: 'peer-left', peer: BOB });
    expect(server.health()).toMatchObject({ connections: 1, peers: 1 });
  });

  test('a connection that answers stays, however long it says nothing', async () => {
    const server = await start({ heartbeatMs: 40 });
    const alice = await join(ALICE);
    let pings = 0;
    alice.socket.on('ping', () => (pings += 1));
    await expect.poll(() => pings).toBeGreaterThan(5);
    expect(server.health()).toMatchObject({ connections: 1, peers: 1 });
  });
});

describe('shutdown', () => {
  test('every client is told, nobody is said to have left, and all is closed', async () => {
    const server = await start();
    const alice = await join(ALICE);
    const bob = await join(BOB);
    expect(await alice.next()).toEqual({ type: 'peer-joined', peer: BOB });
    await server.close();
    for (const client of [alice, bob]) {
      expect(await client.refusal()).toBe('shutting-down');
      expect(await client.closed).toBe(1001);
    }
    expect(server.health()).toMatchObject({ connections: 0, rooms: 0, peers: 0 });
  });

  test('a client that does not close is terminated after the grace', async () => {
    const server = await start({ closeGraceMs: 30 });
    const alice = await join(ALICE);
    alice.socket.pause();
    await server.close();
    expect(server.health().connections).toBe(0);
  });

  test('it may be asked for twice', async () => {
    const server = await start();
    await join(ALICE);
    await Promise.all([server.close(), server.close()]);
    await server.close();
    expect(server.health().connections).toBe(0);
  });
});
