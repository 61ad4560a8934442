import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BlockWriter, readBlock } from '../../src/trace/block.ts';
import { DecodeError } from '../../src/core/bytes.ts';
import { describeTraceEvent, Names } from '../../src/trace/describe.ts';
import { EVENT_KINDS, formatEvent, type TraceEvent } from '../../src/trace/event.ts';
import { parseEvent, parseTrace } from '../../src/trace/lines.ts';
import { sample } from '../../src/trace/sample.ts';
import { A, B, DETAILS, eventOf } from '../support/trace-events.ts';

describe('a line', () => {
  it('of every kind is read as it was written, and can be told', () => {
    expect(DETAILS.map(({ kind }) => kind)).toEqual(EVENT_KINDS);
    for (const detail of DETAILS) {
      const event = eventOf(detail);
      expect(parseEvent(formatEvent(event))).toEqual({ ok: true, event });
      expect(describeTraceEvent(event, () => 'X')).not.toBe('');
    }
  });

  it.each([
    [1, ['a'], 'put "a" (operation 7)'],
    [1, [], 'put (operation 7)'],
    [2, [], 'put (2 operations from 7 on)'],
    [2, ['a', 'b'], 'put "a", "b" (2 operations from 7 on)'],
    [300, ['a', 'b'], 'put "a", "b", … (300 operations from 7 on)'],
  ])('of %i operations of clients is told in words', (operations, keys, words) => {
    const what = { first: 7, operations, f: 'put', keys };
    const asked = describeTraceEvent(eventOf({ kind: 'invoke', ...what }), () => 'X');
    expect(asked).toBe(`is asked by a client: ${words}`);
    const times = { leastMs: 1, mostMs: operations };
    const ended = eventOf({ kind: 'result', ...what, ...times, outcome: 'ok', reason: null });
    const took = operations === 1 ? '1.0 ms' : `1.0 to ${operations}.0 ms`;
    expect(describeTraceEvent(ended, () => 'X')).toBe(`answers a client after ${took}: ${words}: ok`);
  });

  it.each([
    [1, 0, '1 entry'],
    [7, 0, '7 entries'],
    [0, 1, '1 register'],
    [2, 3, '2 entries and 3 registers'],
    [0, 0, 'its state'],
  ])('of a write of %i entries and %i registers is told in words', (entries, registers, words) => {
    const event = eventOf({ kind: 'write', ms: 1.25, entries, registers });
    expect(describeTraceEvent(event, () => 'X')).toBe(`has written ${words} in 1.3 ms`);
  });

  it('names the members that a message tells of', () => {
    const names = new Names();
    names.add({ node: B, name: 'B' });
    const facts = { term: 2, joiner: B, operation: 'command' };
    const event = eventOf({ kind: 'send', to: B, message: 'joinRequest', facts });
    const told = 'sends joinRequest to B (term 2, joiner B, operation command)';
    expect(describeTraceEvent(event, names.of)).toBe(told);
  });

  it('that lacks any field, or has another kind of thing in it, is refused with its name', () => {
    for (const detail of DETAILS)
      for (const field of ['seq', 'node', 'name', 'time', 'clock', ...Object.keys(detail)]) {
        for (const wrong of [undefined, { x: [] }]) {
          const parsed = parseEvent(JSON.stringify({ ...eventOf(detail), [field]: wrong }));
          const expected = field === 'kind' ? 'there is no event of the kind' : `${field} was to be`;
          expect(parsed.ok ? 'read' : parsed.reason).toContain(expected);
        }
      }
  });

  it.each([
    ['it is not JSON', '{"seq":'],
    ['it is not a JSON object', '[1]'],
    ['there is no event of the kind "explosion"', JSON.stringify(eventOf({ kind: 'explosion' }))],
    [
      'the clock does not have the event’s own number for its node',
      JSON.stringify({ ...eventOf({ kind: 'paused' }), seq: 6 }),
    ],
    [
      'an append has as many digests as terms, and one at least',
      JSON.stringify(eventOf({ kind: 'append', first: 1, prevTerm: 0, terms: [1], digests: [] })),
    ],
    ...['invoke', 'result'].flatMap((kind) =>
      [
        { operations: 0, keys: [] },
        { operations: 1, keys: ['k', 'l'] },
      ].map((lists) => [
        `an event of the kind ${kind} has one operation at least, and not more keys than operations`,
        JSON.stringify(
          eventOf({
            ...{ kind, first: 1, f: 'read', ...lists },
            ...(kind === 'result' ? { leastMs: 1, mostMs: 1, outcome: 'ok', reason: null } : {}),
          }),
        ),
      ]),
    ),
  ])('that makes no sense is refused: %s', (reason, line) => {
    expect(parseEvent(line)).toEqual({ ok: false, reason });
  });

  it('has a time that there is', () => {
    const at = (time: number): boolean =>
      parseEvent(JSON.stringify({ ...eventOf({ kind: 'paused' }), time })).ok;
    expect([at(0), at(4e15), at(4.1e15), at(1e300), at(-1)]).toEqual([true, true, false, false, false]);
  });

  it('of garbage never throws', () => {
    const damaged = fc
      .tuple(fc.constantFrom(...DETAILS), fc.nat(200), fc.string())
      .map(([detail, at, piece]) => {
        const line = formatEvent(eventOf(detail));
        return line.slice(0, at % line.length) + piece + line.slice((at % line.length) + 1);
      });
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), damaged), (line) => {
        const parsed = parseEvent(line);
        if (!parsed.ok) expect(parsed.reason).not.toBe('');
      }),
      { numRuns: 2000 },
    );
  });

  it('that is damaged costs no other', () => {
    const good = formatEvent(eventOf({ kind: 'paused' }));
    const { events, problem } = parseTrace(`${good}\n{"half\n${good}\n`);
    expect([events.length, problem]).toEqual([2, 'it is not JSON']);
  });
});

describe('a block', () => {
  /** As a node records them: of one name, by rising number and time, and with the same nodes in the clock. */
  const events = Array.from({ length: 3 }, () => DETAILS)
    .flat()
    .map((detail, at): TraceEvent => {
      const [seq, theirs] = [5 + at, 3 + Math.floor(at / 4)];
      return { ...eventOf(detail, seq), time: 1000 + at / 8, clock: { [A]: seq, [B]: theirs } };
    });
  const written = (): Uint8Array<ArrayBuffer> => {
    const [first] = events;
    if (first === undefined) throw new Error('there are events');
    const clockOf = ({ clock }: TraceEvent): { nodes: typeof nodes; counts: number[] } => ({
      nodes,
      counts: nodes.map((node) => clock[node] ?? 0),
    });
    const nodes = [A, B];
    const block = new BlockWriter(A, 'A', first.seq, first.time, clockOf(first));
    for (const event of events) block.add(event.time, clockOf(event), event);
    return block.finish();
  };

  it('holds events of every kind as they were, in few bytes', () => {
    const bytes = written();
    expect(readBlock(bytes)).toEqual(events);
    const lines = events.map((event) => formatEvent(event)).join('\n');
    expect(bytes.length).toBeLessThan(lines.length / 5);
  });

  it('that is damaged is refused, or says something else, and never throws anything else', () => {
    const bytes = written();
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.boolean(), (at, value, isCut) => {
        const damaged = isCut ? bytes.slice(0, at) : bytes.with(at, value);
        try {
          readBlock(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(DecodeError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('a sample', () => {
  const appendOf = (first: number, count: number, seq: number): TraceEvent =>
    eventOf(
      { kind: 'append', first, prevTerm: 1, terms: Array(count).fill(2), digests: Array(count).fill(first) },
      seq,
    );

  it('of few events is all of them', () => {
    const events = [appendOf(1, 1, 1), eventOf({ kind: 'paused' }, 2)];
    expect(sample(events, 2)).toEqual({ events, skipped: 0 });
  });

  it('of many keeps what logs, terms and roles depend on, and says how many it leaves out', () => {
    const events: TraceEvent[] = [];
    const add = (detail: Record<string, unknown>): void => {
      events.push(eventOf(detail, events.length + 1));
    };
    for (let index = 1; index <= 100; index += 1) {
      add({ kind: 'receive', from: B, message: 'ping', facts: {}, sent: null, sentAt: null });
      events.push(appendOf(index, 1, events.length + 1));
      add({ kind: 'commit', from: index - 1, to: index, term: 2 });
      add({ kind: 'send', to: B, message: 'pong', facts: {} });
      if (index === 50) add({ kind: 'role', role: 'leader', term: 3 });
    }
    const { events: kept, skipped } = sample(events, 30);
    expect(kept.length).toBe(30);
    const appends = kept.flatMap((event) =>
      event.kind === 'append' ? [[event.first, event.terms.length]] : [],
    );
    expect(appends).toEqual([
      [1, 50],
      [51, 50],
    ]);
    const commits = kept.flatMap((event) => (event.kind === 'commit' ? [[event.from, event.to]] : []));
    expect(commits).toEqual([
      [0, 50],
      [50, 100],
    ]);
    expect(kept.filter(({ kind }) => kind === 'role')).toHaveLength(1);
    const messages = kept.filter(({ kind }) => kind === 'send' || kind === 'receive').length;
    expect(skipped).toBe(200 - messages);
    const seqs = kept.map(({ seq }) => seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
  });
});
