import { describe, expect, it } from 'vitest';
import { PendingRequests } from '../../src/runtime/pending-requests.ts';

const nothing = (): void => undefined;

describe('requests that wait', () => {
  it('are due when their time is up, in whatever order they came, until they are answered', () => {
    const requests = new PendingRequests<string>(7);
    for (const deadline of [300, 100, 200]) requests.add(deadline, nothing);
    expect(requests.due(99)).toEqual([]);
    expect(requests.due(100)).toEqual([8]);
    expect(requests.due(150)).toEqual([8]);
    requests.answer(8, 'late');
    expect(requests.due(150)).toEqual([]);
    requests.add(120, nothing);
    expect(requests.due(150)).toEqual([10]);
    expect(requests.due(300)).toEqual([7, 9, 10]);
  });
});
