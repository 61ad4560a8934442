import { expect, it, vi } from 'vitest';
import type { MemberId } from '../../src/core/ids.ts';
import { decodeTransaction, encodeTransaction } from '../../src/core/kv/transaction.ts';
import type { Message } from '../../src/core/message.ts';
import { after } from '../../src/runtime/clock.ts';
import { BroadcastNetwork } from '../../src/transport/broadcast.ts';
import { DataChannelCarrier, MAX_BUFFERED_BYTES } from '../../src/transport/data-channel.ts';
import { MAX_FRAME_BYTES, type Carrier } from '../../src/transport/link.ts';
import { createMemoryLink } from '../../src/transport/memory.ts';
import { PortCarrier, relay } from '../../src/transport/port.ts';
import { LinkSession } from '../../src/transport/session.ts';
import { carrierContract, type LinkUnderTest } from './transport-suite.ts';

interface Connected {
  readonly connections: readonly [RTCPeerConnection, RTCPeerConnection];
  readonly channels: readonly [RTCDataChannel, RTCDataChannel];
}

/** Two connections of this page, and a negotiated channel on each that is about to open. */
function connect(take: (channel: RTCDataChannel, side: 0 | 1) => void = () => undefined): Connected {
  const connections = [
    new RTCPeerConnection({ iceServers: [] }),
    new RTCPeerConnection({ iceServers: [] }),
  ] as const;
  const channels = [
    connections[0].createDataChannel('raft', { negotiated: true, id: 100 }),
    connections[1].createDataChannel('raft', { negotiated: true, id: 100 }),
  ] as const;
  take(channels[0], 0);
  take(channels[1], 1);
  void negotiate(connections);
  return { connections, channels };
}

async function negotiate([left, right]: readonly [RTCPeerConnection, RTCPeerConnection]): Promise<void> {
  left.onicecandidate = ({ candidate }) => void right.addIceCandidate(candidate ?? undefined);
  right.onicecandidate = ({ candidate }) => void left.addIceCandidate(candidate ?? undefined);
  await left.setLocalDescription();
  if (left.localDescription !== null) await right.setRemoteDescription(left.localDescription);
  await right.setLocalDescription();
  if (right.localDescription !== null) await left.setRemoteDescription(right.localDescription);
}

function over(carrierOf: (channel: RTCDataChannel, side: 0 | 1) => Carrier): () => LinkUnderTest {
  return () => {
    const { connections, channels } = connect();
    const ends = [carrierOf(channels[0], 0), carrierOf(channels[1], 1)] as const;
    return { ends, release: () => connections.forEach((connection) => connection.close()) };
  };
}

function relayed(channel: RTCDataChannel): Carrier {
  const { port1, port2 } = new MessageChannel();
  relay(channel, port1);
  return new PortCarrier(port2);
}

carrierContract('memory', () => {
  const ends = createMemoryLink((callback) => queueMicrotask(callback));
  return { ends, release: () => ends[0].close() };
});

carrierContract(
  'data channel',
  over((channel) => new DataChannelCarrier(channel)),
);

carrierContract('relay on both sides', over(relayed));

carrierContract(
  'relay on one side',
  over((channel, side) => (side === 0 ? relayed(channel) : new DataChannelCarrier(channel))),
);

let nextLink = 1;
carrierContract('broadcast', () => {
  const networks = [new BroadcastNetwork('tests'), new BroadcastNetwork('tests')] as const;
  const link = `link-${nextLink}`;
  nextLink += 1;
  const ends = [
    networks[0].connect(link, 'left', 'right'),
    networks[1].connect(link, 'right', 'left'),
  ] as const;
  return { ends, release: () => networks.forEach((network) => network.close()) };
});

it('a channel that was transferred to a worker carries frames there and back', async () => {
  const worker = new Worker(new URL('./echo-worker.ts', import.meta.url), { type: 'module' });
  const { connections, channels } = connect((channel, side) => {
    if (side === 1) worker.postMessage(channel, [channel]);
  });
  const carrier = new DataChannelCarrier(channels[0]);
  const frames: Uint8Array[] = [];
  carrier.onFrame = (frame) => frames.push(frame.slice());
  const sent = new Uint8Array(MAX_FRAME_BYTES).fill(9);
  // Frames that come before the worker's handler are lost, as the hello of a session has to expect.
  await vi.waitFor(() => {
    carrier.send(sent);
    expect(frames[0]).toEqual(sent);
  }, 10_000);
  for (const connection of connections) connection.close();
  worker.terminate();
});

it.each<[string, (channel: RTCDataChannel) => Carrier]>([
  ['a channel', (channel) => new DataChannelCarrier(channel)],
  ['a relay', relayed],
])(
  '%s refuses what would overflow its buffer, loses nothing that it took, and goes on',
  async (_, carrierOf) => {
    const { connections, channels } = connect();
    const carrier = carrierOf(channels[0]);
    let received = 0;
    new DataChannelCarrier(channels[1]).onFrame = () => (received += 1);
    const frame = (): Uint8Array<ArrayBuffer> => new Uint8Array(MAX_FRAME_BYTES);
    let sent = 0;
    const fill = (): void => {
      while (sent < 400 && carrier.send(frame())) sent += 1;
    };
    await vi.waitFor(() => {
      fill();
      expect(sent).toBeGreaterThan(0);
    }, 10_000);
    expect(sent).toBeLessThan(400);
    expect(carrier.bufferedBytes).toBeGreaterThan(0);
    // It takes more whenever there is room: what it refused is over, what it took arrives.
    await vi.waitFor(() => {
      fill();
      expect(sent).toBe(400);
    }, 30_000);
    await vi.waitFor(() => expect([received, carrier.bufferedBytes]).toEqual([400, 0]), 30_000);
    for (const connection of connections) connection.close();
  },
  90_000,
);

it('a page that closes the connection ends the relay’s link, whatever is still under way', async () => {
  const { connections, channels } = connect();
  const carrier = relayed(channels[0]);
  let closings = 0;
  carrier.onClose = () => (closings += 1);
  await vi.waitFor(() => expect(carrier.send(new Uint8Array(MAX_FRAME_BYTES))).toBe(true), 10_000);
  while (carrier.send(new Uint8Array(MAX_FRAME_BYTES)));
  for (const connection of connections) connection.close();
  await vi.waitFor(() => expect(closings).toBe(1), 10_000);
  expect(carrier.send(new Uint8Array(1))).toBe(false);
});

it('text is no frame: it reaches the session as one that cannot be read', async () => {
  const { connections, channels } = connect();
  const carrier = new DataChannelCarrier(channels[0]);
  const frames: Uint8Array[] = [];
  carrier.onFrame = (frame) => frames.push(frame);
  await vi.waitFor(() => expect(channels[1].readyState).toBe('open'), 10_000);
  channels[1].send('text');
  channels[1].send(Uint8Array.of(7));
  await vi.waitFor(() => expect(frames).toEqual([new Uint8Array(), Uint8Array.of(7)]), 10_000);
  for (const connection of connections) connection.close();
});

it.each<[string, (channel: RTCDataChannel) => Carrier]>([
  ['a channel', (channel) => new DataChannelCarrier(channel)],
  ['a relay', relayed],
])(
  'the largest transaction of the default limits crosses %s, though no buffer holds it',
  async (_, carrierOf) => {
    const { connections, channels } = connect();
    const received: Message[] = [];
    const session = (channel: RTCDataChannel, self: string): LinkSession =>
      new LinkSession(
        carrierOf(channel),
        {
          clusterId: 'cluster-of-tests',
          self: self as MemberId,
          after,
        },
        {
          onOpen: () => undefined,
          onMessage: (message) => received.push(message),
          onRefused: (reason) => expect.fail(reason),
          onClose: () => undefined,
        },
      );
    const [left, right] = [
      session(channels[0], 'member-A00000000'),
      session(channels[1], 'member-B00000000'),
    ];
    const envelope = { from: 'member-A00000000' as MemberId, to: 'member-B00000000' as MemberId };
    const val = 'v'.repeat(64 * 1024);
    const key = 'k'.repeat(1024);
    const command = encodeTransaction(Array.from({ length: 128 }, () => ({ op: 'SET', key, val })));
    expect(command.length).toBeGreaterThan(MAX_BUFFERED_BYTES);
    await vi.waitFor(() => expect([left.member, right.member]).toEqual([envelope.to, envelope.from]), 10_000);

    const operation = { kind: 'command' as const, command, repeatable: true };
    expect(
      left.send({ type: 'forwardRequest', ...envelope, term: 1, request: 1, attempt: 1, operation }),
    ).toBe(true);
    await vi.waitFor(() => expect(left.send({ type: 'ping', ...envelope, nonce: 7 })).toBe(true), 10_000);
    await vi.waitFor(() => expect(received).toHaveLength(2), 30_000);
    const [forwarded] = received.flatMap((message) =>
      message.type === 'forwardRequest' && message.operation.kind === 'command' ? [message.operation] : [],
    );
    expect(decodeTransaction(forwarded?.command ?? new Uint8Array())).toHaveLength(128);
    for (const connection of connections) connection.close();
  },
  60_000,
);
