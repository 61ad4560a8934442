import type { Consistency, Instruction, ReadResult, Tabraft, WriteResult } from '../api.ts';
import { messageOf } from '../error-text.ts';
import { formatCount, formatValue, plural } from './format.ts';

export type Algorithm = 'raft' | 'abd';

/** What the key-value panel can ask for. */
export type Operation =
  | { kind: 'get'; algorithm: Algorithm; key: string; consistency: Consistency }
  | { kind: 'put'; algorithm: Algorithm; key: string; value: string | null }
  | { kind: 'cas'; key: string; expected: string | null; value: string | null }
  | { kind: 'delete'; algorithm: Algorithm; key: string }
  | { kind: 'transaction'; instructions: Instruction[] };

export type Outcome = ReadResult | WriteResult;

/** One operation of this page's user, running while `result` is null. */
export interface OperationRecord {
  id: number;
  operation: Operation;
  /** Milliseconds since the epoch. */
  startedAt: number;
  result: { outcome: Outcome; durationMs: number } | null;
}

type Algorithms = Pick<Tabraft, 'raft' | 'abd'>;

export async function runOperation(operation: Operation, api: Algorithms): Promise<Outcome> {
  try {
    return await request(operation, api);
  } catch (error) {
    // Where the call itself breaks, nobody can say whether the request got out.
    return { outcome: 'unknown', code: 'error', reason: messageOf(error) };
  }
}

function request(operation: Operation, { raft, abd }: Algorithms): Promise<Outcome> {
  switch (operation.kind) {
    case 'get':
      if (operation.algorithm === 'abd') return abd.get(operation.key);
      return raft.get(operation.key, { consistency: operation.consistency });
    case 'put':
      return (operation.algorithm === 'abd' ? abd : raft).put(operation.key, operation.value);
    case 'cas':
      return raft.cas(operation.key, operation.expected, operation.value);
    case 'delete':
      return (operation.algorithm === 'abd' ? abd : raft).put(operation.key, null);
    case 'transaction':
      return raft.transact(operation.instructions);
  }
}

/** The operation in a line: `cas x: "1" → "2"`. */
export function describeOperation(operation: Operation): string {
  const prefix = 'algorithm' in operation && operation.algorithm === 'abd' ? 'abd ' : '';
  return `${prefix}${describeRequest(operation)}`;
}

function describeRequest(operation: Operation): string {
  switch (operation.kind) {
    case 'get':
      return `get ${operation.key}${operation.consistency === 'local' ? ' (local)' : ''}`;
    case 'put':
      return `put ${operation.key} = ${formatValue(operation.value)}`;
    case 'cas':
      return `cas ${operation.key}: ${formatValue(operation.expected)} → ${formatValue(operation.value)}`;
    case 'delete':
      return `delete ${operation.key}`;
    case 'transaction':
      return `transaction of ${plural(operation.instructions.length, 'row')}: ${operation.instructions
        .map(({ op, key, val }) => `${op} ${key} ${formatValue(val)}`)
        .join('; ')}`;
  }
}

/** What an outcome adds to its word. */
export function describeOutcome(outcome: Outcome): string {
  if (outcome.outcome !== 'ok') return outcome.reason;
  return 'index' in outcome
    ? `index ${formatCount(outcome.index)}, term ${formatCount(outcome.term)}`
    : formatValue(outcome.value);
}
