import { DataChannelCarrier } from '../../src/transport/data-channel.ts';

// Owns the channel that it is handed, as a node's worker does, and sends every frame back.
self.onmessage = ({ data }: MessageEvent<RTCDataChannel>) => {
  const carrier = new DataChannelCarrier(data);
  carrier.onFrame = (frame) => carrier.send(frame.slice());
};
