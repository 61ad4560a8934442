import { Reader } from '../core/bytes.ts';
import { writtenTogether } from '../transport/written-together.ts';
import type { OperationHandlers, OperationAnswer } from './contract.ts';
import { readCall, writeAnswer, writeBug } from './operation-codec.ts';

/** The worker's end of the port for operations: those of one message are one turn of the node, and so are their answers. */
export function serveOperations(port: MessagePort, handlers: () => OperationHandlers): void {
  const write = writtenTogether((bytes) => port.postMessage(bytes, [bytes.buffer]));
  port.onmessage = ({ data }: MessageEvent<Uint8Array>) => {
    const reader = new Reader(data);
    while (!reader.isAtEnd) {
      const id = reader.integer();
      const timeoutMs = reader.integer();
      const call = readCall(reader);
      try {
        const done = (result: OperationAnswer): void => write((writer) => writeAnswer(writer, id, result));
        // Each method takes the call of its name.
        handlers()[call.method](done, call as never, timeoutMs);
      } catch (error) {
        write((writer) => writeBug(writer, id, error));
      }
    }
  };
}
