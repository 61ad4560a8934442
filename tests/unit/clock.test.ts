import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the clock of the system', () => {
  it('may stand still within a task, and never longer', async () => {
    const begun = systemClock.now();
    vi.advanceTimersByTime(5);
    await Promise.resolve();
    expect(systemClock.now()).toBe(begun + 5);
  });
});
