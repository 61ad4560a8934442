import type { Message } from '../core/message.ts';
import type { MessageFacts } from './event.ts';

/** What a message says, without the entries, values and names that make it long. */
export function messageFacts(message: Message): MessageFacts {
  switch (message.type) {
    case 'preVoteRequest':
    case 'voteRequest': {
      const { term, lastIndex, lastTerm } = message;
      return { term, lastIndex, lastTerm };
    }
    case 'preVoteResponse':
    case 'voteResponse':
      return { term: message.term, granted: message.granted };
    case 'appendRequest': {
      const { term, prevIndex, prevTerm, entries, commitIndex } = message;
      return { term, prevIndex, prevTerm, entries: entries.length, commitIndex };
    }
    case 'appendResponse': {
      const { term, result } = message;
      return result.kind === 'accepted'
        ? { term, accepted: true, matchIndex: result.matchIndex }
        : { term, accepted: false, hintIndex: result.hintIndex, hintTerm: result.hintTerm };
    }
    case 'heartbeat':
      return { term: message.term, commitIndex: message.commitIndex };
    case 'heartbeatResponse':
    case 'timeoutNow':
      return { term: message.term };
    case 'snapshotRequest': {
      const { term, metadata, offset, part } = message;
      return { term, index: metadata.index, offset, bytes: part.length, of: metadata.bytes };
    }
    case 'snapshotResponse':
      return { term: message.term, index: message.index, receivedBytes: message.receivedBytes };
    case 'forwardRequest':
      return { term: message.term, operation: message.operation.kind, attempt: message.attempt };
    case 'forwardResponse':
      return { term: message.term, outcome: message.result.outcome, attempt: message.attempt };
    case 'readIndexRequest':
      return { term: message.term };
    case 'readIndexResponse':
      return { term: message.term, readIndex: message.readIndex };
    case 'joinRequest':
      return { term: message.term, joiner: message.joiner };
    case 'removedNotice':
      return { term: message.term, configurationIndex: message.configurationIndex };
    case 'registerQuery':
      return { epoch: message.epoch, key: message.key };
    case 'registerQueryResponse':
      return { epoch: message.epoch, counter: message.held?.tag.counter ?? null };
    case 'registerStore':
      return { epoch: message.epoch, key: message.register.key, counter: message.register.tag.counter };
    case 'registerStoreResponse':
      return { epoch: message.epoch };
    case 'registerTransferRequest':
      return { epoch: message.epoch };
    case 'registerTransferResponse':
      return { epoch: message.epoch, registers: message.registers.length, last: message.isLast };
    case 'ping':
    case 'pong':
      return { nonce: message.nonce };
  }
}
