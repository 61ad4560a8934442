import { describe, expect, it } from 'vitest';
import { Ticker } from '../../src/runtime/ticker.ts';
import { ManualClock } from '../support/manual-clock.ts';

const TICK_MS = 50;

/** What a ticker told, in order: a number of ticks, or of milliseconds slept. */
class Scene {
  readonly clock = new ManualClock();
  readonly told: (number | string)[] = [];
  /** How many of the next ticks do not matter, once those told are dealt with. */
  uneventful = 0;
  asked = 0;
  readonly ticker = new Ticker(this.clock, TICK_MS, {
    uneventful: () => {
      this.asked += 1;
      return this.uneventful;
    },
    onTicks: (count) => {
      this.told.push(count);
      // As a core does: what was told is behind it.
      this.uneventful = Math.max(0, this.uneventful - count);
      this.clock.soon(() => this.ticker.rest());
    },
    onGap: (gapMs) => this.told.push(`slept ${gapMs}`),
  });

  constructor(uneventful = 0) {
    this.uneventful = uneventful;
    this.ticker.start();
    this.ticker.rest();
  }
}

describe('where each tick may matter', () => {
  it('each is told, at its time', () => {
    const { clock, told } = new Scene();
    clock.advance(TICK_MS - 1);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([1]);
    clock.advance(4 * TICK_MS);
    expect(told).toEqual([1, 1, 1, 1, 1]);
  });

  it('an input has nothing to wait for', () => {
    const { clock, told, ticker } = new Scene();
    clock.advance(TICK_MS - 1);
    ticker.catchUp();
    expect(told).toEqual([]);
  });
});

describe('where some do not matter', () => {
  it('they are told with the first that does', () => {
    const { clock, told } = new Scene(3);
    clock.advance(4 * TICK_MS - 1);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([4]);
  });

  it('those that have passed are told before an input', () => {
    const { clock, told, ticker } = new Scene(10);
    clock.advance(3 * TICK_MS + 20);
    expect(ticker.untold).toBe(3);
    ticker.catchUp();
    expect(told).toEqual([3]);
    ticker.catchUp();
    expect([told, ticker.untold]).toEqual([[3], 0]);
  });

  it('none is told twice, and none is left out', () => {
    const { clock, told, ticker } = new Scene(10);
    for (let input = 0; input < 4; input += 1) {
      clock.advance(TICK_MS + 20);
      ticker.catchUp();
    }
    // 280 ms: the fifth tick was at 250.
    expect(told.reduce((sum: number, count) => sum + Number(count), 0)).toBe(5);
    clock.advance(6 * TICK_MS);
    expect(told.reduce((sum: number, count) => sum + Number(count), 0)).toBe(11);
  });

  it('the ticker wakes now and then all the same, and tells nothing', () => {
    const scene = new Scene(100);
    const askedBefore = scene.asked;
    scene.clock.advance(20 * TICK_MS);
    expect(scene.told).toEqual([]);
    expect(scene.asked - askedBefore).toBe(4);
  });

  it('a turn after which the next tick matters has it told at its time', () => {
    const scene = new Scene(100);
    scene.clock.advance(TICK_MS + 10);
    scene.ticker.catchUp();
    scene.uneventful = 0;
    scene.clock.advance(0);
    scene.clock.advance(TICK_MS - 11);
    expect(scene.told).toEqual([1]);
    scene.clock.advance(1);
    expect(scene.told).toEqual([1, 1]);
  });
});

describe('a tab that sleeps', () => {
  it('gets one tick for all that it missed, and is told so', () => {
    const { clock, told } = new Scene();
    clock.sleep(TICK_MS + 10_000);
    expect(told).toEqual(['slept 10000', 1]);
    clock.advance(TICK_MS);
    expect(told).toEqual(['slept 10000', 1, 1]);
  });

  it('is told so as well where the ticks that it missed do not matter', () => {
    const { clock, told } = new Scene(3);
    clock.advance(TICK_MS);
    clock.sleep(3 * TICK_MS + 10_000);
    expect(told).toEqual(['slept 10000', 1]);
  });

  it('is told so by an input that comes before the timer', () => {
    const { clock, told, ticker } = new Scene(3);
    clock.advance(TICK_MS);
    clock.skip(3 * TICK_MS + 10_000);
    ticker.catchUp();
    expect(told).toEqual(['slept 10000', 1]);
    clock.advance(TICK_MS - 1);
    expect(told).toHaveLength(2);
  });

  it('for a moment, has slept no more than a timer that is late', () => {
    const { clock, told } = new Scene();
    clock.sleep(9 * TICK_MS);
    clock.advance(TICK_MS);
    expect(told).toEqual([1, 1]);
  });

  it('for a moment, misses what was after the time at which it was to wake', () => {
    // It wakes after five ticks, though the sixth to tenth would not matter either.
    const { clock, told, ticker } = new Scene(10);
    clock.advance(TICK_MS);
    clock.sleep(5 * TICK_MS + 8 * TICK_MS);
    expect(told).toEqual([]);
    ticker.catchUp();
    expect(told).toEqual([6]);
    expect(ticker.untold).toBe(0);
  });

  it('for a moment, and woken by an input, misses the same, and owes nothing', () => {
    const scene = new Scene(10);
    scene.clock.advance(TICK_MS);
    scene.clock.skip(5 * TICK_MS + 8 * TICK_MS);
    scene.ticker.catchUp();
    expect(scene.told).toEqual([6]);
    // As a leader's message does: the whole time begins anew.
    scene.uneventful = 10;
    scene.ticker.rest();
    scene.clock.advance(11 * TICK_MS - 1);
    expect(scene.told).toEqual([6]);
    scene.clock.advance(1);
    expect(scene.told).toEqual([6, 11]);
  });
});

describe('stopped', () => {
  it('time does not pass', () => {
    const { clock, told, ticker } = new Scene(3);
    clock.advance(2 * TICK_MS);
    ticker.stop();
    clock.advance(1000);
    ticker.rest();
    ticker.catchUp();
    expect([told, ticker.untold, clock.pendingTimers]).toEqual([[], 0, 0]);
  });

  it('and started again, it passes from then on; once, however often it is started', () => {
    const { clock, told, ticker } = new Scene();
    ticker.stop();
    clock.advance(1010);
    ticker.start();
    ticker.start();
    clock.advance(TICK_MS - 1);
    expect(told).toEqual([]);
    clock.advance(1);
    expect(told).toEqual([1]);
  });
});
