import { ClientSession, encodeInSession } from '../core/session/client.ts';
import { encodeEnvelope, ReplyDecoder, type Reply } from '../core/session/envelope.ts';
import type { Operation, OperationResult } from '../core/raft/message.ts';
import type { Clock } from './clock.ts';

export type OnResult = (result: OperationResult) => void;

/** What a session needs of the driver. */
export type Request = (operation: Operation, timeoutMs: number, onResult: OnResult) => void;

/** Of log time, which passes no faster than this node's clock while a leader is there. */
export const SESSION_TTL_MS = 3_600_000;
/** A session that was idle for longer is replaced before it can have expired. */
const MAX_IDLE_MS = SESSION_TTL_MS / 4;

interface Waiting {
  readonly command: Uint8Array;
  readonly deadline: number;
  readonly onResult: OnResult;
  /** Its time may be up before there is a session. */
  readonly cancel: () => void;
}

/**
 * Runs this node's commands in a session, opened when the first one comes, so that the node can try
 * again whatever got lost on the way to a leader: what was applied once is not applied twice.
 */
export class NodeSession {
  #session: ClientSession | null = null;
  #usedAt = 0;
  #isOpening = false;
  #waiting: Waiting[] = [];
  readonly #replies = new ReplyDecoder();

  constructor(
    private readonly clock: Clock,
    private readonly request: Request,
  ) {}

  /** As `Driver.request`; an `ok` carries the state machine's own answer. */
  command(command: Uint8Array, timeoutMs: number, onResult: OnResult): void {
    const now = this.clock.now();
    if (this.#session !== null && now - this.#usedAt <= MAX_IDLE_MS) {
      this.#run(this.#session, command, timeoutMs, onResult);
      return;
    }
    this.#session = null;
    const waiting: Waiting = {
      command,
      deadline: now + timeoutMs,
      onResult,
      cancel: this.clock.after(timeoutMs, () => {
        this.#waiting = this.#waiting.filter((other) => other !== waiting);
        onResult(NOT_HANDED_OVER);
      }),
    };
    this.#waiting.push(waiting);
    if (!this.#isOpening) this.#open(timeoutMs);
  }

  /** Opens the session ahead of the first command, which then need not wait for it. */
  prepare(timeoutMs: number): void {
    if (this.#session === null && !this.#isOpening) this.#open(timeoutMs);
  }

  #run(session: ClientSession, command: Uint8Array, timeoutMs: number, onResult: OnResult): void {
    this.#usedAt = this.clock.now();
    const place = session.begin();
    const bytes = encodeInSession(place, command);
    this.request({ kind: 'command', command: bytes, repeatable: true }, timeoutMs, (result) => {
      session.end(place);
      onResult(result.outcome === 'ok' ? this.#read(session, result) : result);
    });
  }

  #read(session: ClientSession, result: OperationResult & { outcome: 'ok' }): OperationResult {
    const reply = this.#replies.decode(result.value);
    if (reply.kind === 'done') return { ...result, value: reply.value };
    if (this.#session === session) this.#session = null;
    return refusal(reply, 'This node’s');
  }

  /** Opening one twice does no harm: the one that nobody uses expires. */
  #open(timeoutMs: number): void {
    this.#isOpening = true;
    const command = encodeEnvelope({ kind: 'open', ttlMs: SESSION_TTL_MS });
    this.request({ kind: 'command', command, repeatable: true }, timeoutMs, (result) => {
      this.#isOpening = false;
      const reply = result.outcome === 'ok' ? this.#replies.decode(result.value) : null;
      if (reply?.kind === 'opened') {
        this.#session = new ClientSession(reply.session);
        this.#usedAt = this.clock.now();
      }
      this.#continue(result);
    });
  }

  #continue(opened: OperationResult): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const now = this.clock.now();
    for (const { command, deadline, onResult, cancel } of waiting) {
      cancel();
      const leftMs = deadline - now;
      if (leftMs <= 0) onResult(NOT_HANDED_OVER);
      else if (this.#session !== null) this.#run(this.#session, command, leftMs, onResult);
      else if (isWorthTrying(opened)) this.command(command, leftMs, onResult);
      // Whatever became of the session, the command itself was never handed to anybody.
      else onResult(opened.outcome === 'ok' ? NOT_HANDED_OVER : { ...opened, outcome: 'failed' });
    }
  }
}

/** Nobody refused it: whoever asked for the session may have had less time than others who wait for it. */
function isWorthTrying(opened: OperationResult): boolean {
  return opened.outcome !== 'ok' && ['timed-out', 'no-leader', 'lost-leadership'].includes(opened.code);
}

const NOT_HANDED_OVER: OperationResult = {
  outcome: 'failed',
  code: 'no-leader',
  reason: 'No leader answered in the time given, so nothing was done.',
};

/** What is said of a command that was not applied in its session; `whose` session it is. */
export function refusal(reply: Exclude<Reply, { kind: 'done' }>, whose: string): OperationResult {
  const reason =
    reply.kind === 'malformed'
      ? `The command was refused: ${reply.reason}.`
      : `${whose} session had expired. It may have happened before that.`;
  return { outcome: 'unknown', code: 'session-expired', reason };
}
