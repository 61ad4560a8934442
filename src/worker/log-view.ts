import type { LogEntryView } from '../api.ts';
import { DecodeError } from '../core/bytes.ts';
import { decodeTransaction } from '../core/kv/transaction.ts';
import type { Entry } from '../core/raft/log-entry.ts';

/** A log entry as plain data, its command decoded. */
export function describeEntry({ index, term, payload }: Entry): LogEntryView {
  switch (payload.kind) {
    case 'noop':
      return { index, term, kind: 'noop', data: null };
    case 'configuration':
      return { index, term, kind: 'configuration', data: payload.configuration };
    case 'command':
      return { index, term, kind: 'transaction', data: describeCommand(payload.command) };
  }
}

function describeCommand(command: Uint8Array): unknown {
  try {
    return decodeTransaction(command);
  } catch (error) {
    if (error instanceof DecodeError) return { malformed: error.message };
    throw error;
  }
}
