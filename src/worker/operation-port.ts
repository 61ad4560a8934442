import { together } from '../transport/together.ts';
import type { OperationAnswer, OperationCall, OperationHandlers } from './contract.ts';

/** The worker's end of the port for operations: those of one message are one turn of the node, and so are their answers. */
export function serveOperations(port: MessagePort, handlers: () => OperationHandlers): void {
  const answer = together<OperationAnswer>((answers) => port.postMessage(answers));
  port.onmessage = ({ data: calls }: MessageEvent<readonly OperationCall[]>) => {
    for (const call of calls) {
      const { id } = call;
      try {
        carryOut(handlers(), call, (value) => answer({ id, value }));
      } catch (error) {
        answer({ id, error: String(error) });
      }
    }
  };
}

function carryOut(handlers: OperationHandlers, call: OperationCall, done: (value: unknown) => void): void {
  switch (call.method) {
    case 'read':
      handlers.read(done, ...call.args);
      return;
    case 'transact':
      handlers.transact(done, ...call.args);
      return;
    case 'readRegister':
      handlers.readRegister(done, ...call.args);
      return;
    case 'writeRegister':
      handlers.writeRegister(done, ...call.args);
  }
}
