import { describe, expect, test } from 'vitest';
import { parseServerMessage, type ServerMessage } from '../../signaling/protocol.ts';

const PEER = 'peer-0123456789abcdef';

describe('what a client takes from a server', () => {
  test.each<ServerMessage>([
    { type: 'joined', peers: [] },
    { type: 'joined', peers: [PEER] },
    { type: 'peer-joined', peer: PEER },
    { type: 'peer-left', peer: PEER },
    { type: 'relayed', from: PEER, payload: 'c2VhbGVk' },
    { type: 'pong' },
    { type: 'refused', code: 'room-full', reason: 'full' },
  ])('$type', (message) => {
    expect(parseServerMessage(JSON.stringify(message))).toEqual({ ok: true, message });
  });

  test('keys of a later version are ignored', () => {
    expect(parseServerMessage('{"type":"pong","later":1}')).toEqual({ ok: true, message: { type: 'pong' } });
  });

  test.each([
    ['', 'not JSON'],
    ['[]', /type/],
    ['{"type":"ping"}', /type/],
    ['{"type":"joined"}', /peers/],
    ['{"type":"joined","peers":["short"]}', /peers\.0: expected 16 to 64/],
    [`{"type":"joined","peers":${JSON.stringify(Array(1025).fill(PEER))}}`, /peers/],
    ['{"type":"peer-left","peer":5}', /peer/],
    [`{"type":"relayed","from":"${PEER}","payload":"<>"}`, /payload: expected base64/],
    ['{"type":"refused","code":"because","reason":""}', /code/],
    [`{"type":"refused","code":"replaced","reason":"${'x'.repeat(501)}"}`, /reason/],
  ])('but not %.60s', (text, reason) => {
    expect(parseServerMessage(text)).toEqual({ ok: false, reason: expect.stringMatching(reason) as string });
  });

  test('the reason is bounded, whatever was received', () => {
    const parsed = parseServerMessage(JSON.stringify({ type: 'x'.repeat(10_000) }));
    expect(parsed.ok ? 0 : parsed.reason.length).toBe(500);
  });
});
