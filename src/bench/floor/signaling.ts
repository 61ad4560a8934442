import type { FloorPlace } from './contract.ts';

type Signal =
  | { readonly type: 'here'; readonly from: number }
  | {
      readonly type: 'description';
      readonly from: number;
      readonly to: number;
      readonly description: RTCSessionDescriptionInit;
    };

type OnChannel = (peer: number, channel: RTCDataChannel) => void;

/** Connects the tabs of a room with each other; the one with the smaller index of two dials. */
export function connectAll(place: FloorPlace, onChannel: OnChannel): void {
  const { room, index } = place;
  const bus = new BroadcastChannel(`floor-${room}`);
  const connections = new Map<number, RTCPeerConnection>();

  const tell = (signal: Signal): void => bus.postMessage(signal);
  const describe = async (connection: RTCPeerConnection, to: number): Promise<void> => {
    await connection.setLocalDescription();
    await gathered(connection);
    if (connection.localDescription === null) throw new Error('a connection describes itself first');
    const description = connection.localDescription.toJSON();
    tell({ type: 'description', from: index, to, description });
  };
  const connect = (peer: number): RTCPeerConnection => {
    const connection = new RTCPeerConnection({ iceServers: [] });
    connections.set(peer, connection);
    // Transferred in the task that made it: later, no browser does.
    onChannel(peer, connection.createDataChannel('floor', { negotiated: true, id: 100 }));
    return connection;
  };

  bus.onmessage = async ({ data }: MessageEvent<Signal>) => {
    const { from } = data;
    if (data.type === 'here') {
      if (connections.has(from)) return;
      if (index < from) await describe(connect(from), from);
      // It may have come before there was anyone to hear it.
      else tell({ type: 'here', from: index });
    } else if (data.to === index) {
      const connection = connections.get(from) ?? connect(from);
      await connection.setRemoteDescription(data.description);
      if (data.description.type === 'offer') await describe(connection, from);
    }
  };
  tell({ type: 'here', from: index });
}

async function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === 'complete') return;
  await new Promise<void>((resolve) => {
    connection.onicegatheringstatechange = () => {
      if (connection.iceGatheringState === 'complete') resolve();
    };
  });
}
