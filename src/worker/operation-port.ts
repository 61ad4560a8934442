import type { OperationAnswer, OperationApi, OperationCall } from './contract.ts';

/** The worker's end of the port for operations: those of one message are one turn of the node, and so are their answers. */
export function serveOperations(port: MessagePort, api: OperationApi): void {
  let answers: OperationAnswer[] = [];
  const answer = (one: OperationAnswer): void => {
    if (answers.length === 0) queueMicrotask(flush);
    answers.push(one);
  };
  const flush = (): void => {
    const told = answers;
    answers = [];
    port.postMessage(told);
  };
  port.onmessage = ({ data: calls }: MessageEvent<readonly OperationCall[]>) => {
    for (const call of calls)
      carryOut(api, call).then(
        (value) => answer({ id: call.id, value }),
        (error: unknown) => answer({ id: call.id, error: String(error) }),
      );
  };
}

async function carryOut(api: OperationApi, call: OperationCall): Promise<unknown> {
  switch (call.method) {
    case 'read':
      return api.read(...call.args);
    case 'transact':
      return api.transact(...call.args);
    case 'readRegister':
      return api.readRegister(...call.args);
    case 'writeRegister':
      return api.writeRegister(...call.args);
  }
}
