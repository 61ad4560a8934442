import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FaultRule } from '../../src/api.ts';
import { FaultGossip } from '../../src/mesh/fault-gossip.ts';
import { MAX_RULE_ENTRIES, parseControl, type RuleEntry } from '../../src/mesh/messages.ts';

const page = (name: string): string => `page-${name}`.padEnd(16, '0');
const drop = (id: string, from = 'A'): FaultRule => ({ id, kind: 'drop', from });
const entry = (id: string, version: number, author: string, rule: FaultRule | null): RuleEntry => ({
  id,
  version,
  author: page(author),
  rule,
});

interface Tab {
  readonly gossip: FaultGossip;
  /** The ids in force in the tab's node, newest last. */
  readonly inForce: string[][];
  readonly unconfirmed: string[][];
  /** Ends the application of rules that is under way; only where `appliesAtOnce` is false. */
  readonly finish: (() => void)[];
}

/** Tabs whose control channels deliver when the test says so. */
class Tabs {
  readonly #tabs = new Map<string, Tab>();
  /** Pairs that cannot reach each other. */
  readonly apart = new Set<string>();
  #wire: (() => void)[] = [];
  connected: string[] = [];
  /** Messages with rules. */
  sent = 0;
  appliesAtOnce = true;

  open(name: string, initial: readonly FaultRule[] = []): Tab {
    const inForce: string[][] = [];
    const unconfirmed: string[][] = [];
    const finish: (() => void)[] = [];
    const gossip = new FaultGossip(initial, {
      self: page(name),
      connectedPages: () =>
        this.connected.filter((other) => other !== name && !this.#areApart(name, other)).map(page),
      send: (to, entries, token) => {
        this.sent += 1;
        this.#wire.push(() => void this.#at(to)?.gossip.receive(page(name), entries, token));
      },
      confirm: (to, token) => {
        this.#wire.push(() => this.#at(to)?.gossip.onConfirmed(page(name), token));
      },
      apply: (rules) => {
        inForce.push(rules.map(({ id }) => id));
        return this.appliesAtOnce ? Promise.resolve() : new Promise((resolve) => finish.push(resolve));
      },
      onUnconfirmed: (pages) => unconfirmed.push([...pages]),
    });
    const tab = { gossip, inForce, unconfirmed, finish };
    this.#tabs.set(page(name), tab);
    this.connected.push(name);
    return tab;
  }

  /** Everything that was sent arrives, and what comes of it. */
  async settle(): Promise<void> {
    for (let round = 0; round < 20; round += 1) {
      for (const deliver of this.#wire.splice(0)) deliver();
      await Promise.resolve();
    }
  }

  #areApart(one: string, other: string): boolean {
    return this.apart.has(one + other) || this.apart.has(other + one);
  }

  #at(name: string): Tab | null {
    return this.#tabs.get(name) ?? null;
  }
}

/** How far a promise has got, as a word. */
function watch(promise: Promise<unknown>): { readonly state: string } {
  const watched = { state: 'waits' };
  promise.then(
    () => (watched.state = 'done'),
    () => (watched.state = 'failed'),
  );
  return watched;
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('rules in several tabs', () => {
  it('set in one tab are in force in all before the call ends', async () => {
    const tabs = new Tabs();
    const [a, b, c] = [tabs.open('A'), tabs.open('B'), tabs.open('C')];
    const call = watch(a.gossip.set([drop('x'), drop('y')]));
    expect(a.inForce).toEqual([['x', 'y']]);
    await tabs.settle();
    expect(call.state).toBe('done');
    expect([b.inForce, c.inForce]).toEqual([[['x', 'y']], [['x', 'y']]]);
    expect([a, b, c].map(({ gossip }) => gossip.rules().length)).toEqual([2, 2, 2]);
  });

  it('set in a tab that is alone are in force at once', async () => {
    const a = new Tabs().open('A');
    await a.gossip.set([drop('x')]);
    expect(a.inForce).toEqual([['x']]);
  });

  it('the call waits for every tab, and for the tab’s node', async () => {
    const tabs = new Tabs();
    const [a, b] = [tabs.open('A'), tabs.open('B')];
    tabs.appliesAtOnce = false;
    const call = watch(a.gossip.set([drop('x')]));
    for (const finish of a.finish) finish();
    await tabs.settle();
    expect(call.state).toBe('waits');
    for (const finish of b.finish) finish();
    await tabs.settle();
    expect(call.state).toBe('done');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('heard a second time are confirmed no earlier than they are in force', async () => {
    const tabs = new Tabs();
    const [a, b, c] = [tabs.open('A'), tabs.open('B'), tabs.open('C')];
    tabs.appliesAtOnce = false;
    const confirmed = vi.spyOn(a.gossip, 'onConfirmed');
    await c.gossip.receive(page('none'), [], 0);
    void a.gossip.set([drop('x')]);
    await tabs.settle();
    a.gossip.greet(page('B'));
    await tabs.settle();
    expect(confirmed).not.toHaveBeenCalled();
    for (const finish of b.finish) finish();
    await tabs.settle();
    expect(confirmed).toHaveBeenCalledTimes(2);
  });

  it('a tab that does not answer is named after 3 s, and the call ends', async () => {
    const tabs = new Tabs();
    const [a, b] = [tabs.open('A'), tabs.open('B')];
    tabs.connected.push('frozen', 'gone');
    const call = watch(a.gossip.set([drop('x')]));
    await tabs.settle();
    await vi.advanceTimersByTimeAsync(2999);
    expect([call.state, a.unconfirmed]).toEqual(['waits', []]);
    await vi.advanceTimersByTimeAsync(1);
    expect([call.state, a.unconfirmed]).toEqual(['done', [[page('frozen'), page('gone')]]]);
    expect(b.inForce).toEqual([['x']]);
  });

  it('a confirmation of something else, or a late one, is nothing', async () => {
    const tabs = new Tabs();
    const a = tabs.open('A');
    tabs.connected.push('frozen');
    const call = watch(a.gossip.set([drop('x')]));
    a.gossip.onConfirmed(page('frozen'), 77);
    a.gossip.onConfirmed(page('stranger'), 2);
    await vi.advanceTimersByTimeAsync(2999);
    expect(call.state).toBe('waits');
    await vi.advanceTimersByTimeAsync(1);
    a.gossip.onConfirmed(page('frozen'), 2);
    expect(a.unconfirmed).toEqual([[page('frozen')]]);
  });

  it('a tab that comes later is told by greeting', async () => {
    const tabs = new Tabs();
    const a = tabs.open('A');
    await a.gossip.set([drop('x')]);
    const b = tabs.open('B');
    a.gossip.greet(page('B'));
    b.gossip.greet(page('A'));
    await tabs.settle();
    expect(b.gossip.rules()).toEqual([drop('x')]);
    expect(a.gossip.rules()).toEqual([drop('x')]);
  });
});

describe('passing on', () => {
  it('rules reach a tab by others, where the one that set them cannot reach it', async () => {
    const tabs = new Tabs();
    const [a, b, c, d] = [tabs.open('A'), tabs.open('B'), tabs.open('C'), tabs.open('D')];
    for (const pair of ['AC', 'AD', 'BD']) tabs.apart.add(pair);
    const call = watch(a.gossip.set([drop('x')]));
    await tabs.settle();
    expect(call.state).toBe('done');
    expect([b, c, d].map(({ inForce }) => inForce)).toEqual([[['x']], [['x']], [['x']]]);
    await Promise.all([d.gossip.clear(), tabs.settle()]);
    expect([a, b, c].map(({ gossip }) => gossip.rules())).toEqual([[], [], []]);
  });

  it('ends: what is known is not passed on', async () => {
    const tabs = new Tabs();
    const five = ['A', 'B', 'C', 'D', 'E'].map((name) => tabs.open(name));
    await Promise.all([five[0]?.gossip.set([drop('x')]), tabs.settle()]);
    // Each of the other four passes it on once, to all but whom it has it from.
    expect(tabs.sent).toBe(4 + 4 * 3);
    five[0]?.gossip.greet(page('B'));
    await tabs.settle();
    expect(tabs.sent).toBe(4 + 4 * 3 + 1);
  });
});

describe('clearing', () => {
  it('returns the ids that were in force: those named, or all', async () => {
    const { gossip } = new Tabs().open('A', [drop('from-config')]);
    await gossip.set([drop('x'), drop('y')]);
    expect(await gossip.clear(['y', 'never'])).toEqual(['y']);
    expect(await gossip.clear(['y'])).toEqual([]);
    expect((await gossip.clear()).sort()).toEqual(['from-config', 'x']);
    expect(await gossip.clear()).toEqual([]);
    expect(gossip.rules()).toEqual([]);
  });

  it('wins over a tab that still knows the rule, whichever greets first', async () => {
    const tabs = new Tabs();
    const [a, b] = [tabs.open('A'), tabs.open('B')];
    await Promise.all([a.gossip.set([drop('x')]), tabs.settle()]);
    tabs.connected = [];
    await a.gossip.clear();
    expect(b.gossip.rules()).toEqual([drop('x')]);
    b.gossip.greet(page('A'));
    a.gossip.greet(page('B'));
    await tabs.settle();
    expect([a.gossip.rules(), b.gossip.rules()]).toEqual([[], []]);
    expect(a.inForce.at(-1)).toEqual([]);
    expect(b.inForce.at(-1)).toEqual([]);
  });

  it('does not keep the rule from being set again, in any tab', async () => {
    const tabs = new Tabs();
    const [a, b] = [tabs.open('A'), tabs.open('B')];
    await Promise.all([a.gossip.set([drop('x')]), tabs.settle()]);
    await Promise.all([a.gossip.clear(), tabs.settle()]);
    await Promise.all([b.gossip.set([drop('x', 'B')]), tabs.settle()]);
    expect(a.gossip.rules()).toEqual([drop('x', 'B')]);
  });
});

describe('the replicated set', () => {
  const arbitraryEntry = fc
    .record({
      id: fc.constantFrom('x', 'y'),
      version: fc.nat(3),
      author: fc.constantFrom('A', 'B'),
      from: fc.constantFrom('A', 'B', null),
    })
    .map(({ id, version, author, from }) =>
      entry(id, version, author, from === null ? null : drop(id, from)),
    );
  const initial = fc.constantFrom<FaultRule[]>([], [drop('x', 'A')], [drop('x', 'B')]);
  const sorted = ({ gossip }: Tab): FaultRule[] => gossip.rules().sort((a, b) => (a.id < b.id ? -1 : 1));

  it('is the same whatever the order, the grouping and the repetition of what is heard', async () => {
    const batches = fc.array(fc.array(arbitraryEntry, { maxLength: 4 }), { maxLength: 6 });
    const heardTwice = batches.chain((heard) => {
      const twice = [...heard.flat(), ...heard.flat()];
      return fc.tuple(fc.constant(heard), fc.shuffledSubarray(twice, { minLength: twice.length }));
    });
    await fc.assert(
      fc.asyncProperty(heardTwice, async ([heard, again]) => {
        const [left, right] = [new Tabs().open('A'), new Tabs().open('B')];
        for (const entries of heard) await left.gossip.receive(page('C'), entries, 1);
        for (const item of again) await right.gossip.receive(page('C'), [item], 1);
        expect(sorted(right)).toEqual(sorted(left));
      }),
    );
  });

  it('is the same in tabs that began with different configurations and then greet each other', async () => {
    await fc.assert(
      fc.asyncProperty(initial, initial, async (first, second) => {
        const tabs = new Tabs();
        const [a, b] = [tabs.open('A', first), tabs.open('B', second)];
        a.gossip.greet(page('B'));
        b.gossip.greet(page('A'));
        await tabs.settle();
        expect(sorted(b)).toEqual(sorted(a));
      }),
    );
  });

  it('tells the node only of news', async () => {
    const { gossip, inForce } = new Tabs().open('A');
    const heard = [entry('x', 1, 'B', drop('x'))];
    await gossip.receive(page('B'), heard, 1);
    await gossip.receive(page('B'), heard, 2);
    await gossip.receive(page('B'), [entry('x', 0, 'C', null)], 3);
    expect(inForce).toEqual([['x']]);
  });

  it('takes the newest of one message, in whatever order they stand there', async () => {
    const { gossip } = new Tabs().open('A');
    await gossip.receive(page('B'), [entry('x', 2, 'B', null), entry('x', 1, 'B', drop('x'))], 1);
    expect(gossip.rules()).toEqual([]);
  });

  it('is bounded: the oldest tombstones go first, rules in force stay', async () => {
    const { gossip } = new Tabs().open('A');
    await gossip.set([drop('stays')]);
    for (let count = 0; count < 5; count += 1) {
      const ids = Array.from({ length: 400 }, (_, position) => `rule-${count}-${position}`);
      await gossip.set(ids.map((id) => drop(id)));
      await gossip.clear(ids);
    }
    expect(gossip.rules()).toEqual([drop('stays')]);
    await gossip.set(Array.from({ length: 2 * MAX_RULE_ENTRIES }, (_, position) => drop(`more-${position}`)));
    expect(gossip.rules()).toHaveLength(MAX_RULE_ENTRIES);
    expect(gossip.rules()).toContainEqual(drop('stays'));
  });
});

describe('rules on the control channel', () => {
  const control = (entries: unknown): unknown =>
    parseControl(JSON.stringify({ type: 'rules', token: 1, entries }));

  it('are taken as they are sent', () => {
    const entries = [entry('x', 1, 'A', drop('x')), entry('y', 2, 'B', null)];
    expect(control(entries)).toEqual({ type: 'rules', token: 1, entries });
  });

  it.each<[string, unknown]>([
    ['no list', {}],
    ['no rule', [{ ...entry('x', 1, 'A', null), rule: 'drop' }]],
    ['a rule of no kind', [{ ...entry('x', 1, 'A', null), rule: { id: 'x', kind: 'explode' } }]],
    ['a rule under another id than its own', [entry('x', 1, 'A', drop('y'))]],
    ['a version below 0', [entry('x', -1, 'A', null)]],
    ['a version that is no number', [{ ...entry('x', 1, 'A', null), version: '1' }]],
    ['a version that cannot be counted on', [entry('x', Number.MAX_SAFE_INTEGER + 1, 'A', null)]],
    ['an author that is no id', [{ ...entry('x', 1, 'A', null), author: 'A' }]],
    ['an id of 65 characters', [entry('x'.repeat(65), 1, 'A', null)]],
    ['too many', Array.from({ length: MAX_RULE_ENTRIES + 1 }, () => entry('x', 1, 'A', null))],
  ])('are refused: %s', (_what, entries) => {
    expect(control(entries)).toBeNull();
  });

  it.each(['', '{', 'null', '[]', '{}', '{"type":"dance"}', '{"type":"hello","memberId":"short"}'])(
    'a message that is not one is refused: %s',
    (text) => {
      expect(parseControl(text)).toBeNull();
    },
  );
});
