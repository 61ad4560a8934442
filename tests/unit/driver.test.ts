import { describe, expect, it, vi } from 'vitest';
import type { Input } from '../../src/core/raft/interface.ts';
import type { Entry } from '../../src/core/raft/log-entry.ts';
import type { OperationResult, RaftMessage } from '../../src/core/raft/message.ts';
import { createRaft } from '../../src/core/raft/state.ts';
import { Driver, type DriverEvent } from '../../src/runtime/driver.ts';
import { StorageError } from '../../src/storage/storage.ts';
import { command, configuration, id, logOf, options } from '../support/core-cluster.ts';
import { HeldStorage, settled } from '../support/held-storage.ts';
import { ManualClock } from '../support/manual-clock.ts';

interface Rig {
  readonly driver: Driver;
  readonly clock: ManualClock;
  readonly storage: HeldStorage;
  readonly sent: RaftMessage[];
  readonly events: DriverEvent[];
  readonly stops: string[];
}

function rig(
  entries: Entry[] = logOf(configuration('ABC')),
  onEvent: (event: DriverEvent, driver: Driver) => void = () => undefined,
  onStep: (inputs: readonly Input[]) => void = () => undefined,
): Rig {
  const clock = new ManualClock();
  const storage = new HeldStorage();
  const sent: RaftMessage[] = [];
  const events: DriverEvent[] = [];
  const stops: string[] = [];
  const raft = createRaft(options('A'), {
    hardState: { term: 1, votedFor: null, commitIndex: 0 },
    snapshot: null,
    entries,
  });
  const driver: Driver = new Driver(
    raft,
    { tickMs: 10, firstRequest: 1, maxPausedMessages: 3 },
    {
      clock,
      storage,
      machine: { apply: (bytes) => bytes, snapshot: () => new Uint8Array(1), restore: () => undefined },
      send: (message) => sent.push(message),
      onEvent: (event) => {
        events.push(event);
        onEvent(event, driver);
      },
      onStep,
      onTurn: () => undefined,
      onStop: (reason) => stops.push(reason),
    },
  );
  return { driver, clock, storage, sent, events, stops };
}

const append = (term: number, prevIndex = 1): RaftMessage => ({
  type: 'appendRequest',
  from: id('B'),
  to: id('A'),
  term,
  prevIndex,
  prevTerm: 1,
  commitIndex: 0,
  entries: [{ index: prevIndex + 1, term, payload: { kind: 'noop' } }],
});

function ask(driver: Driver, timeoutMs: number): OperationResult[] {
  const results: OperationResult[] = [];
  driver.request(command(1), timeoutMs, (result) => results.push(result));
  return results;
}

describe('ticks at which nothing is due', () => {
  const heartbeat: RaftMessage = {
    type: 'heartbeat',
    from: id('B'),
    to: id('A'),
    term: 1,
    commitIndex: 0,
    readRound: 0,
  };

  /** A follower that has just heard its leader, and the inputs of each turn from then on. */
  function following(): Pick<Rig, 'driver' | 'clock' | 'events'> & { turns: string[][] } {
    const turns: string[][] = [];
    const { driver, clock, events } = rig(undefined, undefined, (inputs) =>
      turns.push(inputs.map(({ type }) => type)),
    );
    driver.receive(heartbeat);
    clock.advance(0);
    turns.length = 0;
    return { driver, clock, events, turns };
  }

  it('take no turn, and are told before what comes next', () => {
    const { driver, clock, turns } = following();
    const { ticks } = driver.raft;
    clock.advance(85);
    expect(turns).toEqual([]);
    expect(driver.untoldTicks).toBe(8);
    driver.receive(heartbeat);
    clock.advance(0);
    expect(turns).toEqual([[...Array.from({ length: 8 }, () => 'tick'), 'message']]);
    expect([driver.raft.ticks, driver.raft.leaderHeardAtTick]).toEqual([ticks + 8, ticks + 8]);
  });

  it('do not put an election off', () => {
    const { driver, clock, events } = following();
    const { electionTimeoutTicks } = driver.raft;
    clock.advance(10 * electionTimeoutTicks - 1);
    expect(events.filter(({ kind }) => kind === 'role')).toEqual([]);
    clock.advance(1);
    expect(events.filter(({ kind }) => kind === 'role')).toMatchObject([{ role: 'preCandidate' }]);
  });

  it('a short stall is not taken for the silence of a leader whose messages wait', () => {
    for (let phase = 0; phase < 100; phase += 1) {
      const { driver, clock, events } = rig();
      for (let passed = 0; passed < 400 + phase; passed += 20) {
        driver.receive(heartbeat);
        clock.advance(Math.min(20, 400 + phase - passed));
      }
      for (const stall of [80, 110, 130]) {
        // The timer comes first.
        clock.sleep(stall);
        driver.receive(heartbeat);
        clock.advance(20);
      }
      expect(events.filter(({ kind }) => kind === 'role')).toEqual([]);
    }
  });

  it('are told one by one while a client waits', () => {
    const { driver, clock, turns } = following();
    ask(driver, 25);
    clock.advance(0);
    turns.length = 0;
    clock.advance(30);
    expect(turns).toEqual([['tick'], ['tick'], ['tick', 'expire']]);
  });
});

describe('durable before visible', () => {
  it('an acknowledgement leaves only after the write', async () => {
    const { driver, clock, storage, sent } = rig();
    driver.receive(append(2));
    clock.advance(0);
    await settled();
    expect(storage.batches).toHaveLength(1);
    expect(storage.batches[0]).toMatchObject({ hardState: { term: 2 }, entries: [{ index: 2 }] });
    expect(sent).toEqual([]);
    await storage.complete();
    expect(sent).toMatchObject([{ type: 'appendResponse', result: { kind: 'accepted', matchIndex: 2 } }]);
  });

  it('what comes while a write is under way goes into the next one together', async () => {
    const { driver, clock, storage, sent } = rig();
    driver.receive(append(2));
    clock.advance(0);
    await settled();
    for (const prevIndex of [2, 3, 4]) {
      driver.receive({ ...append(2, prevIndex), prevTerm: 2 } as RaftMessage);
      clock.advance(0);
    }
    await settled();
    expect(storage.batches).toHaveLength(1);
    await storage.complete();
    expect(storage.batches).toHaveLength(2);
    expect(storage.batches[1]?.entries.map(({ index }) => index)).toEqual([3, 4, 5]);
    expect(sent).toHaveLength(1);
    await storage.complete();
    expect(sent).toHaveLength(4);
  });
});

describe('time', () => {
  it('however long the tab slept, it is one tick', () => {
    const { driver, clock, events } = rig();
    clock.advance(10);
    const { ticks } = driver.raft;
    clock.sleep(60_000);
    expect(driver.raft.ticks).toBe(ticks + 1);
    expect(events).toContainEqual({ kind: 'gap', gapMs: expect.any(Number) as number });
  });

  it('an operation that no leader was found for fails for certain, once', () => {
    const { driver, clock } = rig();
    const results = ask(driver, 100);
    clock.advance(50);
    expect(results).toEqual([]);
    clock.advance(200);
    expect(results).toMatchObject([{ outcome: 'failed', code: 'no-leader' }]);
  });

  it('an operation that was handed over is unknown when its time is up', async () => {
    const { driver, clock, storage } = rig();
    driver.receive(append(2));
    clock.advance(0);
    await storage.complete();
    const results = ask(driver, 50);
    clock.advance(100);
    expect(results).toMatchObject([{ outcome: 'unknown', code: 'timed-out' }]);
  });
});

describe('pause and stop', () => {
  it('a paused node keeps messages, up to a bound, and answers nothing', () => {
    const { driver, clock, events } = rig();
    driver.pause();
    for (let count = 0; count < 5; count += 1) driver.receive(append(2));
    clock.advance(1000);
    expect(driver.raft).toMatchObject({ term: 1, ticks: 0 });
    expect(events.filter((event) => event.kind === 'overflow')).not.toHaveLength(0);
    expect(ask(driver, 100)).toMatchObject([{ outcome: 'failed', code: 'not-running' }]);
    driver.resume();
    clock.advance(0);
    expect(driver.raft.term).toBe(2);
  });

  it('a failed write stops the node, with the reason, and ends what is under way as unknown', async () => {
    const { driver, clock, storage, sent, stops } = rig();
    driver.receive(append(2));
    clock.advance(0);
    const results = ask(driver, 1000);
    clock.advance(0);
    const reason = 'There is no space left.';
    await storage.fail(new StorageError('quota', reason));
    expect(stops).toEqual([reason]);
    expect(driver.stoppedReason).toBe(reason);
    expect(results).toMatchObject([{ outcome: 'unknown', code: 'not-running' }]);
    const sentBefore = sent.length;
    driver.receive(append(3));
    clock.advance(1000);
    expect(sent).toHaveLength(sentBefore);
    expect(ask(driver, 100)).toMatchObject([{ outcome: 'failed', code: 'not-running' }]);
  });

  it('a broken invariant stops the node instead of the page', () => {
    const { driver, clock, stops } = rig();
    driver.receive({ type: 'nonsense' } as unknown as RaftMessage);
    clock.advance(0);
    expect(stops).toHaveLength(1);
    expect(stops[0]).toContain('impossible');
  });

  it('a node that is stopped in the middle of a turn says nothing more', () => {
    const { driver, clock, sent, stops } = rig(logOf(configuration('ABC')), (event, self) => {
      if (event.kind === 'role') self.stop('The storage was taken away.');
    });
    driver.campaign();
    clock.advance(0);
    expect([stops, sent]).toEqual([['The storage was taken away.'], []]);
    expect(driver.raft.role).not.toBe('follower');
  });

  it('a node that is stopped before its first turn never takes one', () => {
    const { driver, clock, storage, sent } = rig(logOf(configuration('A')));
    driver.stop('It was not needed.');
    clock.advance(1000);
    expect([driver.raft.ticks, storage.batches, sent]).toEqual([0, [], []]);
  });

  it('stopping is told once, and closing waits for the storage', async () => {
    const { driver, storage, stops } = rig();
    const close = vi.spyOn(storage, 'close');
    driver.stop('First.');
    driver.stop('Second.');
    await driver.close('Third.');
    expect([stops, driver.stoppedReason]).toEqual([['First.'], 'First.']);
    expect(close).toHaveBeenCalled();
  });

  it('what becomes durable after the stop is not reported', async () => {
    const { driver, clock, storage, sent } = rig();
    driver.receive(append(2));
    clock.advance(0);
    driver.stop('Enough.');
    await storage.complete();
    clock.advance(1000);
    expect(sent).toEqual([]);
    expect(driver.raft.durableIndex).toBe(1);
  });

  it('a pause is no gap, and an operation from before it ends after it', async () => {
    const { driver, clock, storage, events } = rig();
    driver.receive(append(2));
    clock.advance(0);
    await storage.complete();
    const results = ask(driver, 50);
    clock.advance(10);
    driver.pause();
    driver.pause();
    clock.advance(60_000);
    expect(results).toEqual([]);
    driver.resume();
    driver.resume();
    clock.advance(10);
    expect(results).toMatchObject([{ outcome: 'unknown', code: 'timed-out' }]);
    expect(events.map(({ kind }) => kind).filter((kind) => kind !== 'leader')).toEqual(['paused', 'resumed']);
  });
});

describe('the one answer to an operation', () => {
  const answered = (request: number): RaftMessage => ({
    type: 'forwardResponse',
    from: id('B'),
    to: id('A'),
    term: 2,
    request,
    attempt: 1,
    result: { outcome: 'ok', index: 3, term: 2, value: new Uint8Array() },
  });

  /** A follower of B, whose operations are forwarded. */
  async function follower(): Promise<Rig> {
    const made = rig();
    made.driver.receive(append(2));
    made.clock.advance(0);
    await made.storage.complete();
    return made;
  }

  it('is the leader’s, however often it says it', async () => {
    const { driver, clock, sent } = await follower();
    const [first, second] = [ask(driver, 1000), ask(driver, 1000)];
    clock.advance(0);
    const requests = sent.flatMap((message) => (message.type === 'forwardRequest' ? [message.request] : []));
    expect(requests).toEqual([1, 2]);
    for (const request of [2, 2, 99]) driver.receive(answered(request));
    clock.advance(0);
    expect([first, second]).toMatchObject([[], [{ outcome: 'ok', index: 3, term: 2 }]]);
    clock.advance(5000);
    expect([first, second]).toMatchObject([[{ outcome: 'unknown', code: 'timed-out' }], [{ outcome: 'ok' }]]);
  });

  it('stays unknown when the leader’s comes after the time was up, or the node stops', async () => {
    const { driver, clock } = await follower();
    const results = ask(driver, 50);
    clock.advance(200);
    driver.receive(answered(1));
    clock.advance(0);
    driver.stop('Enough.');
    expect(results).toMatchObject([{ outcome: 'unknown', code: 'timed-out' }]);
  });
});
