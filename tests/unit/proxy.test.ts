import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/api.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { Message } from '../../src/core/message.ts';
import { RULE_PREFIX } from '../../src/client/tests/catalog.ts';
import { parseFaultRule } from '../../src/config/schema.ts';
import { createRandom } from '../../src/core/random.ts';
import { LESSON_RULE_PREFIX } from '../../src/lessons/rule-prefix.ts';
import { Proxy } from '../../src/proxy/proxy.ts';
import { PRESETS, presetRules } from '../../src/proxy/presets.ts';
import { concerns, judge, linkState, type Route } from '../../src/proxy/rules.ts';
import { id, nameOf } from '../support/core-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';

const route = (from: string | null, to: string | null, type: Route['type'] = 'heartbeat'): Route => ({
  from,
  to,
  type,
});
const verdict = (rules: FaultRule[], on: Route): string => judge(rules, on, createRandom(1)).action;

/** The links that a preset cuts, among members named by letters. */
function cutLinks(members: string, preset: string, ...names: string[]): string {
  const rules = presetRules(preset, { names, members: Array.from(members) });
  if (typeof rules === 'string') return rules;
  return Array.from(members)
    .flatMap((from) => Array.from(members, (to) => ({ from, to })))
    .filter(({ from, to }) => from !== to && verdict(rules, route(from, to)) === 'drop')
    .map(({ from, to }) => `${from}>${to}`)
    .join(' ');
}

describe('presets', () => {
  it.each([
    ['split, those named from the rest', 'ABCD', ['split', 'A'], 'A>B A>C A>D B>A C>A D>A'],
    [
      'split, two groups, and who is in none reaches both',
      'ABCD',
      ['split', 'A', '|', 'B', 'C'],
      'A>B A>C B>A C>A',
    ],
    ['majorities-ring of three, which is directed', 'ABC', ['majorities-ring'], 'A>B B>C C>A'],
    ['majorities-ring of five', 'ABCDE', ['majorities-ring'], 'A>C A>D B>D B>E C>A C>E D>A D>B E>B E>C'],
    ['bridge', 'ABCDE', ['bridge', 'C'], 'A>D A>E B>D B>E D>A D>B E>A E>B'],
    ['one-way, to all', 'ABC', ['one-way', 'A'], 'A>B A>C'],
    ['one-way, to one', 'ABC', ['one-way', 'A', 'C'], 'A>C'],
  ])('%s', (_, members, [preset = '', ...names], expected) => {
    expect(cutLinks(members, preset, ...names)).toBe(expected);
  });

  it('majorities-ring leaves each with a majority, and no two with the same', () => {
    for (const size of [3, 4, 5, 6, 7, 9]) {
      const members = 'ABCDEFGHI'.slice(0, size);
      const cut = new Set(cutLinks(members, 'majorities-ring').split(' '));
      const heard = Array.from(members, (to) =>
        Array.from(members, (from) => (cut.has(`${from}>${to}`) ? '' : from)).join(''),
      );
      expect(new Set(heard).size, members).toBe(size);
      for (const group of heard) expect(group.length, members).toBe(Math.floor(size / 2) + 1);
    }
  });

  it('are rules that any tab takes, also as a test’s or a lesson’s own, whatever the members are called', () => {
    const members = Array.from({ length: 9 }, (_, at) => `member-of-length${at + 1}`.slice(-16));
    for (const { name } of PRESETS) {
      const named = { bridge: 1, 'one-way': 2, split: 4 }[name] ?? members.length;
      const rules = presetRules(name, { names: members.slice(0, named), members });
      if (typeof rules === 'string') throw new Error(rules);
      expect(new Set(rules.map((rule) => rule.id)).size).toBe(rules.length);
      for (const rule of rules)
        for (const prefix of ['', RULE_PREFIX, LESSON_RULE_PREFIX])
          expect(parseFaultRule({ ...rule, id: `${prefix}${rule.id}` })).toMatchObject({ ok: true });
    }
  });

  it('flaky and slow touch the links of those named, or all', () => {
    for (const preset of ['flaky', 'slow', 'swizzle']) {
      const touched = (...names: string[]): string[] => {
        const rules = presetRules(preset, { names, members: ['A', 'B', 'C'] });
        const links = [['A', 'B'] as const, ['B', 'C'] as const, ['C', 'A'] as const];
        return links
          .filter(([from, to]) => linkState(rules as FaultRule[], from, to).state !== 'open')
          .map((link) => link.join('>'));
      };
      expect(touched('A'), preset).toEqual(['A>B', 'C>A']);
      expect(touched(), preset).toEqual(['A>B', 'B>C', 'C>A']);
    }
  });

  it.each([
    [['nothing'], 'There is no preset "nothing", only isolate, split'],
    [['isolate'], 'preset "isolate" (isolate NAME…): expected the members to cut off'],
    [['isolate', 'X'], 'There is no member "X", only A, B, C.'],
    [['isolate', 'A', 'A'], 'expected each member once'],
    [['split', 'A', 'B', 'C'], 'expected two groups, none of them empty'],
    [['split', '|', 'A'], 'expected two groups, none of them empty'],
    [['majorities-ring', 'A', 'B'], 'expected at least three members'],
    [['bridge'], 'expected the one member'],
    [['bridge', 'A', 'B'], 'expected the one member'],
    [['one-way'], 'expected the member that is not to be heard'],
  ])('%s is refused', ([preset = '', ...names], reason) => {
    expect(presetRules(preset, { names, members: ['A', 'B', 'C'] })).toContain(reason);
  });

  it('ids are different within a preset, so that none replaces another', () => {
    for (const { name } of PRESETS) {
      const rules = presetRules(name, {
        names: name === 'bridge' ? ['A'] : ['A', 'B', 'C', 'D'].slice(0, name === 'split' ? 2 : 4),
        members: ['A', 'B', 'C', 'D'],
      });
      if (typeof rules === 'string') throw new Error(rules);
      expect(new Set(rules.map(({ id }) => id)).size, name).toBe(rules.length);
      expect(rules.length).toBeGreaterThan(0);
    }
  });
});

describe('the state of a link', () => {
  it.each([
    ['open', []],
    ['cut', [{ id: 'x', kind: 'drop', from: 'A' }]],
    ['lossy', [{ id: 'x', kind: 'drop', to: 'B', probability: 0.5 }]],
    ['lossy', [{ id: 'x', kind: 'drop', messages: ['heartbeat'] }]],
    [
      'holding',
      [
        { id: 'x', kind: 'drop', probability: 0.5 },
        { id: 'h', kind: 'hold', to: 'B' },
      ],
    ],
    [
      'slow',
      [
        { id: 's', kind: 'delay', delayMs: [1, 2] },
        { id: 'd', kind: 'duplicate' },
      ],
    ],
    ['shuffled', [{ id: 'd', kind: 'reorder' }]],
    ['open', [{ id: 'x', kind: 'drop', probability: 0 }]],
    ['open', [{ id: 'x', kind: 'drop', from: 'B' }]],
  ] as const)('%s, by the worst of its rules', (state, rules) => {
    expect(linkState(rules as unknown as FaultRule[], 'A', 'B').state).toBe(state);
  });
});

describe('rules', () => {
  it('concern whom they name, or everybody', () => {
    const concerned = (rule: Pick<FaultRule, 'from' | 'to'>): string =>
      ['A', 'B', 'C'].filter((name) => concerns({ id: 'r', kind: 'drop', ...rule }, name)).join('');
    expect(concerned({})).toBe('ABC');
    expect(concerned({ from: 'A' })).toBe('A');
    expect(concerned({ to: ['B', 'C'] })).toBe('BC');
    expect(concerned({ from: 'A', to: 'B' })).toBe('AB');
  });

  it('match by sender, receiver and type; what is absent matches everything', () => {
    const rule: FaultRule = { id: 'r', kind: 'drop', from: 'A', to: ['B', 'C'], messages: ['heartbeat'] };
    expect(verdict([rule], route('A', 'B'))).toBe('drop');
    expect(verdict([rule], route('A', 'C'))).toBe('drop');
    expect(verdict([rule], route('B', 'A'))).toBe('pass');
    expect(verdict([rule], route('A', 'D'))).toBe('pass');
    expect(verdict([rule], route('A', 'B', 'ping'))).toBe('pass');
    expect(verdict([{ id: 'all', kind: 'drop' }], route(null, null))).toBe('drop');
    expect(verdict([rule], route(null, 'B'))).toBe('pass');
  });

  it('a drop wins over delays, and delays add up', () => {
    const delay = (ms: number): FaultRule => ({ id: `d${ms}`, kind: 'delay', delayMs: [ms, ms] });
    const both = judge([delay(10), delay(20)], route('A', 'B'), createRandom(1));
    expect(both).toEqual({ action: 'disturb', delayMs: 30, reorderMs: null, copyAfterMs: null });
    expect(verdict([delay(10), { id: 'x', kind: 'drop' }], route('A', 'B'))).toBe('drop');
  });

  it('probability strikes as often as it says, the same way for the same seed', () => {
    const rule: FaultRule = { id: 'r', kind: 'drop', probability: 0.3 };
    const run = (seed: number): string[] => {
      const random = createRandom(seed);
      return Array.from({ length: 10_000 }, () => judge([rule], route('A', 'B'), random).action);
    };
    const first = run(7);
    expect(first.filter((action) => action === 'drop').length / 10_000).toBeCloseTo(0.3, 1);
    expect(run(7)).toEqual(first);
    expect(run(8)).not.toEqual(first);
  });

  it('isolate cuts both directions of each member, and nothing else', () => {
    expect(cutLinks('ABC', 'isolate', 'B')).toEqual('A>B B>A B>C C>B');
  });

  it('chance is drawn only for rules that fit otherwise: one elsewhere does not change a run', () => {
    const rule: FaultRule = { id: 'r', kind: 'drop', to: 'B', probability: 0.5 };
    const elsewhere: FaultRule = { id: 'e', kind: 'drop', to: 'C', probability: 0.5 };
    const run = (rules: FaultRule[]): string[] => {
      const random = createRandom(3);
      return Array.from({ length: 100 }, () => judge(rules, route('A', 'B'), random).action);
    };
    expect(run([elsewhere, rule])).toEqual(run([rule]));
  });

  it('a probability of 0 never strikes, one of 1 always does', () => {
    const random = createRandom(1);
    const strikes = (probability: number): number =>
      Array.from({ length: 1000 }).filter(
        () => judge([{ id: 'r', kind: 'drop', probability }], route('A', 'B'), random).action === 'drop',
      ).length;
    expect([strikes(0), strikes(1)]).toEqual([0, 1000]);
  });

  it('a drop that chance spares leaves the delays in force', () => {
    const rules: FaultRule[] = [
      { id: 'never', kind: 'drop', probability: 0 },
      { id: 'slow', kind: 'delay', delayMs: [5, 5] },
    ];
    expect(judge(rules, route('A', 'B'), createRandom(1))).toMatchObject({ action: 'disturb', delayMs: 5 });
  });

  it('isolating two cuts them off from each other too', () => {
    expect(cutLinks('ABCD', 'isolate', 'A', 'B')).toBe('A>B A>C A>D B>A B>C B>D C>A C>B D>A D>B');
  });

  it('a hold wins over delays, and a drop over a hold', () => {
    const hold: FaultRule = { id: 'h', kind: 'hold' };
    const drop: FaultRule = { id: 'x', kind: 'drop' };
    const slow: FaultRule = { id: 's', kind: 'delay', delayMs: [5, 5] };
    expect(judge([slow, hold], route('A', 'B'), createRandom(1))).toEqual({ action: 'hold', rule: 'h' });
    expect(judge([slow, hold, drop], route('A', 'B'), createRandom(1))).toEqual({
      action: 'drop',
      rule: 'x',
    });
  });

  it('delay, reorder and duplicate disturb one message together', () => {
    const rules: FaultRule[] = [
      { id: 's', kind: 'delay', delayMs: [5, 5] },
      { id: 'r', kind: 'reorder', delayMs: [7, 7] },
      { id: 'd', kind: 'duplicate', delayMs: [9, 9] },
    ];
    const expected = { action: 'disturb', delayMs: 5, reorderMs: 7, copyAfterMs: 9 };
    expect(judge(rules, route('A', 'B'), createRandom(1))).toEqual(expected);
  });

  it('a delay lies within its bounds', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(), (low, span, seed) => {
        const rule: FaultRule = { id: 'r', kind: 'delay', delayMs: [low, low + span] };
        const result = judge([rule], route('A', 'B'), createRandom(seed));
        const delayMs = result.action === 'disturb' ? result.delayMs : null;
        return delayMs !== null && delayMs >= low && delayMs <= low + span;
      }),
    );
  });
});

describe('proxy', () => {
  const ping = (nonce: number, to: MemberId = id('B')): Message => ({
    type: 'ping',
    from: id('A'),
    to,
    nonce,
  });

  function rig(
    maxDelayed = 100,
    maxHeld = 100,
  ): { proxy: Proxy; clock: ManualClock; sent: number[]; faults: string[] } {
    const clock = new ManualClock();
    const sent: number[] = [];
    const faults: string[] = [];
    const proxy = new Proxy<Message>(
      { seed: 1, maxDelayed, maxHeld },
      {
        clock,
        nameOf,
        send: (message) => {
          sent.push(message.type === 'ping' ? message.nonce : -1);
          return message.to !== id('X');
        },
        onFault: (what) => faults.push(what),
      },
    );
    return { proxy, clock, sent, faults };
  }

  it('passes everything at once while there are no rules', () => {
    const { proxy, sent, faults } = rig();
    proxy.send(ping(1));
    expect(sent).toEqual([1]);
    expect(faults).toEqual([]);
  });

  it('delayed messages of one link keep their order, whatever their delays', () => {
    const { proxy, clock, sent } = rig();
    proxy.setRules([{ id: 'slow', kind: 'delay', delayMs: [0, 500] }]);
    for (let nonce = 1; nonce <= 50; nonce += 1) proxy.send(ping(nonce));
    expect(sent).toEqual([]);
    clock.advance(60_000);
    expect(sent).toEqual(Array.from({ length: 50 }, (_, position) => position + 1));
  });

  it('keeps no more delayed messages than it may', () => {
    const { proxy, clock, sent, faults } = rig(3);
    proxy.setRules([{ id: 'slow', kind: 'delay', delayMs: [100, 100] }]);
    for (let nonce = 1; nonce <= 5; nonce += 1) proxy.send(ping(nonce));
    expect(faults).toEqual(['delayed', 'delayed', 'delayed', 'delay-overflow', 'delay-overflow']);
    clock.advance(100);
    expect(sent).toEqual([1, 2, 3]);
    proxy.send(ping(6));
    clock.advance(100);
    expect(sent).toEqual([1, 2, 3, 6]);
  });

  it('counts what it drops and what cannot be sent', () => {
    const { proxy, sent, faults } = rig();
    proxy.send(ping(1, id('X')));
    proxy.setRules([{ id: 'cut', kind: 'drop', to: 'B' }]);
    proxy.send(ping(2));
    expect(sent).toEqual([1]);
    expect(faults).toEqual(['unsent', 'dropped']);
  });

  it('a slow link does not hold up another, and an unsent message is counted when it is due', () => {
    const { proxy, clock, sent, faults } = rig();
    proxy.setRules([
      { id: 'slow', kind: 'delay', to: 'B', delayMs: [500, 500] },
      { id: 'quick', kind: 'delay', to: 'X', delayMs: [10, 10] },
    ]);
    proxy.send(ping(1));
    proxy.send(ping(2, id('X')));
    proxy.send(ping(3, id('C')));
    expect(sent).toEqual([3]);
    clock.advance(10);
    expect([sent, faults]).toEqual([
      [3, 2],
      ['delayed', 'delayed', 'unsent'],
    ]);
    clock.advance(489);
    expect(sent).toEqual([3, 2]);
    clock.advance(1);
    expect(sent).toEqual([3, 2, 1]);
  });

  it('holds messages until their rule is cleared, and delivers them late, in the order they came', () => {
    const { proxy, clock, sent, faults } = rig();
    proxy.setRules([
      { id: 'one', kind: 'hold', to: 'B' },
      { id: 'other', kind: 'hold', to: 'C' },
    ]);
    for (const [nonce, to] of [
      [1, 'B'],
      [2, 'C'],
      [3, 'B'],
      [4, 'D'],
    ] as const)
      proxy.send(ping(nonce, id(to)));
    clock.advance(3_600_000);
    expect(sent).toEqual([4]);
    proxy.setRules([{ id: 'other', kind: 'hold', to: 'C' }]);
    expect(sent).toEqual([4, 1, 3]);
    proxy.setRules([{ id: 'other', kind: 'drop', to: 'C' }]);
    expect(sent).toEqual([4, 1, 3, 2]);
    expect(faults).toEqual(['held', 'held', 'held']);
  });

  it('holds no more than it may: further messages are lost, and counted', () => {
    const { proxy, sent, faults } = rig(100, 2);
    proxy.setRules([{ id: 'all', kind: 'hold' }]);
    for (const nonce of [1, 2, 3]) proxy.send(ping(nonce));
    proxy.setRules([]);
    expect(sent).toEqual([1, 2]);
    expect(faults).toEqual(['held', 'held', 'hold-overflow']);
  });

  it('reordered messages are overtaken, and others keep their order', () => {
    const { proxy, clock, sent, faults } = rig();
    proxy.setRules([{ id: 'r', kind: 'reorder', messages: ['pong'], delayMs: [50, 50] }]);
    proxy.send({ type: 'pong', from: id('A'), to: id('B'), nonce: 1 });
    proxy.send(ping(2));
    proxy.send(ping(3));
    expect(sent).toEqual([2, 3]);
    clock.advance(50);
    expect(sent).toEqual([2, 3, -1]);
    expect(faults).toEqual(['reordered']);
  });

  it('a copy follows its message, by the time given', () => {
    const { proxy, clock, sent, faults } = rig();
    proxy.setRules([{ id: 'd', kind: 'duplicate', delayMs: [20, 20] }]);
    proxy.send(ping(1));
    proxy.setRules([]);
    proxy.send(ping(2));
    expect(sent).toEqual([1, 2]);
    clock.advance(20);
    expect(sent).toEqual([1, 2, 1]);
    expect(faults).toEqual(['duplicated']);
  });

  it('what follows on delayed messages of a link waits behind them, though its rule is gone', () => {
    const { proxy, clock, sent } = rig();
    proxy.setRules([{ id: 'slow', kind: 'delay', delayMs: [100, 100] }]);
    proxy.send(ping(1));
    proxy.setRules([]);
    proxy.send(ping(2));
    proxy.send(ping(3, id('C')));
    expect(sent).toEqual([3]);
    clock.advance(100);
    expect(sent).toEqual([3, 1, 2]);
  });

  it('a message that is delayed already leaves in its time, whatever the rules become', () => {
    const { proxy, clock, sent } = rig();
    proxy.setRules([{ id: 'slow', kind: 'delay', delayMs: [100, 100] }]);
    proxy.send(ping(1));
    proxy.setRules([{ id: 'cut', kind: 'drop' }]);
    proxy.send(ping(2));
    clock.advance(100);
    expect(sent).toEqual([1]);
  });
});
