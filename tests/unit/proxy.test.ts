import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../src/api.ts';
import type { MemberId } from '../../src/core/ids.ts';
import type { Message } from '../../src/core/message.ts';
import { createRandom } from '../../src/core/random.ts';
import { Proxy } from '../../src/proxy/proxy.ts';
import { judge, PRESETS, type Route } from '../../src/proxy/rules.ts';
import { id, nameOf } from '../support/core-cluster.ts';
import { ManualClock } from '../support/manual-clock.ts';

const route = (from: string | null, to: string | null, type: Route['type'] = 'heartbeat'): Route => ({
  from,
  to,
  type,
});
const verdict = (rules: FaultRule[], on: Route): string => judge(rules, on, createRandom(1)).action;

describe('rules', () => {
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
    expect(both).toEqual({ action: 'delay', rule: 'd10', delayMs: 30 });
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
    const rules = PRESETS.get('isolate')?.(['B']) ?? [];
    const names = ['A', 'B', 'C'];
    for (const from of names) {
      for (const to of names.filter((name) => name !== from)) {
        expect(verdict(rules, route(from, to)), `${from} to ${to}`).toBe(
          from === 'B' || to === 'B' ? 'drop' : 'pass',
        );
      }
    }
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
    expect(judge(rules, route('A', 'B'), createRandom(1))).toEqual({
      action: 'delay',
      rule: 'slow',
      delayMs: 5,
    });
  });

  it('isolating two cuts them off from each other too', () => {
    const rules = PRESETS.get('isolate')?.(['A', 'B']) ?? [];
    expect(verdict(rules, route('A', 'B'))).toBe('drop');
    expect(verdict(rules, route('B', 'A'))).toBe('drop');
    expect(verdict(rules, route('C', 'D'))).toBe('pass');
  });

  it('a delay lies within its bounds', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.nat(1000), fc.nat(), (low, span, seed) => {
        const rule: FaultRule = { id: 'r', kind: 'delay', delayMs: [low, low + span] };
        const result = judge([rule], route('A', 'B'), createRandom(seed));
        return result.action === 'delay' && result.delayMs >= low && result.delayMs <= low + span;
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

  function rig(maxDelayed = 100): { proxy: Proxy; clock: ManualClock; sent: number[]; faults: string[] } {
    const clock = new ManualClock();
    const sent: number[] = [];
    const faults: string[] = [];
    const proxy = new Proxy(
      { seed: 1, maxDelayed },
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
