import { expect, it } from 'vitest';
import { parseConfig } from '../../src/config/schema.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { foundCluster } from '../../src/worker/node.ts';
import { id } from '../support/core-cluster.ts';

it('a founder that ended before it could say so has founded its cluster once', async () => {
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error(parsed.problems.join('; '));
  const storage = new MemoryStorage();
  for (let run = 0; run < 2; run += 1)
    await foundCluster(storage, id('A'), { ...parsed.config, channel: 'auto' });
  const { entries, hardState } = await storage.load();
  expect(entries.map(({ index }) => index)).toEqual([1]);
  expect(hardState?.term).toBe(1);
});
