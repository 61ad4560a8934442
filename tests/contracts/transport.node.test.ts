import { createMemoryLink } from '../../src/transport/memory.ts';
import { carrierContract } from './transport-suite.ts';

carrierContract('memory', () => {
  const ends = createMemoryLink((callback) => queueMicrotask(callback));
  return { ends, release: () => ends[0].close() };
});
