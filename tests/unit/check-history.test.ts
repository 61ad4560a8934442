import { describe, expect, it } from 'vitest';
import { formatHistory, parseHistory, type HistoryEvent } from '../../src/check/history.ts';

const event = (changes: Partial<Record<keyof HistoryEvent, unknown>>): string =>
  JSON.stringify({
    index: 0,
    time: 1,
    process: 'c1',
    type: 'invoke',
    f: 'put',
    key: 'x',
    value: '1',
    ...changes,
  });

describe('a history', () => {
  it('pairs every completion with its call', () => {
    const text = [
      event({}),
      event({ process: 'c2', f: 'get', value: null, time: 2 }),
      event({ process: 'c2', f: 'get', type: 'ok', value: '1', time: 3 }),
      event({ type: 'info', time: 4 }),
      event({ process: 'c3', f: 'cas', value: ['1', null], time: 5 }),
      event({ process: 'c3', f: 'cas', type: 'ok', value: ['1', null], applied: false, time: 6 }),
      event({ process: 'c4', f: 'append', time: 7 }),
      '',
    ].join('\n');
    const parsed = parseHistory(text);
    expect(parsed.ok && parsed.operations).toMatchObject([
      { id: 0, f: 'put', input: '1', outcome: 'info', call: 0, return: Infinity, line: 1 },
      { id: 1, f: 'get', output: '1', outcome: 'ok', call: 1, return: 2 },
      { id: 2, f: 'cas', input: ['1', null], applied: false, outcome: 'ok', call: 4, return: 5 },
      { id: 3, f: 'append', outcome: 'info', call: 6, return: Infinity },
    ]);
  });

  it('is read back as it was written', () => {
    const events: HistoryEvent[] = [
      { index: 0, time: 5, process: 'c1', type: 'invoke', f: 'get', key: 'ключ', value: null },
      { index: 1, time: 9, process: 'c1', type: 'ok', f: 'get', key: 'ключ', value: '\n"' },
    ];
    const parsed = parseHistory(formatHistory(events));
    expect(parsed.ok && parsed.operations).toMatchObject([{ key: 'ключ', output: '\n"' }]);
  });

  it.each([
    ['not JSON', 'it is not JSON'],
    ['[]', 'expected a JSON object'],
    [event({ index: 'a' }), 'index: expected an integer'],
    [event({ time: '1' }), 'time: expected nanoseconds'],
    [event({ process: null }), 'process: expected a name'],
    [event({ type: 'done' }), 'type: expected one of invoke, ok, fail, info'],
    [event({ f: 'delete' }), 'f: expected one of get, put, cas, append'],
    [event({ key: 7 }), 'key: expected a text'],
    [event({ value: 7 }), 'value: expected a text or null'],
    [event({ f: 'cas' }), 'value: expected [expected, new], each a text or null'],
    [event({ f: 'append', value: null }), 'value: expected a text'],
    [event({ applied: 1 }), 'applied: expected true or false'],
    [event({ value: undefined }), 'value: expected a text or null'],
    [event({ f: 'get', value: '1' }), 'value: expected null'],
    [event({ f: 'get', type: 'ok', value: undefined }), 'value: expected a text or null'],
    [event({ applied: false }), 'applied: only an ok of a cas says so'],
    [event({ type: 'ok' }), 'process c1 has no operation under way'],
  ])('%s is refused', (line, reason) => {
    expect(parseHistory(`\n${line}`)).toEqual({ ok: false, line: 2, reason });
  });

  it.each([
    [event({ time: 0 }), 'time: it runs backwards'],
    [event({}), 'process c1 has an operation under way'],
    [event({ type: 'ok', key: 'y' }), 'process c1 began a put of "x"'],
    [event({ type: 'ok', f: 'get' }), 'process c1 began a put of "x"'],
    [event({ type: 'ok', value: '2' }), 'process c1 began a put with another value'],
  ])('%s is refused behind a call', (line, reason) => {
    expect(parseHistory(`${event({})}\n${line}`)).toEqual({ ok: false, line: 2, reason });
  });
});
