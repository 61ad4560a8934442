import { MemoryStorage } from '../../src/storage/memory.ts';
import { storageContract } from './storage-suite.ts';

storageContract('memory', () => Promise.resolve({ storage: new MemoryStorage(), reopen: null }));
