import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../scripts/setup.mjs';
import { rowOf, type Benchmark } from './benchmark.ts';

interface Sizes {
  readonly parts: readonly { readonly part: string; readonly gzip: number; readonly limit: number }[];
}

const KB = 1024;

export const size: Benchmark = {
  name: 'size',
  about: 'JavaScript that the page loads at first, and its worker, compressed',
  run: async () => {
    // It fails where that is too much, and tells the sizes all the same.
    const command = [join(ROOT, 'scripts/size.mjs'), '--json'];
    const { stdout } = await promisify(execFile)(process.execPath, command).catch((error: unknown) => {
      if (error instanceof Error && 'stdout' in error && error.stdout !== '')
        return { stdout: String(error.stdout) };
      throw error;
    });
    const { parts } = JSON.parse(stdout) as Sizes;
    return parts.map(({ part, gzip, limit }) =>
      rowOf('size', {
        ...{ figure: part, unit: 'KB', values: [gzip / KB] },
        aim: { bound: 'at most', limit: limit / KB, of: 'value' },
      }),
    );
  },
};
