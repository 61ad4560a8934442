import { MemoryStorage } from '../../src/storage/memory.ts';
import { openLogStorage } from '../../src/storage/wal/storage.ts';
import { fakeFiles } from '../support/fake-files.ts';
import { storageContract } from './storage-suite.ts';

storageContract('memory', () => Promise.resolve({ storage: new MemoryStorage(), reopen: null }));

const identity = { clusterId: 'cluster-of-tests', memberId: 'member-000000001' };

// Rewritten at nearly every write, now and then, and never.
for (const maxDeadBytes of [0, 200, Number.POSITIVE_INFINITY]) {
  storageContract(`log in files, rewritten above ${maxDeadBytes} dead bytes`, () => {
    let files = fakeFiles();
    return Promise.resolve({
      storage: openLogStorage(files, { identity, mustExist: false, maxDeadBytes }),
      reopen: () => {
        files = fakeFiles(files.map(({ bytes }) => bytes));
        return Promise.resolve(openLogStorage(files, { identity, mustExist: true, maxDeadBytes }));
      },
    });
  });
}
