import { Reader } from '../core/bytes.ts';
import { writtenTogether } from '../transport/written-together.ts';
import type { OperationCall, OperationHandlers, OperationAnswer } from './contract.ts';
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
        carryOut(handlers(), (result) => write((writer) => writeAnswer(writer, id, result)), call, timeoutMs);
      } catch (error) {
        write((writer) => writeBug(writer, id, error));
      }
    }
  };
}

function carryOut(
  handlers: OperationHandlers,
  done: (result: OperationAnswer) => void,
  call: OperationCall,
  timeoutMs: number,
): void {
  switch (call.method) {
    case 'read':
      handlers.read(done, call, timeoutMs);
      return;
    case 'transact':
      handlers.transact(done, call, timeoutMs);
      return;
    case 'readRegister':
      handlers.readRegister(done, call, timeoutMs);
      return;
    case 'writeRegister':
      handlers.writeRegister(done, call, timeoutMs);
  }
}
