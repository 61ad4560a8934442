import { MemoryTrace } from '../../src/trace/store.ts';
import { traceStoreContract } from './trace-store-suite.ts';

traceStoreContract('memory', () => {
  let last: MemoryTrace | null = null;
  return (maxBytes) => {
    const store = new MemoryTrace(maxBytes, last);
    last = store;
    return Promise.resolve({
      run: () => store.run,
      append: (chunk) => store.append(chunk),
      next: (after) => store.next(after),
      close: () => store.close(),
    });
  };
});
