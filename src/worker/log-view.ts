import type { LogEntryView } from '../api.ts';
import { decodeEpochCommand } from '../core/abd/epochs.ts';
import { DecodeError } from '../core/bytes.ts';
import { decodeTransaction } from '../core/kv/transaction.ts';
import type { Entry } from '../core/raft/log-entry.ts';
import { decodeEnvelope } from '../core/session/envelope.ts';

/** A log entry as plain data, its command decoded. */
export function describeEntry({ index, term, payload }: Entry): LogEntryView {
  switch (payload.kind) {
    case 'noop':
      return { index, term, kind: 'noop', data: null };
    case 'configuration':
      return { index, term, kind: 'configuration', data: payload.configuration };
    case 'command':
      return { index, term, ...describeCommand(payload.command) };
  }
}

function describeCommand(command: Uint8Array): Pick<LogEntryView, 'kind' | 'data'> {
  try {
    const envelope = decodeEnvelope(command);
    if (envelope.kind === 'open') return { kind: 'session', data: { ttlMs: envelope.ttlMs } };
    if (envelope.kind === 'epochs') return { kind: 'epoch', data: decodeEpochCommand(envelope.command) };
    return { kind: 'transaction', data: decodeTransaction(envelope.command) };
  } catch (error) {
    if (error instanceof DecodeError) return { kind: 'transaction', data: { malformed: error.message } };
    throw error;
  }
}
