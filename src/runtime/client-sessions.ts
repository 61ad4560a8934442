import type { SessionResult } from '../api.ts';
import { encodeInSession, type SessionPlace } from '../core/session/client.ts';
import { encodeEnvelope, ReplyDecoder } from '../core/session/envelope.ts';
import { refusal, SESSION_TTL_MS, type OnResult, type Request } from './session.ts';

/**
 * Sessions whose client is not this node, and may turn to another one with the same write: it numbers its writes
 * itself, and the state machine knows the repeated ones (dissertation §6.3).
 */
export class ClientSessions {
  readonly #replies = new ReplyDecoder();

  constructor(private readonly request: Request) {}

  /** `done` gets the id. Who opens twice, as an answer was lost, leaves one that nobody uses, which expires. */
  open(timeoutMs: number, done: (result: SessionResult) => void): void {
    const command = encodeEnvelope({ kind: 'open', ttlMs: SESSION_TTL_MS });
    this.request({ kind: 'command', command, repeatable: true }, timeoutMs, (result) => {
      if (result.outcome !== 'ok') {
        done(result);
        return;
      }
      const reply = this.#replies.decode(result.value);
      if (reply.kind === 'opened') done({ outcome: 'ok', session: reply.session });
      else done({ outcome: 'unknown', code: 'session-expired', reason: 'No session was opened.' });
    });
  }

  /** As `Driver.request`; an `ok` carries the state machine's own answer. */
  command(place: SessionPlace, command: Uint8Array, timeoutMs: number, onResult: OnResult): void {
    const bytes = encodeInSession(place, command);
    this.request({ kind: 'command', command: bytes, repeatable: true }, timeoutMs, (result) => {
      if (result.outcome !== 'ok') {
        onResult(result);
        return;
      }
      const reply = this.#replies.decode(result.value);
      if (reply.kind === 'done') onResult({ ...result, value: reply.value });
      else onResult(refusal(reply, 'The client’s'));
    });
  }
}
