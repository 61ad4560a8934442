import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the clock of the system', () => {
  it('has one timer for all that have one period, until the last of them stops', () => {
    const calls: string[] = [];
    const add = (name: string) => (): void => {
      calls.push(name);
    };
    const [stopA, stopB] = [systemClock.every(50, add('a')), systemClock.every(50, add('b'))];
    const stopC = systemClock.every(70, add('c'));
    expect(vi.getTimerCount()).toBe(2);
    vi.advanceTimersByTime(50);
    expect(calls).toEqual(['a', 'b']);
    stopA();
    stopA();
    vi.advanceTimersByTime(50);
    expect(calls).toEqual(['a', 'b', 'c', 'b']);
    stopB();
    stopC();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('calls one that comes twice as often', () => {
    let count = 0;
    const more = (): void => {
      count += 1;
    };
    const stops = [systemClock.every(50, more), systemClock.every(50, more)];
    vi.advanceTimersByTime(100);
    expect(count).toBe(4);
    for (const stop of stops) stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('may stand still within a task, and never longer', async () => {
    const begun = systemClock.now();
    vi.advanceTimersByTime(5);
    await Promise.resolve();
    expect(systemClock.now()).toBe(begun + 5);
  });
});
