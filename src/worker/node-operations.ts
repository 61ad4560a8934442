import type { WriteResult } from '../api.ts';
import type { RegisterResult } from '../core/abd/interface.ts';
import type { KeyValueMachine } from '../core/kv/machine.ts';
import { decodeResult } from '../core/kv/transaction.ts';
import type { OperationResult } from '../core/raft/message.ts';
import type { Raft } from '../core/raft/state.ts';
import type { ClientSessions } from '../runtime/client-sessions.ts';
import type { RegisterRouter } from '../runtime/register-router.ts';
import type { NodeSession, Request } from '../runtime/session.ts';
import type { Key } from '../trace/operations.ts';
import type { CallOf, KeyReadResult, OperationHandlers, ResultOf } from './contract.ts';
import type { NodeTrace } from './node-trace.ts';

export interface NodeOperationPorts {
  readonly raft: Raft;
  readonly values: KeyValueMachine;
  readonly request: Request;
  readonly session: NodeSession;
  readonly clients: ClientSessions;
  readonly registers: RegisterRouter;
  /** Null: this node keeps none. */
  readonly trace: NodeTrace | null;
}

type Done<R> = (result: R) => void;

/** What clients ask of a node. They come by the thousand, so that none of them costs a promise. */
export class NodeOperations implements OperationHandlers {
  constructor(private readonly ports: NodeOperationPorts) {}

  transact(done: Done<WriteResult>, { command, session }: CallOf<'transact'>, timeoutMs: number): void {
    const onResult = this.#traced('transact', command, writeResultOf, done);
    if (session === null) this.ports.session.command(command, timeoutMs, onResult);
    else this.ports.clients.command(session, command, timeoutMs, onResult);
  }

  read(done: Done<KeyReadResult>, { keys, consistency }: CallOf<'read'>, timeoutMs: number): void {
    if (consistency === 'local') {
      done(this.#states(keys));
      return;
    }
    const answerOf = (result: OperationResult): KeyReadResult =>
      result.outcome === 'ok' ? this.#states(keys) : result;
    const onResult = this.#traced('read', keys?.[0] ?? null, answerOf, done);
    this.ports.request({ kind: 'read' }, timeoutMs, onResult);
  }

  /** ABD: a quorum of the replica set, whoever leads. */
  readRegister(
    done: Done<ResultOf<'readRegister'>>,
    { key }: CallOf<'readRegister'>,
    timeoutMs: number,
  ): void {
    const onResult = this.#traced('register read', key, registerReadOf, done);
    this.ports.registers.request({ kind: 'read', key }, timeoutMs, onResult);
  }

  /** `index` is the counter of the write's tag, `term` the epoch of its replica set. */
  writeRegister(done: Done<WriteResult>, { key, value }: CallOf<'writeRegister'>, timeoutMs: number): void {
    const onResult = this.#traced('register write', key, registerWriteOf, done);
    this.ports.registers.request({ kind: 'write', key, value }, timeoutMs, onResult);
  }

  #states(keys: readonly string[] | null): KeyReadResult {
    const { raft, values } = this.ports;
    const found = keys?.map((key): [string, string | null] => [key, values.get(key)]);
    const states = Object.fromEntries<string | null>(found ?? values.entries());
    return { outcome: 'ok', states, commitIndex: raft.commitIndex, lastIndex: raft.log.lastIndex };
  }

  /** From here on until its answer it is under way: what is returned takes its result, of which the answer is made. */
  #traced<T, R extends { readonly outcome: string }>(
    f: string,
    key: Key,
    answerOf: (result: T) => R,
    done: Done<R>,
  ): Done<T> {
    const { trace } = this.ports;
    // One closure, with a trace or without: they live until their answers, by the thousand.
    return trace?.operations.follow(f, key, answerOf, done) ?? ((result) => done(answerOf(result)));
  }
}

function registerReadOf(result: RegisterResult): ResultOf<'readRegister'> {
  return result.outcome === 'ok' ? { outcome: 'ok', value: result.value } : result;
}

function registerWriteOf(result: RegisterResult): WriteResult {
  if (result.outcome !== 'ok') return result;
  return { outcome: 'ok', index: result.tag?.counter ?? 0, term: result.epoch };
}

function writeResultOf(result: OperationResult): WriteResult {
  if (result.outcome !== 'ok') return result;
  const { index, term } = result;
  const transaction = decodeResult(result.value);
  if (transaction.applied) return { outcome: 'ok', index, term };
  if ('malformed' in transaction)
    return { outcome: 'failed', code: 'invalid', reason: transaction.malformed };
  const { key, expected, actual } = transaction;
  const reason = `${shown(key)} is ${shown(actual)}, not ${shown(expected)}: nothing was changed.`;
  return { outcome: 'failed', code: 'assertion', reason };
}

function shown(value: string | null): string {
  if (value === null) return 'absent';
  return value.length <= 60 ? `"${value}"` : `"${value.slice(0, 60)}…"`;
}
