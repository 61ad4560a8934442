import { expect, it } from 'vitest';
import type { Effect, RaftEvent } from '../../src/core/raft/interface.ts';
import { MemoryTrace } from '../../src/trace/store.ts';
import { Tracer } from '../../src/trace/tracer.ts';
import { NodeTrace } from '../../src/worker/node-trace.ts';
import { CoreCluster, id } from '../support/core-cluster.ts';

it('all that happened in one step has the time of the step, so that time never goes back', () => {
  let time = 1000;
  const tracer = new Tracer(id('A'), new MemoryTrace(2 ** 20), {
    // It goes on while the step is told.
    now: () => (time += 1),
    after: () => () => undefined,
    onFailure: (reason) => {
      throw new Error(reason);
    },
  });
  const trace = new NodeTrace(tracer, CoreCluster.of('A').raft('A'));
  const { seq } = tracer;
  // Whoever watches is told the times as they are, not as a block evens them out.
  tracer.log.recent(0);
  const events: RaftEvent[] = [
    { kind: 'quorum-lost', term: 1 },
    { kind: 'refused', what: 'appendRequest', from: id('B'), reason: 'it makes no sense' },
    { kind: 'removed', term: 1 },
  ];
  trace.onStep(
    events.map((event): Effect => ({ type: 'trace', event })),
    2000,
  );
  expect(tracer.log.recent(seq).map((event) => [event.kind, event.time])).toEqual([
    ['quorum-lost', 2000],
    ['refused', 2000],
    ['removed', 2000],
  ]);
});
