import { expect, it, vi } from 'vitest';
import { BroadcastNetwork } from '../../src/transport/broadcast.ts';
import { DataChannelCarrier } from '../../src/transport/data-channel.ts';
import { MAX_FRAME_BYTES, type Carrier } from '../../src/transport/link.ts';
import { createMemoryLink } from '../../src/transport/memory.ts';
import { PortCarrier, relay } from '../../src/transport/port.ts';
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

it('a channel refuses what would overflow its buffer, and goes on', async () => {
  const { connections, channels } = connect();
  const carrier = new DataChannelCarrier(channels[0]);
  let received = 0;
  new DataChannelCarrier(channels[1]).onFrame = () => (received += 1);
  const frame = new Uint8Array(MAX_FRAME_BYTES);
  await vi.waitFor(() => expect(carrier.send(frame)).toBe(true), 10_000);
  let sent = 1;
  while (carrier.send(frame) && sent < 1000) sent += 1;
  expect(sent).toBeLessThan(1000);
  await vi.waitFor(() => expect(received).toBe(sent), 20_000);
  expect(carrier.send(frame)).toBe(true);
  for (const connection of connections) connection.close();
}, 60_000);
