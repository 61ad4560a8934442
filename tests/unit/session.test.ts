import { describe, expect, it } from 'vitest';
import type { Operation, OperationResult } from '../../src/core/raft/message.ts';
import { decodeEnvelope, encodeReply, type Envelope, type Reply } from '../../src/core/session/envelope.ts';
import { NodeSession } from '../../src/runtime/session.ts';
import { ManualClock } from '../support/manual-clock.ts';

interface Asked {
  readonly envelope: Envelope;
  readonly timeoutMs: number;
  readonly answer: (result: OperationResult) => void;
}

/** A session whose driver is the test. */
function rig(): {
  session: NodeSession;
  clock: ManualClock;
  asked: Asked[];
  put: (timeoutMs?: number) => OperationResult[];
} {
  const clock = new ManualClock();
  const asked: Asked[] = [];
  const session = new NodeSession(clock, (operation: Operation, timeoutMs, answer) => {
    if (operation.kind !== 'command' || !operation.repeatable)
      throw new Error('expected a repeatable command');
    asked.push({ envelope: decodeEnvelope(operation.command), timeoutMs, answer });
  });
  const put = (timeoutMs = 1000): OperationResult[] => {
    const results: OperationResult[] = [];
    session.command(Uint8Array.of(7), timeoutMs, (result) => results.push(result));
    return results;
  };
  return { session, clock, asked, put };
}

const ok = (reply: Reply): OperationResult => ({
  outcome: 'ok',
  index: 9,
  term: 2,
  value: encodeReply(reply),
});
const done = ok({ kind: 'done', value: Uint8Array.of(1) });
const kinds = (asked: readonly Asked[]): string[] => asked.map(({ envelope }) => envelope.kind);

describe('a node’s session', () => {
  it('is opened once, and numbers the commands that waited for it', () => {
    const { asked, put } = rig();
    const [first, second] = [put(), put()];
    expect(kinds(asked)).toEqual(['open']);
    asked[0]?.answer(ok({ kind: 'opened', session: 4 }));
    expect(asked.slice(1).map(({ envelope }) => envelope)).toMatchObject([
      { kind: 'session', session: 4, sequence: 1, lowestPending: 1 },
      { kind: 'session', session: 4, sequence: 2, lowestPending: 1 },
    ]);
    asked[2]?.answer(done);
    asked[1]?.answer(done);
    expect([first, second]).toMatchObject([
      [{ outcome: 'ok', value: Uint8Array.of(1) }],
      [{ outcome: 'ok' }],
    ]);
    put();
    expect(asked.at(-1)?.envelope).toMatchObject({ sequence: 3, lowestPending: 3 });
  });

  it('can be opened ahead', () => {
    const { session, asked, put } = rig();
    session.prepare(5000);
    session.prepare(5000);
    put();
    expect(kinds(asked)).toEqual(['open']);
  });

  it('a command whose time is up before there is a session was not handed to anybody, and says so in time', () => {
    const { session, clock, asked, put } = rig();
    session.prepare(60_000);
    const results = put(1000);
    clock.advance(999);
    expect(results).toEqual([]);
    clock.advance(1);
    expect(results).toMatchObject([{ outcome: 'failed', code: 'no-leader' }]);
    asked[0]?.answer(ok({ kind: 'opened', session: 4 }));
    clock.advance(5000);
    expect(results).toHaveLength(1);
    expect(kinds(asked)).toEqual(['open']);
  });

  it('who has more time than the one that opened it in vain tries again; a refusal ends them all', () => {
    const { clock, asked, put } = rig();
    const [short, long] = [put(100), put(5000)];
    clock.advance(100);
    asked[0]?.answer({ outcome: 'unknown', code: 'timed-out', reason: 'nothing came' });
    expect(short).toMatchObject([{ outcome: 'failed', code: 'no-leader' }]);
    expect(kinds(asked)).toEqual(['open', 'open']);
    asked[1]?.answer({ outcome: 'failed', code: 'not-a-member', reason: 'removed' });
    expect(long).toMatchObject([{ outcome: 'failed', code: 'not-a-member' }]);
    expect(kinds(asked)).toEqual(['open', 'open']);
  });

  it('what a leader refuses, of which a copy may yet be taken, is not asked for again at once, and was not the command', () => {
    const { asked, put } = rig();
    const results = put(5000);
    asked[0]?.answer({ outcome: 'unknown', code: 'overloaded', reason: 'too much' });
    expect(results).toEqual([{ outcome: 'failed', code: 'overloaded', reason: 'too much' }]);
    expect(kinds(asked)).toEqual(['open']);
  });

  it('one that expired leaves its command unknown, and the next command opens another', () => {
    const { asked, put } = rig();
    const results = put();
    asked[0]?.answer(ok({ kind: 'opened', session: 4 }));
    asked[1]?.answer(ok({ kind: 'expired' }));
    expect(results).toMatchObject([{ outcome: 'unknown', code: 'session-expired' }]);
    put();
    expect(kinds(asked)).toEqual(['open', 'session', 'open']);
  });

  it('one that was long idle is replaced before it can have expired', () => {
    const { clock, asked, put } = rig();
    put();
    asked[0]?.answer(ok({ kind: 'opened', session: 4 }));
    clock.advance(3_600_000);
    put();
    expect(kinds(asked)).toEqual(['open', 'session', 'open']);
  });

  it('what the driver says of a command is handed on', () => {
    const { asked, put } = rig();
    const results = put();
    asked[0]?.answer(ok({ kind: 'opened', session: 4 }));
    asked[1]?.answer({ outcome: 'unknown', code: 'timed-out', reason: 'nothing came' });
    expect(results).toEqual([{ outcome: 'unknown', code: 'timed-out', reason: 'nothing came' }]);
  });
});
